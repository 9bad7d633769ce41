"""Runs that a killed process left RUNNING: found by the next command of the same machine, and closed."""

from __future__ import annotations

import logging
import os
import platform
from contextlib import suppress
from pathlib import Path

from mlflow.client import MlflowClient
from mlflow.entities import LoggedModelStatus, RunStatus

from patronage.names import Tag
from patronage.tracking.ending import end_run

log = logging.getLogger(__name__)
MOST = 1000


def marks() -> dict[str, str]:
    """The tags by which a run is known to be of this process."""
    return {Tag.MACHINE: _machine(), Tag.PROCESS: _process(os.getpid())}


def close_abandoned(client: MlflowClient) -> list[str]:
    """Close the runs of processes that have died on this machine; gives their ids."""
    experiments = [experiment.experiment_id for experiment in client.search_experiments()]
    running = client.search_runs(
        experiments, f"attributes.status = 'RUNNING' AND tags.`{Tag.MACHINE}` = '{_machine()}'", max_results=MOST
    )
    closed = []
    for run in running:
        if _lives(run.data.tags.get(Tag.PROCESS, "")):
            continue
        _close_models(client, run.info.experiment_id, run.info.run_id)
        end_run(client, run.info.run_id, RunStatus.KILLED)
        closed.append(run.info.run_id)
        log.warning("closed run %s, which a process that was killed had left open", run.info.run_id)
    return closed


def _close_models(client: MlflowClient, experiment_id: str, run_id: str) -> None:
    for model in client.search_logged_models([experiment_id], f"source_run_id = '{run_id}'"):
        if model.status == LoggedModelStatus.PENDING:
            client.finalize_logged_model(model.model_id, LoggedModelStatus.FAILED)


def _machine() -> str:
    """The host, and in which space of process numbers we are: containers may share a name."""
    space = ""
    with suppress(OSError):
        space = " " + os.readlink("/proc/self/ns/pid")
    return platform.node().replace("'", "") + space


def _process(number: int) -> str:
    """A process by its number, the moment of its start, and the start of the machine: numbers are given again."""
    with suppress(OSError, IndexError):
        began = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[19]
        return f"{number} {began} {Path('/proc/sys/kernel/random/boot_id').read_text().strip()[:8]}"
    return str(number)


def _lives(process: str) -> bool:
    number = process.partition(" ")[0]
    if not number.isdigit():
        return True  # of another version: nobody knows
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return process == _process(int(number)) or process == number
