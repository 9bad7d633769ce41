"""Usage and occasion mean something outside their own definition: they are held against what came after the cutoff."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest

from patronage import data, lenses
from patronage.config import DataConfig
from patronage.data import Tables
from patronage.engine import DuckDB

LENSES = ["rfm", "usage", "occasion"]
RESAMPLES = 500


class Sequel(NamedTuple):
    """Customers at a cutoff, and what came then: days with an order in the horizon, days until the next order."""

    features: pd.DataFrame
    segments: pd.DataFrame
    expected: pd.Series
    order_days: pd.Series
    until_next: pd.Series  # missing without an order in the horizon
    kept_weekday: pd.Series  # share of those days on the weekday that was most frequent before


def sequel(tables: Tables, cutoff: datetime, horizon_days: int, settings) -> Sequel:
    features = lenses.features_at(tables, cutoff, settings, 7, LENSES)
    learned = lenses.learn(features, settings)
    then = tables.engine.frame(
        "SELECT customer_id, min(CAST(ordered_at AS DATE)) AS day, count(DISTINCT CAST(ordered_at AS DATE)) AS days "
        f"FROM transactions WHERE amount >= 0 AND ordered_at >= TIMESTAMP '{cutoff}' "
        f"AND ordered_at < TIMESTAMP '{cutoff}' + INTERVAL {horizon_days} DAY GROUP BY customer_id"
    )
    then = then.set_index("customer_id").reindex(features.index)
    days = tables.engine.frame(
        f"SELECT DISTINCT customer_id, isodow(ordered_at) AS weekday, CAST(ordered_at AS DATE) AS day, "
        f"ordered_at < TIMESTAMP '{cutoff}' AS past FROM transactions WHERE amount >= 0 "
        f"AND ordered_at < TIMESTAMP '{cutoff}' + INTERVAL {horizon_days} DAY"
    )
    counts = days.pivot_table("day", ["past", "customer_id"], "weekday", aggfunc="count", fill_value=0)
    before, after = (counts.loc[past].reindex(features.index).fillna(0).to_numpy() for past in (True, False))
    on_it = after[np.arange(len(after)), before.argmax(axis=1)]
    kept = pd.Series(on_it / np.where(after.sum(axis=1) > 0, after.sum(axis=1), np.nan), features.index)
    return Sequel(
        features,
        lenses.segments(features, learned),
        lenses.estimates(features, learned)["expected_next_order_days"],
        then["days"].fillna(0),
        (pd.to_datetime(then["day"]) - pd.Timestamp(cutoff)).dt.days,
        kept,
    )


def interval(values: np.ndarray) -> tuple[float, float]:
    """95 % of the mean, by resampling customers."""
    rng = np.random.default_rng(0)
    means = [values[rng.integers(0, len(values), len(values))].mean() for _ in range(RESAMPLES)]
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


@pytest.fixture(scope="module")
def groceries(lens_settings) -> Sequel:
    config = DataConfig(name="complete_journey", on_duplicate_rows="keep", left_censored=True)
    return sequel(data.load(DuckDB(threads=2), config), datetime(2017, 10, 1), 91, lens_settings)


@pytest.fixture(scope="module")
def records(cdnow, lens_settings) -> Sequel:
    return sequel(cdnow, datetime(1998, 1, 1), 180, lens_settings)


@pytest.mark.parametrize("log", ["groceries", "records"])
def test_heavy_users_keep_buying_more(log, request):
    seen: Sequel = request.getfixturevalue(log)
    tier = seen.segments["usage_segment"].replace("hollow", "heavy")
    means = seen.order_days.groupby(tier).mean()
    assert means["heavy"] > means["medium"] > means["light"] > means["one_time"]
    lows = {name: interval(seen.order_days[tier == name].to_numpy()) for name in ("heavy", "medium")}
    assert lows["heavy"][0] > lows["medium"][1]


@pytest.mark.parametrize("log", ["groceries", "records"])
def test_the_expected_next_order_beats_the_own_mean_gap(log, request):
    """Of those who came: the own gap counts from the last order, and says today where it has passed."""
    seen: Sequel = request.getfixturevalue(log)
    own = (seen.features["mean_gap_days"] - seen.features["days_since_last_order"]).clip(lower=0)
    came = seen.until_next.notna() & own.notna()
    gain = (own - seen.until_next).abs() - (seen.expected - seen.until_next).abs()
    assert interval(gain[came].to_numpy())[0] > 0
    due = came & (own > 0)  # not by forgiving lateness alone
    assert interval(gain[due].to_numpy())[0] > 0


def test_a_weekly_rhythm_goes_on(groceries):
    """Those of a weekly rhythm keep to their weekday after the cutoff more than others do to theirs."""
    period = groceries.segments["occasion_period"]
    kept = groceries.kept_weekday
    weekly, others = (kept[rows & kept.notna()].to_numpy() for rows in (period == "week", period == "none"))
    assert interval(weekly)[0] > interval(others)[1]


def test_shares_are_sensible(groceries):
    assert groceries.segments["usage_segment"].value_counts(normalize=True).drop("unknown", errors="ignore").max() < 0.5
    assert 0.01 < (groceries.segments["occasion_segment"] == "recurring").mean() < 0.2
    assert (groceries.segments["best_contact_window"] != "unknown").mean() > 0.8
