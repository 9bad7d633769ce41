"""Complete Journey as of 2017-07-01: segments say something of the months that follow, outside their own definition."""

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

CUTOFF = datetime(2017, 7, 1)
RESAMPLES = 300


class Groceries(NamedTuple):
    """The log, and what lenses say of its households at the cutoff."""

    tables: Tables
    labels: pd.DataFrame
    types: pd.DataFrame  # scores of the shopper types


@pytest.fixture(scope="module")
def groceries(lens_settings) -> Groceries:
    config = DataConfig(name="complete_journey", on_duplicate_rows="keep", left_censored=True)
    tables = data.load(DuckDB(threads=2), config)
    features = lenses.features_at(tables, CUTOFF, lens_settings, 7)
    learned = lenses.learn(features, lens_settings)
    types = scores.score(purchase.behaviours(features, learned["purchase"]["levels"]), learned["purchase"])
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
