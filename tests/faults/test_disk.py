"""A disk that is really full, at each place where a job writes: the old result stays, and the next job ends well."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from mlflow.client import MlflowClient

import forks

pytestmark = pytest.mark.slow

CUTOFF = "2023-07-01"
ROOMS = (4096, 20_000)  # bytes that are left: the first or a later piece of what is written does not fit


@pytest.fixture
def disk(tmp_path) -> Iterator[Path]:
    """A disk of 8 MB in memory."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m,mode=0777", "tmpfs", str(folder)]
    try:
        mounted = any(
            shutil.which(words[0]) and subprocess.run(words, capture_output=True, check=False).returncode == 0
            for words in (mount, ["sudo", "-n", *mount])
        )
    except OSError:
        mounted = False
    if not mounted:
        pytest.skip("this user may not mount a disk")
    yield folder
    unmount = ["umount", "-l", str(folder)]
    for words in (unmount, ["sudo", "-n", *unmount]):
        if shutil.which(words[0]) and subprocess.run(words, capture_output=True, check=False).returncode == 0:
            break


def fill(disk: Path, room: int) -> Path:
    """Leave so many bytes; gives the file to remove for more."""
    filler = disk / "filler"
    with filler.open("wb") as file:
        file.write(bytes(max(shutil.disk_usage(disk).free - room, 0)))
    return filler


@pytest.fixture
def score(registered, fitted, project, patronage):
    """Score with a store of our own; the artifacts stay where they are."""
    database = project / "mlruns" / "mlflow.db"
    with (
        closing(sqlite3.connect(registered.removeprefix("sqlite:///"))) as one,
        closing(sqlite3.connect(database)) as two,
    ):
        one.backup(two)

    def run(output: object, *more: str, cutoff: str = CUTOFF, store: Path = database):
        code, out, err = patronage(
            "score", "model=models:/patronage@champion", "data=tables", f"data.transactions.path={fitted.log}",
            f"cutoff={cutoff}", f"output={output}", f"tracking.uri=sqlite:///{store}", *more,
        )  # fmt: skip
        lines = [line for line in err.splitlines() if line.startswith("patronage: ")]
        assert len(lines) == (code != 0), err
        assert "Traceback" not in err
        assert "defect" not in err
        client = MlflowClient(f"sqlite:///{database}")
        everywhere = [each.experiment_id for each in client.search_experiments()]
        assert client.search_runs(everywhere, "attributes.status = 'RUNNING'") == []
        return code, out + err

    return run


def content(place: Path) -> bytes:
    return place.read_bytes() if place.is_file() else b"".join(path.read_bytes() for path in sorted(place.iterdir()))


@pytest.mark.parametrize("output", ["out.parquet", "out.csv", "parts", "duckdb"])
def test_of_the_output(score, disk, output):
    """Whichever piece does not fit, the old result stays; with room again, the next job replaces it."""
    target = f"duckdb://{disk}/shop.duckdb/out" if output == "duckdb" else disk / output
    place = disk / "shop.duckdb" if output == "duckdb" else disk / output

    def rows() -> list[tuple[str]]:
        with duckdb.connect(place, read_only=True) as old:
            return old.execute("SELECT DISTINCT CAST(cutoff AS VARCHAR) FROM out").fetchall()

    assert score(target)[0] == 0
    before = rows() if output == "duckdb" else content(place)
    for room in ROOMS:
        filler = fill(disk, room)
        code, message = score(target, cutoff="2023-09-01")
        assert code == 1, message
        assert "No space left" in message or "is full" in message
        assert (rows() if output == "duckdb" else content(place)) == before
        filler.unlink()
    assert score(target, cutoff="2023-09-01")[0] == 0
    assert (rows() if output == "duckdb" else content(place)) != before


def test_of_the_temporary_folder(score, disk, project, patronage, fitted, monkeypatch):
    """Tables do not fit: nothing is done. What is logged does not: the result is there, and its run waits."""
    monkeypatch.setattr(tempfile, "tempdir", str(disk))
    filler = fill(disk, 4096)
    code, _, err = patronage(
        "check", "data=tables", f"data.transactions.path={fitted.log}", "engine.memory_limit=200MB"
    )
    assert (code, "the disk of the working folder is full" in err.splitlines()[-1]) == (1, True)
    code, message = score("out.parquet")
    assert code == 0, message
    assert "out.parquet is complete; the run could not be logged" in message
    assert "or the temporary folder has no room left" in message
    assert [path.name for path in disk.iterdir()] == ["filler"]
    filler.unlink()
    assert patronage("relog", f"tracking.uri=sqlite:///{project}/mlruns/mlflow.db")[0] == 0
    assert list(disk.iterdir()) == []


def test_of_the_store_before_the_job(score, disk, project):
    store = disk / "mlflow.db"
    shutil.copy(project / "mlruns" / "mlflow.db", store)
    filler = fill(disk, 0)
    code, message = score("out.parquet", store=store)
    assert (code, "make room" in message) == (1, True), message
    assert not (project / "out.parquet").exists()
    filler.unlink()
    assert score("out.parquet", store=store)[0] == 0


def test_of_the_store_when_the_job_is_done(score, disk, project, patronage, fitted):
    """The result is there, its run waits, and the half one is closed by the next command."""
    store = disk / "mlflow.db"
    shutil.copy(project / "mlruns" / "mlflow.db", store)
    filler = fill(disk, 60_000)
    words = (
        "score", "model=models:/patronage@champion", "data=tables", f"data.transactions.path={fitted.log}",
        f"cutoff={CUTOFF}", "output=out.parquet", f"tracking.uri=sqlite:///{store}",
    )  # fmt: skip
    done = forks.run("-m", "patronage.cli", *words)
    filler.unlink()
    assert done.returncode == 0, done.stderr
    assert "out.parquet is complete; the run could not be logged" in done.stderr
    assert "has no room left" in done.stderr or "cannot be read or written" in done.stderr
    assert (project / "out.parquet").exists()
    assert patronage("relog", f"tracking.uri=sqlite:///{store}")[0] == 0
    client = MlflowClient(f"sqlite:///{store}")
    runs = client.search_runs([each.experiment_id for each in client.search_experiments()], "tags.kind = 'score'")
    assert {run.info.status for run in runs} <= {"FINISHED", "FAILED", "KILLED"}
    assert "FINISHED" in {run.info.status for run in runs}


@pytest.mark.parametrize("option", ["output=list.parquet", "model=learned"])
def test_of_the_list_and_the_model_of_an_effect(disk, project, patronage, option):
    rng = np.random.default_rng(5)
    trial = pd.DataFrame({"age": rng.uniform(20, 70, 400).round(1), "arm": rng.choice(["mail", "control"], 400)})
    trial.assign(spent=rng.normal(5, 1, 400)).to_csv("trial.csv", index=False)
    name, _, file = option.partition("=")
    words = ("effect", "path=trial.csv", "outcome=spent", "folds=2", f"{name}={disk / file}")
    filler = fill(disk, 0)
    code, _, err = patronage(*words)
    assert code == 1, err
    assert f"{name}={disk / file} cannot be written: " in err.splitlines()[-1]
    assert "No space left on device" in err.splitlines()[-1]
    assert [path.name for path in disk.iterdir()] == ["filler"]
    client = MlflowClient(f"sqlite:///{project}/mlruns/mlflow.db")
    assert client.search_runs([each.experiment_id for each in client.search_experiments()]) == []
    filler.unlink()
    assert patronage(*words)[0] == 0
    assert (disk / file).exists()


def test_of_the_page_of_a_check(disk, fitted, patronage):
    page = disk / "report.html"
    words = ("check", "data=tables", f"data.transactions.path={fitted.log}", f"output={page}")
    assert patronage(*words)[0] == 0
    before = page.read_bytes()
    fill(disk, 4096)
    code, _, err = patronage(*words)
    assert (code, "cannot be written: No space left on device" in err.splitlines()[-1]) == (1, True)
    assert page.read_bytes() == before
    assert sorted(path.name for path in disk.iterdir()) == ["filler", "report.html"]


def test_of_a_model_that_is_saved(disk, fitted):
    fill(disk, 20_000)
    with pytest.raises(OSError, match="No space left"):
        fitted.bundle.save(disk / "bundle")
