"""The place of runs: a local database by default, a server by its address."""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

import sqlalchemy
from filelock import FileLock, Timeout
from mlflow.client import MlflowClient
from mlflow.environment_variables import MLFLOW_HTTP_REQUEST_MAX_RETRIES, MLFLOW_HTTP_REQUEST_TIMEOUT
from mlflow.exceptions import MlflowException

from patronage import temporary
from patronage.config import StoreConfig, TrackingConfig
from patronage.errors import TrackingError
from patronage.masking import mask, without_user
from patronage.tracking.abandoned import close_abandoned
from patronage.tracking.refusals import FAILURES, refused

LOCAL = "sqlite:///"
POSTGRESQL = "postgresql"
ADVISORY_LOCK = 7_061_747_726  # any number will do, if all of our processes use the same
PAUSES = 15  # seconds between the attempts of a request, all together
LOCK_SECONDS = 120  # another process needs far less to migrate a cold store, or to register a model
OURS = "alembic_version"  # a table of every MLflow database


@dataclass(frozen=True)
class Store:
    """An open MLflow store and the experiment to log to.

    Attributes
    ----------
    registered_model
        That of the log, or of the configuration; empty where a run is looked at, which has its own.
    copy_of
        The address of a local store that this user may only read: `uri` is a private copy of it then.
    """

    uri: str
    experiment_id: str
    experiment: str
    registered_model: str
    copy_of: str = ""

    @property
    def client(self) -> MlflowClient:
        return MlflowClient(tracking_uri=self.uri, registry_uri=self.uri)

    @property
    def is_local(self) -> bool:
        return self.uri.startswith(LOCAL)

    @property
    def shown(self) -> str:
        """The address without its password, to be printed and logged."""
        return mask(self.copy_of or self.uri)

    @property
    def pages(self) -> str:
        """The address of MLflow's pages: the server's, or that of one to be started on this machine."""
        return without_user(self.uri).rstrip("/") if self.uri.startswith("http") else "http://127.0.0.1:5000"


def open_store(config: TrackingConfig, root: Path, *, log: str = "", reading: bool = False) -> Store:
    """Reach the store, make it if it is a new local one, and find or make the experiment.

    `sqlite:///mlruns/mlflow.db` means the one under `root`, wherever the process stands; artifacts lie beside it.

    Parameters
    ----------
    log
        The name of the log, by which its registered model is named.
    reading
        Whether what is looked for is in the store already: one that this user may only read will do, a new one not.

    Raises
    ------
    TrackingError
        The store cannot be reached or opened, or is a database of something else.
    """
    uri, location, copy_of = _absolute(config.uri, root), None, ""
    with _opening(config.uri):
        if uri.startswith(LOCAL):
            database = Path(uri.removeprefix(LOCAL))
            _check_database(config.uri, database)
            if reading and not database.exists():
                raise _absent(config.uri, uri)
            location = (_artifacts(database) / config.experiment).as_uri()
            if not _is_writable(database):
                if not (reading and database.exists()):
                    raise PermissionError(f"Permission denied: {database}")
                uri, copy_of = f"{LOCAL}{_snapshot(database)}", uri
            else:
                database.parent.mkdir(parents=True, exist_ok=True)
        with alone(uri):  # several processes that migrate one cold database corrupt it, and a client migrates
            if uri.startswith(LOCAL):
                _make_database(Path(os.path.realpath(uri.removeprefix(LOCAL))))
            client = MlflowClient(tracking_uri=uri, registry_uri=uri)
            _await_server(client, uri)
            experiment_id = _experiment(client, config.experiment, location)
            if uri.startswith(LOCAL):
                _write_ahead(uri)
        store = Store(uri, experiment_id, config.experiment, config.registered_model or model_of(log), copy_of)
        close_abandoned(store.client)
    return store


def places_of(config: TrackingConfig, root: Path) -> tuple[Path, ...]:
    """The database of a local store and the folder beside it in which its runs lie; nothing of a server."""
    uri = _absolute(config.uri, root)
    if not uri.startswith(LOCAL):
        return ()
    database = Path(uri.removeprefix(LOCAL))
    return database, _artifacts(database)


def find_store(config: StoreConfig, root: Path) -> Store:
    """Reach a store that exists, to look at what is in it; nothing is made.

    Raises
    ------
    TrackingError
        There is none, or it cannot be opened.
    """
    uri = _absolute(config.uri, root)
    if uri.startswith(LOCAL) and not Path(uri.removeprefix(LOCAL)).is_file():
        raise _absent(config.uri, uri)
    with _opening(config.uri):
        if uri.startswith(LOCAL):
            _check_database(config.uri, Path(uri.removeprefix(LOCAL)))
        with alone(uri):
            client = MlflowClient(tracking_uri=uri, registry_uri=uri)
            _await_server(client, uri)
            close_abandoned(client)
    return Store(uri, "", "", config.registered_model or "")


def _artifacts(database: Path) -> Path:
    return database.parent / "artifacts"


def _absent(shown: str, uri: str) -> TrackingError:
    return TrackingError(f"no MLflow store at tracking.uri={shown} ({uri}); train first, or give another")


def model_of(log: str) -> str:
    """The name of the registered model of a log."""
    return f"patronage-{re.sub(r'[^A-Za-z0-9_.]+', '-', log).strip('-')}" if log else ""


def with_model(store: Store, name: str) -> Store:
    """The same store, for a registered model; where the configuration names one, that stays."""
    return replace(store, registered_model=store.registered_model or name)


def in_experiment(store: Store, experiment_id: str) -> Store:
    """The same store, to log to the experiment of a run that is in it."""
    return replace(store, experiment_id=experiment_id, experiment=store.client.get_experiment(experiment_id).name)


@contextlib.contextmanager
def plain_errors(store: Store) -> Iterator[None]:
    """Turn what the store refuses into one line of ours."""
    try:
        yield
    except FAILURES as error:
        raise refused(f"the MLflow store {store.shown}", error) from error


@contextlib.contextmanager
def alone(uri: str) -> Iterator[None]:
    """One process at a time, where the store itself is opened; a server looks after its own.

    The lock of a local store lies beside the database, with its rights: a user who may write the one may hold the
    other. PostgreSQL has a lock of its own, which ends with the connection. Other databases have none here: let one
    command end before several begin on a new one.

    Raises
    ------
    TrackingError
        Another process has held it for minutes.
    """
    if uri.startswith(POSTGRESQL):
        with _alone_on_postgresql(uri):
            yield
        return
    if not uri.startswith(LOCAL):
        yield
        return
    database = Path(uri.removeprefix(LOCAL))
    mode = database.stat().st_mode & 0o666 if database.exists() else 0o644
    lock = FileLock(database.with_name(f".{database.name}.lock"), timeout=LOCK_SECONDS, mode=mode)
    try:
        lock.acquire()
    except Timeout:
        raise _held(uri, f" (its lock is {lock.lock_file})") from None
    try:
        yield
    finally:
        lock.release()


@contextlib.contextmanager
def _alone_on_postgresql(uri: str) -> Iterator[None]:
    engine = sqlalchemy.create_engine(uri, poolclass=sqlalchemy.NullPool)
    with engine.connect() as connection:
        connection.execute(sqlalchemy.text(f"SET lock_timeout = '{LOCK_SECONDS}s'"))
        try:
            connection.execute(sqlalchemy.text(f"SELECT pg_advisory_lock({ADVISORY_LOCK})"))
        except sqlalchemy.exc.OperationalError as error:
            if "lock timeout" not in str(error):  # the connection broke: another fault
                raise
            raise _held(mask(uri)) from None
        yield


def _held(uri: str, lock: str = "") -> TrackingError:
    return TrackingError(
        f"the MLflow store {uri} has been held by another process for {LOCK_SECONDS} s{lock}; try again later",
        retry=True,
    )


@contextlib.contextmanager
def _opening(uri: str) -> Iterator[None]:
    try:
        yield
    except FAILURES as error:
        raise refused(f"the MLflow store tracking.uri={mask(uri)}", error) from error


def _await_server(client: MlflowClient, uri: str) -> None:
    """Ask a server something small, and wait no longer than all attempts of a request may take.

    The timeout of a request begins anew with each byte: an answer that trickles in would never end.

    Raises
    ------
    TimeoutError
        The answer has not ended by then.
    """
    if not uri.startswith("http"):
        return
    seconds = MLFLOW_HTTP_REQUEST_TIMEOUT.get() * (1 + MLFLOW_HTTP_REQUEST_MAX_RETRIES.get()) + PAUSES
    failures: list[BaseException] = []

    def ask() -> None:
        try:
            client.search_experiments(max_results=1)
        except BaseException as error:
            failures.append(error)

    asking = threading.Thread(target=ask, daemon=True)  # which holds up no exit
    asking.start()
    asking.join(seconds)
    if asking.is_alive():
        raise TimeoutError(f"timed out: no whole answer within {seconds} s")
    if failures:
        raise failures[0]


def _make_database(database: Path) -> None:
    """Make the database of a new local store, whole or not at all.

    MLflow makes and changes its tables one by one; where it is killed on the way, what it leaves opens never again.
    """
    if database.exists() and database.stat().st_size:
        return
    growing, whole = (database.with_name(f".{database.name}.{state}") for state in ("growing", "whole"))
    files = [path.with_name(path.name + part) for path in (growing, whole) for part in ("", "-journal", "-wal", "-shm")]
    try:
        for file in files:  # of a process that was killed here
            file.unlink(missing_ok=True)
        address = f"{LOCAL}{growing}"
        MlflowClient(tracking_uri=address, registry_uri=address).search_experiments(max_results=1)
        with (
            contextlib.closing(sqlite3.connect(growing, timeout=20)) as source,
            contextlib.closing(sqlite3.connect(whole)) as target,
        ):
            source.backup(target)
        whole.replace(database)
    finally:
        for file in files:
            file.unlink(missing_ok=True)


def _is_writable(database: Path) -> bool:
    """Whether this user may write a database, and the files that SQLite keeps beside it."""
    folder = next(parent for parent in database.parents if parent.exists())
    return os.access(folder, os.W_OK) and (not database.exists() or os.access(database, os.W_OK))


def _snapshot(database: Path) -> Path:
    """A private copy of a database that may only be read: SQLite writes beside what it opens."""
    copy = temporary.for_ever() / database.name
    for how in ("mode=ro", "immutable=1"):
        with contextlib.suppress(sqlite3.OperationalError):
            address = f"file:{quote(str(database))}?{how}"
            with (
                contextlib.closing(sqlite3.connect(address, uri=True, timeout=20)) as source,
                contextlib.closing(sqlite3.connect(copy)) as target,
            ):
                source.backup(target)
            return copy
    raise PermissionError(f"Permission denied: {database}")


def _experiment(client: MlflowClient, name: str, location: str | None) -> str:
    """The id of the experiment, which is made if it is new."""
    experiment = client.get_experiment_by_name(name)
    if experiment is None:
        try:
            return client.create_experiment(name, artifact_location=location)
        except MlflowException as error:
            experiment = client.get_experiment_by_name(name)  # another process may have made it this moment
            if experiment is None:
                raise error
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
        if connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
            connection.execute("PRAGMA journal_mode = WAL")
