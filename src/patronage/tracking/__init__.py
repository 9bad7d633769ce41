"""MLflow: the only room that imports it.

store.py     where runs are kept, and how it is opened by many at once
runs.py      one run, logged whole; how to look at it
reading.py   a training run, read back whole
registry.py  who is the champion
loading.py   the registered bundle, read back
scores.py    a scoring run; it waits on disk where the store is away
sweeps.py    a parent run and its children
model.py     the bundle as a pyfunc without pickle
"""

import os
import warnings

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
os.environ.setdefault("MLFLOW_UV_AUTO_DETECT", "false")
os.environ.setdefault("MLFLOW_LOG_UV_FILES", "false")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")  # MLflow's seven take minutes to say no

with warnings.catch_warnings():  # of MLflow's own imports
    warnings.simplefilter("ignore")
    from patronage.tracking.loading import Registered, load_registered
    from patronage.tracking.model import Champion, load_champion, serve
    from patronage.tracking.reading import find_run, read_run
    from patronage.tracking.registry import holder, restore_alias, set_alias, write_verdict
    from patronage.tracking.runs import (
        Dataset,
        Logged,
        RunRecord,
        artifact,
        compare_link,
        describe,
        log_run,
        log_training,
        run_link,
    )
    from patronage.tracking.scores import Scored, keep_pending, last_scoring, log_scoring, pending
    from patronage.tracking.store import Store, find_store, first_line, in_experiment, open_store
    from patronage.tracking.sweeps import MAIN, close_parent, name_child, open_parent, sweep_link

__all__ = [
    # the store
    "Store",
    "find_store",
    "first_line",
    "in_experiment",
    "open_store",
    # a run
    "Dataset",
    "Logged",
    "RunRecord",
    "artifact",
    "compare_link",
    "describe",
    "log_run",
    "log_training",
    "run_link",
    # a scoring
    "Registered",
    "Scored",
    "keep_pending",
    "last_scoring",
    "load_registered",
    "log_scoring",
    "pending",
    # a run read back
    "find_run",
    "read_run",
    # the registered model
    "set_alias",
    "restore_alias",
    "holder",
    "write_verdict",
    # a sweep
    "MAIN",
    "close_parent",
    "name_child",
    "open_parent",
    "sweep_link",
    # the model
    "Champion",
    "load_champion",
    "serve",
]
