"""One run, computed first and logged at the end, so that no failure leaves one open."""

from __future__ import annotations

import contextlib
import getpass
import json
import os
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlparse

import mlflow
import numpy as np
import pandas as pd
from mlflow.data.meta_dataset import MetaDataset
from mlflow.data.sources import LocalArtifactDatasetSource
from mlflow.entities import RunStatus
from mlflow.exceptions import MlflowException
from mlflow.types import ColSpec, Schema

from patronage import names as c
from patronage.bundle import Bundle
from patronage.data import Tables
from patronage.errors import TrackingError
from patronage.review.record import RunRecord
from patronage.tracking.model import log_bundle
from patronage.tracking.store import Store, first_line
from patronage.tracking.sweeps import OVERRIDES, PARENT_RUN

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TRAINING_MODE = "workflowType=machine_learning"  # without it MLflow's pages open for language models


@dataclass(frozen=True)
class Dataset:
    """What is told of the data of a run.

    Attributes
    ----------
    columns
        As `table.column`.
    tags
        Numbers of rows and customers, and the span.
    """

    name: str
    fingerprint: str
    columns: tuple[str, ...]
    tags: Mapping[str, str]


def describe(tables: Tables) -> Dataset:
    """The data by its own fingerprint: MLflow's digest sees only the first rows and no dates."""
    columns = tuple(f"{table}.{name}" for table in tables.present for name in sorted(tables.present[table]))
    return Dataset(tables.source, tables.fingerprint, columns, _span(tables))


@dataclass(frozen=True)
class Logged:
    """Where a run is."""

    run_id: str
    model_version: str
    assignments: str


def log_training(
    store: Store,
    record: RunRecord,
    tables: Tables,
    bundle: Bundle,
    features: pd.DataFrame,
    assignments: pd.DataFrame,
) -> Logged:
    """Log one training run whole: data, config, metrics, figures, the registered bundle, the assignments.

    Raises
    ------
    TrackingError
        The store refused; the run, if it was made, is marked FAILED.
    """
    try:
        with run_of(store, record, describe(tables)) as run_id:
            model_version = log_bundle(store, bundle, features)
            stamped = assignments.assign(**{c.RUN_ID: run_id, c.MODEL_VERSION: model_version})
            with tempfile.TemporaryDirectory() as folder:
                # the features too: how another model sees these customers can be asked later, without their log
                for name, frame in (("assignments", stamped), ("features", features)):
                    frame.reset_index().to_parquet(Path(folder, f"{name}.parquet"), index=False)
                mlflow.log_artifacts(folder)
            uri = mlflow.get_artifact_uri("assignments.parquet")
    except (MlflowException, OSError, sqlite3.Error) as error:
        raise TrackingError(f"the run could not be logged to {store.uri}: {first_line(error)}") from error
    return Logged(run_id, model_version, _readable(uri))


def log_run(store: Store, record: RunRecord, tables: Tables | None = None) -> str:
    """Log one run that brings no model; gives its id.

    Raises
    ------
    TrackingError
        As `log_training`.
    """
    try:
        with run_of(store, record, None if tables is None else describe(tables)) as run_id:
            return run_id
    except (MlflowException, OSError, sqlite3.Error) as error:
        raise TrackingError(f"the run could not be logged to {store.uri}: {first_line(error)}") from error


@contextlib.contextmanager
def run_of(store: Store, record: RunRecord, dataset: Dataset | None) -> Iterator[str]:
    """A run of its kind with all of its record; FINISHED at the end, FAILED on the way."""
    client = store.client
    tags = {"kind": record.kind, "mlflow.user": _user(), **record.tags}
    if record.description:
        tags["mlflow.note.content"] = record.description
    if parent := os.environ.get(PARENT_RUN):
        tags |= {"mlflow.parentRunId": parent, "overrides": os.environ.get(OVERRIDES, "")}
    made = client.create_run(store.experiment_id, record.started_ms, tags, record.name)
    run_id = made.info.run_id
    status = RunStatus.to_string(RunStatus.FAILED)
    try:
        with mlflow.start_run(run_id=run_id):
            _log_record(record, dataset)
            yield run_id
            status = RunStatus.to_string(RunStatus.FINISHED)
    finally:
        client.set_terminated(run_id, status)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run as somebody without a name
        return "unknown"


def _log_record(record: RunRecord, dataset: Dataset | None) -> None:
    mlflow.log_params(dict(record.params))
    mlflow.log_metrics({name: value for name, value in record.metrics.items() if np.isfinite(value)})
    for name, steps in record.series.items():
        for step, value in steps:
            if np.isfinite(value):
                mlflow.log_metric(name, value, step=step)
    if dataset is not None:
        context = "training" if record.kind == "train" else record.kind
        mlflow.log_input(_input(dataset), context=context, tags=dict(dataset.tags))
    for name, frame in record.tables.items():
        mlflow.log_table(frame, name)
    with tempfile.TemporaryDirectory() as folder:
        for name, text in {"config.yaml": record.config, **record.texts}.items():
            if text:
                Path(folder, name).write_text(text, encoding="utf-8")
        for name, frame in record.frames.items():
            frame.to_parquet(Path(folder, name), index=False)
        Path(folder, "figures").mkdir()
        for name, figure in record.figures.items():
            Path(folder, "figures", name).write_bytes(_picture(figure))
        mlflow.log_artifacts(folder)


def _picture(figure: Figure) -> bytes:
    from patronage.review.figures import png  # matplotlib, for which a scoring job need not wait

    return png(figure, dpi=120)


def _input(dataset: Dataset) -> MetaDataset:
    schema = Schema([ColSpec("string", name) for name in dataset.columns])
    source = LocalArtifactDatasetSource(dataset.name)
    return MetaDataset(source, name=dataset.name, digest=dataset.fingerprint, schema=schema)


def _span(tables: Tables) -> dict[str, str]:
    return {
        **{f"rows.{table}": str(rows) for table, rows in tables.rows.items()},
        "customers": str(tables.customers),
        "first": tables.first.isoformat(),
        "last": tables.last.isoformat(),
    }


def _readable(uri: str) -> str:
    """A path where the artifact lies on this machine, else its address."""
    return unquote(urlparse(uri).path) if uri.startswith("file:") else uri


def artifact(store: Store, run_id: str, name: str) -> str:
    """Where an artifact of a run is: a path on this machine, else an address."""
    return _readable(f"{store.client.get_run(run_id).info.artifact_uri}/{name}")


def run_page(store: Store, experiment_id: str, run_id: str) -> str:
    """The address of a run in MLflow's pages."""
    host = "http://127.0.0.1:5000" if store.is_local else store.uri.rstrip("/")
    return f"{host}/#/experiments/{experiment_id}/runs/{run_id}?{TRAINING_MODE}"


def compare_link(store: Store, run_ids: Sequence[str]) -> str:
    """The address where MLflow shows the parameters, metrics and charts of runs side by side."""
    host = "http://127.0.0.1:5000" if store.is_local else store.uri.rstrip("/")
    ids, experiments = (quote(json.dumps(list(one))) for one in (run_ids, [store.experiment_id]))
    return f"{host}/#/compare-runs?runs={ids}&experiments={experiments}&{TRAINING_MODE}"


def run_link(store: Store, run_id: str) -> str:
    """How to look at a run in MLflow's pages."""
    page = run_page(store, store.experiment_id, run_id)
    return f"mlflow server --backend-store-uri {store.uri} --workers 1   then {page}" if store.is_local else page
