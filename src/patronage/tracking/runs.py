"""One run, computed first and logged at the end, so that no failure leaves one open; secrets are masked here."""

from __future__ import annotations

import contextlib
import getpass
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from mlflow.client import MlflowClient
from mlflow.entities import Metric, Param, RunStatus
from mlflow.utils.mlflow_tags import MLFLOW_LOGGED_ARTIFACTS

from patronage import journal, temporary
from patronage import names as c
from patronage.bundle import Bundle
from patronage.data import Tables
from patronage.errors import Stopped, TrackingError
from patronage.masking import mask, mask_all
from patronage.names import Artifact, Tag
from patronage.review.record import RunRecord
from patronage.review.tables import as_shown, whole
from patronage.tracking.abandoned import marks
from patronage.tracking.dataset import Dataset, describe, holdout_of, input_of
from patronage.tracking.ending import end_run
from patronage.tracking.links import readable
from patronage.tracking.model import log_bundle, metrics_of, register
from patronage.tracking.refusals import FAILURES, refused
from patronage.tracking.store import Store
from patronage.tracking.sweeps import OVERRIDES, PARENT_RUN

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PACKAGES = ("patronage", "duckdb", "lifetimes", "lightgbm", "numpy", "pandas", "scikit-learn", "scipy")
METRICS_AT_ONCE, PARAMS_AT_ONCE = 1000, 100  # MLflow takes no more in one request


@dataclass(frozen=True)
class Logged:
    """Where a run is."""

    run_id: str
    model_version: str  # empty where none was registered
    assignments: str


def log_training(
    store: Store,
    record: RunRecord,
    tables: Tables,
    bundle: Bundle,
    features: pd.DataFrame,
    assignments: pd.DataFrame,
    *,
    real_example: bool = False,
    registered: bool = True,
) -> Logged:
    """Log one training run whole: data, config, metrics, figures, the registered bundle, the assignments.

    Parameters
    ----------
    real_example
        Whether the input example of the model is customers of `features`; else it is made up.
    registered
        Whether the bundle becomes a version of the registered model; `promote` makes one of any run later.

    Raises
    ------
    TrackingError
        The store refused; the run, if it was made, is marked FAILED.
    """
    with logging_to(store), run_of(store, record, describe(tables)) as run_id:
        model_id = log_bundle(store, run_id, record, bundle, features.head(5) if real_example else None)
        model_version = register(store, model_id, record.model_card) if registered else ""
        stamped = assignments.assign(**{c.RUN_ID: run_id, c.MODEL_VERSION: model_version})
        with temporary.folder() as folder:
            # the features too: what another model predicts for these customers can be asked later, without their log
            for name, frame in ((Artifact.ASSIGNMENTS, stamped), (Artifact.FEATURES, features)):
                frame.reset_index().to_parquet(Path(folder, name), index=False)
            store.client.log_artifacts(run_id, str(folder))
        uri = f"{store.client.get_run(run_id).info.artifact_uri}/{Artifact.ASSIGNMENTS}"
    return Logged(run_id, model_version, readable(uri))


def log_run(store: Store, record: RunRecord, tables: Tables | None = None) -> str:
    """Log one run that brings no model; gives its id.

    Raises
    ------
    TrackingError
        As `log_training`.
    """
    with logging_to(store), run_of(store, record, None if tables is None else describe(tables)) as run_id:
        return run_id


@contextlib.contextmanager
def run_of(store: Store, record: RunRecord, dataset: Dataset | None) -> Iterator[str]:
    """A run of its kind with all of its record; FINISHED at the end, FAILED on the way, KILLED by a signal."""
    client, record = store.client, masked(record)
    tags = {
        Tag.KIND: record.kind,
        Tag.USER: _user(),
        **marks(),
        Tag.JOB: journal.current().job,
        Tag.VERSIONS: versions(),
        **record.tags,
    }
    if record.description:
        tags[Tag.DESCRIPTION] = record.description
    if parent := os.environ.get(PARENT_RUN):
        tags |= {Tag.PARENT: parent, Tag.OVERRIDES: mask(os.environ.get(OVERRIDES, ""))}
    if record.question:
        _note_question(store, record.question)
    run_id = client.create_run(store.experiment_id, record.started_ms, tags, record.name).info.run_id
    status = RunStatus.FAILED
    journal.note_run(run_id, "still open: the next command closes it")
    try:
        _log_record(client, run_id, record, dataset)
        yield run_id
        status = RunStatus.FINISHED
    except (Stopped, KeyboardInterrupt):
        status = RunStatus.KILLED
        raise
    finally:
        end_run(client, run_id, status)
        journal.note_run(run_id, RunStatus.to_string(status))


def versions() -> str:
    """The packages that numbers depend on, with their versions."""
    return ", ".join(f"{name} {version(name)}" for name in PACKAGES)


def masked(record: RunRecord) -> RunRecord:
    """The record without secrets in its configuration, description, parameters and tags."""
    return replace(
        record,
        name=record.name and mask(record.name),
        config=mask(record.config),
        description=mask(record.description),
        question=mask(record.question),
        model_card=mask(record.model_card),
        params=mask_all(record.params),
        tags=mask_all(record.tags),
    )


@contextlib.contextmanager
def logging_to(store: Store) -> Iterator[None]:
    """Turn the refusal of a run into one line of ours."""
    if store.copy_of:
        raise TrackingError(
            f"the run could not be logged: {store.shown} can only be read by this user; give the rights"
        )
    try:
        yield
    except FAILURES as error:
        raise refused(f"the run could not be logged: the MLflow store {store.shown}", error) from error


def _note_question(store: Store, question: str) -> None:
    """Add a question to those that stand on top of the experiment."""
    tags = store.client.get_experiment(store.experiment_id).tags
    note, line = tags.get(Tag.DESCRIPTION, ""), f"- {question}"
    if line not in note:
        store.client.set_experiment_tag(store.experiment_id, Tag.DESCRIPTION, f"{note}\n{line}".strip())


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run as somebody without a name
        return "unknown"


def _log_record(client: MlflowClient, run_id: str, record: RunRecord, dataset: Dataset | None) -> None:
    _log_numbers(client, run_id, record)
    if dataset is not None:
        context = "training" if record.kind == "train" else record.kind
        holdouts = [holdout_of(part) for part in record.measured_on if part.digest != dataset.fingerprint]
        client.log_inputs(run_id, [input_of(dataset, context), *holdouts])
    with temporary.folder() as folder:

        def place(name: str) -> Path:
            path = Path(folder, name)
            path.parent.mkdir(exist_ok=True)
            return path

        parts = {
            Artifact.path_of(part): narrow
            for name, frame in record.tables.items()
            for part, narrow in as_shown(name, frame).items()
        }
        for part, narrow in parts.items():  # as MLflow's `log_table` does, which asks the store four times for each
            narrow.to_json(place(part), orient="split", index=False, date_format="iso")
        for name, text in {Artifact.CONFIG: record.config, **record.texts}.items():
            if text:
                place(name).write_text(text, encoding="utf-8")
        for name, frame in record.frames.items():
            frame.to_parquet(place(name), index=False)
        for table, frame in record.tables.items():
            if file := whole(table, frame):
                frame.to_parquet(place(Artifact.path_of(file)), index=False)
        for name, figure in record.figures.items():
            place(f"figures/{name}").write_bytes(_png(figure))
        client.log_artifacts(run_id, str(folder))
    if parts:
        client.set_tag(run_id, MLFLOW_LOGGED_ARTIFACTS, json.dumps([{"path": part, "type": "table"} for part in parts]))


def _log_numbers(client: MlflowClient, run_id: str, record: RunRecord) -> None:
    """Parameters and metrics; of the metrics those that are finite."""
    params = [Param(name, str(value)) for name, value in record.params.items()]
    for start in range(0, len(params), PARAMS_AT_ONCE):
        client.log_batch(run_id, params=params[start : start + PARAMS_AT_ONCE])
    metrics = metrics_of(record)
    for name, steps in record.series.items():
        metrics += [Metric(name, float(value), record.started_ms, step) for step, value in steps if np.isfinite(value)]
    for start in range(0, len(metrics), METRICS_AT_ONCE):
        client.log_batch(run_id, metrics=metrics[start : start + METRICS_AT_ONCE])


def _png(figure: Figure) -> bytes:
    from patronage.review.figures import png  # matplotlib, for which a scoring job need not wait

    return png(figure, dpi=120)
