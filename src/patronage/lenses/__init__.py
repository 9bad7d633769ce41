"""The ways of looking at a customer, joined to one feature table.

`features_at` is the only way to features: it makes the views of everything before a cutoff and runs the SELECT of
every lens over them. To add a lens, write its file and name it in `LENSES`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import pandas as pd

from patronage import columns as c
from patronage.config import LensesConfig
from patronage.data import Tables
from patronage.lenses import btyd, occasion, path, rfm, status, usage, value
from patronage.lenses.history import look_back
from patronage.lenses.lens import Feature, Learned, Lens

__all__ = ["FEATURES", "LENSES", "Lens", "features_at", "learn", "numeric", "segments", "support"]

LENSES: tuple[Lens, ...] = (
    rfm.LENS,
    usage.LENS,
    occasion.LENS,
    status.LENS,
    value.LENS,
    btyd.LENS,
    path.LENS,
)

FEATURES: Mapping[str, Feature] = {name: what for lens in LENSES for name, what in lens.features.items()}


def features_at(tables: Tables, cutoff: datetime, config: LensesConfig, period_days: int) -> pd.DataFrame:
    """Every feature of every customer who is known before `cutoff`.

    Returns
    -------
    DataFrame
        Indexed by `customer_id`, sorted; a float or text column for each entry of `FEATURES`.
    """
    history = look_back(tables, cutoff, period_days)
    selected = [_typed(history.engine.quote(name), feature) for name, feature in FEATURES.items()]
    joins = [
        f"LEFT JOIN ({lens.select(history, config)}) AS {lens.name}_lens "
        f"ON {lens.name}_lens.customer_id = people.customer_id"
        for lens in LENSES
    ]
    sql = f"SELECT people.customer_id, {', '.join(selected)} FROM people {' '.join(joins)} ORDER BY people.customer_id"
    frame = history.engine.frame(sql)
    return frame.set_index(c.CUSTOMER_ID)


def _typed(name: str, feature: Feature) -> str:
    if feature.text:
        return f"coalesce({name}, '') AS {name}"
    value = name if feature.absent is None else f"coalesce({name}, {feature.absent})"
    return f"CAST({value} AS DOUBLE) AS {name}"


def numeric() -> tuple[str, ...]:
    """The names of the features that are numbers."""
    return tuple(name for name, feature in FEATURES.items() if not feature.text)


def learn(features: pd.DataFrame, config: LensesConfig) -> dict[str, Learned]:
    """What the segments of every lens need to know of the population, as JSON-ready values."""
    return {lens.name: lens.learn(features, config) for lens in LENSES if lens.segments}


def segments(features: pd.DataFrame, learned: Mapping[str, Learned]) -> pd.DataFrame:
    """The label that each lens gives to each customer, with what was learned at fit."""
    frames = [lens.segments(features, learned[lens.name]) for lens in LENSES if lens.segments]
    return pd.concat(frames, axis=1)


def support(tables: Tables) -> pd.DataFrame:
    """Lens by lens, what this data allows and what would bring the rest."""
    there = {f"{table}.{name}" for table, names in tables.present.items() for name in names}
    rows = []
    for lens in LENSES:
        lacking = [name for name in lens.wants if name not in there]
        state = "partial" if lacking else "available"  # every lens so far says something from orders alone
        rows.append({"lens": lens.name, "state": state, "asks": lens.asks, "would need": ", ".join(lacking)})
    return pd.DataFrame(rows)
