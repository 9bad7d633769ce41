"""Sessions: pieces by hand; on simulated ones the path must be better than its last touchpoint and its counts."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from patronage import names as c
from patronage.data.simulated import simulate
from patronage.errors import FitError
from patronage.evaluation.intervals import Resampling
from patronage.evaluation.sessions import Cases, evaluate_carts, evaluate_sessions, forecast_table, shrunk_rates
from patronage.models import sessions
from patronage.models.sessions.clickstream import build_clickstream

CUTOFF = datetime(2023, 7, 1)
RESAMPLING = Resampling(50, 0)


def test_a_group_is_shrunk_by_one_case_towards_the_base_rate():
    """Group 1: two of three, with one case of 1/2 added; an unseen group has the base rate."""
    rates = shrunk_rates(np.array([1, 1, 1, 2]), np.array([1.0, 1.0, 0.0, 0.0]), np.array([1, 2, 9]))
    assert rates.tolist() == pytest.approx([2.5 / 4, 0.5 / 2, 0.5])


def test_a_difference_has_its_interval_over_customers():
    """All rows of a customer are drawn together: a hundred rows of each of two customers are two observations."""
    y_true = np.tile([1.0, 0.0], 100)
    keys = pd.DataFrame({"customer": np.repeat([3, 7], 100)})
    cases = Cases(pd.DataFrame(index=keys.index), keys, y_true)
    good, coin = np.where(y_true == 1, 0.8, 0.2), np.full(200, 0.5)
    forecasts = {"model": np.where(keys["customer"] == 3, good, coin), "rate": coin}
    table = forecast_table(cases, forecasts, Resampling(200, 0))
    gain = np.log(0.5) - np.log(0.8)
    assert table.loc["rate", ["difference", "low", "high"]].tolist() == pytest.approx([gain / 2, gain, 0])
    assert np.isnan(table.loc["model", "difference"])


@pytest.fixture(scope="module")
def clickstream():
    log = simulate(2_500, 11)
    touchpoints = log.events[log.events[c.SESSION_ID].notna() & (log.events[c.OCCURRED_AT] < CUTOFF)]
    orders = log.transactions[(log.transactions[c.AMOUNT] > 0) & (log.transactions[c.ORDERED_AT] < CUTOFF)]
    paid = orders.groupby([c.CUSTOMER_ID, c.ORDERED_AT], observed=True)[c.AMOUNT].sum().rename("paid").reset_index()
    return build_clickstream(touchpoints, paid, CUTOFF)


@pytest.mark.slow
def test_the_path_is_better_than_its_last_touchpoint_and_its_counts(clickstream):
    report = evaluate_sessions(clickstream, 0.3, RESAMPLING)
    table = report.tables["session_forecasts.json"].set_index("forecast")
    assert (table.loc[["rate", "last_event", "counts", "path_alone"], "high"] < 0).all()
    assert table.loc["model", "roc_auc"] > table.loc["counts", "roc_auc"] + 0.03
    assert table.loc["model", "ece"] < 0.03
    longer = report.tables["session_touchpoints.json"]["model"]
    assert longer.iloc[1] > longer.iloc[0]  # a second touchpoint tells more than the first
    paths = report.tables["session_paths.json"].set_index("path")
    assert paths.loc["visit > view > add_to_cart", "ordered"] > paths.loc["visit > view", "ordered"]


@pytest.mark.slow
def test_returns_are_predicted_better_than_by_the_rate(clickstream):
    report, model = evaluate_carts(clickstream, 7, 14, 0.3, RESAMPLING)
    table = report.tables["cart_forecasts.json"].set_index("forecast")
    assert table.loc["model", "roc_auc"] > 0.65
    assert table.loc["rate", "difference"] < 0
    features, _ = sessions.open_carts(clickstream, sessions.session_table(clickstream), 7)
    assert len(features) > 20
    probability = model.predict(features)[sessions.PROBABILITY]
    assert ((probability > 0) & (probability < 1)).all()


@pytest.mark.slow
def test_too_little_to_learn_from_is_an_error(clickstream):
    few = clicks_of_some(clickstream, 20)
    with pytest.raises(FitError, match="expected 100 with it and without it to learn"):
        evaluate_carts(few, 7, 14, 0.3, RESAMPLING)


def clicks_of_some(clickstream: sessions.Clickstream, customers: int) -> sessions.Clickstream:
    touchpoints, orders = (rows[rows["customer"] < customers] for rows in (clickstream.touchpoints, clickstream.orders))
    return sessions.Clickstream(
        clickstream.customers[:customers], touchpoints.reset_index(drop=True), orders.reset_index(drop=True)
    )
