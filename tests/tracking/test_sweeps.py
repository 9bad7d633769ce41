"""The parent of a sweep: its table, and the names of its children."""

from __future__ import annotations

import pytest

from patronage.config import TrackingConfig
from patronage.tracking import open_store
from patronage.tracking.sweeps import close_parent, open_parent

pytestmark = pytest.mark.slow

LOSS, STABILITY = "churn/log_loss", "personas/stability_ari"


@pytest.fixture
def store(project):
    return open_store(TrackingConfig(), project)


def child(store, parent, overrides, **metrics):
    tags = {"mlflow.parentRunId": parent, "overrides": overrides}
    run = store.client.create_run(store.experiment_id, tags=tags, run_name="any")
    for name, value in metrics.items():
        store.client.log_metric(run.info.run_id, {"loss": LOSS, "stability": STABILITY}[name], value)
    return run.info.run_id


def name_of(store, run_id):
    return store.client.get_run(run_id).info.run_name


def test_children_are_named_by_what_is_swept(store):
    parent = open_parent(store, "sweep personas.k=3,5")
    ids = [child(store, parent, f"data=cdnow seed=1 personas.k={k}", loss=0.4) for k in (3, 5)]
    assert close_parent(store, parent, swept=["personas.k=3,5"], failed=False) == 2
    assert [name_of(store, run_id) for run_id in ids] == ["personas.k=3", "personas.k=5"]


def test_the_only_child_of_a_sweep_that_failed_has_a_short_name_too(store):
    parent = open_parent(store, "sweep personas.k=3,5")
    only = child(store, parent, "data=cdnow cutoff=1998-01-01 personas.k=3")
    close_parent(store, parent, swept=["personas.k=3,5"], failed=True)
    assert name_of(store, only) == "personas.k=3"


def test_without_that_what_not_all_have_tells_them_apart(store):
    parent = open_parent(store, "sweep")
    ids = [child(store, parent, f"data=cdnow +extra={word}") for word in ("a", "b")]
    close_parent(store, parent, failed=False)
    assert [name_of(store, run_id) for run_id in ids] == ["+extra=a", "+extra=b"]


def test_what_no_child_moved_is_a_line_and_no_column(store):
    parent = open_parent(store, "sweep personas.k=3,5")
    for k, stability in ((3, 0.9), (5, 0.8)):
        child(store, parent, f"personas.k={k}", loss=0.4, stability=stability)
    close_parent(store, parent, swept=["personas.k=3,5"], failed=False)
    lines = store.client.get_run(parent).data.tags["mlflow.note.content"].splitlines()
    assert f"The same in all 2: {LOSS} 0.4." in lines[0]
    assert lines[2:] == [
        f"| run | {STABILITY} | best |", "| --- | --- | --- |",
        "| personas.k=3 | 0.9 |  |", "| personas.k=5 | 0.8 |  |",
    ]  # fmt: skip
