"""The evaluation of a journey: by hand where a hand can follow, then a whole small shop."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from patronage import names as c
from patronage.evaluation import journeys
from patronage.evaluation.intervals import Resampling
from patronage.names import Artifact, Metric, Tag
from patronage.statistics import classification


class TestOrderOfStages:
    STAGES = pd.Series(["loyal"] * 30 + ["regular"] * 30 + ["at_risk"] * 30 + ["churned"] * 5)

    def disorder(self, *orders: float) -> str:
        return journeys.disorder(journeys.by_stage(self.STAGES, np.repeat(orders, [30, 30, 30, 5])))

    def test_five_customers_prove_nothing(self):
        assert self.disorder(3.0, 1.0, 0.5, 9.0) == ""

    def test_the_first_pair_in_the_wrong_order_is_named(self):
        expected = "regular customers ordered 1.00 times after the cutoff and at_risk ones 2.00"
        assert self.disorder(3.0, 1.0, 2.0, 9.0) == expected

    def test_a_tie_is_no_order(self):
        assert self.disorder(1.0, 1.0, 0.5, 9.0).startswith("loyal customers ordered 1.00 times")

    @pytest.mark.parametrize(("customers", "wrong"), [(19, False), (20, True)])
    def test_twenty_customers_are_enough(self, customers, wrong):
        activity = pd.DataFrame({"customers": [50, customers], c.ORDERS: [1.0, 2.0]}, index=["loyal", "regular"])
        assert bool(journeys.disorder(activity)) == wrong


def test_where_rules_and_stages_differ():
    assignments = pd.DataFrame({c.STATUS_SEGMENT: ["regular"] * 4, c.JOURNEY_STAGE: ["churned"] * 2 + ["regular"] * 2})
    y_true, y_pred = np.array([0.0, 0.0, 1.0, 1.0]), np.array([0.1, 0.1, 0.9, 0.9])
    table = journeys.against_status(assignments, y_true, y_pred, np.full(4, 0.5), Resampling(20, 0))
    assert table["status / stage"].tolist() == ["the same", "regular / churned"]
    assert table["share"].tolist() == [0.5, 0.5]
    assert table["journey_predicted"].tolist() == pytest.approx([0.9, 0.1])
    assert table["difference"].tolist() == pytest.approx([np.log(0.5 / 0.9)] * 2)


class TestShop:
    def test_every_forecast_stands_beside_the_journey(self, journey_holdout):
        report = journeys.evaluate_journey(journey_holdout, Resampling(50, 0))
        table = report.tables[Artifact.JOURNEY_FORECASTS].set_index("forecast")
        assert table.index.tolist() == [
            "journey", "rate", "status", "recency_frequency", "markov", "btyd", "lightgbm",
        ]  # fmt: skip
        assert table["log_loss"].between(0.05, 0.8).all()
        assert table.loc["rate", "high"] < 0  # knowing the path is better than knowing nothing
        assert (table["low"].dropna() <= table["difference"].dropna()).all()
        difference = table["log_loss"]["journey"] - table["log_loss"]["markov"]
        assert table.loc["markov", "difference"] == pytest.approx(difference)
        metric = Metric.unseen(Metric.baseline("journey", "markov", "log_loss"))
        assert report.metrics[metric] == table.loc["markov", "log_loss"]
        assert report.tags[Tag.JOURNEY_CALIBRATION] == journey_holdout.journey.calibration.verdict
        mix = report.tables[Artifact.JOURNEY_MIX][["before", "predicted", "realised"]]
        assert mix.sum().tolist() == pytest.approx([1, 1, 1])
        status = report.tables[Artifact.JOURNEY_STATUS].set_index("status / stage")["share"]
        differs = report.metrics[Metric.JOURNEY_UNSEEN_DIFFERS_FROM_STATUS]
        assert differs == pytest.approx(1 - status["the same"])

    def test_a_wrong_order_of_stages_is_a_warning(self, journey_holdout, caplog):
        turned = journey_holdout.assignments[c.JOURNEY_STAGE].map({"churned": "loyal"}).fillna("churned")
        assignments = journey_holdout.assignments.assign(**{c.JOURNEY_STAGE: turned})
        report = journeys.evaluate_journey(replace(journey_holdout, assignments=assignments), Resampling(20, 0))
        assert report.metrics[Metric.JOURNEY_UNSEEN_STAGES_IN_ORDER] == 0
        assert report.tags[Tag.JOURNEY_WARNING] in caplog.text

    def test_touchpoints_restart_the_path(self, journey_holdout):
        model, features = journey_holdout.journey, journey_holdout.evaluated.features
        bought = (journey_holdout.evaluated.labels[c.ORDERS] > 0).to_numpy(float)
        areas = journeys.auc_by_touchpoints(model, features, bought)
        assert areas.index.tolist() == [1, 2, 3, 5, 10]
        last = features[c.JOURNEY_PATH].map(lambda path: path[max(map(path.rfind, "pm")) :])
        y_pred = model.p_order(model.filter(pd.DataFrame({c.JOURNEY_PATH: last})))
        assert areas[1] == classification(bought, y_pred.to_numpy())["roc_auc"]
