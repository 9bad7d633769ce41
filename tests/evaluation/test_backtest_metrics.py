"""The comparison of models on one holdout: which baseline, and whether intervals are of the differences to it."""

from __future__ import annotations

import numpy as np
import pytest

from patronage.evaluation.backtest_metrics import best_model, compare_models
from patronage.evaluation.intervals import Resampling

RNG = np.random.default_rng(0)
Y_PRED = RNG.uniform(size=500).round(2)  # with ties
Y_TRUE = (RNG.uniform(size=500) < Y_PRED).astype(float)
SPEND = Y_TRUE * RNG.gamma(2, 10, 500)
STRUCTURAL = ("bg_nbd", "mbg_nbd")
PREDICTIONS = {"bg_nbd": np.full(500, 0.9), "mbg_nbd": Y_PRED * 0.5 + 0.25, "good": Y_PRED, "rate": np.full(500, 0.5)}


def compared(target, y_true, predictions):
    return {(row.model, row.metric): row for row in compare_models(target, y_true, predictions, STRUCTURAL,
                                                                    Resampling(100, 0))}  # fmt: skip


@pytest.mark.parametrize(
    ("measure", "values", "best"),
    [
        ("log_loss", {"a": 0.5, "b": 0.4, "c": 0.6}, "b"),
        ("roc_auc", {"a": 0.5, "b": 0.4, "c": 0.6}, "c"),
        ("gini", {"a": 0.5, "b": 0.4, "c": 0.6}, "c"),
        ("ece", {"a": 0.05, "b": 0.01}, "b"),
        ("bias_percent", {"a": -30.0, "b": 20.0, "c": -25.0}, "b"),  # nearest to zero, on either side
        ("bias_percent", {"a": -10.0, "b": 20.0}, "a"),
        ("rmse", {"a": float("nan"), "b": 9.0}, "b"),  # a value that does not exist is worst
        ("roc_auc", {"a": float("nan"), "b": 0.1}, "b"),
    ],
)
def test_the_best_model_by_each_kind_of_measure(measure, values, best):
    assert best_model(measure, values) == best


class TestProbabilities:
    def test_every_model_stands_beside_the_structural_model_that_is_best_in_hindsight(self):
        rows = compared("churn", Y_TRUE, PREDICTIONS)
        assert {row.baseline for (_, metric), row in rows.items() if metric == "churn/log_loss"} == {"mbg_nbd"}
        assert rows["good", "churn/log_loss"].high < 0
        assert rows["bg_nbd", "churn/log_loss"].low > 0
        best = rows["mbg_nbd", "churn/log_loss"]
        assert (best.low, best.high) == (0, 0)

    def test_the_baseline_is_the_best_of_each_measure(self):
        """Constant forecasts rank nothing, but one of them may be the nearest on average."""
        y_true = np.array([1.0, 0.0] * 250)
        rows = compared("churn", y_true, {"bg_nbd": np.full(500, 0.5), "mbg_nbd": np.where(y_true == 1, 0.99, 0.98)})
        assert rows["bg_nbd", "churn/log_loss"].baseline == "bg_nbd"
        assert rows["bg_nbd", "churn/roc_auc"].baseline == "mbg_nbd"
        assert rows["bg_nbd", "churn/roc_auc"].high < 0

    def test_without_a_structural_model_the_best_of_all_is_the_baseline(self):
        rows = compared("churn", Y_TRUE, {name: PREDICTIONS[name] for name in ("rate", "good")})
        assert rows["rate", "churn/log_loss"].baseline == "good"

    def test_a_measure_without_resamples_has_no_interval(self):
        row = compared("churn", Y_TRUE, PREDICTIONS)["good", "churn/ece"]
        assert np.isfinite(row.value)
        assert np.isnan([row.low, row.high]).all()

    def test_one_class_has_no_ranking_and_no_interval_of_it(self):
        row = compared("churn", np.zeros(500), PREDICTIONS)["good", "churn/roc_auc"]
        assert np.isnan([row.value, row.low, row.high]).all()


class TestAmounts:
    def test_values_and_intervals_of_amounts(self):
        rows = compared(
            "spend", SPEND, {"bg_nbd": np.full(500, 5.0), "mbg_nbd": np.full(500, 40.0), "good": SPEND * 0.9}
        )
        assert rows["good", "spend/bias_percent"].value == pytest.approx(-10)
        assert rows["good", "spend/gini"].value == pytest.approx(1)
        assert rows["good", "spend/gini"].low == pytest.approx(1)  # every resample is ranked perfectly, or not at all
        assert rows["good", "spend/rmse"].baseline == "bg_nbd"
        assert rows["good", "spend/rmse"].high < 0
        assert rows["mbg_nbd", "spend/mae"].low > 0
