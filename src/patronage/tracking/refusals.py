"""What a store that refuses means: one true line, and whether it helps to try again later."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import mlflow
from alembic.util import CommandError
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE, RESOURCE_DOES_NOT_EXIST, ErrorCode
from sqlalchemy.exc import SQLAlchemyError

from patronage.errors import TrackingError
from patronage.masking import mask

# What MLflow, its database and its driver raise
FAILURES = (MlflowException, SQLAlchemyError, CommandError, sqlite3.Error, OSError, ImportError)


ABSENT = {ErrorCode.Name(code) for code in (RESOURCE_DOES_NOT_EXIST, INVALID_PARAMETER_VALUE)}


class Refusal(NamedTuple):
    """What is so, what to do about it, and whether that is to wait."""

    fact: str
    advice: str
    retry: bool = False


DRIVERS = {
    "psycopg": "pip install 'patronage[postgresql]'",
    "psycopg2": "pip install 'patronage[postgresql]'",
    "MySQLdb": "pip install mysqlclient",
}
LOCKED = Refusal("is locked by another process", "try again later", retry=True)
CORRUPT = Refusal("is damaged", "restore it from a backup, or give another store")
FOREIGN = Refusal("is no database", "give another store, such as tracking.uri=sqlite:///mlruns/mlflow.db")
INCOMPLETE = Refusal(
    "is half made: a process was killed as it made or upgraded its tables",
    "move it away if it holds no runs, else restore it from a backup, then start again",
)
READ_ONLY = Refusal("cannot be written by this user", "give the rights, or another store")
NOWHERE = Refusal("cannot be made there", "make its folder, or give another store")
BROKEN = Refusal("cannot be read or written", "make room if its disk is full; else restore it from a backup")
FULL = Refusal("has no room left", "make room, then start again")
NO_ROOM = Refusal("or the temporary folder has no room left", "make room in both, or set TMPDIR, then start again")
REFUSED = Refusal(
    "refuses this user or host",
    "give MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or start the server with --allowed-hosts",
)
NO_SERVER = Refusal("is no MLflow server", "give the address of one, such as tracking.uri=http://mlflow:5000")
AWAY = Refusal("does not answer", "start its server, or try again later", retry=True)
FAILING = Refusal("answers with an error", "look at its log, or try again later", retry=True)
UNKNOWN = Refusal("is none that MLflow knows", "give sqlite:///FILE, http://HOST:PORT or postgresql://...")

# The first that matches holds
SIGNS: tuple[tuple[str, Refusal], ...] = (
    (r"is locked|deadlock detected|could not obtain lock", LOCKED),
    (r"malformed", CORRUPT),
    (r"disk I/O error", BROKEN),  # also what SQLite makes of a full disk
    (r"is not a database", FOREIGN),
    (r"table \w+ already exists|duplicate column name|no such table", INCOMPLETE),
    (r"readonly database|read-only|[Pp]ermission denied|unable to open database file", READ_ONLY),
    (r"No such file or directory|Not a directory", NOWHERE),
    (r"disk is full", FULL),
    (r"No space left|[Qq]uota exceeded", NO_ROOM),
    (r"\b40[13]\b|password authentication failed|Invalid Host", REFUSED),
    (r"error code 404|status code 404|expected status code 200|JSONDecodeError|valid JSON", NO_SERVER),
    (r"too many \d{3} error responses|\b(429|50[0234])\b", FAILING),
    (
        r"Max retries|timed out|Connection|connection (refused|to server|failed|closed)"
        r"|server closed|RemoteDisconnected|No route|Can't connect",
        AWAY,
    ),
    (r"functionality is unavailable|[Uu]nsupported URI|Could not parse|filesystem tracking|load plugin", UNKNOWN),
)  # fmt: skip
SCHEMA = re.compile(r"found version (\w+)|identified by '(\w+)'")


def refused(place: str, error: BaseException) -> TrackingError:
    """The one line about a store that refused.

    Parameters
    ----------
    place
        The store as a message calls it, such as `the MLflow store tracking.uri=...`.
    """
    refusal, detail = understood(error)
    return TrackingError(f"{place} {refusal.fact}{detail}; {refusal.advice}", retry=refusal.retry)


def understood(error: BaseException) -> tuple[Refusal, str]:
    """What an error of a store means, and its own words where they say more."""
    if isinstance(error, ImportError):
        name = error.name or "?"
        return Refusal(f"needs the driver {name}", DRIVERS.get(name, f"pip install {name}")), ""
    words = " ".join(str(error).split())
    if match := SCHEMA.search(words):
        return _of_schema(match[1] or match[2]), ""
    refusal = next((each for sign, each in SIGNS if re.search(sign, words)), None)
    if refusal is None:
        return Refusal("refuses", "give another store, or look there for the cause"), f": {first_line(error)}"
    return refusal, f" ({_short(words)})"


def is_absent(error: BaseException) -> bool:
    """Whether a store only has not got what was asked for: a model, a version, an alias, a run, a file."""
    if isinstance(error, MlflowException):
        return error.error_code in ABSENT
    return isinstance(error, FileNotFoundError)


def first_line(error: BaseException) -> str:
    """What an error says, in one line and without secrets."""
    text = str(error).strip() or type(error).__name__
    return mask(text.splitlines()[0][:300])


def _of_schema(revision: str) -> Refusal:
    """Older or newer: MLflow says "out-of-date" of both."""
    if any(Path(mlflow.__file__).parent.glob(f"store/db_migrations/versions/{revision}*")):
        return Refusal("is of an older MLflow", "make a backup, then `mlflow db upgrade` it")
    return Refusal(
        f"is of a newer MLflow than {mlflow.__version__}, or of none", "install that MLflow here, or give another store"
    )


def _short(words: str) -> str:
    """The heart of a long message: the innermost cause."""
    heart: Callable[[str], re.Match[str] | None] = re.compile(
        r"\[Errno -?\d+\] [^'\")\]]+|[Rr]ead timed out|timed out: no whole answer within \d+ s|"
        r"Failed to resolve '[^']*'|error code \d+|too many \d+ error responses|Connection broken|"
        r"not in a valid JSON format|\(\w*sqlite3\.\w+\) ([^(\[]+)|password authentication failed[^(]*"
    ).search
    if match := heart(words):
        return mask((match[1] or match[0]).strip())
    return mask(words[:120])
