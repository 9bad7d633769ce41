"""A whole log through the door: every table that a source has, and what is known of them together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib import import_module

from patronage import names as c
from patronage.config import DataConfig
from patronage.config.holidays import known_holidays
from patronage.data.accounts import roll_up
from patronage.data.brands import find_unknown_brands
from patronage.data.charge_codes import find_charge_codes
from patronage.data.charges import settle_charges
from patronage.data.contract import CONTRACTS, CUSTOMERS, EVENTS, RETURNS, TRANSACTIONS, VOCABULARY
from patronage.data.door import LoadedTable, load_table
from patronage.data.finding import DataFindings
from patronage.data.fingerprint import Content
from patronage.data.keys import CONF, Keys
from patronage.data.line_attributes import ask_lines, write_attributes
from patronage.data.log import Tables
from patronage.data.pseudonyms import take_key
from patronage.data.refunds import find_turned, find_unmatched
from patronage.data.returns import undo_purchases
from patronage.data.source import SourceTable
from patronage.data.whole_log import examine
from patronage.engine import Engine, text
from patronage.errors import ConfigError, DataError

SOURCES = ("cdnow", "complete_journey", "simulated", "tables")  # a file each, imported when it is chosen


def load(
    engine: Engine, config: DataConfig, findings: DataFindings | None = None, *, own_label: Sequence[str] | None = None
) -> Tables:
    """Read the source that the configuration chooses, through the door.

    Parameters
    ----------
    findings
        Where findings go; without it, the first that training refuses is an error.
    own_label
        The values of private_label that mean the shop's own brand (`lenses.purchase.own_label`); with them, values
        that nobody knows are found.

    Raises
    ------
    ConfigError
        There is no source of this name, or its settings contradict its tables.
    DataError
        A table does not keep its contract.
    """
    if config.source not in SOURCES:
        raise ConfigError(f"data.source={config.source}; expected one of {', '.join(SOURCES)}")
    source = import_module(f"patronage.data.{config.source}")
    sources: Mapping[str, SourceTable] = source.read_tables(engine, config)
    tables = load_tables(engine, sources, config, findings=findings, own_label=own_label)
    for table in sources.values():
        if table.copied:
            engine.drop(table.relation)
    return tables


def load_tables(
    engine: Engine,
    sources: Mapping[str, SourceTable],
    config: DataConfig,
    keys: Keys = CONF,
    findings: DataFindings | None = None,
    own_label: Sequence[str] | None = None,
) -> Tables:
    """Take every table of a source through the door.

    Parameters
    ----------
    sources
        The tables by the names of their contracts; transactions are required.
    keys
        How messages name the settings.
    findings, own_label
        As `load` takes them.

    Raises
    ------
    ConfigError, DataError
        As `load` does.
    """
    findings = DataFindings() if findings is None else findings
    for table in sources.values():
        for finding in table.findings:
            findings.add(finding)
    if config.pseudonymise:
        take_key(engine, keys)
    sources, told = ask_lines(engine, sources, config, keys)
    loaded = {
        contract.name: load_table(engine, contract, sources[contract.name], config, keys, findings)
        for contract in CONTRACTS
        if contract.name in sources
    }
    if sources[TRANSACTIONS.name].charges:
        loaded[TRANSACTIONS.name] = _without_charges(engine, loaded[TRANSACTIONS.name], config, keys)
    events = map_event_names(engine, config.events.vocabulary, keys) if EVENTS.name in loaded else {}
    present = {name: table.present for name, table in loaded.items()}
    if told:
        present[CUSTOMERS.name] = write_attributes(engine, present, told)
    if config.entity == "account":
        present |= roll_up(engine, present, config.customers.attributes, keys)
    span = examine(engine, sources, present, config, findings, keys)
    find_charge_codes(engine, sources[TRANSACTIONS.name], present, findings, keys)
    tables = _described(engine, loaded, present, events, config, keys)
    find_turned(engine, sources[TRANSACTIONS.name], findings, keys)
    matched = undo_purchases(engine, present[TRANSACTIONS.name])
    if matched is not None:
        find_unmatched(engine, matched, findings)
    if own_label is not None:
        find_unknown_brands(engine, present, own_label, findings, keys)
    tables = replace(tables, first=span.first, last=span.last, told_by_lines=frozenset(told), findings=tuple(findings))
    if matched is None:
        return tables
    returns = {RETURNS: frozenset({c.CUSTOMER_ID, c.REFUNDED_AT, c.AMOUNT})}
    return replace(
        tables,
        present={**present, **returns},
        notes=(*tables.notes, matched.note(tables.money_scale)),
        content=replace(tables.content, relations={TRANSACTIONS.name: matched.lines}),
    )


def _without_charges(engine: Engine, loaded: LoadedTable, config: DataConfig, keys: Keys) -> LoadedTable:
    """The transactions without rows that are no product."""
    note = settle_charges(engine).note(keys.option(TRANSACTIONS.name, "charges"), 10**config.money_decimals)
    (rows,) = engine.row(f"SELECT count(*) FROM {TRANSACTIONS.name}")
    if not rows:
        raise DataError(
            f"{keys.option(TRANSACTIONS.name, 'charges')} holds for every row; expected rows of products too"
        )
    return replace(loaded, rows=int(rows), notes=(*loaded.notes, note))


def _described(
    engine: Engine,
    loaded: Mapping[str, LoadedTable],
    present: Mapping[str, frozenset[str]],
    events: Mapping[str, int],
    config: DataConfig,
    keys: Keys,
) -> Tables:
    """The loaded tables with what is known of them."""
    first, last, customers, purchases = engine.row(
        f"SELECT min({c.ORDERED_AT}), max({c.ORDERED_AT}), count(DISTINCT {c.CUSTOMER_ID}), "
        f"count(*) FILTER (WHERE {c.AMOUNT} >= 0) FROM {TRANSACTIONS.name}"
    )
    if purchases == 0:
        raise DataError(
            f"transactions.{c.AMOUNT}: all {loaded[TRANSACTIONS.name].rows} amounts are negative (refunds); expected "
            "the net amount paid, positive for a purchase; map another column or turn the sign"
        )
    return Tables(
        engine=engine,
        source=config.name,
        present=present,
        rows={name: table.rows for name, table in loaded.items()},
        attributes=config.customers.attributes if CUSTOMERS.name in present else {},
        money_scale=10**config.money_decimals,
        first=first,
        last=last,
        customers=customers,
        content=Content(engine, tuple(contract.name for contract in CONTRACTS if contract.name in present)),
        left_censored=config.left_censored,
        max_staleness_days=config.max_staleness_days,
        events=events,
        notes=tuple(note for table in loaded.values() for note in table.notes),
        quarantined={name: table.quarantined for name, table in loaded.items() if table.quarantined},
        keys=keys,
        holidays=known_holidays(config.holidays),
    )


def map_event_names(engine: Engine, vocabulary: Mapping[str, str], keys: Keys = CONF) -> dict[str, int]:
    """Replace the source's names of events by ours.

    Parameters
    ----------
    vocabulary
        The source's name to ours; other names stay as they are.

    Returns
    -------
    dict
        The names of events with their number of rows, most frequent first.

    Raises
    ------
    ConfigError
        The vocabulary maps onto a name that is not ours.
    """
    if unknown := sorted(set(vocabulary.values()) - set(VOCABULARY)):
        key = keys.option(EVENTS.name, "vocabulary")
        raise ConfigError(f"{key}: no such event {', '.join(unknown)}; expected {', '.join(VOCABULARY)}")
    if vocabulary:
        cases = " ".join(f"WHEN {text(source)} THEN {text(name)}" for source, name in vocabulary.items())
        mapped = f"CASE {c.EVENT} {cases} ELSE {c.EVENT} END AS {c.EVENT}"
        unchanged = [engine.quote(name) for name in engine.types(EVENTS.name) if name != c.EVENT]
        engine.table(EVENTS.name, f"SELECT {', '.join([*unchanged, mapped])} FROM {EVENTS.name}")
    counts = engine.frame(
        f"SELECT {c.EVENT} AS name, count(*) AS n FROM {EVENTS.name} GROUP BY name ORDER BY n DESC, name"
    )
    return dict(zip(counts["name"], counts["n"].astype(int), strict=True))
