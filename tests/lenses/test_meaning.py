"""Segments say something of the months that follow, outside their own definition: coupons and interests of Complete
Journey as of 2017-07-01, usage and occasion there as of 2017-10-01 and in CDNOW."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest

from patronage import data, lenses
from patronage.config import DataConfig
from patronage.data import Tables
from patronage.engine import DuckDB
from patronage.lenses import purchase, scores

pytestmark = pytest.mark.slow

CUTOFF = datetime(2017, 7, 1)
RESAMPLES, MEANS = 300, 500


class Groceries(NamedTuple):
    """The log, and what lenses say of its households at the cutoff."""

    tables: Tables
    labels: pd.DataFrame
    types: pd.DataFrame  # scores of the shopper types


@pytest.fixture(scope="module")
def complete_journey() -> Tables:
    config = DataConfig(
        name="complete_journey", source="complete_journey", on_duplicate_rows="keep", left_censored=True
    )
    return data.load(DuckDB(threads=2), config)


@pytest.fixture(scope="module")
def groceries(complete_journey, lens_settings) -> Groceries:
    tables = complete_journey
    features = lenses.features_at(tables, CUTOFF, lens_settings, 7)
    learned = lenses.fit(features, lens_settings)
    state = learned.states["purchase"]
    types = scores.score(purchase.behaviours(features, state.levels), state.scores)
    return Groceries(tables, lenses.segments(features, learned), types)


def interval(households: pd.DataFrame, statistic: Callable[[pd.DataFrame], float]) -> tuple[float, float]:
    """95 % by resampling households."""
    rng = np.random.default_rng(0)
    drawn = [statistic(households.iloc[rng.integers(0, len(households), len(households))]) for _ in range(RESAMPLES)]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(low), float(high)


def rank_correlation(households: pd.DataFrame) -> float:
    return households["score"].corr(households["redeemed"], method="spearman")


# Coupons


@pytest.fixture(scope="module")
def offered(groceries) -> pd.DataFrame:
    """Households of a known type to whom a campaign came after the cutoff: how often, and what they redeemed."""
    later = groceries.tables.engine.frame(
        "SELECT customer_id, count(*) FILTER (WHERE event = 'offer_received') AS offers, "
        "count(*) FILTER (WHERE event = 'offer_redeemed') AS redeemed "
        "FROM events WHERE occurred_at >= TIMESTAMP '2017-07-01' GROUP BY customer_id"
    ).set_index("customer_id")
    known = groceries.labels.query("purchase_segment != 'unknown'")
    return known.join(later[later["offers"] > 0], how="inner").join(groceries.types)


def per_offer(households: pd.DataFrame) -> float:
    return households["redeemed"].sum() / max(households["offers"].sum(), 1)


def test_smart_shoppers_redeem_more_of_the_coupons_that_come(offered):
    def ahead(households):
        smart = households["purchase_segment"] == "smart_shopper"
        return per_offer(households[smart]) - per_offer(households[~smart])

    assert interval(offered, ahead)[0] > 0.2


def test_the_more_price_sensitive_redeem_more_coupons(offered):
    # By the score: as a segment they redeem more than the risk-averse, but less than the smart shoppers, who are the
    # coupon users among those who would else score as price-sensitive.
    low, _ = interval(offered.assign(score=offered["price_sensitive"]), rank_correlation)
    assert low > 0
    low, high = interval(offered.assign(score=offered["risk_averse"]), rank_correlation)
    assert high < 0


# Interests


def test_top_interests_predict_the_next_quarter_better_than_popularity(groceries):
    later = groceries.tables.engine.frame(
        "SELECT customer_id, category, count(*) AS lines FROM transactions "
        "WHERE category IS NOT NULL AND ordered_at >= TIMESTAMP '2017-07-01' AND ordered_at < TIMESTAMP '2017-10-01' "
        "GROUP BY customer_id, category"
    ).set_index(["customer_id", "category"])["lines"]
    popular = groceries.tables.engine.frame(
        "SELECT category FROM transactions WHERE ordered_at < TIMESTAMP '2017-07-01' AND category IS NOT NULL "
        "GROUP BY category ORDER BY count(*) DESC LIMIT 2"
    )["category"]
    known = groceries.labels.query("top_interest != 'unknown'")
    total = later.groupby("customer_id").sum()
    here = known.loc[known.index.isin(total.index)]

    def bought(categories):
        wanted = pd.MultiIndex.from_arrays([here.index, categories])
        return later.reindex(wanted, fill_value=0).to_numpy()

    own = bought(here["top_interest"]) + bought(here["second_interest"])
    usual = bought([popular[0]] * len(here)) + bought([popular[1]] * len(here))
    gain = pd.DataFrame({"share": (own - usual) / total[here.index].to_numpy()})
    low, _ = interval(gain, lambda households: households["share"].mean())
    assert low > 0.02  # of everything that they buy
    hit = pd.DataFrame({"top": 1.0 * (bought(here["top_interest"]) > 0) - (bought([popular[0]] * len(here)) > 0)})
    low, _ = interval(hit, lambda households: households["top"].mean())
    assert low > 0


def test_segments_are_neither_empty_nor_everyone(groceries):
    shares = groceries.labels["purchase_segment"].value_counts(normalize=True)
    assert shares["unknown"] < 0.1
    assert shares.drop("unknown").between(0.1, 0.4).all()
    assert {"needs_proof", "procrastinator"}.isdisjoint(shares.index)  # nobody is seen browsing in this data


# Usage and occasion


class Sequel(NamedTuple):
    """Customers at a cutoff, and what came then: days with an order in the horizon, days until the next order."""

    features: pd.DataFrame
    segments: pd.DataFrame
    expected: pd.Series
    order_days: pd.Series
    until_next: pd.Series  # missing without an order in the horizon
    kept_weekday: pd.Series  # share of those days on the weekday that was most frequent before


def sequel(tables: Tables, cutoff: datetime, horizon_days: int, settings) -> Sequel:
    features = lenses.features_at(tables, cutoff, settings, 7, ["rfm", "usage", "occasion"])
    learned = lenses.fit(features, settings)
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
        pd.Series(learned.estimates(features)["expected_next_order_days"], features.index),
        then["days"].fillna(0),
        (pd.to_datetime(then["day"]) - pd.Timestamp(cutoff)).dt.days,
        kept,
    )


def interval_of_mean(values: np.ndarray) -> tuple[float, float]:
    """95 % of the mean, by resampling customers."""
    rng = np.random.default_rng(0)
    means = [values[rng.integers(0, len(values), len(values))].mean() for _ in range(MEANS)]
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


@pytest.fixture(scope="module")
def baskets(complete_journey, lens_settings) -> Sequel:
    return sequel(complete_journey, datetime(2017, 10, 1), 91, lens_settings)


@pytest.fixture(scope="module")
def records(cdnow, lens_settings) -> Sequel:
    return sequel(cdnow, datetime(1998, 1, 1), 180, lens_settings)


@pytest.mark.parametrize("log", ["baskets", "records"])
def test_heavy_users_keep_buying_more(log, request):
    seen: Sequel = request.getfixturevalue(log)
    tier = seen.segments["usage_segment"].replace("hollow", "heavy")
    means = seen.order_days.groupby(tier).mean()
    assert means["heavy"] > means["medium"] > means["light"] > means["one_time"]
    lows = {name: interval_of_mean(seen.order_days[tier == name].to_numpy()) for name in ("heavy", "medium")}
    assert lows["heavy"][0] > lows["medium"][1]


@pytest.mark.parametrize("log", ["baskets", "records"])
def test_the_expected_next_order_beats_the_own_mean_gap(log, request):
    """Of those who came: the own gap counts from the last order, and says today where it has passed."""
    seen: Sequel = request.getfixturevalue(log)
    own = (seen.features["mean_gap_days"] - seen.features["days_since_last_order"]).clip(lower=0)
    came = seen.until_next.notna() & own.notna()
    gain = (own - seen.until_next).abs() - (seen.expected - seen.until_next).abs()
    assert interval_of_mean(gain[came].to_numpy())[0] > 0
    due = came & (own > 0)  # not by forgiving lateness alone
    assert interval_of_mean(gain[due].to_numpy())[0] > 0


def test_a_weekly_rhythm_goes_on(baskets):
    """Those of a weekly rhythm keep to their weekday after the cutoff more than others do to theirs."""
    period = baskets.segments["occasion_period"]
    kept = baskets.kept_weekday
    weekly, others = (kept[rows & kept.notna()].to_numpy() for rows in (period == "week", period == "none"))
    assert interval_of_mean(weekly)[0] > interval_of_mean(others)[1]


def test_shares_are_sensible(baskets):
    assert baskets.segments["usage_segment"].value_counts(normalize=True).drop("unknown", errors="ignore").max() < 0.5
    assert 0.01 < (baskets.segments["occasion_segment"] == "recurring").mean() < 0.2
    assert (baskets.segments["best_contact_window"] != "unknown").mean() > 0.5  # with evidence beyond chance
