"""`patronage search`: what is tried is known by the cutoff, and the configuration's own settings are tried first."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from mlflow.client import MlflowClient

pytestmark = pytest.mark.slow

OVERRIDES = (
    "data=tables", "data.transactions.path=orders.csv", "cutoff=2023-08-01", "+cutoffs={2023-06-01: 60}", "trials=3",
    "origins.most=2", "churn.max_rounds=10", "churn.laws.mbg_nbd=false", "tracking.experiment=shop",
    "space.num_leaves=[4,31]",
)  # fmt: skip


@pytest.fixture
def search(patronage, shop):
    shop.to_csv("orders.csv", index=False)
    return lambda *more: patronage("search", *OVERRIDES, *more)


def test_every_trial_is_logged_and_the_best_settings_are_printed(search, project):
    code, output, error = search()
    assert code == 0, error
    client = MlflowClient(f"sqlite:///{project}/mlruns/mlflow.db")
    (run,) = client.search_runs([client.get_experiment_by_name("shop").experiment_id])
    assert run.data.tags["kind"] == "search"
    table = json.loads(Path(client.download_artifacts(run.info.run_id, "trials.json")).read_text())
    trials = [dict(zip(table["columns"], row, strict=True)) for row in table["data"]]
    assert [trial["trial"] for trial in trials] == [0, 1, 2]
    assert (trials[0]["num_leaves"], trials[0]["learning_rate"]) == (15, 0.05)
    assert all(4 <= trial["num_leaves"] <= 31 and 0.01 <= trial["learning_rate"] <= 0.2 for trial in trials)
    best = min(trials, key=lambda trial: trial["all"])
    assert run.data.metrics["search/all"] == pytest.approx(best["all"], rel=1e-4)
    assert run.data.metrics["search/before"] == pytest.approx(trials[0]["all"], rel=1e-4)
    assert re.search(r"^best  ", output, re.MULTILINE)


@pytest.mark.parametrize(
    ("wrong", "line"),
    [
        ("cutoff=2023-07-01", "the 60 days after the origin 2023-06-01 end after cutoff=2023-07-01"),
        ("+space.contractual=[0,1]", "space=contractual; expected one of learning_rate"),
        ("space.num_leaves=[31,4]", "space.num_leaves=[31, 4]: expected the lower one first"),
        ("space.num_leaves=[1,4]", "churn.num_leaves=1; expected 2 to 10000"),
    ],
)
def test_what_cannot_be_searched_is_one_line(search, wrong, line):
    code, _, error = search(wrong)
    assert code == 2
    assert line in error
