"""Labels and declared attributes among what personas see: a column of 0 and 1 for each frequent value.

`personas.features.loyalty_segment=true` or `personas.features.profile_region=true` makes the columns
"loyalty_segment is true", ...: 1 where the customer has the value, 0 where another, missing where it is unknown.
The values of a label are a view and share one vote; a label that the configuration puts into a view shares that one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.config import PersonasConfig
from patronage.config.personas import ViewConfig
from patronage.labels import LabelledSnapshot
from patronage.lenses import FittedLenses
from patronage.lenses.lens import Feature

IS = " is "  # between a label and its value, in the name of a column
LEAST_SHARE, MOST_VALUES = 0.02, 12  # of the known customers, to be a column; columns of a label


def labelling_lenses(features: pd.DataFrame, names: Iterable[str], lenses: FittedLenses | None) -> FittedLenses | None:
    """The lenses that give labels of these names; None where none does."""
    if lenses is None:
        return None
    few, wanted = features.head(1), set(names) - set(features)
    giving = [
        lens.name
        for lens in lenses.lenses
        if lens.segments and wanted & set(lens.segments(few, lenses.states.get(lens.name)))
    ]
    return lenses.select(giving) if giving else None


def labels_of(features: pd.DataFrame, names: Iterable[str], lenses: FittedLenses | None) -> dict[str, pd.Series]:
    """The labels of these names, missing where unknown; from the lenses, or from a column of text."""
    wanted = set(names)
    given = lenses.segments(features) if lenses is not None else {}
    text = {
        name: features[name] for name in wanted & set(features) if not pd.api.types.is_numeric_dtype(features[name])
    }
    labels = {name: pd.Series(values, features.index, object) for name, values in {**given, **text}.items()}
    return {name: labels[name].where(~labels[name].isin([c.UNKNOWN, ""])) for name in wanted & set(labels)}


def with_labels(features: pd.DataFrame, columns: Sequence[str], lenses: FittedLenses | None) -> pd.DataFrame:
    """The features with those of the columns that tell of a label."""
    lacking = [name for name in columns if IS in name and name not in features]
    if not lacking:
        return features
    labels = labels_of(features, {name.split(IS, 1)[0] for name in lacking}, lenses)
    added = {}
    for name in lacking:
        label, value = name.split(IS, 1)
        if label in labels:
            added[name] = np.where(labels[label].isna(), np.nan, labels[label].astype(str) == value)
    return features.assign(**added)


def expanded(
    features: pd.DataFrame, config: PersonasConfig, descriptions: Mapping[str, Feature], lenses: FittedLenses | None
) -> tuple[PersonasConfig, dict[str, Feature]]:
    """The configuration and the descriptions with the columns of each label in place of the label."""
    chosen = [name for name, on in config.features.items() if on]
    labels = labels_of(features, [name for name in chosen if not _numeric(name, descriptions)], lenses)
    if not labels:
        return config, dict(descriptions)
    columns = {name: _columns(name, values) for name, values in labels.items()}
    in_a_view = {name for view in config.views.values() for name in view.features}
    views = {
        name: replace(view, features=[part for each in view.features for part in columns.get(each, [each])])
        for name, view in config.views.items()
    } | {name: ViewConfig(1.0, parts) for name, parts in columns.items() if name not in in_a_view}
    numeric = {part: True for name in chosen for part in columns.get(name, [name])}
    words = {part: _described(part) for parts in columns.values() for part in parts}
    return replace(config, features=numeric, views=views), {**descriptions, **words}


class FitInputs(NamedTuple):
    """What a fit sees, with the columns of labels, and the lenses that give the labels."""

    features: pd.DataFrame
    config: PersonasConfig
    descriptions: Mapping[str, Feature]
    later: LabelledSnapshot | None
    lenses: FittedLenses | None


def fit_inputs(
    features: pd.DataFrame,
    config: PersonasConfig,
    descriptions: Mapping[str, Feature],
    later: LabelledSnapshot | None,
    lenses: FittedLenses | None,
) -> FitInputs:
    """Everything of a fit with the labels that its configuration names."""
    lenses = labelling_lenses(features, (name for name, on in config.features.items() if on), lenses)
    config, words = expanded(features, config, descriptions, lenses)
    columns = list(config.features)
    if later is not None:
        later = replace(later, features=with_labels(later.features, columns, lenses))
    return FitInputs(with_labels(features, columns, lenses), config, words, later, lenses)


def _numeric(name: str, descriptions: Mapping[str, Feature]) -> bool:
    return name in descriptions and not descriptions[name].text


def _columns(name: str, values: pd.Series) -> list[str]:
    shares = values.astype("str").where(values.notna()).value_counts(normalize=True).sort_index()
    shares = shares.sort_values(ascending=False, kind="stable")
    return [f"{name}{IS}{value}" for value in sorted(shares.index[shares >= LEAST_SHARE][:MOST_VALUES])]


def _described(column: str) -> Feature:
    label, value = column.removeprefix(c.PROFILE).split(IS, 1)
    label = label.replace("_segment", "").replace("_", " ")
    return Feature(f"whether {label} is {value}", f"{label} {value}", "", f"of {label} {value}", f"of another {label}")
