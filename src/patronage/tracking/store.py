"""The place of runs: a local database by default, a server by its address."""

from __future__ import annotations

import contextlib
import sqlite3
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

from filelock import FileLock
from mlflow.client import MlflowClient
from mlflow.exceptions import MlflowException

from patronage.config import StoreConfig, TrackingConfig
from patronage.errors import TrackingError
from patronage.masking import mask, without_user

LOCAL = "sqlite:///"
FAILURES = (MlflowException, OSError, sqlite3.Error)  # what a store raises that is away, locked or not one
OURS = "alembic_version"  # a table of every MLflow database


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

    @property
    def shown(self) -> str:
        """The address without its password, to be printed and logged."""
        return mask(self.uri)

    @property
    def pages(self) -> str:
        """The address of MLflow's pages: the server's, or that of one to be started on this machine."""
        return without_user(self.uri).rstrip("/") if self.uri.startswith("http") else "http://127.0.0.1:5000"


def open_store(config: TrackingConfig, root: Path) -> Store:
    """Reach the store, make it if it is a new local one, and find or make the experiment.

    `sqlite:///mlruns/mlflow.db` means the one under `root`, wherever the process stands; artifacts lie beside it.

    Raises
    ------
    TrackingError
        The store cannot be reached or opened, or is a database of something else.
    """
    uri, location = _absolute(config.uri, root), None
    with _opening(config.uri, "sqlite:///mlruns/mlflow.db"):
        if uri.startswith(LOCAL):
            database = Path(uri.removeprefix(LOCAL))
            _check_database(config.uri, database)
            database.parent.mkdir(parents=True, exist_ok=True)
            location = (database.parent / "artifacts" / config.experiment).as_uri()
        with alone(uri):  # several processes that migrate one cold database corrupt it, and a client migrates
            client = MlflowClient(tracking_uri=uri, registry_uri=uri)
            experiment_id = _experiment(client, config.experiment, location)
            if uri.startswith(LOCAL):
                _write_ahead(uri)
    return Store(uri, experiment_id, config.experiment, config.registered_model)


def find_store(config: StoreConfig, root: Path) -> Store:
    """Reach a store that exists, to look at what is in it; nothing is made.

    Raises
    ------
    TrackingError
        There is none, or it cannot be opened.
    """
    uri = _absolute(config.uri, root)
    if uri.startswith(LOCAL) and not Path(uri.removeprefix(LOCAL)).is_file():
        raise TrackingError(f"no MLflow store at tracking.uri={config.uri} ({uri}); train first, or give another")
    with _opening(config.uri):
        if uri.startswith(LOCAL):
            _check_database(config.uri, Path(uri.removeprefix(LOCAL)))
        with alone(uri):
            MlflowClient(tracking_uri=uri, registry_uri=uri).search_experiments(max_results=1)
    return Store(uri, "", "", config.registered_model)


def in_experiment(store: Store, experiment_id: str) -> Store:
    """The same store, to log to the experiment of a run that is in it."""
    return replace(store, experiment_id=experiment_id, experiment=store.client.get_experiment(experiment_id).name)


def first_line(error: BaseException) -> str:
    """What an error says, in one line and without secrets."""
    text = str(error).strip() or type(error).__name__
    return mask(text.splitlines()[0][:300])


@contextlib.contextmanager
def plain_errors(store: Store) -> Iterator[None]:
    """Turn what the store refuses into one line of ours."""
    try:
        yield
    except FAILURES as error:
        raise TrackingError(f"{store.shown}: {first_line(error)}") from error


@contextlib.contextmanager
def alone(uri: str) -> Iterator[None]:
    """One process at a time, for a local store; a server looks after itself."""
    if not uri.startswith(LOCAL):
        yield
        return
    name = sha256(uri.encode()).hexdigest()[:16]
    with FileLock(Path(tempfile.gettempdir()) / f"patronage-mlflow-{name}.lock"):
        yield


@contextlib.contextmanager
def _opening(uri: str, example: str = "") -> Iterator[None]:
    try:
        yield
    except FAILURES as error:
        raise TrackingError(
            f"the MLflow store tracking.uri={mask(uri)} cannot be opened: {first_line(error)}; "
            "start its server, or give another store" + (f", such as tracking.uri={example}" if example else "")
        ) from error


def _experiment(client: MlflowClient, name: str, location: str | None) -> str:
    """The id of the experiment, which is made if it is new."""
    experiment = client.get_experiment_by_name(name)
    if experiment is None:
        return client.create_experiment(name, artifact_location=location)
    if experiment.lifecycle_stage != "active":
        raise TrackingError(
            f"the MLflow experiment {name!r} was deleted; restore it, or choose another by tracking.experiment=..."
        )
    return experiment.experiment_id


def _check_database(shown: str, database: Path) -> None:
    """Refuse a database in which MLflow would add its tables to somebody else's."""
    if not database.is_file() or database.stat().st_size == 0:
        return
    address = f"file:{quote(str(database))}?mode=ro"
    with contextlib.closing(sqlite3.connect(address, uri=True, timeout=20)) as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if tables and OURS not in tables:
        raise TrackingError(
            f"tracking.uri={shown} is no MLflow store, but a database with the tables {', '.join(sorted(tables)[:3])}; "
            "give a file of its own"
        )


def _absolute(uri: str, root: Path) -> str:
    if uri.startswith(LOCAL) and not uri.startswith(LOCAL + "/"):
        return LOCAL + str((root / uri.removeprefix(LOCAL)).resolve())
    return uri


def _write_ahead(uri: str) -> None:
    """Let readers and a writer share the database; it halves the time of runs at once."""
    with contextlib.closing(sqlite3.connect(uri.removeprefix(LOCAL), timeout=20)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
