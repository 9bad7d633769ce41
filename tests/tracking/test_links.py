"""Where a run can be looked at."""

from __future__ import annotations

import json
from types import SimpleNamespace
from urllib.parse import parse_qs, urlparse

import pytest

from patronage.tracking import links


def store(uri: str = "http://mlflow:5000") -> SimpleNamespace:
    return SimpleNamespace(uri=uri, shown=uri, pages="http://mlflow:5000", experiment_id="7")


@pytest.mark.parametrize(
    ("uri", "shown"),
    [("file:///data/my%20runs/x", "/data/my runs/x"), ("s3://bucket/x", "s3://bucket/x"),
     ("mlflow-artifacts:/7/x", "mlflow-artifacts:/7/x")],
)  # fmt: skip
def test_an_artifact_on_this_machine_is_a_path(uri, shown):
    assert links.readable(uri) == shown


def test_a_server_has_a_page_for_the_run():
    assert links.run_link(store(), "abc") == "http://mlflow:5000/#/experiments/7/runs/abc?workflowType=machine_learning"


def test_a_file_store_is_shown_with_the_command_that_serves_it():
    line = links.run_link(store("sqlite:///mlruns/mlflow.db"), "abc")
    assert line.startswith("mlflow server --backend-store-uri sqlite:///mlruns/mlflow.db --workers 1")
    assert "runs/abc" in line


def query(link: str) -> dict[str, list[str]]:
    return parse_qs(urlparse(link.replace("/#/", "/")).query)


def test_compared_runs_are_lists_of_json():
    asked = query(links.compare_link(store(), ["a", "b&c"]))
    assert json.loads(asked["runs"][0]) == ["a", "b&c"]
    assert json.loads(asked["experiments"][0]) == ["7"]


def test_the_children_of_a_sweep_are_found_and_sorted():
    asked = query(links.sweep_link(store(), "parent", "churn/log_loss"))
    assert asked["searchFilter"] == ["tags.mlflow.parentRunId = 'parent'"]
    assert asked["orderByKey"] == ["metrics.`churn/log_loss`"]
