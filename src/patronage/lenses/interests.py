"""Interests: what the customer cares for, and what lies next to it.

The affinity to a category is what was bought and done in it, the older the less: half after `half_life_days`. An
adjacent interest is one that goes with her top interest in others (item to item, as Linden, Smith and York 2003, but
beyond chance, so that what everyone likes is not next to everything) and that is not among her own.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import sparse

from patronage import names as c
from patronage.config import LensesConfig
from patronage.data.contract import EVENTS
from patronage.engine import text
from patronage.lenses.history import History
from patronage.lenses.lens import Feature, Learned, Lens, Said
from patronage.lenses.shelves import THOUSAND, decay, packed, thousandths, unpacked, words

INTERESTS, WEIGHT, SHARE = "interests", "interest_weight", "interest_share_"
PARTS = ("weight", "interest")
NEIGHBOURS = 20  # of each interest, kept in the bundle
MIN_CUSTOMERS = 5  # who must show both before two interests are neighbours


def _select(history: History, config: LensesConfig) -> str:
    settings = config.interests
    weights = " ".join(f"WHEN {text(event)} THEN {float(weight)!r}e0" for event, weight in settings.events.items())
    act = thousandths(f"CASE event {weights} ELSE 0.0e0 END * {decay(history, 'CAST(occurred_at AS DATE)', config)}")
    shares = "".join(
        f", coalesce(sum(weight) FILTER (WHERE interest = {text(name)}), 0) * 1.0e0 / CAST(sum(weight) AS DOUBLE) "
        f"AS {history.engine.quote(SHARE + name)}"
        for name in settings.shares
    )
    return f"""
        SELECT customer_id, {packed(history, ("weight",), "interest", settings.kept)} AS interests,
               CAST(sum(weight) AS DOUBLE) / {THOUSAND} AS interest_weight, count(*) AS interest_breadth,
               CAST(max(weight) AS DOUBLE) / CAST(sum(weight) AS DOUBLE) AS interest_focus{shares}
        FROM (SELECT *, row_number() OVER (PARTITION BY customer_id ORDER BY weight DESC, interest) AS rank
              FROM (SELECT customer_id, interest, CAST(sum(weight) AS BIGINT) AS weight
                    FROM (SELECT customer_id, category AS interest, freshness AS weight FROM shelves
                          WHERE category IS NOT NULL
                          UNION ALL
                          SELECT customer_id, subject, sum({act}) FROM touches
                          WHERE event IN ({words(settings.events)}) AND subject IS NOT NULL
                          GROUP BY customer_id, subject)
                    GROUP BY customer_id, interest)
              WHERE weight > 0)
        GROUP BY customer_id"""


def _shares(config: LensesConfig) -> dict[str, Feature]:
    return {
        SHARE + name: Feature(f"share of {name} in all affinity", f"{name}-loving", f"{name}-free")
        for name in config.interests.shares
    }


def _learn(features: pd.DataFrame, config: LensesConfig) -> Learned:
    items = unpacked(features[INTERESTS], PARTS)
    return {
        "neighbours": _neighbours(items) if len(items) else {},
        "min_weight": config.interests.min_weight,
    }


def _neighbours(items: pd.DataFrame) -> dict[str, list[str]]:
    """Interest to those that go with it: who shows both, against chance, in standard errors of that number."""
    codes, names = pd.factorize(items["interest"], sort=True)
    rows, customers = pd.factorize(items["row"])
    shown = sparse.csr_array((np.ones(len(items)), (rows, codes)), shape=(len(customers), len(names)))
    both, each = (shown.T @ shown).toarray(), shown.sum(axis=0)
    by_chance = np.outer(each, each) / len(customers)
    beyond = np.where(both >= MIN_CUSTOMERS, (both - by_chance) / np.sqrt(by_chance), 0.0)
    np.fill_diagonal(beyond, 0.0)
    order = np.argsort(-beyond, axis=1, kind="stable")[:, :NEIGHBOURS]
    return {str(names[a]): [str(names[b]) for b in order[a] if beyond[a, b] > 0] for a in range(len(names))}


def _segments(features: pd.DataFrame, learned: Learned) -> Said:
    n = len(features)
    items = unpacked(features[INTERESTS], PARTS)
    items = items[(features[WEIGHT] >= learned["min_weight"]).to_numpy()[items["row"]]]
    place = items.groupby("row").cumcount()
    return {
        c.TOP_INTEREST: _at(items[place == 0], n),
        c.SECOND_INTEREST: _at(items[place == 1], n),
        c.ADJACENT_INTEREST: _adjacent(items, place, learned["neighbours"], n),
    }


def _at(items: pd.DataFrame, n: int) -> np.ndarray:
    """The interest of each row; `unknown` where there is none."""
    labels = np.full(n, c.UNKNOWN, dtype=object)
    labels[items["row"]] = items["interest"]
    return labels


def _adjacent(items: pd.DataFrame, place: pd.Series, neighbours: dict[str, list[str]], n: int) -> np.ndarray:
    """The first neighbour of the top interest that is not among the customer's own."""
    asked = items.loc[place == 0, ["row", "interest"]]
    pairs = asked.assign(next=asked["interest"].map(neighbours)).explode("next").dropna(subset="next")
    pairs = pairs.drop(columns="interest").rename(columns={"next": "interest"})
    own = pd.MultiIndex.from_frame(items[["row", "interest"]])
    fresh = pairs[~pd.MultiIndex.from_frame(pairs).isin(own)]
    return _at(fresh.drop_duplicates("row"), n)


LENS = Lens(
    name="interests",
    asks="What does the customer care for, and what lies next to it?",
    source="Linden, Smith and York 2003",
    features={
        INTERESTS: Feature("affinity (thousandths) and category, the strongest first", text=True, packed=True),
        WEIGHT: Feature("all affinities together, in purchase lines of today", "keen", "detached"),
        "interest_breadth": Feature("categories with any affinity", "wide-ranging", "specialised"),
        "interest_focus": Feature("share of the strongest affinity in all", "devoted", "spread-out"),
    },
    more=_shares,
    needs=("transactions.category", f"{EVENTS.name}.subject"),
    wants=("transactions.category",),
    answers={
        c.TOP_INTEREST: {"<category>": "of the strongest affinity"},
        c.SECOND_INTEREST: {"<category>": "of the second strongest"},
        c.ADJACENT_INTEREST: {"<category>": "goes with the top interest in others, and is not among her own"},
    },
    select=_select,
    learn=_learn,
    segments=_segments,
)
