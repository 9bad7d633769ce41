"""Leftovers are shown first, and removed only if asked; what is in use stays."""

from __future__ import annotations

import os
import time

import pytest

from patronage import tracking
from patronage.config import TrackingConfig
from patronage.names import Tag

OLD = time.time() - 40 * 86_400


def age(*paths) -> None:
    for path in paths:
        for each in [path, *path.rglob("*")]:
            os.utime(each, (OLD, OLD))


@pytest.fixture
def left(project, monkeypatch):
    """A store with a run, and what jobs have left beside it."""
    (project / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(project / "tmp"))
    store = tracking.open_store(TrackingConfig(), project)
    run = store.client.create_run(
        store.experiment_id, tags={Tag.KIND: "score", Tag.OUTPUT: str(project / "out.parquet")}
    )
    store.client.log_text(run.info.run_id, "kept", "note.txt")
    artifacts = project / "mlruns" / "artifacts" / "patronage"
    work = project / ".out.parquet.scoring"
    for folder in ("mlruns/hydra/2024-01-01/10-00-00", "mlruns/backtest/abc", f"mlruns/artifacts/patronage/{'f' * 32}"):
        (project / folder).mkdir(parents=True)
        (project / folder / "x").write_text("x")
    (project / "mlruns" / "hydra" / "2024-01-01" / "young").mkdir()
    work.mkdir()
    (work / "_patronage.json").write_text('{"patronage": "an unfinished scoring", "format": 1}')
    (artifacts / "mine").mkdir()
    old = [project / "mlruns/hydra/2024-01-01/10-00-00", project / "mlruns/backtest/abc", artifacts / ("f" * 32), work]
    age(*old, artifacts / run.info.run_id, artifacts / "mine")
    return old, [artifacts / run.info.run_id, artifacts / "mine", project / "mlruns/hydra/2024-01-01/young"]


@pytest.mark.slow
def test_it_shows_then_removes(patronage, left, project):
    old, others = left
    code, out, _ = patronage("clean")
    assert code == 0
    assert all(str(path) in out for path in old)
    assert not any(str(path) in out for path in others)
    assert "4 leftovers, 0.0 MB; remove=true removes them" in out
    assert all(path.exists() for path in [*old, *others])
    code, out, _ = patronage("clean", "remove=true")
    assert (code, "4 leftovers, 0.0 MB: removed" in out) == (0, True)
    assert not any(path.exists() for path in old)
    assert all(path.exists() for path in others)
    assert "nothing is left over" in patronage("clean")[1]


@pytest.mark.slow
def test_a_date_in_the_future_grows_old_from_the_day_on_which_it_was_set(patronage, left, project, monkeypatch):
    folder, now = project / "mlruns" / "backtest" / "abc", time.time()
    for each in (folder, folder / "x"):
        os.utime(each, (now + 3650 * 86_400, now + 3650 * 86_400))
    assert str(folder) not in patronage("clean")[1]
    monkeypatch.setattr("patronage.jobs.clean.time.time", lambda: now + 40 * 86_400)
    assert str(folder) in patronage("clean")[1]


def test_without_a_store_nothing_is_made(patronage, project, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(project))
    (project / "mlruns" / "mlflow.db").unlink()
    code, out, _ = patronage("clean")
    assert (code, out) == (0, "nothing is left over\n")
    assert not (project / "mlruns" / "mlflow.db").exists()
