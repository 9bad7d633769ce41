"""On simulated sessions the path must beat its last touchpoint and its counts; with little to learn from, say so."""

from __future__ import annotations

from datetime import datetime

import pytest

from patronage import names as c
from patronage.data.simulated import simulate
from patronage.errors import FitError
from patronage.evaluation import sessions as judging
from patronage.evaluation.intervals import Resampling
from patronage.models import sessions
from patronage.models.sessions.reading import clicks

CUTOFF = datetime(2023, 7, 1)
RESAMPLING = Resampling(50, 0)


@pytest.fixture(scope="module")
def known():
    made = simulate(2_500, 11)
    touches = made.events[made.events[c.SESSION_ID].notna() & (made.events[c.OCCURRED_AT] < CUTOFF)]
    orders = made.transactions[(made.transactions[c.AMOUNT] > 0) & (made.transactions[c.ORDERED_AT] < CUTOFF)]
    paid = orders.groupby([c.CUSTOMER_ID, c.ORDERED_AT], observed=True)[c.AMOUNT].sum().rename("paid").reset_index()
    return clicks(touches, paid, CUTOFF)


def test_the_path_beats_its_last_touchpoint_and_its_counts(known):
    found = judging.judge_sessions(known, 0.3, RESAMPLING)
    table = found.tables["session_forecasts.json"].set_index("forecast")
    assert (table.loc[["rate", "last_event", "counts", "path_alone"], "high"] < 0).all()
    assert table.loc["model", "roc_auc"] > table.loc["counts", "roc_auc"] + 0.03
    assert table.loc["model", "ece"] < 0.03
    longer = found.tables["session_touchpoints.json"]["model"]
    assert longer.iloc[1] > longer.iloc[0]  # a second touchpoint tells more than the first
    paths = found.tables["session_paths.json"].set_index("path")
    assert paths.loc["visit > view > add_to_cart", "ordered"] > paths.loc["visit > view", "ordered"]


def test_who_comes_back_is_known_better_than_by_the_rate(known):
    found, chance = judging.judge_carts(known, 7, 14, 0.3, RESAMPLING)
    table = found.tables["cart_forecasts.json"].set_index("forecast")
    assert table.loc["model", "roc_auc"] > 0.65
    assert table.loc["rate", "difference"] < 0
    features, _ = sessions.standing(known, sessions.visits(known), 7)
    assert len(features) > 20
    assert ((chance.of(features) > 0) & (chance.of(features) < 1)).all()


def test_too_little_to_learn_from_is_said(known):
    few = clicks_of_some(known, 20)
    with pytest.raises(FitError, match="expected 100 of either kind to learn"):
        judging.judge_carts(few, 7, 14, 0.3, RESAMPLING)


def clicks_of_some(known: sessions.Clicks, customers: int) -> sessions.Clicks:
    touches, orders = (rows[rows["who"] < customers] for rows in (known.touches, known.orders))
    return sessions.Clicks(known.customers[:customers], touches.reset_index(drop=True), orders.reset_index(drop=True))
