"""Interests: which categories the customer prefers, and which lie next to them.

The affinity to a category is what was bought and done in it, the older the less: half after `half_life_days`. An
adjacent interest is one that goes with the customer's top interest in other customers (item to item, as Linden, Smith
and York 2003, but beyond chance, so that what everyone likes is not next to everything) and that is not among the
customer's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from patronage import names as c
from patronage.config import LensesConfig
from patronage.data.contract import EVENTS
from patronage.engine import text
from patronage.lenses.expressions import THOUSAND, case, decay, thousandths, words
from patronage.lenses.history import History
from patronage.lenses.lens import Feature, Labels, Lens
from patronage.lenses.packing import packed, unpacked

INTERESTS, WEIGHT, SHARE = "interests", "interest_weight", "interest_share_"
PARTS = ("weight", "interest")
NEIGHBOURS = 20  # of each interest, in the bundle
MIN_CUSTOMERS = 5  # customers with both, before two interests are neighbours


def _select(history: History, config: LensesConfig) -> str:
    settings = config.interests
    weight = case({event: f"{float(weight)!r}e0" for event, weight in settings.events.items()}, "0.0e0")
    act = thousandths(f"{weight} * {decay(history, 'CAST(occurred_at AS DATE)', config)}")
    shares = "".join(
        f", coalesce(sum(weight) FILTER (WHERE interest = {text(name)}), 0) * 1.0e0 / CAST(sum(weight) AS DOUBLE) "
        f"AS {history.engine.quote(SHARE + name)}"
        for name in settings.shares
    )
    return f"""
        WITH signs AS (
            SELECT customer_id, category AS interest, decayed_lines AS weight
            FROM category_totals WHERE category IS NOT NULL
            UNION ALL
            SELECT customer_id, subject, sum({act})
            FROM events WHERE event IN ({words(settings.events)}) AND subject IS NOT NULL
            GROUP BY customer_id, subject
        ),
        affinities AS (
            SELECT customer_id, interest, CAST(sum(weight) AS BIGINT) AS weight
            FROM signs GROUP BY customer_id, interest
        ),
        ranked AS (
            SELECT *, row_number() OVER (PARTITION BY customer_id ORDER BY weight DESC, interest) AS rank
            FROM affinities WHERE weight > 0
        )
        SELECT customer_id,
               {packed(history, ("weight",), "interest", settings.strongest)} AS interests,
               CAST(sum(weight) AS DOUBLE) / {THOUSAND} AS interest_weight,
               count(*) AS interest_breadth,
               CAST(max(weight) AS DOUBLE) / CAST(sum(weight) AS DOUBLE) AS interest_focus{shares}
        FROM ranked GROUP BY customer_id"""


def _shares(config: LensesConfig) -> dict[str, Feature]:
    return {
        SHARE + name: Feature(
            f"share of {name} in all interest",
            f"{name}-loving",
            f"{name}-free",
            reason=f"{{:.0%}} of the interest in {name}",
            none=f"no interest in {name}",
            more=f"with more interest in {name}",
            less=f"with less interest in {name}",
        )
        for name in config.interests.shares
    }


@dataclass(frozen=True)
class InterestsState:
    """Interest to its neighbours, the nearest first; and the affinity below which interests are unknown."""

    neighbours: Mapping[str, list[str]]
    min_weight: float


def _fit(features: pd.DataFrame, config: LensesConfig) -> InterestsState:
    items = unpacked(features[INTERESTS], PARTS)
    return InterestsState(_neighbours(items) if len(items) else {}, config.interests.min_weight)


def _neighbours(items: pd.DataFrame) -> dict[str, list[str]]:
    """Interest to those that go with it, by the customers with both, beyond chance, in standard errors."""
    codes, names = pd.factorize(items["interest"], sort=True)
    rows, customers = pd.factorize(items["row"])
    has_interest = sparse.csr_array((np.ones(len(items)), (rows, codes)), shape=(len(customers), len(names)))
    both, each = (has_interest.T @ has_interest).toarray(), has_interest.sum(axis=0)
    by_chance = np.outer(each, each) / len(customers)
    beyond = np.where(both >= MIN_CUSTOMERS, (both - by_chance) / np.sqrt(by_chance), 0.0)
    np.fill_diagonal(beyond, 0.0)
    order = np.argsort(-beyond, axis=1, kind="stable")[:, :NEIGHBOURS]
    return {
        str(name): [str(names[near]) for near in order[row] if beyond[row, near] > 0] for row, name in enumerate(names)
    }


def _segments(features: pd.DataFrame, state: InterestsState) -> Labels:
    n = len(features)
    items = unpacked(features[INTERESTS], PARTS)
    items = items[(features[WEIGHT] >= state.min_weight).to_numpy()[items["row"]]]
    place = items.groupby("row").cumcount()
    return {
        c.TOP_INTEREST: _at(items[place == 0], n),
        c.SECOND_INTEREST: _at(items[place == 1], n),
        c.ADJACENT_INTEREST: _adjacent(items, place, state.neighbours, n),
    }


def _at(items: pd.DataFrame, n: int) -> np.ndarray:
    """The interest of each row; `unknown` where there is none."""
    labels = np.full(n, c.UNKNOWN, dtype=object)
    labels[items["row"]] = items["interest"]
    return labels


def _adjacent(items: pd.DataFrame, place: pd.Series, neighbours: Mapping[str, list[str]], n: int) -> np.ndarray:
    """The first neighbour of the top interest that is not among the customer's own."""
    top = items.loc[place == 0, ["row", "interest"]]
    pairs = top.assign(next=top["interest"].map(dict(neighbours))).explode("next").dropna(subset="next")
    pairs = pairs.drop(columns="interest").rename(columns={"next": "interest"})
    own = pd.MultiIndex.from_frame(items[["row", "interest"]])
    fresh = pairs[~pd.MultiIndex.from_frame(pairs).isin(own)]
    return _at(fresh.drop_duplicates("row"), n)


LENS = Lens(
    name="interests",
    question="Which categories does the customer prefer, and which lie next to them?",
    source="Linden, Smith and York 2003",
    features={
        INTERESTS: Feature("affinity (thousandths) and category, the strongest first", text=True, packed=True),
        WEIGHT: Feature(
            "all affinities together, in purchase lines of today",
            "keen",
            "detached",
            reason="stronger interests than most|weaker interests than most",
        ),
        "interest_breadth": Feature(
            "categories with any affinity", "wide-ranging", "specialised", reason="interested in {} categories"
        ),
        "interest_focus": Feature(
            "share of the strongest affinity in all",
            "devoted",
            "spread-out",
            reason="{:.0%} of the interest in one category",
        ),
    },
    more_features=_shares,
    requires=("transactions.category", f"{EVENTS.name}.subject"),
    improved_by=("transactions.category",),
    labels={
        c.TOP_INTEREST: {"<category>": "of the strongest affinity"},
        c.SECOND_INTEREST: {"<category>": "of the second strongest"},
        c.ADJACENT_INTEREST: {
            "<category>": "goes with the top interest in other customers, and is not among the customer's own"
        },
    },
    select=_select,
    state=InterestsState,
    fit=_fit,
    segments=_segments,
)
