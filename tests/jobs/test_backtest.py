"""`patronage backtest`: killed and started again it does only what is missing, and ends with the same bytes."""

from __future__ import annotations

from pathlib import Path

import pytest
from mlflow.client import MlflowClient

from patronage.evaluation import backtest

ASKED = (
    "data=tables", "data.transactions.path=orders.csv", "horizon_days=60", "rolling.first=2023-06-01",
    "rolling.last=2023-07-01", "rolling.step_days=30", "origins.most=2", "churn=btyd", "evaluation.bootstraps=20",
    "tracking.experiment=shop",
)  # fmt: skip


def result(project: Path) -> bytes:
    (found,) = project.glob("mlruns/backtest/*/backtest.csv")
    return found.read_bytes()


@pytest.mark.slow
def test_it_resumes_and_ends_with_the_same_bytes(patronage, project, shop, monkeypatch):
    shop.to_csv("orders.csv", index=False)
    honest, asked = backtest.measure, []

    def counted(tables, cutoff, config):
        asked.append(cutoff)
        return honest(tables, cutoff, config)

    monkeypatch.setattr("patronage.jobs.backtest.measure", counted)
    code, said, error = patronage("backtest", *ASKED)
    assert code == 0, error
    assert "geometric mean" in said
    assert len(asked) == 2
    whole = result(project)
    (_, second) = sorted(project.glob("mlruns/backtest/*/2023*.json"))
    second.unlink()  # as if killed there
    second.with_name(second.name + ".part").write_text("half of")
    assert patronage("backtest", *ASKED)[0] == 0
    assert len(asked) == 3
    assert result(project) == whole
    client = MlflowClient(f"sqlite:///{project}/mlruns/mlflow.db")
    (run, _) = client.search_runs([client.get_experiment_by_name("shop").experiment_id])
    assert run.data.tags["kind"] == "backtest"
    assert [point.step for point in client.get_metric_history(run.info.run_id, "churn/log_loss")] == [0, 1]
    assert {"backtest.json", "backtest.parquet", "figures"} <= {
        one.path for one in client.list_artifacts(run.info.run_id)
    }


def test_without_an_origin_it_says_what_to_give(patronage, project, shop):
    shop.to_csv("orders.csv", index=False)
    code, _, said = patronage("backtest", *ASKED[:3])
    assert code == 2
    assert "no origin: give rolling.first=YYYY-MM-DD" in said
