"""Profile: what was declared of the customer, passed through.

Kotler and Keller's demographic, geographic, psychographic bases, technographic ones, and for companies firmographic
(Bonoma and Shapiro 1983). Which attributes there are is the source's matter (conf, `data.customers.attributes`), while
a lens has the same features everywhere: so all attributes of a customer are one text, and the names that were seen at
fit become the columns `profile_<attribute>` of the assignments.
"""

from __future__ import annotations

import pandas as pd

from patronage import names as c
from patronage.config import LensesConfig
from patronage.config.data import ATTRIBUTE_KINDS
from patronage.data.contract import CUSTOMERS
from patronage.engine import text
from patronage.lenses.history import History
from patronage.lenses.lens import Feature, Learned, Lens, Said
from patronage.lenses.shelves import END, clean

DECLARED = "declared"


def _select(history: History, config: LensesConfig) -> str:
    pieces = [
        f"CASE WHEN {column} IS NOT NULL THEN {text(name)} || chr(9) || {clean(column)} || chr(10) ELSE '' END"
        for name, column in (
            (name, history.engine.quote(name)) for name in (c.ACQUISITION_CHANNEL, *sorted(history.attributes))
        )
    ]
    return f"SELECT customer_id, {' || '.join(pieces)} AS declared FROM profiles"


def _learn(features: pd.DataFrame, config: LensesConfig) -> Learned:
    names = {item.split("\t", 1)[0] for declared in features[DECLARED] for item in declared.split(END)[:-1]}
    return {"attributes": sorted(names)}


def _segments(features: pd.DataFrame, learned: Learned) -> Said:
    said = [dict(item.split("\t", 1) for item in declared.split(END)[:-1]) for declared in features[DECLARED]]
    return {
        c.PROFILE + name: pd.Series([one.get(name, c.UNKNOWN) for one in said], features.index, object)
        for name in learned["attributes"]
    }


LENS = Lens(
    name="profile",
    asks="What is known of the customer herself?",
    source="Kotler and Keller, Marketing Management; Bonoma and Shapiro 1983",
    features={DECLARED: Feature("attributes and their values", text=True, packed=True)},
    needs=(f"{CUSTOMERS.name}.acquisition_channel", *(f"{CUSTOMERS.name}:{kind}" for kind in ATTRIBUTE_KINDS)),
    answers={f"{c.PROFILE}<attribute>": {"<value>": "as declared; a column for each attribute seen at fit"}},
    select=_select,
    learn=_learn,
    segments=_segments,
)
