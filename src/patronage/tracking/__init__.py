"""MLflow: the only room that imports it. Importing it and loading a model change nothing in the process.

store.py     the place of runs, and how it is opened by many at once
refusals.py  what a store that refuses means
ending.py    how a run ends
abandoned.py runs that a killed process left open
runs.py      one run, logged whole
dataset.py   the data of a run
links.py     how to look at a run
reading.py   a training run, read back whole
history.py   earlier trainings of a registered model
registry.py  which version has an alias
loading.py   the registered bundle, read back
scores.py    a scoring run; it waits on disk where the store is away
sweeps.py    a parent run and its children
model.py     the bundle as a pyfunc without pickle
"""

import warnings

with warnings.catch_warnings():  # MLflow's own imports warn, and add filters; none of it outlives this block
    warnings.simplefilter("ignore")
    from patronage.tracking.dataset import Dataset, describe
    from patronage.tracking.history import past_runs
    from patronage.tracking.links import artifact, compare_link, run_link, sweep_link
    from patronage.tracking.loading import Champion, Registered, load_champion, load_registered
    from patronage.tracking.model import serve
    from patronage.tracking.reading import config_of, find_run, folders_without_run, read_run, table_of
    from patronage.tracking.refusals import FAILURES, first_line, refused
    from patronage.tracking.registry import (
        alias_version,
        only_model,
        register_run,
        restore_alias,
        set_alias,
        write_verdict,
    )
    from patronage.tracking.runs import Logged, RunRecord, log_run, log_training, versions
    from patronage.tracking.scores import (
        Scored,
        keep_pending,
        last_extent,
        last_scoring,
        log_scoring,
        outputs_of,
        pending,
    )
    from patronage.tracking.store import Store, find_store, in_experiment, open_store, places_of, with_model
    from patronage.tracking.sweeps import MAIN, OVERRIDES, PARENT_RUN, close_parent, is_child, open_parent

__all__ = [
    # the store
    "FAILURES",
    "Store",
    "find_store",
    "first_line",
    "in_experiment",
    "open_store",
    "places_of",
    "with_model",
    "refused",
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
    "versions",
    # a scoring
    "Registered",
    "Scored",
    "keep_pending",
    "last_extent",
    "last_scoring",
    "load_registered",
    "log_scoring",
    "outputs_of",
    "pending",
    # a run read back
    "config_of",
    "find_run",
    "folders_without_run",
    "past_runs",
    "read_run",
    "table_of",
    # the registered model
    "alias_version",
    "only_model",
    "register_run",
    "restore_alias",
    "set_alias",
    "write_verdict",
    # a sweep
    "MAIN",
    "OVERRIDES",
    "PARENT_RUN",
    "close_parent",
    "is_child",
    "open_parent",
    "sweep_link",
    # the model
    "Champion",
    "load_champion",
    "serve",
]
