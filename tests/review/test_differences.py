from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from patronage.evaluation.intervals import Resampling
from patronage.review import differences, migration
from patronage.review.differences import Judgement

from .conftest import CUTOFF, LATER, past

TIMES = Resampling(200, 0)


def test_only_keys_that_differ_are_told():
    table = differences.config_differences({"a": 1, "b": [1, 2], "name": "x"}, {"a": 1, "b": [1, 3], "c": None})
    assert table.to_numpy().tolist() == [["b", "[1, 2]", "[1, 3]"], ["c", "–", "None"]]


class TestDrift:
    def test_the_index_by_hand(self):
        before = np.array([0.0] * 50 + [1.0] * 50)
        after = np.array([0.0] * 80 + [1.0] * 20)
        by_hand = 0.3 * np.log(0.8 / 0.5) - 0.3 * np.log(0.2 / 0.5)
        assert differences.stability_index(before, after) == pytest.approx(by_hand)
        assert differences.stability_index(before, before) == 0

    def test_missing_values_are_a_bin_of_their_own(self):
        before = np.concatenate([np.arange(100.0), np.full(100, np.nan)])
        assert differences.stability_index(before, np.arange(100.0)) > 1

    def test_the_furthest_stands_first(self):
        rng = np.random.default_rng(0)
        before = pd.DataFrame({"same": rng.normal(size=5000), "moved": rng.normal(size=5000)})
        after = pd.DataFrame({"same": rng.normal(size=5000), "moved": rng.normal(1, 1, 5000)})
        table = differences.drift(before, after)
        assert table["feature"].tolist() == ["moved", "same"]
        assert table["verdict"].tolist() == ["moved", "stable"]


def opinions(p: float, spend: float, n: int = 400) -> pd.DataFrame:
    said = {"churn_probability": p, "journey_p_order": 1 - p, "expected_orders": 1.0, "expected_spend": spend}
    return pd.DataFrame(said, index=[f"c{i}" for i in range(n)])


@pytest.fixture
def came() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    churned = (rng.random(400) < 0.7).astype(float)
    frame = pd.DataFrame({"churned": churned, "orders": 1 - churned, "spend": 10 * (1 - churned)})
    return frame.set_axis([f"c{i}" for i in range(400)])


class TestPaired:
    def test_values_are_those_of_the_metrics(self, came):
        table = differences.paired_differences(Judgement("", came, opinions(0.5, 0.0), opinions(0.7, 3.0)), TIMES)
        found = table.set_index("metric")
        assert found.loc["churn/log_loss", "baseline"] == pytest.approx(np.log(2))
        assert found.loc["clv/spend_rmse", "baseline"] == pytest.approx(np.sqrt((came["spend"] ** 2).mean()))
        assert found.loc["churn/log_loss", "verdict"] == "better"
        assert found.loc["churn/log_loss", "high"] < 0

    def test_the_same_opinion_is_no_difference_at_all(self, came):
        table = differences.paired_differences(Judgement("", came, opinions(0.6, 2.0), opinions(0.6, 2.0)), TIMES)
        assert table[["difference", "low", "high"]].eq(0).all(axis=None)

    def test_its_interval_covers_a_known_difference(self):
        """The mean of a normal loss difference with known variance: the interval is about ± 1.96 sd / sqrt(n)."""
        rng = np.random.default_rng(2)
        spend = pd.DataFrame({"churned": 0.0, "orders": 0.0, "spend": rng.normal(0, 1, 2000)})
        one, other = opinions(0.5, 0.0, 2000), opinions(0.5, 0.0, 2000)
        one["expected_spend"], other["expected_spend"] = 50.0, 50.0 + rng.normal(0.2, 1, 2000)
        labels = spend.set_axis(one.index)
        table = differences.paired_differences(Judgement("", labels, one, other), Resampling(1000, 3))
        row = table.set_index("metric").loc["clv/spend_mae"]
        assert row["difference"] == pytest.approx(0.2, abs=0.06)
        assert row["low"] == pytest.approx(row["difference"] - 1.96 / np.sqrt(2000), abs=0.005)
        assert row["high"] == pytest.approx(row["difference"] + 1.96 / np.sqrt(2000), abs=0.005)

    def test_of_whom_one_says_nothing_neither_is_judged(self, came):
        one, other = opinions(0.5, 0.0), opinions(0.5, 0.0)
        one.iloc[:100, :] = np.nan
        other.iloc[300:, :] = 0.9
        came.iloc[100:150, 0] = np.nan
        table = differences.paired_differences(Judgement("", came, one, other), TIMES).set_index("metric")
        assert table.loc["churn/log_loss", "customers"] == 250
        assert table.loc["clv/spend_rmse", "customers"] == 300


class TestRanking:
    def test_the_loss_is_scikit_learns_and_its_interval_that_of_whole_resamples(self):
        rng = np.random.default_rng(0)
        churned = (rng.random(600) < 0.3).astype(float)
        labels = pd.DataFrame({"churned": churned, "orders": 1 - churned, "spend": 0.0}, index=range(600))
        one, other = (opinions(0.5, 0.0, 600).set_axis(labels.index) for _ in range(2))
        one["churn_probability"] = np.round(0.5 * churned + rng.random(600), 1) / 2  # with ties
        other["churn_probability"] = 0.4 * churned + rng.random(600)
        table = differences.paired_differences(Judgement("", labels, one, other), Resampling(2000, 0))
        row = table.set_index("metric").loc["churn/one_minus_roc_auc"]
        assert row["baseline"] == pytest.approx(1 - roc_auc_score(churned, one["churn_probability"]))
        assert row["candidate"] == pytest.approx(1 - roc_auc_score(churned, other["churn_probability"]))
        drawn = []
        for _ in range(500):
            who = rng.integers(0, 600, 600)
            before, after = (roc_auc_score(churned[who], said["churn_probability"].iloc[who]) for said in (one, other))
            drawn.append(before - after)
        assert [row["low"], row["high"]] == pytest.approx(np.quantile(drawn, [0.025, 0.975]), abs=0.006)

    def test_of_one_kind_alone_there_is_no_ranking(self, came):
        table = differences.paired_differences(
            Judgement("", came.assign(churned=1.0), opinions(0.5, 0.0), opinions(0.7, 3.0)), TIMES
        )
        assert "churn/one_minus_roc_auc" not in set(table["metric"])


def together(baseline, candidate):
    return differences.judge_together(baseline, candidate, migration.frozen(baseline, candidate)[0])


class TestTogether:
    def test_the_same_window_is_paired(self, bundle, shop_at):
        now, labels = shop_at(CUTOFF)
        judged = together(past("a", bundle, now, labels), past("b", bundle, now, labels))
        assert judged.how == "same window"
        assert len(judged.labels) == len(labels)

    def test_logs_that_do_not_agree_are_not(self, bundle, shop_at):
        now, labels = shop_at(CUTOFF)
        other = past("b", bundle, now, labels + 1)
        assert "do not agree" in together(past("a", bundle, now, labels), other).how

    def test_an_older_model_is_asked_again_and_a_newer_one_is_not(self, bundle, shop_at):
        """A model fitted later may know what came in the earlier window: that would be no fair race."""
        (now, labels), (later, came) = shop_at(CUTOFF), shop_at(LATER)
        older, newer = past("a", bundle, now, labels), past("b", bundle, later, came)
        judged = together(older, newer)
        assert "frozen" in judged.how
        said = bundle.assign(later.current.features)
        for name in ("churn_probability", "expected_orders", "expected_spend", "journey_p_order"):
            pd.testing.assert_series_equal(judged.baseline[name], said[name])
        refused = together(newer, older)
        assert refused.labels is None
        assert "may know the later one" in refused.how
        assert differences.paired_differences(refused, TIMES).empty

    def test_without_a_measurement_there_is_nothing_to_pair(self, bundle, shop_at):
        now, labels = shop_at(CUTOFF)
        run = past("a", bundle, now, labels)
        assert "was not measured" in together(run, replace(run, evaluation=None)).how
