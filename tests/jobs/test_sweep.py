"""The parent run of a sweep is closed however the sweep ends, and a store that went away is told in a line."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator

import pytest
from mlflow.exceptions import MlflowException
from omegaconf import OmegaConf

from patronage import tracking
from patronage.config import TrackingConfig
from patronage.jobs.failure import Failure
from patronage.jobs.sweep import ParentRun, swept

pytestmark = pytest.mark.slow


@pytest.fixture
def parent(project) -> Iterator[ParentRun]:
    """Of a sweep that has begun."""
    config = OmegaConf.create({"hydra": {"overrides": {"task": ["seed=1,2"]}}})
    config.tracking = OmegaConf.structured(TrackingConfig)
    parent = ParentRun()
    parent.on_multirun_start(config)
    assert os.environ[tracking.PARENT_RUN] == parent.run_id
    yield parent
    ParentRun.opened.clear()
    os.environ.pop(tracking.PARENT_RUN, None)


def status(parent: ParentRun) -> str:
    return parent.store.client.get_run(parent.run_id).info.status


@pytest.fixture
def away(monkeypatch) -> None:
    """The server has gone by the time that the parent is to be closed."""

    def gone(*_: object, **__: object) -> None:
        raise MlflowException("Max retries exceeded: Connection refused")

    monkeypatch.setattr(tracking, "close_parent", gone)


def test_a_sweep_that_went_well_is_finished_and_nothing_is_left_to_close(parent, capsys):
    parent.on_multirun_end(OmegaConf.create())
    ParentRun.close_failed()
    assert status(parent) == "FINISHED"
    assert f"0 runs under the parent {parent.run_id}" in capsys.readouterr().out
    assert tracking.PARENT_RUN not in os.environ


def test_one_that_failed_is_closed_as_failed(parent):
    ParentRun.close_failed()
    assert status(parent) == "FAILED"
    assert tracking.PARENT_RUN not in os.environ


def test_without_the_store_a_failed_one_warns_and_the_failure_stays_the_last_word(parent, away, caplog):
    with caplog.at_level(logging.WARNING):
        ParentRun.close_failed()
    assert f"run {parent.run_id} of the sweep is still open: the next command closes it" in caplog.text
    assert ParentRun.opened == []


def test_without_the_store_a_good_one_is_to_be_tried_again(parent, away):
    with pytest.raises(Failure) as caught:
        parent.on_multirun_end(OmegaConf.create())
    assert "all children are done, but the store tracking.uri=sqlite:///" in str(caught.value)
    assert caught.value.error.exit_code == 75


def test_a_parent_is_named_by_what_is_swept(parent):
    assert parent.store.client.get_run(parent.run_id).info.run_name == "sweep seed=1,2"


def test_what_is_swept_stands_on_the_command_line_or_in_a_file():
    task = ["data=cdnow", "personas.k=3,5", "churn=lightgbm,ensemble", "clv.covariates=[region,age]", "+x=range(1,3)"]
    hydra = {"overrides": {"task": task}, "sweeper": {"params": {"seed": "1,2"}}}
    words = swept(OmegaConf.create({"hydra": hydra}))
    assert words == ["personas.k=3,5", "churn=lightgbm,ensemble", "+x=range(1,3)", "seed=1,2"]
