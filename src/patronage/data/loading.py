"""A whole log through the door: every table that a source has, and what is known of them together."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

from patronage import names as c
from patronage.config import DataConfig
from patronage.data import accounts
from patronage.data.contract import CONTRACTS, CUSTOMERS, EVENTS, TRANSACTIONS, VOCABULARY, Tables
from patronage.data.door import SourceTable, load_table
from patronage.data.fingerprint import fingerprint
from patronage.data.pseudonyms import take_key
from patronage.engine import Engine, text
from patronage.errors import ConfigError, DataError

SOURCES = ("cdnow", "complete_journey", "simulated", "tables")  # a file each, read once it is asked for


def load(engine: Engine, config: DataConfig) -> Tables:
    """The tables of the chosen source, checked."""
    if config.name not in SOURCES:
        raise ConfigError(f"data.name={config.name}; expected one of {', '.join(SOURCES)}")
    source = import_module(f"patronage.data.{config.name}")
    return load_tables(engine, source.read_tables(engine, config), config)


def load_tables(engine: Engine, brought: Mapping[str, SourceTable], config: DataConfig) -> Tables:
    """Every table that a source brings, through the door.

    Parameters
    ----------
    brought
        By the names of the contracts; transactions are required.
    """
    if config.pseudonymise:
        take_key(engine)
    admitted = {
        contract.name: load_table(engine, contract, brought[contract.name], config)
        for contract in CONTRACTS
        if contract.name in brought
    }
    events = map_event_names(engine, config) if EVENTS.name in admitted else {}
    present = {name: table.present for name, table in admitted.items()}
    if config.entity == "account":
        present |= accounts.roll_up(engine, present, config.customers.attributes)
    first, last, customers, purchases = engine.row(
        f"SELECT min({c.ORDERED_AT}), max({c.ORDERED_AT}), count(DISTINCT {c.CUSTOMER_ID}), "
        f"count(*) FILTER (WHERE {c.AMOUNT} >= 0) FROM {TRANSACTIONS.name}"
    )
    if purchases == 0:
        raise DataError(
            f"transactions.{c.AMOUNT}: all {admitted[TRANSACTIONS.name].rows} amounts are negative (refunds); expected "
            "the net amount paid, positive for a purchase; map another column or turn the sign"
        )
    return Tables(
        engine=engine,
        source=config.name,
        present=present,
        rows={name: table.rows for name, table in admitted.items()},
        attributes=config.customers.attributes if CUSTOMERS.name in admitted else {},
        money_scale=10**config.money_decimals,
        first=first,
        last=last,
        customers=customers,
        fingerprint=fingerprint(engine, list(admitted)),
        left_censored=config.left_censored,
        events=events,
        notes=tuple(note for table in admitted.values() for note in table.notes),
        quarantined={name: table.quarantined for name, table in admitted.items() if table.quarantined},
    )


def map_event_names(engine: Engine, config: DataConfig) -> dict[str, int]:
    """Turn the source's event names into the vocabulary; gives their number of rows, most frequent first."""
    vocabulary = config.events.vocabulary
    if wrong := sorted(set(vocabulary.values()) - set(VOCABULARY)):
        raise ConfigError(f"data.events.vocabulary: no such event {', '.join(wrong)}; expected {', '.join(VOCABULARY)}")
    if vocabulary:
        cases = " ".join(f"WHEN {text(theirs)} THEN {text(ours)}" for theirs, ours in vocabulary.items())
        spoken = f"CASE {c.EVENT} {cases} ELSE {c.EVENT} END AS {c.EVENT}"
        others = [engine.quote(name) for name in engine.types(EVENTS.name) if name != c.EVENT]
        engine.table(EVENTS.name, f"SELECT {', '.join([*others, spoken])} FROM {EVENTS.name}")
    frame = engine.frame(
        f"SELECT {c.EVENT} AS name, count(*) AS n FROM {EVENTS.name} GROUP BY name ORDER BY n DESC, name"
    )
    return dict(zip(frame["name"], frame["n"].astype(int), strict=True))
