"""Whether a lens sees the future, proved on the user's own data by corrupting the future.

Everything at or after a cutoff is altered: amounts, products and events get other values, customers sign up later, and
every customer gets one more order and one more event at the cutoff itself. Features that are the same before and
after, for every customer, depend on nothing at or after the cutoff.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from patronage import cutoff as when
from patronage import names as c
from patronage.config import LensesConfig
from patronage.data import Tables
from patronage.data.contract import CUSTOMERS, EVENTS, RETURNS, TRANSACTIONS, USERS
from patronage.engine import Engine, text
from patronage.lenses.features import features_at

TRUE = "before_corruption_"
KNOWN_SHARE = 2 / 3  # of the log lies before the cutoff that is drawn
PERIOD_DAYS = 7


def cutoff_inside(tables: Tables) -> datetime:
    """A day with most of the log before it and some of it after."""
    moment = tables.first + KNOWN_SHARE * (tables.last - tables.first)
    return datetime(moment.year, moment.month, moment.day) + timedelta(days=1)


def future_leaks(tables: Tables, cutoff: datetime, config: LensesConfig, names: Sequence[str]) -> pd.DataFrame:
    """The features of these lenses that change when the future does.

    Returns
    -------
    DataFrame
        A row per `feature` that changed: the number of `customers` for whom it did. Empty: no lens sees the future.
    """
    true = features_at(tables, cutoff, config, PERIOD_DAYS, names)
    with corrupted(tables, cutoff):
        other = features_at(tables, cutoff, config, PERIOD_DAYS, names).reindex(true.index)
    changed = {name: int((~_same(true[name], other[name])).sum()) for name in true}
    return pd.DataFrame(
        [(name, customers) for name, customers in changed.items() if customers], columns=["feature", "customers"]
    )


def _same(true: pd.Series, other: pd.Series) -> np.ndarray:
    return np.asarray((true == other) | (true.isna() & other.isna()))


@contextmanager
def corrupted(tables: Tables, cutoff: datetime) -> Iterator[None]:
    """Put altered tables in the place of the true ones, and the true ones back."""
    engine = tables.engine
    moments = {
        TRANSACTIONS.name: c.KNOWN_AT if tables.revised else c.ORDERED_AT,
        RETURNS: c.REFUNDED_AT,
        EVENTS.name: c.OCCURRED_AT,
        CUSTOMERS.name: c.SIGNED_UP_AT,
        USERS: c.SIGNED_UP_AT,
    }
    names = [name for name in tables.present if name in moments]
    altered = {name: _altered(engine, name, moments[name], cutoff) for name in names}
    for name in names:
        engine.rename(name, TRUE + name)
    try:
        for name in names:
            engine.table(name, altered[name])
        yield
    finally:
        for name in names:
            engine.drop(name)
            engine.rename(TRUE + name, name)


def _altered(engine: Engine, name: str, moment: str, cutoff: datetime) -> str:
    """SQL: a table with other values at or after the cutoff."""
    types = engine.types(name)
    if moment not in types:
        return f"SELECT * FROM {TRUE}{name}"
    known = when.before(moment, cutoff, engine)
    new = _new_values(types, engine)
    if moment == c.SIGNED_UP_AT:
        later = engine.timestamp(cutoff + timedelta(days=1))
        columns = {c.SIGNED_UP_AT: f"CASE WHEN {known} THEN {moment} ELSE {later} END"}
        return f"SELECT {_select(engine, types, columns)} FROM {TRUE}{name}"
    changes = {
        column: f"CASE WHEN {known} THEN {engine.quote(column)} ELSE {value} END" for column, value in new.items()
    }
    if moment == c.KNOWN_AT:  # a refund that is not known yet never comes
        changes[c.REFUNDED_AT] = f"CASE WHEN {when.before(c.REFUNDED_AT, cutoff, engine)} THEN {c.REFUNDED_AT} END"
    extra = {column: f"max({engine.quote(column)})" for column in types} | new
    extra |= {c.CUSTOMER_ID: c.CUSTOMER_ID, moment: engine.timestamp(cutoff)}
    if moment == c.KNOWN_AT:
        extra |= {c.ORDERED_AT: engine.timestamp(cutoff), c.REFUNDED_AT: engine.null("time")}
    return f"""
        SELECT {_select(engine, types, changes)} FROM {TRUE}{name}
        UNION ALL
        SELECT {_select(engine, types, extra)} FROM {TRUE}{name} GROUP BY customer_id"""


def _new_values(types: dict[str, str], engine: Engine) -> dict[str, str]:
    """SQL: another value of each column but ids and moments, of the same type."""
    kinds = {**TRANSACTIONS.kinds, **EVENTS.kinds}
    values = {"label": text("altered"), "money": "987654", "number": "98765.0e0"}
    new = {
        column: f"CAST({values[kinds[column]]} AS {kind})"
        for column, kind in types.items()
        if kinds.get(column) in values
    }
    return new | {column: text("complaint") for column in types if column == c.EVENT}


def _select(engine: Engine, types: dict[str, str], columns: dict[str, str]) -> str:
    return ", ".join(f"{columns.get(name, engine.quote(name))} AS {engine.quote(name)}" for name in types)
