"""MLflow: the only importer of it.

A run is computed first and logged at the end, so that no failure leaves one open.
"""

from __future__ import annotations

import contextlib
import getpass
import logging
import os
import sqlite3
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlparse

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
os.environ.setdefault("MLFLOW_UV_AUTO_DETECT", "false")
os.environ.setdefault("MLFLOW_LOG_UV_FILES", "false")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")  # MLflow's seven take minutes to say no

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import mlflow
    from mlflow.client import MlflowClient
    from mlflow.data.meta_dataset import MetaDataset
    from mlflow.data.sources import LocalArtifactDatasetSource
    from mlflow.entities import RunStatus
    from mlflow.exceptions import MlflowException
    from mlflow.models import ModelSignature
    from mlflow.pyfunc import PythonModel, PythonModelContext
    from mlflow.types import ColSpec, Schema
    from mlflow.utils.logging_utils import disable_logging

import numpy as np
import pandas as pd
from filelock import FileLock
from matplotlib.figure import Figure

from patronage import columns as c
from patronage.bundle import Bundle
from patronage.config import TrackingConfig
from patronage.data import Tables
from patronage.errors import TrackingError
from patronage.lenses import FEATURES

PARENT_RUN = "PATRONAGE_PARENT_RUN_ID"  # a sweep hands it to its children
REQUIREMENTS = (
    "patronage",
    "mlflow",
    "scikit-learn",
    "skops",
    "lightgbm",
    "pandas",
    "numpy",
    "scipy",
    "numba",
)
LOCAL = "sqlite:///"
TRAINING_MODE = "workflowType=machine_learning"  # without it MLflow's pages open for language models


# The store


@dataclass(frozen=True)
class Store:
    """An open MLflow store and the experiment to log to."""

    uri: str
    experiment_id: str
    experiment: str
    registered_model: str

    @property
    def client(self) -> MlflowClient:
        return MlflowClient(tracking_uri=self.uri, registry_uri=self.uri)

    @property
    def is_local(self) -> bool:
        return self.uri.startswith(LOCAL)


def open_store(config: TrackingConfig, root: Path) -> Store:
    """Reach the store, make it if it is a new local one, and find or make the experiment.

    `sqlite:///mlruns/mlflow.db` means the one under `root`, wherever the process stands; artifacts lie beside it.

    Raises
    ------
    TrackingError
        The store cannot be reached or opened.
    """
    disable_logging()  # MLflow's remarks on its own doings, in the middle of ours
    logging.getLogger("alembic").setLevel(logging.ERROR)
    uri = _absolute(config.uri, root)
    local = uri.startswith(LOCAL)
    location = None
    try:
        if local:
            database = Path(uri.removeprefix(LOCAL))
            database.parent.mkdir(parents=True, exist_ok=True)
            location = (database.parent / "artifacts" / config.experiment).as_uri()
        mlflow.set_tracking_uri(uri)
        mlflow.set_registry_uri(uri)
        with _alone(uri):  # several processes that migrate one cold database corrupt it, and a client migrates
            client = MlflowClient(tracking_uri=uri, registry_uri=uri)
            experiment = client.get_experiment_by_name(config.experiment)
            if experiment is None:
                experiment_id = client.create_experiment(config.experiment, artifact_location=location)
            elif experiment.lifecycle_stage != "active":
                raise TrackingError(
                    f"the MLflow experiment {config.experiment!r} was deleted; restore it, or choose another by "
                    "tracking.experiment=..."
                )
            else:
                experiment_id = experiment.experiment_id
            if local:
                _write_ahead(uri)
    except (MlflowException, OSError, sqlite3.Error) as error:
        raise TrackingError(
            f"the MLflow store tracking.uri={config.uri} cannot be opened: {_first_line(error)}; "
            "start its server, or give another store, such as tracking.uri=sqlite:///mlruns/mlflow.db"
        ) from error
    return Store(uri, experiment_id, config.experiment, config.registered_model)


def _absolute(uri: str, root: Path) -> str:
    if uri.startswith(LOCAL) and not uri.startswith(LOCAL + "/"):
        return LOCAL + str((root / uri.removeprefix(LOCAL)).resolve())
    return uri


def _first_line(error: BaseException) -> str:
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0][:300]


@contextlib.contextmanager
def _alone(uri: str) -> Iterator[None]:
    """One process at a time, for a local store; a server looks after itself."""
    if not uri.startswith(LOCAL):
        yield
        return
    name = sha256(uri.encode()).hexdigest()[:16]
    with FileLock(Path(tempfile.gettempdir()) / f"patronage-mlflow-{name}.lock"):
        yield


def _write_ahead(uri: str) -> None:
    """Let readers and a writer share the database; it halves the time of runs at once."""
    connection = sqlite3.connect(uri.removeprefix(LOCAL), timeout=20)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
    finally:
        connection.close()


# A run


@dataclass(frozen=True)
class Record:
    """Everything of a run but its model and assignments, ready to be logged.

    Attributes
    ----------
    description
        Markdown, shown above everything else of the run.
    tables
        File name (`.json`) to frame: shown as tables, and side by side when runs are compared.
    frames
        File name (`.parquet`) to frame, for what is too long to look at.
    """

    kind: str
    name: str | None
    started_ms: int
    config: str
    description: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    frames: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    figures: Mapping[str, Figure] = field(default_factory=dict)


@dataclass(frozen=True)
class Logged:
    """Where a run is."""

    run_id: str
    model_version: str
    assignments: str


def log_training(
    store: Store,
    record: Record,
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
        with _run(store, record, tables) as run_id:
            model_version = _log_bundle(store, bundle, features)
            stamped = assignments.assign(**{c.RUN_ID: run_id, c.MODEL_VERSION: model_version})
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "assignments.parquet"
                stamped.reset_index().to_parquet(path, index=False)
                mlflow.log_artifact(str(path))
            uri = mlflow.get_artifact_uri("assignments.parquet")
    except (MlflowException, OSError, sqlite3.Error) as error:
        raise TrackingError(f"the run could not be logged to {store.uri}: {_first_line(error)}") from error
    return Logged(run_id, model_version, _readable(uri))


@contextlib.contextmanager
def _run(store: Store, record: Record, tables: Tables) -> Iterator[str]:
    """A run of its kind with all of its record; FINISHED at the end, FAILED on the way."""
    client = store.client
    tags = {"kind": record.kind, "mlflow.user": getpass.getuser(), **record.tags}
    if record.description:
        tags["mlflow.note.content"] = record.description
    if parent := os.environ.get(PARENT_RUN):
        tags["mlflow.parentRunId"] = parent
    made = client.create_run(store.experiment_id, record.started_ms, tags, record.name)
    run_id = made.info.run_id
    status = RunStatus.to_string(RunStatus.FAILED)
    try:
        with mlflow.start_run(run_id=run_id):
            _log_record(record, tables)
            yield run_id
            status = RunStatus.to_string(RunStatus.FINISHED)
    finally:
        client.set_terminated(run_id, status)


def _log_record(record: Record, tables: Tables) -> None:
    mlflow.log_params(dict(record.params))
    mlflow.log_metrics({name: value for name, value in record.metrics.items() if np.isfinite(value)})
    mlflow.log_input(_dataset(tables), context="training", tags=_span(tables))
    for name, frame in record.tables.items():
        mlflow.log_table(frame, name)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "config.yaml").write_text(record.config)
        for name, frame in record.frames.items():
            frame.to_parquet(Path(folder, name), index=False)
        Path(folder, "figures").mkdir()
        for name, figure in record.figures.items():
            figure.savefig(Path(folder, "figures", name), dpi=120)
        mlflow.log_artifacts(folder)


def _dataset(tables: Tables) -> MetaDataset:
    """The data by its own fingerprint: MLflow's digest sees only the first rows and no dates."""
    schema = Schema(
        [ColSpec("string", f"{table}.{name}") for table in tables.present for name in sorted(tables.present[table])]
    )
    source = LocalArtifactDatasetSource(tables.source)
    return MetaDataset(source, name=tables.source, digest=tables.fingerprint, schema=schema)


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


def run_link(store: Store, run_id: str) -> str:
    """How to look at a run in MLflow's pages."""
    if store.is_local:
        page = f"http://127.0.0.1:5000/#/experiments/{store.experiment_id}/runs/{run_id}?{TRAINING_MODE}"
        return f"mlflow server --backend-store-uri {store.uri} --workers 1   then {page}"
    return f"{store.uri.rstrip('/')}/#/experiments/{store.experiment_id}/runs/{run_id}?{TRAINING_MODE}"


# A sweep


def open_parent(store: Store, name: str) -> str:
    """Make the parent run of a sweep; its children find it in the environment."""
    run = store.client.create_run(store.experiment_id, tags={"kind": "sweep"}, run_name=name)
    os.environ[PARENT_RUN] = run.info.run_id
    return run.info.run_id


def close_parent(store: Store, run_id: str, *, failed: bool) -> int:
    """Finish the parent of a sweep, once, with the number of its children; gives that number."""
    os.environ.pop(PARENT_RUN, None)
    client = store.client
    if client.get_run(run_id).info.status != RunStatus.to_string(RunStatus.RUNNING):
        return 0
    children = client.search_runs([store.experiment_id], f"tags.`mlflow.parentRunId` = '{run_id}'")
    client.log_metric(run_id, "sweep/children", len(children))
    client.set_terminated(run_id, RunStatus.to_string(RunStatus.FAILED if failed else RunStatus.FINISHED))
    return len(children)


def sweep_link(store: Store, parent: str, metric: str) -> str:
    """A deep link to the flat table of a sweep's children: MLflow's own page shows them collapsed."""
    query = (
        f"searchFilter={quote(f'tags.mlflow.parentRunId = {chr(39)}{parent}{chr(39)}')}"
        f"&orderByKey={quote(f'metrics.`{metric}`')}&orderByAsc=true&startTime=ALL&lifecycleFilter=Active"
        f"&modelVersionFilter=All+Runs&datasetsFilter=W10%3D&{TRAINING_MODE}"
    )
    host = "http://127.0.0.1:5000" if store.is_local else store.uri.rstrip("/")
    return f"{host}/#/experiments/{store.experiment_id}/runs?{query}"


# The model


def _log_bundle(store: Store, bundle: Bundle, features: pd.DataFrame) -> str:
    """Log the bundle as one pyfunc model from code, and register it; gives the version."""
    example = features.head(5).reset_index()
    with tempfile.TemporaryDirectory() as folder:
        bundle.save(Path(folder, "bundle"))
        logged = mlflow.pyfunc.log_model(
            name="bundle",
            python_model=str(files("patronage") / "serving.py"),
            artifacts={"bundle": str(Path(folder, "bundle"))},
            signature=_signature(bundle, features.head(5)),
            input_example=example,
            # given, not inferred: inferring starts another interpreter
            pip_requirements=[f"{name}=={version(name)}" for name in REQUIREMENTS],
        )
    with _alone(store.uri):
        return str(mlflow.register_model(logged.model_uri, store.registered_model).version)


def _signature(bundle: Bundle, few: pd.DataFrame) -> ModelSignature:
    inputs = [ColSpec("string" if FEATURES[name].text else "double", name) for name in bundle.columns]
    said = bundle.assign(few)
    kinds = {"f": "double", "i": "integer"}
    outputs = [ColSpec(kinds.get(said[name].dtype.kind, "string"), name) for name in said]
    customer = ColSpec("string", c.CUSTOMER_ID)
    return ModelSignature(Schema([customer, *inputs]), Schema([customer, *outputs]))


class BundleModel(PythonModel):
    """The bundle behind MLflow's pyfunc: features in, assignments out, both with `customer_id` as a column."""

    def load_context(self, context: PythonModelContext) -> None:
        self.bundle = Bundle.load(Path(context.artifacts["bundle"]))

    def predict(
        self, context: PythonModelContext, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        return self.bundle.assign(model_input.set_index(c.CUSTOMER_ID)).reset_index()


def serve() -> None:
    """Name the model of a model file."""
    mlflow.models.set_model(BundleModel())
