"""Places that a scoring may not replace, cannot reach or must wait for: a code, one true line, and everything stays."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pytest

from faults.conftest import last_line, open_runs


def content(folder: Path) -> dict[str, int]:
    """What stands in a folder, but for the logs that a database keeps while it is open."""
    return {
        path.relative_to(folder).as_posix(): path.stat().st_size
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.endswith(("-wal", "-shm", ".lock"))
    }


def a_repository(project: Path) -> None:
    (project / "work" / ".git").mkdir(parents=True)
    (project / "work" / ".git" / "HEAD").write_text("ref: refs/heads/main")


def contacts(project: Path) -> None:
    sent = pd.DataFrame({"customer_id": ["c1"], "contacted_at": ["2023-05-01"], "arm": ["mail"]})
    sent.to_parquet(project / "contacts.parquet")


NOT_EVEN_BY_FORCE = {  # output to how it is made, further words, and the fact
    "mlruns": (None, (), "which patronage needs"),
    "mlruns/artifacts": (None, (), "which patronage needs"),
    "work": (a_repository, (), "holds a repository of git"),
    "work/.git": (a_repository, (), "holds a repository of git"),
    "contacts.parquet": (contacts, ("data.contacts.path=contacts.parquet",), "which this job reads"),
}


@pytest.mark.parametrize("output", NOT_EVEN_BY_FORCE)
def test_what_force_does_not_give_up(score, project, store, output):
    make, words, fact = NOT_EVEN_BY_FORCE[output]
    (project / "mlruns" / "artifacts").mkdir()
    if make is not None:
        make(project)
    before = content(project)
    code, _, err = score("force=true", *words, output=output)
    assert (code, fact in last_line(err)) == (1, True)
    assert content(project) == before
    assert open_runs(store) == []


@pytest.mark.parametrize(
    ("output", "fact"),
    [("a" * 300 + ".parquet", "File name too long; give a shorter name"), ("/dev/null", "is in the way")],
)
def test_names_that_are_no_place_for_a_result(score, project, output, fact):
    before = content(project)
    code, _, err = score(output=output)
    assert (code, fact in last_line(err)) == (1, True)
    assert content(project) == before


def test_a_store_that_is_not_there_is_not_made(score, project):
    code, _, err = score(uri=f"sqlite:///{project}/nowhere/mlflow.db")
    assert (code, "no MLflow store at tracking.uri=" in last_line(err)) == (1, True)
    assert not (project / "nowhere").exists()


@contextmanager
def held(database: Path) -> Iterator[int]:
    """A DuckDB file that another process has open; gives the number of the process."""
    hold = f"import duckdb; c = duckdb.connect({str(database)!r}); print(c.execute('SELECT 1').fetchone()); input()"
    holder = subprocess.Popen(
        [sys.executable, "-uc", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )  # fmt: skip
    try:
        holder.stdout.readline()
        yield holder.pid
    finally:
        holder.communicate("\n")


class TestADatabaseThatAnotherProcessHasOpen:
    """The commonest fault of a night: a dashboard reads where the result goes, or a load still writes the log."""

    def test_as_the_output(self, score, project, store):
        with held(project / "shop.duckdb") as process:
            code, _, err = score(output="duckdb://shop.duckdb/scores")
        assert (code, f"another process (process {process}) has the database open" in last_line(err)) == (75, True)
        assert open_runs(store) == []
        assert score(output="duckdb://shop.duckdb/scores")[0] == 0

    def test_as_the_log(self, score, project):
        with held(project / "shop.duckdb"):
            code, _, err = score("data.transactions.table=orders", log=project / "shop.duckdb")
        assert (code, "has the database open; let it end, then start again" in last_line(err)) == (75, True)
        assert not (project / "out.parquet").exists()


def test_a_database_server_that_is_away_is_to_be_tried_again(score, project):
    pytest.importorskip("adbc_driver_postgresql")
    address = "postgresql://reader:hunter2@127.0.0.1:1/shop"
    code, out, err = score("data.transactions.table=orders", log=address)
    assert (code, "try again later" in last_line(err)) == (75, True)
    assert "hunter2" not in out + err
