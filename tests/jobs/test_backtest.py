"""`patronage backtest`: killed and started again it does only what is missing, and ends with the same bytes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from mlflow.client import MlflowClient

from patronage.jobs.backtest import HEADLINES, intervals, ratios

pytestmark = pytest.mark.slow

OVERRIDES = (
    "data=tables", "data.transactions.path=orders.csv", "horizon_days=60", "rolling.first=2023-06-01",
    "rolling.last=2023-07-01", "rolling.step_days=30", "origins.most=2", "churn=btyd", "evaluation.bootstraps=20",
    "journey.cadence_classes=1", "tracking.experiment=shop",
)  # fmt: skip


def result(project: Path) -> bytes:
    (path,) = project.glob("mlruns/backtest/*/backtest.csv")
    return path.read_bytes()


@pytest.mark.slow
def test_it_resumes_and_ends_with_the_same_bytes(patronage, project, shop):
    shop.to_csv("orders.csv", index=False)
    code, output, error = patronage("backtest", *OVERRIDES)
    assert code == 0, error
    assert "geometric mean" in output
    assert output.count(" measured in ") == 2
    whole = result(project)
    (_, second) = sorted(project.glob("mlruns/backtest/*/2023*.json"))
    second.unlink()  # as if killed there
    second.with_name(second.name + ".part").write_text("half of")
    code, output, error = patronage("backtest", *OVERRIDES)
    assert code == 0, error
    assert "origin 2023-06-01, 60 days: measured by an earlier run" in output
    assert output.count(" measured in ") == 1
    assert result(project) == whole
    client = MlflowClient(f"sqlite:///{project}/mlruns/mlflow.db")
    (run, _) = client.search_runs([client.get_experiment_by_name("shop").experiment_id])
    assert run.data.tags["kind"] == "backtest"
    assert [point.step for point in client.get_metric_history(run.info.run_id, "churn/log_loss")] == [0, 1]
    assert {"backtest.json", "backtest.parquet", "figures"} <= {
        file.path for file in client.list_artifacts(run.info.run_id)
    }


def test_without_an_origin_the_error_names_the_keys(patronage, project, shop):
    shop.to_csv("orders.csv", index=False)
    code, _, error = patronage("backtest", *OVERRIDES[:3])
    assert code == 2
    assert "no origin: give rolling.first=YYYY-MM-DD" in error


def rows(origin: str, holdout: str = "later_seen", **models: float) -> pd.DataFrame:
    """The same value of every headline metric, by model."""
    return pd.DataFrame(
        [(origin, holdout, metric, model, value) for metric in HEADLINES for model, value in models.items()],
        columns=["origin", "holdout", "metric", "model", "value"],
    )


class TestRatios:
    def test_the_structural_model_that_is_best_in_hindsight_is_the_measure(self):
        """Of a loss the least is best, of a share the most: .4 / .5 and (1 - .4) / (1 - .8)."""
        table = rows("2023-01-01", shipped=0.4, bg_nbd=0.8, mbg_nbd=0.5, rate=0.1, ensemble=0.2)
        (first, mean) = ratios(table).to_dict("records")
        assert first["churn/log_loss"] == pytest.approx(0.4 / 0.5)
        assert first["1 - churn/roc_auc"] == pytest.approx(0.6 / 0.2)
        assert first["1 - spend/gini"] == pytest.approx(0.6 / 0.2)
        assert mean["origin"] == "geometric mean"

    def test_without_a_structural_model_it_is_the_best_of_all_others(self):
        (first, _) = ratios(rows("2023-01-01", shipped=0.4, rate=0.9, recency=0.5)).to_dict("records")
        assert first["churn/log_loss"] == pytest.approx(0.4 / 0.5)

    def test_the_mean_over_origins_is_geometric_and_of_later_customers_alone(self):
        table = pd.concat(
            [
                rows("2023-01-01", shipped=0.2, bg_nbd=0.4),
                rows("2023-02-01", shipped=0.8, bg_nbd=0.4),
                rows("2023-02-01", "later_unseen", shipped=0.1, bg_nbd=0.9),
            ]
        )
        summary = ratios(table)
        assert summary["churn/log_loss"].tolist() == pytest.approx([0.5, 2.0, 1.0])
        assert np.isfinite(summary.drop(columns="origin").to_numpy(float)).all()


def test_coverage_and_totals_are_shown_by_origin_with_their_mean():
    def row(origin, metric, value, holdout="later_seen", model="shipped"):
        return {"origin": origin, "model": model, "holdout": holdout, "metric": metric, "value": value}

    table = pd.DataFrame(
        [
            row("2023-01-01", "clv/coverage_80", 0.78),
            row("2023-01-01", "clv/coverage_80", 0.5, holdout="later_unseen"),
            row("2023-04-01", "clv/coverage_80", 0.82),
            row("2023-01-01", "clv/spend_total_covered_80", 1.0),
            row("2023-04-01", "clv/spend_total_covered_80", 0.0),
        ]
    )
    covered = intervals(table)
    assert covered["origin"].tolist() == ["2023-01-01", "2023-04-01", "mean"]
    assert covered["orders 80"].tolist() == pytest.approx([78.0, 82.0, 80.0])
    assert covered["spend total"].tolist() == [1.0, 0.0, 0.5]
    assert "spend 80" not in covered
    assert intervals(table.assign(model="bg_nbd")).empty
