"""A job that SIGKILL ends as it first enters one of its stages, for each stage given; test_killed_jobs.py starts it.

    python dying_jobs.py STORE STAGE,STAGE,... VERB WORDS...

A stage is a request to the store, or the beginning of a step of the journal (`step fitting`). After each kill one line
of JSON tells what a reader of the store finds, and what the next command makes of it; at last the job runs undisturbed.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import sys
from collections.abc import Callable

from mlflow.client import MlflowClient

from patronage import journal
from patronage.cli import main
from patronage.jobs import analyse, backtest, effect, promote, train  # noqa: F401 (imported once, before the children)
from patronage.tracking.abandoned import close_abandoned


def arm(stage: str) -> None:
    """Let the process die as it enters the stage."""

    def die(*_: object, **__: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    step = journal.step
    if stage.startswith("step "):
        journal.step = lambda what: die() if what == stage.removeprefix("step ") else step(what)
    else:
        setattr(MlflowClient, stage, die)


def in_a_child(work: Callable[[], object]) -> int:
    """The status of a child that does the work."""
    child = os.fork()
    if child == 0:
        code = 99
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                work()
            code = 0
        except SystemExit as stop:
            code = int(stop.code or 0)
        finally:
            os._exit(code)
    return os.waitpid(child, 0)[1]


def look(store: str) -> None:
    """What a reader finds: open runs, models that are neither whole nor failed, versions, champions."""
    client = MlflowClient(store)
    experiments = [one.experiment_id for one in client.search_experiments()]
    found = client.search_runs(experiments)
    looked = {
        "open": sum(run.info.status == "RUNNING" for run in found),
        "finished": sum(run.info.status == "FINISHED" for run in found),
        "pending": sum(str(model.status) == "PENDING" for model in client.search_logged_models(experiments)),
        "versions": [client.get_run(version.run_id).info.status for version in client.search_model_versions()],
        "champions": [dict(model.aliases).get("champion", "") for model in client.search_registered_models()],
    }
    print(json.dumps(looked), file=sys.__stdout__, flush=True)


def next_command(store: str) -> None:
    """What every command does first, then a look."""
    close_abandoned(MlflowClient(store))
    look(store)


if __name__ == "__main__":
    store, stages, *words = sys.argv[1:]
    for stage in stages.split(","):
        print(json.dumps({"stage": stage, "status": in_a_child(lambda: (arm(stage), main(words)))}), flush=True)  # noqa: B023
        in_a_child(lambda: look(store))
        in_a_child(lambda: next_command(store))
    print(json.dumps({"stage": "", "status": in_a_child(lambda: main(words))}), flush=True)
    in_a_child(lambda: look(store))
    in_a_child(lambda: next_command(store))
