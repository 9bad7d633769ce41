"""The features of the customers: the SELECT of every lens, joined to one row per customer.

`features_at` is the only way to features.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pandas as pd

from patronage import names as c
from patronage.config import LensesConfig
from patronage.data import Tables
from patronage.errors import ConfigError, DataError
from patronage.lenses.catalogue import available, of
from patronage.lenses.history import WHOLE, History, Part
from patronage.lenses.lens import Feature, Lens
from patronage.lenses.relations import look_back


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
        Of the lenses; by default those for which the tables have a column.
    part
        Of the customers.

    Returns
    -------
    DataFrame
        Indexed by `customer_id`, sorted; a float or text column for each feature of the lenses, and for what they read
        of other lenses.

    Raises
    ------
    DataError
        The data has none of the tables and columns that a named lens requires.
    """
    with look_back(tables, cutoff, config, period_days, part) as history:
        return features_of(history, config, names)


def features_of(history: History, config: LensesConfig, names: Sequence[str] | None = None) -> pd.DataFrame:
    """What `features_at` gives, from a history that is open already."""
    sql = features_query(history, config, names)
    return history.engine.frame(f"{sql}\nORDER BY customers.customer_id").set_index(c.CUSTOMER_ID)


def features_query(history: History, config: LensesConfig, names: Sequence[str] | None = None) -> str:
    """SQL that runs alone: what `features_at` gives, in no order, with the customer as a column.

    It answers for its own cutoff as long as its history is open, whatever other histories are made.
    """
    columns = _columns(history.tables, config, names)
    steps = {f"{lens.name}_features": lens.select(history, config) for lens, _ in columns}
    selected = [
        _typed(f"{lens.name}_features", history.engine.quote(name), lens.described(config)[name])
        for lens, features in columns
        for name in features
    ]
    joins = [f"LEFT JOIN {step} ON {step}.customer_id = customers.customer_id" for step in steps]
    listed = ",\n    ".join(["customers.customer_id", *selected])
    return history.query("\n".join([f"SELECT\n    {listed}", "FROM customers", *joins]), steps)


def numeric(features: pd.DataFrame) -> tuple[str, ...]:
    """The names of the features in the frame that are numbers."""
    return tuple(name for name in features if pd.api.types.is_numeric_dtype(features[name]))


def _columns(tables: Tables, config: LensesConfig, names: Sequence[str] | None) -> list[tuple[Lens, list[str]]]:
    """The lenses to run with the features to take: all of a chosen lens, and what chosen lenses read of others."""
    usable = available(tables, config)
    lenses = of(config)
    _check_chosen(tables, lenses, usable, names)
    chosen = usable if names is None else names
    read = {feature for lens in lenses if lens.name in chosen for feature in lens.reads}
    columns = [
        (lens, [name for name in lens.described(config) if lens.name in chosen or name in read])
        for lens in lenses
        if lens.name in usable
    ]
    return [(lens, features) for lens, features in columns if features]


def _check_chosen(tables: Tables, lenses: Sequence[Lens], usable: Sequence[str], names: Sequence[str] | None) -> None:
    known = {lens.name: lens for lens in lenses}
    for name in names or ():
        if name not in known:
            raise ConfigError(f"no lens {name}; expected one of {', '.join(known)}")
        if name not in usable:
            raise DataError(
                f"{tables.source}: the {name} lens needs {' or '.join(known[name].requires)}; the data has none; "
                "give the data that the model was trained on, or train it again on this"
            )


def _typed(step: str, name: str, feature: Feature) -> str:
    if feature.text:
        return f"coalesce({step}.{name}, '') AS {name}"
    value = f"{step}.{name}" if feature.absent is None else f"coalesce({step}.{name}, {feature.absent})"
    return f"CAST({value} AS DOUBLE) AS {name}"
