"""Verdicts by hand, the best baseline, and a whole scorecard of a handful of customers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from conftest import through_the_door
from fitted import CUTOFF
from patronage import names as c
from patronage import statistics
from patronage.errors import ConfigError
from patronage.evaluation.intervals import Interval, Resampling
from patronage.evaluation.scorecard import Headline, Scorecard, evaluate, evaluate_amounts, evaluate_probability
from patronage.names import Metric
from patronage.training.origins import holdout_at, split_at

RESAMPLING = Resampling(50, 0)


def headline(low: float, high: float) -> Headline:
    return Headline("churn", "log_loss", 0.4, "rate", 0.5, Interval((low + high) / 2, low, high))


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (-0.2, -0.1, "better than"),
        (-0.2, 0.1, "no better than"),  # a tie is no win
        (-0.2, 0.0, "no better than"),  # nor is its border
        (0.0, 0.0, "no better than"),
        (0.0, 0.2, "no better than"),
        (0.1, 0.2, "worse than"),
    ],
)
def test_a_verdict_is_what_the_whole_interval_shows(low, high, verdict):
    assert headline(low, high).verdict == verdict


class TestProbability:
    Y_TRUE = np.array([1.0, 1, 0, 0] * 50)
    GOOD = np.where(Y_TRUE == 1, 0.8, 0.2)
    FAIR = np.where(Y_TRUE == 1, 0.6, 0.4)
    COIN = np.full(200, 0.5)

    def line(self, y_pred, **naive):
        (line,) = evaluate_probability("churn", self.Y_TRUE, y_pred, naive, RESAMPLING).headlines
        return line

    @pytest.mark.parametrize("order", [("coin", "fair"), ("fair", "coin")])
    def test_the_best_baseline_is_shown_in_whatever_order_they_stand(self, order):
        naive = {"coin": self.COIN, "fair": self.FAIR}
        line = self.line(self.GOOD, **{name: naive[name] for name in order})
        assert (line.baseline, line.baseline_value) == ("fair", pytest.approx(-np.log(0.6)))
        assert line.value == pytest.approx(-np.log(0.8))
        assert line.difference.mean == pytest.approx(np.log(0.6) - np.log(0.8))

    def test_all_three_verdicts_by_hand(self):
        assert self.line(self.GOOD, fair=self.FAIR).verdict == "better than"
        assert self.line(self.FAIR, fair=self.FAIR.copy()).verdict == "no better than"
        assert self.line(self.FAIR, good=self.GOOD, coin=self.COIN).verdict == "worse than"

    def test_every_measure_stands_beside_that_of_each_baseline(self):
        card = evaluate_probability("churn", self.Y_TRUE, self.GOOD, {"coin": self.COIN}, RESAMPLING)
        assert card.metrics[Metric.CHURN_LOG_LOSS] == pytest.approx(-np.log(0.8))
        assert card.metrics["churn/baseline_coin/log_loss"] == pytest.approx(np.log(2))
        assert card.metrics["churn/base_rate"] == 0.5
        assert card.metrics[Metric.CHURN_ECE] == pytest.approx(0.2)


class TestAmounts:
    LABELS = pd.DataFrame({c.ORDERS: [0.0, 2.0], c.SPEND: [0.0, 10.0]})

    def test_the_headline_is_the_root_of_the_mean_squared_error_of_spend(self):
        expected = pd.DataFrame({c.ORDERS: [1.0, 1.0], c.SPEND: [3.0, 6.0]})
        zero, far = self.LABELS * 0, self.LABELS + 100
        card = evaluate_amounts(self.LABELS, expected, {"far": far, "zero": zero}, RESAMPLING)
        (line,) = card.headlines
        assert (line.model, line.metric, line.baseline) == ("clv", "spend_rmse", "zero")
        assert line.value == pytest.approx(np.sqrt((9 + 16) / 2))
        assert line.baseline_value == pytest.approx(np.sqrt(100 / 2))
        assert line.difference.mean == pytest.approx(12.5 - 50)  # of squares: the loss per customer
        assert card.metrics[Metric.SPEND_RMSE] == line.value
        assert card.metrics["clv/orders_mae"] == 1
        assert card.metrics["clv/baseline_zero/orders_bias_percent"] == -100


@pytest.fixture(scope="module")
def scored(fitted):
    tables = through_the_door(pd.read_parquet(fitted.log))
    config = replace(fitted.config, lookback_days=180)
    split = split_at(tables, CUTOFF, config)
    evaluated = holdout_at(tables, split, config).evaluated
    return fitted.bundle, split.training, evaluated, fitted.bundle.assign(evaluated.features)


class TestEvaluate:
    """The assignments of a small shop, scored on the horizon after the cutoff."""

    @staticmethod
    def card(scored, labels: pd.DataFrame | None = None) -> Scorecard:
        bundle, training, evaluated, assignments = scored
        if labels is not None:
            evaluated = replace(evaluated, labels=labels)
        return evaluate(
            assignments,
            assignments[[c.P_ORDER, c.EXPECTED_ORDERS, c.EXPECTED_SPEND]],
            bundle.fitted_lenses,
            training,
            evaluated,
            RESAMPLING,
            contractual=False,
        )

    def test_each_model_is_scored_on_the_customers_that_it_is_about(self, scored):
        _, _, evaluated, assignments = scored
        card = self.card(scored)
        labels, known = evaluated.labels, evaluated.labels[c.CHURNED].notna()
        assert 0 < known.sum() < len(known)
        churn = statistics.classification(
            labels.loc[known, c.CHURNED].to_numpy(), assignments.loc[known, c.CHURN_PROBABILITY].to_numpy()
        )
        assert card.metrics[Metric.CHURN_LOG_LOSS] == churn["log_loss"]
        journey = statistics.classification(
            (labels[c.ORDERS] > 0).to_numpy(float), assignments[c.JOURNEY_P_ORDER].to_numpy()
        )
        assert card.metrics[Metric.JOURNEY_LOG_LOSS] == journey["log_loss"]
        spend = statistics.rmse(labels[c.SPEND].to_numpy(), assignments[c.EXPECTED_SPEND].to_numpy())
        assert card.metrics[Metric.SPEND_RMSE] == spend

    def test_each_headline_stands_beside_the_least_loss_of_its_baselines(self, scored):
        card = self.card(scored)
        assert [line.model for line in card.headlines] == ["churn", "clv", "journey"]
        for line in card.headlines:
            prefix, suffix = f"{line.model}/baseline_", f"/{line.metric}"
            losses = [card.metrics[name] for name in card.metrics if name.startswith(prefix) and name.endswith(suffix)]
            assert len(losses) >= 2
            assert line.baseline_value == pytest.approx(min(losses))

    def test_btyd_is_a_baseline_of_every_headline(self, scored):
        card = self.card(scored)
        for line in card.headlines:
            assert f"{line.model}/baseline_btyd/{line.metric}" in card.metrics

    def test_churn_and_journey_predict_one_event_beside_the_same_baselines(self, scored):
        """Else one of two equal forecasts is better than its baseline where the other one is not."""
        metrics = self.card(scored).metrics
        names = {model: {name.split("/")[1] for name in metrics if name.startswith(f"{model}/baseline_")}
                 for model in ("churn", "journey")}  # fmt: skip
        assert (
            names["churn"] == names["journey"] == {f"baseline_{name}" for name in ("rate", "recency", "rules", "btyd")}
        )

    def test_without_a_customer_who_could_churn_the_error_names_the_key(self, scored):
        labels = scored[2].labels.assign(**{c.CHURNED: np.nan})
        with pytest.raises(ConfigError, match="lookback_days: no customer had an order"):
            self.card(scored, labels)
