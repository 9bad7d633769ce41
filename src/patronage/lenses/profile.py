"""Profile: what was declared of the customer, passed through.

Kotler and Keller's demographic, geographic, psychographic bases, technographic ones, and for companies firmographic
(Bonoma and Shapiro 1983). Which attributes there are depends on the source (conf, `data.customers.attributes`), while
a lens has the same features everywhere: so all attributes of a customer are one text, and the names that the data had
at fit become the columns `profile_<attribute>` of the assignments.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from patronage import names as c
from patronage.config import LensesConfig
from patronage.config.data import ATTRIBUTE_KINDS, DATE
from patronage.data.contract import CUSTOMERS
from patronage.engine import text
from patronage.lenses.history import History
from patronage.lenses.lens import Feature, Labels, Lens
from patronage.lenses.packing import END, TAB, clean

DECLARED = "declared"


def _select(history: History, config: LensesConfig) -> str:
    told = sorted(name for name, kind in history.tables.attributes.items() if kind != DATE)  # a date is no label
    pieces = [
        f"CASE WHEN {column} IS NOT NULL THEN {text(name)} || chr(9) || {clean(column)} || chr(10) ELSE '' END"
        for name, column in ((name, history.engine.quote(name)) for name in (c.ACQUISITION_CHANNEL, *told))
    ]
    return f"SELECT customer_id, {' || '.join(pieces)} AS declared FROM profiles"


@dataclass(frozen=True)
class ProfileState:
    """The names of the attributes."""

    attributes: list[str]


def _fit(features: pd.DataFrame, config: LensesConfig) -> ProfileState:
    names = {name for declared in features[DECLARED] for name in _attributes(declared)}
    return ProfileState(sorted(names))


def _segments(features: pd.DataFrame, state: ProfileState) -> Labels:
    profiles = [_attributes(declared) for declared in features[DECLARED]]
    return {
        c.PROFILE + name: pd.Series([profile.get(name, c.UNKNOWN) for profile in profiles], features.index, object)
        for name in state.attributes
    }


def _attributes(declared: str) -> dict[str, str]:
    """Name to value."""
    return dict(item.split(TAB, 1) for item in declared.split(END)[:-1])


LENS = Lens(
    name="profile",
    question="What is known of the person or company?",
    source="Kotler and Keller, Marketing Management; Bonoma and Shapiro 1983",
    features={DECLARED: Feature("attributes and their values", text=True, packed=True)},
    requires=(
        f"{CUSTOMERS.name}.acquisition_channel",
        *(f"{CUSTOMERS.name}:{kind}" for kind in ATTRIBUTE_KINDS if kind != DATE),
    ),
    labels={f"{c.PROFILE}<attribute>": {"<value>": "as declared; a column for each attribute of the data at fit"}},
    select=_select,
    state=ProfileState,
    fit=_fit,
    segments=_segments,
)
