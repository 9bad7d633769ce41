from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest

import forks
from patronage.config import TrackingConfig
from patronage.errors import TrackingError

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def tracking():
    from patronage import tracking

    return tracking


def test_the_default_store_lies_under_the_root_wherever_the_process_stands(tracking, tmp_path, monkeypatch):
    monkeypatch.chdir("/")
    store = tracking.open_store(TrackingConfig(experiment="one"), tmp_path)
    assert store.uri == f"sqlite:///{tmp_path}/mlruns/mlflow.db"
    found = store.client.get_experiment(store.experiment_id)
    assert found.artifact_location == (tmp_path / "mlruns" / "artifacts" / "one").as_uri()
    assert tracking.open_store(TrackingConfig(experiment="one"), tmp_path).experiment_id == store.experiment_id


@pytest.mark.parametrize(
    ("uri", "line", "retry"),
    [
        ("http://127.0.0.1:9", r"does not answer \(.*refused\); start its server, or try again later", True),
        ("./mlruns", "is none that MLflow knows .*; give sqlite:///FILE", False),
        ("nonsense://x", "is none that MLflow knows .*; give sqlite:///FILE", False),
        ("mysql+nodriver://u:p@127.0.0.1:9/x", "is none that MLflow knows|needs the driver", False),
    ],
)
def test_a_store_that_does_not_answer_is_one_line(tracking, tmp_path, uri, line, retry, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(TrackingError, match=rf"the MLflow store tracking.uri=.* {line}") as caught:
        tracking.open_store(TrackingConfig(uri=uri), tmp_path)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == (75 if retry else 1)


def test_a_deleted_experiment_is_said_to_be_deleted(tracking, tmp_path):
    store = tracking.open_store(TrackingConfig(experiment="gone"), tmp_path)
    store.client.delete_experiment(store.experiment_id)
    with pytest.raises(TrackingError, match="'gone' was deleted; restore it, or choose another"):
        tracking.open_store(TrackingConfig(experiment="gone"), tmp_path)


def test_a_local_store_is_made_whole_or_not_at_all(tmp_path, monkeypatch):
    """MLflow makes its tables one by one: a store that was killed on the way never opened again."""
    from patronage.tracking import store

    class Dying:
        def __init__(self, tracking_uri: str, registry_uri: str) -> None:
            self.path = tracking_uri.removeprefix("sqlite:///")

        def search_experiments(self, max_results: int) -> None:
            with contextlib.closing(sqlite3.connect(self.path)) as connection:
                connection.execute("CREATE TABLE alembic_version (version_num)")
            raise KeyboardInterrupt

    monkeypatch.setattr(store, "MlflowClient", Dying)
    with pytest.raises(KeyboardInterrupt):
        store.open_store(TrackingConfig(), tmp_path)
    assert [path.name for path in (tmp_path / "mlruns").iterdir() if path.name != ".mlflow.db.lock"] == []


@pytest.mark.slow
def test_eight_processes_can_open_a_cold_store_at_once(tmp_path):
    (tmp_path / "mlruns").mkdir()
    (tmp_path / "mlruns" / ".mlflow.db.growing").write_bytes(b"of a process that was killed")
    code = (
        "from pathlib import Path; from patronage.config import TrackingConfig; from patronage import tracking\n"
        f"store = tracking.open_store(TrackingConfig(experiment='rush'), Path({str(tmp_path)!r}))\n"
        "run = store.client.create_run(store.experiment_id)\n"
        "store.client.log_metric(run.info.run_id, 'x', 1.0)\n"
        "store.client.set_terminated(run.info.run_id)\n"
    )
    running = [forks.start("-c", code) for _ in range(8)]
    for process in running:
        process.communicate()
    assert [process.returncode for process in running] == [0] * 8
    from mlflow.client import MlflowClient

    client = MlflowClient(f"sqlite:///{tmp_path}/mlruns/mlflow.db")
    experiment = client.get_experiment_by_name("rush").experiment_id
    assert len(client.search_runs([experiment])) == 8
    assert Path(tmp_path, "mlruns", "mlflow.db").is_file()
    assert not list(Path(tmp_path, "mlruns").glob(".mlflow.db.growing*"))


def test_without_a_champion_there_is_none(tracking, tmp_path):
    store = tracking.open_store(TrackingConfig(experiment="empty", registered_model="patronage"), tmp_path)
    assert tracking.load_champion(store) is None
    store.client.create_registered_model("patronage")
    assert tracking.load_champion(store) is None


def test_a_champion_whose_files_are_gone_is_said_in_a_line(tracking, tmp_path):
    store = tracking.open_store(TrackingConfig(experiment="gone", registered_model="patronage"), tmp_path)
    run = store.client.create_run(store.experiment_id)
    store.client.create_registered_model("patronage")
    store.client.create_model_version("patronage", (tmp_path / "nowhere").as_uri(), run.info.run_id)
    store.client.set_registered_model_alias("patronage", "champion", "1")
    with pytest.raises(TrackingError, match="the champion, version 1 of patronage, cannot be read: .*; give the alias"):
        tracking.load_champion(store)


def test_a_log_has_a_registered_model_of_its_own_unless_one_is_named(tracking, tmp_path):
    store = tracking.open_store(TrackingConfig(), tmp_path, log="shop / north")
    assert store.registered_model == "patronage-shop-north"
    named = TrackingConfig(registered_model="ours")
    store = tracking.open_store(named, tmp_path, log="shop")
    assert store.registered_model == "ours"


def test_the_only_registered_model_is_meant_where_none_is_named(tracking, tmp_path):
    store = tracking.open_store(TrackingConfig(), tmp_path)
    with pytest.raises(TrackingError, match="no registered model in the store"):
        tracking.only_model(store)
    store.client.create_registered_model("patronage-a")
    assert tracking.only_model(store) == "patronage-a"
    store.client.create_registered_model("patronage-b")
    with pytest.raises(TrackingError, match=r"2 registered models \(patronage-a, patronage-b\)"):
        tracking.only_model(store)


def test_an_alias_that_moved_meanwhile_is_told_from_one_that_nothing_had(tracking, tmp_path):
    store = tracking.open_store(TrackingConfig(experiment="one", registered_model="m"), tmp_path)
    store.client.create_registered_model("m")
    for number in "12":
        store.client.create_model_version("m", f"file:///{tmp_path}/{number}")
    tracking.set_alias(store, "champion", "2", None)
    with pytest.raises(TrackingError, match="champion moved to version 2 while this was judged beside no champion"):
        tracking.set_alias(store, "champion", "1", None)
    with pytest.raises(TrackingError, match="moved to version 2 while this was judged beside version 1; try again"):
        tracking.set_alias(store, "champion", "1", "1")
