"""What several tests need: a log by hand, a way through the door, an MLflow store of one's own."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import sys

os.environ.update(
    OMP_NUM_THREADS="1",  # two workers share the cores: threads of LightGBM would mostly wait for each other
    MLFLOW_DISABLE_TELEMETRY="true",
    MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR="false",
    MLFLOW_UV_AUTO_DETECT="false",
    MLFLOW_LOG_UV_FILES="false",
)

from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

import numpy as np
import pandas as pd
import pytest
from omegaconf import OmegaConf

from patronage import data
from patronage.config import DataConfig, LensesConfig, OccasionWindow, typed
from patronage.data import Tables, load_tables
from patronage.data.source import SourceTable
from patronage.engine import DuckDB

TESTS = Path(__file__).resolve().parent
REPO = TESTS.parent

# Ten rows that can be worked out by hand. Anna buys often, Ben once, Cleo twice on one day and sends one back,
# Dora comes only after the cutoff of the tests, 2024-03-01.
BY_HAND = pd.DataFrame(
    [
        ("anna", "2024-01-01 10:00", 10.00, "a1"),
        ("anna", "2024-01-11 10:00", 20.00, "a2"),
        ("anna", "2024-01-31 10:00", 30.50, "a3"),
        ("anna", "2024-02-10 18:30", 5.25, "a4"),
        ("ben", "2024-02-24 09:00", 99.99, "b1"),
        ("cleo", "2024-02-20 12:00", 40.00, "c1"),
        ("cleo", "2024-02-20 15:00", 2.00, "c2"),
        ("cleo", "2024-02-25 08:00", -40.00, "c3"),
        ("anna", "2024-03-01 00:00", 7.00, "a5"),
        ("dora", "2024-03-05 11:00", 50.00, "d1"),
    ],
    columns=["customer_id", "ordered_at", "amount", "order_id"],
).astype({"ordered_at": "datetime64[us]"})


def through_the_door(
    frame: pd.DataFrame,
    events: pd.DataFrame | None = None,
    customers: pd.DataFrame | None = None,
    attributes: tuple[str, ...] = (),
    **settings: object,
) -> Tables:
    """Frames as canonical tables."""
    engine = DuckDB(threads=2)
    sources = {}
    for name, table in {"transactions": frame, "events": events, "customers": customers}.items():
        if table is not None:
            engine.add_frame(f"raw_{name}", table)
            sources[name] = SourceTable(f"raw_{name}", {}, attributes=attributes if name == "customers" else ())
    return load_tables(engine, sources, DataConfig(name="tables", **settings))


@pytest.fixture(scope="module", autouse=True)
def own_surroundings() -> Iterator[None]:
    """What a file's tests leave in the environment ends with the file; MLflow keeps its addresses there as well."""
    with mock.patch.dict(os.environ):
        yield
    if mlflow := sys.modules.get("mlflow"):
        mlflow.set_tracking_uri(None)
        mlflow.set_registry_uri(None)


@pytest.fixture
def by_hand() -> Tables:
    return through_the_door(BY_HAND)


@pytest.fixture(scope="session")
def cdnow() -> Tables:
    return data.load(DuckDB(threads=2), DataConfig(name="cdnow", source="cdnow", money_decimals=2))


@pytest.fixture(scope="session")
def lens_settings() -> LensesConfig:
    """The shop's settings, with a calendar in which the ten rows have an occasion."""
    settings = typed(LensesConfig, OmegaConf.load(REPO / "conf" / "lenses" / "retail.yaml"))
    settings.occasion.calendar = {"carnival": OccasionWindow("02-10", "02-20")}
    return settings


@pytest.fixture(scope="session")
def shop() -> pd.DataFrame:
    """A small shop of two kinds of customers, 2022 to 2023: enough to train on in a second."""
    rng = np.random.default_rng(7)
    rows = []
    for number in range(400):
        often = number % 2 == 0
        day = rng.uniform(0, 300)
        lifetime = rng.exponential(500 if often else 200)
        began = day
        while day < min(began + lifetime, 720):
            amount = round(float(rng.gamma(4, 5 if often else 20)), 2)
            rows.append((f"c{number:03d}", pd.Timestamp("2022-01-01") + pd.Timedelta(days=day), amount))
            day += rng.exponential(20 if often else 90)
    frame = pd.DataFrame(rows, columns=["customer_id", "ordered_at", "amount"])
    return frame.assign(ordered_at=frame["ordered_at"].dt.floor("s"))


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory) -> Path:
    """A store of MLflow's without a run: to make the tables of one takes seconds, to copy it none."""
    from mlflow.client import MlflowClient

    database = tmp_path_factory.mktemp("empty_store") / "mlflow.db"
    MlflowClient(f"sqlite:///{database}").search_experiments()
    return database


def with_store(folder: Path, empty_store: Path) -> Path:
    """A project in this folder, whose store is there already."""
    (folder / "mlruns").mkdir()
    shutil.copy(empty_store, folder / "mlruns" / "mlflow.db")
    return folder


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, empty_store: Path) -> Path:
    """An empty project to run commands in."""
    with_store(tmp_path, empty_store)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PATRONAGE_ROOT", raising=False)
    return tmp_path


def command(*arguments: str) -> tuple[int, str, str]:
    """Run the command in this process and folder: exit code, standard output, standard error."""
    from patronage.cli import main

    os.environ.pop("PATRONAGE_ROOT", None)  # which the command before left
    out, err, code = io.StringIO(), io.StringIO(), 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main(list(arguments))
        except SystemExit as stop:
            code = int(stop.code or 0)
    return code, out.getvalue(), err.getvalue()


@pytest.fixture
def patronage(project: Path) -> Callable[..., tuple[int, str, str]]:
    """The command, in an empty project."""
    return command


LASTING = {
    "fitted",
    "registered",
    "bundle",
    "journey_holdout",
    "view",
    "recovered",
    "empty_store",
}  # fixtures that take seconds, once for many tests: a fit of all models, all lenses of simulated customers


SLOW = tuple(  # files and folders whose tests bear no mark of their own
    str(TESTS / name)
    for name in (
        "simulation", "data/test_charges.py", "data/test_returns.py", "data/test_row_rules.py", "data/test_signs.py",
        "data/test_whole_log.py", "lenses/test_occasion.py",
    )
)  # fmt: skip

LONG = (  # files of half a minute and more: begun last, one would keep a worker busy while the other has nothing to do
    "notebooks/test_notebooks.py", "jobs/test_train.py", "faults/test_jobs.py", "faults/test_killed_jobs.py",
    "faults/test_disk.py", "jobs/test_secrets.py", "jobs/test_review.py", "scoring/test_score.py", "test_bundle.py",
    "scoring/test_killed.py", "lenses/test_lenses.py", "training/test_words_of_real_personas.py",
    "jobs/test_analyse.py", "tracking/test_server.py", "jobs/test_reproduce.py", "jobs/test_effect.py",
    "jobs/test_backtest.py",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What stands on such a fixture is slow: its first test waits for it, whichever that is. So are whole worlds,
    and files of which each test is a log of its own. Long files begin.
    """
    for item in items:
        if LASTING & set(getattr(item, "fixturenames", ())) or str(item.path).startswith(SLOW):
            item.add_marker(pytest.mark.slow)
    items.sort(key=lambda item: not str(item.path).endswith(LONG))
