"""What a store says, and what it means."""

from __future__ import annotations

import pytest
from mlflow.exceptions import MlflowException

from patronage.tracking.refusals import refused

SAID = [
    ("(sqlite3.OperationalError) database is locked\n[SQL: INSERT ...]", "is locked by another process", 75),
    ("database disk image is malformed", "is damaged", 1),
    ("file is not a database", "is no database", 1),
    ("(sqlite3.OperationalError) table x already exists\n[SQL: CREATE ...]", "is half made: a process was", 1),
    ("(sqlite3.OperationalError) attempt to write a readonly database", "cannot be written by this user", 1),
    ("(sqlite3.OperationalError) unable to open database file", "cannot be written by this user", 1),
    ("(sqlite3.OperationalError) database or disk is full", "has no room left", 1),
    ("(sqlite3.OperationalError) disk I/O error", "cannot be read or written (disk I/O error); make room", 1),
    ("[Errno 28] No space left on device: '/tmp/x'", "or the temporary folder has no room left", 1),
    ("API request to endpoint failed with error code 503 != 200", "answers with an error (error code 503)", 75),
    ("API request failed with error code 403 != 200", "refuses this user or host", 1),
    ("API request to endpoint /api failed with error code 404 != 200", "is no MLflow server", 1),
    ("HTTPConnectionPool(host='x', port=9): Max retries exceeded (Caused by NewConnectionError(\"[Errno 111] "
     "Connection refused\"))", "does not answer ([Errno 111] Connection refused)", 75),
    ("HTTPConnectionPool(host='x', port=9): Read timed out. (read timeout=30)", "does not answer (Read timed out)", 75),
    ("HTTPConnectionPool(host='x', port=9): Max retries exceeded with url: /api (Caused by ResponseError('too many 429 "
     "error responses'))", "answers with an error (too many 429 error responses); look at its log, or try again", 75),
    ("API request to http://x failed with exception ('Connection broken: IncompleteRead(4 bytes read)')",
     "does not answer (Connection broken)", 75),
    ("API request to endpoint was successful but the response body was not in a valid JSON format. Response body: '<'",
     "is no MLflow server", 1),
    ("connection to server at \"127.0.0.1\", port 1 failed: Connection refused", "does not answer", 75),
    ("Can't locate revision identified by 'ffffffffffff'", "is of a newer MLflow than", 1),
    ("Detected out-of-date database schema (found version 451aebb31d03, but expected x)", "is of an older MLflow", 1),
    ("something else", "refuses: something else", 1),
]  # fmt: skip


@pytest.mark.parametrize(("words", "fact", "code"), SAID, ids=[words[:40] for words, *_ in SAID])
def test_one_line_and_a_code(words, fact, code):
    error = refused("the MLflow store x", MlflowException(words))
    assert str(error).startswith(f"the MLflow store x {fact}")
    assert "\n" not in str(error)
    assert error.exit_code == code


def test_a_driver_that_is_not_there():
    missing = ModuleNotFoundError("No module named 'psycopg'", name="psycopg")
    line = "x needs the driver psycopg; pip install 'patronage[postgresql]'"
    assert str(refused("x", missing)) == line


def test_no_password_and_no_customer():
    error = refused("x", MlflowException("cannot reach postgresql://anna:hunter2@db/mlflow"))
    assert "hunter2" not in str(error)
