"""Stores that are harmed, and addresses that lead nowhere: each ends with its exit code and one true line."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
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


class Odd(BaseHTTPRequestHandler):
    """What stands between us and an MLflow server, by the first part of the path."""

    def do_GET(self) -> None:
        kind = self.path.split("/")[1]
        if kind == "trickling":
            self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
            while not self.server.closing.wait(0.1):
                self.wfile.write(b" ")
            return
        self.send_response(200 if kind in ("page", "torn") else int(kind))
        content = b"<html>sign in, token=abcdefsecret99</html>"
        self.send_header("Location", "http://127.0.0.1:9/login")
        self.send_header("Content-Length", str(len(content) + 1000 * (kind == "torn")))
        self.end_headers()
        self.wfile.write(content)

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None: ...


@contextmanager
def odd_server():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Odd)
    server.closing, server.daemon_threads = threading.Event(), True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.closing.set()
        server.shutdown()
        server.server_close()


SERVERS = {
    "302": (75, "does not answer"), "401": (1, "refuses this user or host"), "403": (1, "refuses this user or host"),
    "404": (1, "is no MLflow server"), "429": (75, "answers with an error"), "500": (75, "answers with an error"),
    "502": (75, "answers with an error"), "503": (75, "answers with an error"), "page": (1, "is no MLflow server"),
    "torn": (75, "does not answer (Connection broken)"), "trickling": (75, "no whole answer within"),
}  # fmt: skip


@pytest.mark.parametrize("kind", SERVERS)
def test_a_server_that_answers_oddly(score, project, monkeypatch, kind):
    monkeypatch.setattr("patronage.tracking.store.PAUSES", 1)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with odd_server() as address:
        code, out, err = score(uri=f"{address}/{kind}")
    expected, fact = SERVERS[kind]
    assert (code, fact in last_line(err)) == (expected, True), err
    assert "secret" not in out + err
    assert not (project / "out.parquet").exists()
