"""Runs that a killed process left open."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from patronage import tracking
from patronage.config import StoreConfig, TrackingConfig
from patronage.names import Tag
from patronage.tracking.abandoned import close_abandoned, marks


@pytest.mark.slow
def test_the_next_command_closes_what_a_dead_process_left_and_nothing_else(tmp_path):
    store = tracking.open_store(TrackingConfig(), tmp_path)
    dead = subprocess.run(
        [sys.executable, "-c", f"from patronage.tracking.abandoned import marks; print(marks()['{Tag.PROCESS}'])"],
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip

    def open_run(**tags: str) -> str:
        return store.client.create_run(store.experiment_id, tags=marks() | tags).info.run_id

    ours, left = open_run(), open_run(**{Tag.PROCESS: dead})
    number_again = open_run(**{Tag.PROCESS: f"{os.getpid()} 1 00000000"})  # another process had our number before
    elsewhere = open_run(**{Tag.PROCESS: dead, Tag.MACHINE: "another host"})
    unmarked = store.client.create_run(store.experiment_id).info.run_id
    model = store.client.create_logged_model(store.experiment_id, "bundle", left)
    tracking.find_store(StoreConfig(), tmp_path)
    status = {run: store.client.get_run(run).info.status for run in (ours, left, number_again, elsewhere, unmarked)}
    assert status == {
        ours: "RUNNING", left: "KILLED", number_again: "KILLED", elsewhere: "RUNNING", unmarked: "RUNNING"
    }  # fmt: skip
    assert str(store.client.get_logged_model(model.model_id).status) == "FAILED"
    assert close_abandoned(store.client) == []
