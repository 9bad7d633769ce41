"""Losses of two runs on the same customers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from patronage.evaluation.intervals import Resampling
from patronage.review import labellings
from patronage.review.paired_losses import PairedForecasts, pair_forecasts, paired_differences

from .conftest import CUTOFF, FORECASTS, LATER, run_of

pytestmark = pytest.mark.slow

TIMES = Resampling(200, 0)


def forecasts_of(p_churn: float, spend: float, n: int = 400) -> pd.DataFrame:
    values = {"churn_probability": p_churn, "journey_p_order": 1 - p_churn, "expected_orders": 1.0}
    return pd.DataFrame(values | {"expected_spend": spend}, index=[f"c{i}" for i in range(n)])


@pytest.fixture
def labels() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    churned = (rng.random(400) < 0.7).astype(float)
    frame = pd.DataFrame({"churned": churned, "orders": 1 - churned, "spend": 10 * (1 - churned)})
    return frame.set_axis([f"c{i}" for i in range(400)])


def differences_of(labels: pd.DataFrame, before: pd.DataFrame, after: pd.DataFrame, times=TIMES) -> pd.DataFrame:
    return paired_differences(PairedForecasts("", labels, before, after), times).set_index("metric")


class TestDifferences:
    def test_values_are_those_of_the_metrics(self, labels):
        table = differences_of(labels, forecasts_of(0.5, 0.0), forecasts_of(0.7, 3.0))
        assert table.loc["churn/log_loss", "baseline"] == pytest.approx(np.log(2))
        assert table.loc["clv/spend_rmse", "baseline"] == pytest.approx(np.sqrt((labels["spend"] ** 2).mean()))
        assert table.loc["churn/brier", "baseline"] == pytest.approx(0.25)
        assert table.loc["clv/orders_mae", "baseline"] == pytest.approx(labels["churned"].mean())
        assert table.loc["churn/log_loss", "high"] < 0

    def test_its_interval_covers_a_known_difference(self):
        """The mean of a normal loss difference with known variance: the interval is about ± 1.96 sd / sqrt(n)."""
        rng = np.random.default_rng(2)
        before, after = forecasts_of(0.5, 50.0, 2000), forecasts_of(0.5, 50.0, 2000)
        after["expected_spend"] += rng.normal(0.2, 1, 2000)
        labels = pd.DataFrame({"churned": 0.0, "orders": 0.0, "spend": rng.normal(0, 1, 2000)}, before.index)
        row = differences_of(labels, before, after, Resampling(1000, 3)).loc["clv/spend_mae"]
        assert row["difference"] == pytest.approx(0.2, abs=0.06)
        assert row["low"] == pytest.approx(row["difference"] - 1.96 / np.sqrt(2000), abs=0.005)
        assert row["high"] == pytest.approx(row["difference"] + 1.96 / np.sqrt(2000), abs=0.005)

    def test_a_customer_without_one_of_the_forecasts_is_left_out(self, labels):
        before, after = forecasts_of(0.5, 0.0), forecasts_of(0.5, 0.0)
        before.iloc[:100, :] = np.nan
        after.iloc[300:, :] = 0.9
        labels.iloc[100:150, 0] = np.nan
        table = differences_of(labels, before, after)
        assert table.loc["churn/log_loss", "customers"] == 250
        assert table.loc["clv/spend_rmse", "customers"] == 300

    def test_without_a_pair_there_is_no_row(self):
        assert paired_differences(PairedForecasts("a reason"), TIMES).empty


class TestVerdict:
    """Spend is 0 or 10 by turns; a forecast of 5 is off by 5 for everyone, so that every interval is known."""

    @pytest.fixture
    def spend(self) -> pd.DataFrame:
        index = [f"c{i}" for i in range(400)]
        return pd.DataFrame({"churned": 0.0, "orders": 1.0, "spend": 200 * [0.0, 10.0]}, index)

    def verdict(self, spend, before: list[float], after: list[float]) -> str:
        frames = [forecasts_of(0.5, 0.0).assign(expected_spend=200 * values) for values in (before, after)]
        return differences_of(spend, *frames).loc["clv/spend_mae", "verdict"]

    def test_less_loss_for_each_customer_is_better(self, spend):
        assert self.verdict(spend, [5.0, 5.0], [4.0, 6.0]) == "better"

    def test_more_loss_for_each_customer_is_worse(self, spend):
        assert self.verdict(spend, [5.0, 5.0], [6.0, 4.0]) == "worse"

    def test_the_same_loss_is_no_clear_difference(self, spend):
        """The interval is 0 to 0: a tie is no win."""
        assert self.verdict(spend, [5.0, 5.0], [5.0, 5.0]) == "no clear difference"

    def test_gains_and_losses_that_balance_are_no_clear_difference(self, spend):
        assert self.verdict(spend, [5.0, 5.0], [4.0, 4.0]) == "no clear difference"


class TestRanking:
    def test_the_loss_is_scikit_learns_and_its_interval_that_of_whole_resamples(self):
        rng = np.random.default_rng(0)
        churned = (rng.random(600) < 0.3).astype(float)
        labels = pd.DataFrame({"churned": churned, "orders": 1 - churned, "spend": 0.0}, index=range(600))
        before, after = (forecasts_of(0.5, 0.0, 600).set_axis(labels.index) for _ in range(2))
        before["churn_probability"] = np.round(0.5 * churned + rng.random(600), 1) / 2  # with ties
        after["churn_probability"] = 0.4 * churned + rng.random(600)
        row = differences_of(labels, before, after, Resampling(2000, 0)).loc["churn/one_minus_roc_auc"]
        assert row["baseline"] == pytest.approx(1 - roc_auc_score(churned, before["churn_probability"]))
        assert row["candidate"] == pytest.approx(1 - roc_auc_score(churned, after["churn_probability"]))
        resampled = []
        for _ in range(500):
            drawn = rng.integers(0, 600, 600)
            areas = [roc_auc_score(churned[drawn], side["churn_probability"].iloc[drawn]) for side in (before, after)]
            resampled.append(areas[0] - areas[1])
        assert [row["low"], row["high"]] == pytest.approx(np.quantile(resampled, [0.025, 0.975]), abs=0.006)

    def test_where_every_customer_churned_there_is_no_ranking(self, labels):
        table = differences_of(labels.assign(churned=1.0), forecasts_of(0.5, 0.0), forecasts_of(0.7, 3.0))
        assert "churn/one_minus_roc_auc" not in table.index


def paired(baseline, candidate) -> PairedForecasts:
    return pair_forecasts(baseline, candidate, labellings.predict_frozen(baseline, candidate)[0])


class TestPairing:
    def test_the_same_window_is_paired(self, bundle, shop_at):
        split, labels = shop_at(CUTOFF)
        pair = paired(run_of("a", bundle, split, labels), run_of("b", bundle, split, labels))
        assert pair.how == "same window"
        assert len(pair.labels) == len(labels)

    def test_logs_that_do_not_agree_are_not(self, bundle, shop_at):
        split, labels = shop_at(CUTOFF)
        other = run_of("b", bundle, split, labels + 1)
        assert "do not agree" in paired(run_of("a", bundle, split, labels), other).how

    def test_the_frozen_model_forecasts_a_later_window_and_no_earlier_one(self, bundle, shop_at):
        """A model that was fitted later may know the earlier window: the comparison would not be fair."""
        (split, labels), (later, later_labels) = shop_at(CUTOFF), shop_at(LATER)
        older, newer = run_of("a", bundle, split, labels), run_of("b", bundle, later, later_labels)
        pair = paired(older, newer)
        assert pair.how == "baseline's model, frozen, on the candidate's window"
        pd.testing.assert_frame_equal(
            pair.baseline[FORECASTS], bundle.assign(later.current.features)[FORECASTS], check_like=True
        )
        refused = paired(newer, older)
        assert refused.labels is None
        assert "may know the later one" in refused.how

    def test_without_an_evaluation_there_is_nothing_to_pair(self, bundle, shop_at):
        split, labels = shop_at(CUTOFF)
        run = run_of("a", bundle, split, labels)
        assert "was not evaluated" in paired(run, replace(run, evaluation=None)).how
