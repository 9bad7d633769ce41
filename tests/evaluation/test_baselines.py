"""Naive baselines by hand: what each learns, how it stretches to another horizon, and where it stops short."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from patronage import names as c
from patronage.evaluation import baselines
from patronage.labels import LabelledSnapshot


def snapshot(horizon_days: int = 30, **columns: list[float]) -> LabelledSnapshot:
    """Labels and features by column name, a row per customer."""
    table = pd.DataFrame({c.CHURNED: np.nan, c.ORDERS: 0.0, c.SPEND: 0.0} | columns, dtype=float)
    labels = [c.CHURNED, c.ORDERS, c.SPEND]
    return LabelledSnapshot(datetime(2024, 1, 1), horizon_days, table.drop(columns=labels), table[labels])


# Two groups by recency: of the customers 5 days silent one in four churned, of those 90 days silent three in four.
TWO_GROUPS = snapshot(
    **{c.DAYS_SINCE_LAST_ORDER: [5] * 4 + [90] * 4 + [5], c.CHURNED: [1, 0, 0, 0, 1, 1, 1, 0, np.nan]}
)


def churn(silent: list[float], horizon_days: int = 30, *, contractual: bool = False, training=(TWO_GROUPS,)):
    features = pd.DataFrame({c.DAYS_SINCE_LAST_ORDER: silent}, dtype=float)
    p_order = pd.Series(np.linspace(0.2, 0.3, len(silent)), features.index)
    return baselines.churn(training, features, p_order, horizon_days, contractual=contractual)


class TestChurn:
    def test_the_rate_is_that_of_the_customers_who_could_churn(self):
        assert churn([1, 400])["rate"].tolist() == [0.5, 0.5]

    def test_the_rate_by_recency_is_that_of_customers_as_long_silent(self):
        assert churn([5, 90])["recency"].tolist() == [0.25, 0.75]
        assert churn([1, 400])["recency"].tolist() == [0.25, 0.75]  # beyond those that were learned from

    def test_a_missing_recency_is_the_longest_silence(self):
        assert churn([np.nan])["recency"].tolist() == [0.75]

    def test_the_structural_one_is_the_complement_of_an_order(self):
        assert churn([5, 90])["btyd"].tolist() == pytest.approx([0.8, 0.7])

    def test_silence_through_two_windows_is_silence_twice(self):
        forecasts = churn([5, 90], horizon_days=60)
        assert forecasts["recency"].tolist() == pytest.approx([0.25**2, 0.75**2])
        assert forecasts["rate"].tolist() == pytest.approx([0.25, 0.25])
        assert forecasts["btyd"].tolist() == pytest.approx([0.8, 0.7])  # is of the whole horizon already

    def test_a_contract_survives_two_windows_by_the_product(self):
        forecasts = churn([5, 90], horizon_days=60, contractual=True)
        assert forecasts["recency"].tolist() == pytest.approx([1 - 0.75**2, 1 - 0.25**2])
        assert "btyd" not in forecasts

    def test_all_training_snapshots_count(self):
        more = snapshot(**{c.DAYS_SINCE_LAST_ORDER: [5] * 4, c.CHURNED: [1, 1, 1, 1]})
        forecasts = churn([5, 90], training=(TWO_GROUPS, more))
        assert forecasts["rate"][0] == pytest.approx(8 / 12)
        assert forecasts["recency"].tolist() == pytest.approx([5 / 8, 3 / 4])

    def test_no_baseline_is_certain(self):
        """Where every customer churned, a baseline of 1 would win by luck."""
        certain = snapshot(**{c.DAYS_SINCE_LAST_ORDER: [5, 90], c.CHURNED: [1, 1]})
        for name in ("rate", "recency"):
            assert churn([5], training=(certain,))[name].tolist() == [1 - 1e-4]
        never = snapshot(**{c.DAYS_SINCE_LAST_ORDER: [5, 90], c.CHURNED: [0, 0]})
        assert churn([5], training=(never,))["rate"].tolist() == [1e-4]


class TestPurchase:
    TRAINING = snapshot(**{c.ORDERS: [2, 0, 0, 1], c.DAYS_SINCE_LAST_ORDER: [5, 90, 90, 5]})
    STATUS = pd.Series(["regular", "regular", "defector", "regular"])

    def forecasts(self, status: list[str], horizon_days: int = 30, silent: float = 5):
        features = pd.DataFrame({c.DAYS_SINCE_LAST_ORDER: [silent] * len(status)})
        return baselines.purchase((self.TRAINING,), self.STATUS, features, pd.Series(status), horizon_days)

    def test_the_rate_of_the_status_and_the_base_rate_of_an_unseen_one(self):
        forecasts = self.forecasts(["regular", "defector", "prospect"])
        assert forecasts["rules"].tolist() == pytest.approx([2 / 3, 1e-4, 1 / 2])
        assert forecasts["rate"].tolist() == [0.5] * 3

    def test_the_rate_by_recency_and_that_of_the_status_of_who_never_bought(self):
        assert self.forecasts(["regular"], silent=90)["recency"].tolist() == [1e-4]
        assert self.forecasts(["regular"], silent=np.nan)["recency"].tolist() == pytest.approx([2 / 3])

    def test_two_windows_are_two_chances(self):
        forecasts = self.forecasts(["regular", "prospect"], horizon_days=60)
        assert forecasts["rules"].tolist() == pytest.approx([1 - (1 / 3) ** 2, 3 / 4])


class TestAmounts:
    TRAINING = snapshot(**{c.ORDERS: [2, 0], c.SPEND: [30, 10]})

    def forecasts(self, horizon_days: int = 30, **columns: list[float]):
        return baselines.amounts((self.TRAINING,), pd.DataFrame(columns, dtype=float), horizon_days)

    def test_the_mean_and_the_own_rate_by_hand(self):
        forecasts = self.forecasts(tenure_days=[90, 300], active_days=[3, 5], net_revenue=[60, 500])
        assert forecasts["mean"].to_numpy().tolist() == [[1, 20], [1, 20]]
        assert forecasts["past_rate"].to_numpy().tolist() == [[1, 20], [0.5, 50]]

    def test_the_mean_grows_with_the_horizon(self):
        forecasts = self.forecasts(60, tenure_days=[120], active_days=[4], net_revenue=[80])
        assert forecasts["mean"].to_numpy().tolist() == [[2, 40]]
        assert forecasts["past_rate"].to_numpy().tolist() == [[2, 40]]

    def test_a_customer_younger_than_the_horizon_is_not_stretched(self):
        """One order on the first day is no order every day."""
        forecasts = self.forecasts(tenure_days=[1, 30], active_days=[1, 1], net_revenue=[25, 25])
        assert forecasts["past_rate"].to_numpy().tolist() == [[1, 25], [1, 25]]

    def test_a_customer_without_orders_is_expected_to_place_none(self):
        forecasts = self.forecasts(tenure_days=[np.nan], active_days=[np.nan], net_revenue=[np.nan])
        assert forecasts["past_rate"].to_numpy().tolist() == [[0, 0]]
