"""The ways of looking at a customer, joined to one feature table.

`features_at` is the only way to features: it makes the views of everything before a cutoff and runs the SELECT of
every lens over them. To add a lens, write its file and name it in `LENSES`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import numpy.typing as npt
import pandas as pd

from patronage import names as c
from patronage.config import LensesConfig
from patronage.data import Tables
from patronage.data.contract import CUSTOMERS, EVENTS
from patronage.errors import DataError
from patronage.lenses import (
    account,
    benefits,
    btyd,
    engagement,
    interests,
    loyalty,
    needs,
    occasion,
    path,
    profile,
    purchase,
    recent,
    rfm,
    satisfaction,
    status,
    technographic,
    usage,
    value,
)
from patronage.lenses.history import WHOLE, Part, look_back
from patronage.lenses.lens import Feature, Learned, Lens
from patronage.lenses.shelves import fill_shelves

__all__ = [
    "FEATURES",
    "LENSES",
    "Lens",
    "Part",
    "WHOLE",
    "available",
    "described",
    "estimates",
    "features_at",
    "features_query",
    "labels",
    "learn",
    "numeric",
    "segments",
    "support",
]

LENSES: tuple[Lens, ...] = (
    rfm.LENS,
    usage.LENS,
    occasion.LENS,
    satisfaction.LENS,
    loyalty.LENS,
    engagement.LENS,
    status.LENS,
    technographic.LENS,
    value.LENS,
    purchase.LENS,
    benefits.LENS,
    needs.LENS,
    interests.LENS,
    profile.LENS,
    account.LENS,
    recent.LENS,
    btyd.LENS,
    path.LENS,
)

# What every configuration has; `described` knows what else one asks for.
FEATURES: Mapping[str, Feature] = {name: feature for lens in LENSES for name, feature in lens.features.items()}


def described(config: LensesConfig, names: Iterable[str] | None = None) -> dict[str, Feature]:
    """Every feature of the lenses of these names, or of all, with what it says."""
    chosen = {lens.name for lens in LENSES} if names is None else set(names)
    return {name: feature for lens in LENSES if lens.name in chosen for name, feature in lens.described(config).items()}


def features_at(
    tables: Tables,
    cutoff: datetime,
    config: LensesConfig,
    period_days: int,
    names: Sequence[str] | None = None,
    part: Part = WHOLE,
) -> pd.DataFrame:
    """Every feature of every customer who is known before `cutoff`.

    Parameters
    ----------
    names
        Of the lenses; by default those to which the tables have something to say.
    part
        Of the customers.

    Returns
    -------
    DataFrame
        Indexed by `customer_id`, sorted; a float or text column for each feature of the lenses.

    Raises
    ------
    DataError
        A named lens finds none of the tables and columns that it needs.
    """
    sql = features_query(tables, cutoff, config, period_days, names, part)
    return tables.engine.frame(f"{sql} ORDER BY people.customer_id").set_index(c.CUSTOMER_ID)


def features_query(
    tables: Tables,
    cutoff: datetime,
    config: LensesConfig,
    period_days: int,
    names: Sequence[str] | None = None,
    part: Part = WHOLE,
) -> str:
    """SQL: what `features_at` gives, in no order, with the customer as a column; the views under it are made."""
    chosen = _chosen(tables, available(tables) if names is None else names)
    history = look_back(tables, cutoff, period_days, part)
    fill_shelves(history, config)
    promised = described(config, [lens.name for lens in chosen])
    selected = [_typed(history.engine.quote(name), feature) for name, feature in promised.items()]
    joins = [
        f"LEFT JOIN ({lens.select(history, config)}) AS {lens.name}_lens "
        f"ON {lens.name}_lens.customer_id = people.customer_id"
        for lens in chosen
    ]
    return f"SELECT people.customer_id, {', '.join(selected)} FROM people {' '.join(joins)}"


def available(tables: Tables) -> tuple[str, ...]:
    """The lenses for which the tables have a column; by their form alone, so that a longer log has no other lenses."""
    return tuple(lens.name for lens in LENSES if not lens.needs or any(_has_form(tables, need) for need in lens.needs))


def _chosen(tables: Tables, names: Sequence[str]) -> list[Lens]:
    chosen = [lens for lens in LENSES if lens.name in names]
    lacking = [lens for lens in chosen if lens.name not in available(tables)]
    if lacking:
        raise DataError(
            f"{tables.source}: the {lacking[0].name} lens needs {' or '.join(lacking[0].needs)}; the data has none; "
            "give the data that the model was trained on, or train it again on this"
        )
    return chosen


def _has_form(tables: Tables, need: str) -> bool:
    """Whether the table, the column, or the table of the event or attribute is there."""
    table, _, column = need.partition(".")
    if column:
        return column in tables.present.get(table, frozenset())
    table, _, kind = need.partition(":")
    return tables.has(table) and (table != CUSTOMERS.name or kind in tables.attributes.values())


def _typed(name: str, feature: Feature) -> str:
    if feature.text:
        return f"coalesce({name}, '') AS {name}"
    value = name if feature.absent is None else f"coalesce({name}, {feature.absent})"
    return f"CAST({value} AS DOUBLE) AS {name}"


def numeric(features: pd.DataFrame) -> tuple[str, ...]:
    """The names of the features in the frame that are numbers."""
    return tuple(name for name in features if pd.api.types.is_numeric_dtype(features[name]))


def learn(features: pd.DataFrame, config: LensesConfig) -> dict[str, Learned]:
    """What the segments of every lens in the frame need to know of the population, as JSON-ready values."""
    return {
        lens.name: lens.learn(features, config)
        for lens in LENSES
        if lens.segments and set(lens.features) <= set(features)
    }


def segments(features: pd.DataFrame, learned: Mapping[str, Learned]) -> pd.DataFrame:
    """The label that each lens gives to each customer, with what was learned at fit."""
    return pd.DataFrame(labels(features, learned), index=features.index)


def labels(features: pd.DataFrame, learned: Mapping[str, Learned]) -> dict[str, npt.ArrayLike]:
    """What `segments` says, as arrays."""
    said = (lens.segments(features, learned[lens.name]) for lens in LENSES if lens.segments and lens.name in learned)
    return {name: column for one in said for name, column in one.items()}


def estimates(features: pd.DataFrame, learned: Mapping[str, Learned]) -> dict[str, npt.ArrayLike]:
    """The numbers that lenses derive for each customer from what was learned at fit, as arrays."""
    said = (lens.estimates(features, learned[lens.name]) for lens in LENSES if lens.estimates and lens.name in learned)
    return {name: column for one in said for name, column in one.items()}


def support(tables: Tables) -> pd.DataFrame:
    """Lens by lens: available, partial or absent on this data, and what would bring the rest.

    An event counts only where the log holds some of its rows.
    """
    rows = []
    for lens in LENSES:
        absent = bool(lens.needs) and not any(_has_rows(tables, need) for need in lens.needs)
        lacking = [want for want in dict.fromkeys((*lens.wants, *lens.needs)) if not _has_rows(tables, want)]
        state = "absent" if absent else "partial" if set(lacking) & set(lens.wants) else "available"
        needed = "" if state == "available" else ", ".join(lacking)
        rows.append({"lens": lens.name, "state": state, "asks": lens.asks, "would need": needed})
    return pd.DataFrame(rows)


def _has_rows(tables: Tables, need: str) -> bool:
    table, _, event = need.partition(":")
    return event in tables.events if table == EVENTS.name and event else _has_form(tables, need)
