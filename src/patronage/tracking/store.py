"""Where runs are kept: a local database by default, a server by its address."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

import mlflow
from filelock import FileLock
from mlflow.client import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.utils.logging_utils import disable_logging

from patronage.config import StoreConfig, TrackingConfig
from patronage.errors import TrackingError

LOCAL = "sqlite:///"


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
        with alone(uri):  # several processes that migrate one cold database corrupt it, and a client migrates
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
            f"the MLflow store tracking.uri={config.uri} cannot be opened: {first_line(error)}; "
            "start its server, or give another store, such as tracking.uri=sqlite:///mlruns/mlflow.db"
        ) from error
    return Store(uri, experiment_id, config.experiment, config.registered_model)


def find_store(config: StoreConfig, root: Path) -> Store:
    """Reach a store that exists, to look at what is in it; nothing is made.

    Raises
    ------
    TrackingError
        There is none, or it cannot be opened.
    """
    disable_logging()
    logging.getLogger("alembic").setLevel(logging.ERROR)
    uri = _absolute(config.uri, root)
    if uri.startswith(LOCAL) and not Path(uri.removeprefix(LOCAL)).is_file():
        raise TrackingError(f"no MLflow store at tracking.uri={config.uri} ({uri}); train first, or give another")
    try:
        mlflow.set_tracking_uri(uri)
        mlflow.set_registry_uri(uri)
        with alone(uri):
            MlflowClient(tracking_uri=uri, registry_uri=uri).search_experiments(max_results=1)
    except (MlflowException, OSError, sqlite3.Error) as error:
        raise TrackingError(
            f"the MLflow store tracking.uri={config.uri} cannot be opened: {first_line(error)}; "
            "start its server, or give another store"
        ) from error
    return Store(uri, "", "", config.registered_model)


def in_experiment(store: Store, experiment_id: str) -> Store:
    """The same store, to log to the experiment of a run that is in it."""
    return replace(store, experiment_id=experiment_id, experiment=store.client.get_experiment(experiment_id).name)


def _absolute(uri: str, root: Path) -> str:
    if uri.startswith(LOCAL) and not uri.startswith(LOCAL + "/"):
        return LOCAL + str((root / uri.removeprefix(LOCAL)).resolve())
    return uri


def first_line(error: BaseException) -> str:
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0][:300]


@contextlib.contextmanager
def alone(uri: str) -> Iterator[None]:
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
