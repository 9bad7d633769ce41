"""A trained shop, shared by all faults, a store of it to be harmed, and what is asked of every fault."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from mlflow.client import MlflowClient

from fitted import fitted, registered  # noqa: F401

CUTOFF = "2023-07-01"


@pytest.fixture
def store(registered, project) -> str:  # noqa: F811
    """A copy of the store of the trained shop, to be harmed; the artifacts stay where they are."""
    database = project / "mlruns" / "mlflow.db"
    with (
        closing(sqlite3.connect(registered.removeprefix("sqlite:///"))) as one,
        closing(sqlite3.connect(database)) as two,
    ):
        one.backup(two)
    return f"sqlite:///{database}"


@pytest.fixture
def score(patronage, fitted, store):  # noqa: F811
    def run(*more: str, cutoff: str = CUTOFF, log: object = fitted.log, uri: str = store, output: str = "out.parquet"):
        return patronage(
            "score", "model=models:/patronage@champion", "data=tables", f"data.transactions.path={log}",
            f"cutoff={cutoff}", f"output={output}", f"tracking.uri={uri}", *more,
        )  # fmt: skip

    return run


def last_line(err: str) -> str:
    lines = [line for line in err.splitlines() if line.startswith("patronage: ")]
    assert len(lines) == 1, err
    assert "Traceback" not in err
    assert "defect" not in err
    return lines[0]


def open_runs(uri: str) -> list[str]:
    client = MlflowClient(uri)
    everywhere = [one.experiment_id for one in client.search_experiments()]
    return [run.info.run_id for run in client.search_runs(everywhere, "attributes.status = 'RUNNING'")]
