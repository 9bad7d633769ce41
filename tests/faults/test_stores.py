"""Stores that are harmed, and addresses that lead nowhere: each ends with its exit code and one true line."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from faults.conftest import last_line


def damaged(project: Path) -> str:
    path = project / "harmed.db"
    whole = (project / "mlruns" / "mlflow.db").read_bytes()
    path.write_bytes(whole[:4096] + b"x" * 300_000 + whole[304_096:])
    return f"sqlite:///{path}"


def newer(project: Path) -> str:
    path = project / "harmed.db"
    shutil.copy(project / "mlruns" / "mlflow.db", path)
    with closing(sqlite3.connect(path)) as database:
        database.execute("UPDATE alembic_version SET version_num = 'ffffffffffff'")
        database.commit()
    return f"sqlite:///{path}"


def cut_off(project: Path) -> str:
    path = project / "harmed.db"
    path.write_bytes((project / "mlruns" / "mlflow.db").read_bytes()[:200_000])
    return f"sqlite:///{path}"


def a_text(project: Path) -> str:
    (project / "harmed.db").write_text("notes\n" * 1000)
    return f"sqlite:///{project}/harmed.db"


def of_something_else(project: Path) -> str:
    with closing(sqlite3.connect(project / "harmed.db")) as database:
        database.execute("CREATE TABLE notes (x)")
        database.commit()
    return f"sqlite:///{project}/harmed.db"


STORES = {
    damaged: (1, "is damaged"), newer: (1, "is of a newer MLflow"), cut_off: (1, "is damaged"),
    a_text: (1, "is no database"), of_something_else: (1, "is no MLflow store"),
}  # fmt: skip
ADDRESSES = {
    "http://127.0.0.1:9": (75, "does not answer"), "nonsense://x": (1, "is none that MLflow knows"),
    "postgresql+psycopg://u:hunter2@127.0.0.1:1/x": (None, ""),
    "sqlite:////proc/nowhere/mlflow.db": (1, "no MLflow store at tracking.uri="),
}  # fmt: skip


@pytest.mark.parametrize("harm", STORES, ids=lambda harm: harm.__name__)
def test_a_store_that_is_harmed(score, project, store, harm):
    uri = harm(project)
    before = Path(uri.removeprefix("sqlite:///")).read_bytes()
    code, _, err = score(uri=uri)
    expected, fact = STORES[harm]
    assert (code, fact in last_line(err)) == (expected, True)
    assert not (project / "out.parquet").exists()
    assert not list(project.glob(".*.scoring"))
    assert Path(uri.removeprefix("sqlite:///")).read_bytes() == before


@pytest.mark.parametrize("uri", ADDRESSES)
def test_an_address_that_leads_nowhere(score, project, monkeypatch, uri):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    code, out, err = score(uri=uri)
    expected, fact = ADDRESSES[uri]
    line = last_line(err)
    assert fact in line
    assert code in ((1, 75) if expected is None else (expected,))
    assert "hunter2" not in out + err
    assert not (project / "out.parquet").exists()
