"""An MLflow server on a real PostgreSQL, and PostgreSQL itself as the store: several processes at the same moment."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pandas as pd
import pytest
from omegaconf import OmegaConf

import forks
from conftest import through_the_door
from mlflow_server import mlflow_server
from patronage.config import TrackingConfig
from patronage.errors import TrackingError
from patronage.names import Tag
from postgresql_server import postgresql_server

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def database():
    pytest.importorskip("psycopg", reason="needs patronage[postgresql]")
    with postgresql_server() as address:
        yield address


@pytest.fixture(scope="module")
def server(database, tmp_path_factory):
    backend = database.replace("/postgres?", "/served?")
    subprocess.run(["psql", database, "-qc", "CREATE DATABASE served"], check=True)
    with mlflow_server(tmp_path_factory.mktemp("server"), backend) as address:
        yield address


def in_eight_processes(code: str) -> list[int | None]:
    """The exit codes of eight processes that set off at the same moment."""
    running = [forks.start("-c", code.replace("NUMBER", str(number))) for number in range(8)]
    for process in running:
        process.communicate()
    return [process.returncode for process in running]


def experiment(uri: str, root: Path) -> str:
    """What an experiment does with its store: opens it, cold, and logs a run."""
    return (
        "from pathlib import Path; from patronage.config import TrackingConfig; from patronage import tracking\n"
        f"config = TrackingConfig(uri={uri!r}, experiment='rush')\n"
        f"store = tracking.open_store(config, Path({str(root)!r}))\n"
        "run = store.client.create_run(store.experiment_id)\n"
        "store.client.log_metric(run.info.run_id, 'x', NUMBER)\n"
        "store.client.log_text(run.info.run_id, 'text', 'NUMBER.txt')\n"
        "store.client.set_terminated(run.info.run_id)\n"
    )


def logged(uri: str) -> set[float]:
    from mlflow.client import MlflowClient

    client = MlflowClient(uri)
    runs = client.search_runs([client.get_experiment_by_name("rush").experiment_id], "attributes.status = 'FINISHED'")
    return {run.data.metrics["x"] for run in runs}


def test_eight_experiments_at_once_on_a_server(server, tmp_path):
    assert in_eight_processes(experiment(server, tmp_path)) == [0] * 8
    assert logged(server) == set(range(8))


def test_eight_experiments_at_once_on_a_cold_postgresql(database, tmp_path):
    subprocess.run(["psql", database, "-qc", "CREATE DATABASE cold"], check=True)
    uri = database.replace("/postgres?", "/cold?")
    assert in_eight_processes(experiment(uri, tmp_path)) == [0] * 8
    assert logged(uri) == set(range(8))


def test_a_postgresql_that_another_process_holds_is_to_be_tried_again(database, monkeypatch):
    import sqlalchemy

    from patronage.tracking import store

    monkeypatch.setattr(store, "LOCK_SECONDS", 1)
    engine = sqlalchemy.create_engine(database, poolclass=sqlalchemy.NullPool)
    with engine.connect() as other:
        other.execute(sqlalchemy.text(f"SELECT pg_advisory_lock({store.ADVISORY_LOCK})"))
        with pytest.raises(TrackingError, match="held by another process for 1 s") as caught, store.alone(database):
            pass
    assert caught.value.exit_code == 75
    with store.alone(database):  # which its connection let go
        pass


@pytest.fixture(scope="module")
def two_versions(server, fitted, tmp_path_factory):
    """A training that is logged twice: two versions of one registered model, neither of them champion."""
    from patronage import tracking

    place = tmp_path_factory.mktemp("trained")
    store = tracking.open_store(TrackingConfig(uri=server), place, log="tables")
    tables, assigned = through_the_door(pd.read_parquet(fitted.log)), fitted.bundle.assign(fitted.features)
    for name in ("first", "second"):
        config = OmegaConf.to_yaml(OmegaConf.structured(fitted.config))
        params = {"data": fitted.config.data.name, "horizon_days": str(fitted.config.horizon_days)}
        record = tracking.RunRecord(kind="train", name=name, started_ms=0, config=config, params=params)
        tracking.log_training(store, record, tables, fitted.bundle, fitted.features, assigned)
    return place


def started(place: Path, *words: str) -> forks.Process:
    return forks.start("-m", "patronage.cli", *words, cwd=place, env=os.environ | {"PATRONAGE_ROOT": str(place)})


def ended(job: forks.Process, *codes: int) -> str:
    _, err = job.communicate(timeout=300)
    assert job.returncode in codes, err
    return err


def test_of_two_promotions_at_once_one_moves_the_champion_and_the_other_is_to_be_tried_again(server, two_versions):
    """Neither knows a champion when it begins: whoever is later would else take the alias from the earlier unseen."""
    from patronage import tracking

    more = ("force=true", "reason=a race", f"tracking.uri={server}")
    jobs = [started(two_versions, "promote", f"run={name}", *more) for name in ("first", "second")]
    lines = [ended(job, 0, 75) for job in jobs]
    store = tracking.open_store(TrackingConfig(uri=server), two_versions, log="tables")
    champion = tracking.alias_version(store, "champion")
    before = store.client.get_model_version(store.registered_model, champion).tags[Tag.before("champion")]
    if sorted(job.returncode for job in jobs) == [0, 75]:  # at the same moment
        assert before == ""
        assert "try again" in "".join(lines)
    else:  # one after the other: the later one knew of the earlier one
        assert before == ({"1", "2"} - {champion}).pop()
    marks = store.client.get_registered_model(store.registered_model).tags
    assert not [key for key in marks if key.startswith(Tag.MOVING)]


class TestMarks:
    """Of a process that moves an alias on a server, by hand."""

    @pytest.fixture
    def store(self, server, two_versions):
        from patronage import tracking

        return tracking.open_store(TrackingConfig(uri=server), two_versions, log="tables")

    def test_another_is_waited_for(self, store, monkeypatch):
        from patronage.tracking import registry

        monkeypatch.setattr(registry, "WAIT_SECONDS", 0)
        store.client.set_registered_model_tag(store.registered_model, f"{Tag.MOVING}other", f"{time.time():.0f}")
        with pytest.raises(TrackingError, match="has been moving an alias of patronage-tables") as caught:
            registry.set_alias(store, "best", "1", None)
        assert caught.value.exit_code == 75
        assert registry.alias_version(store, "best") is None

    def test_one_that_died_long_ago_is_not(self, store):
        from patronage.tracking import registry

        store.client.set_registered_model_tag(store.registered_model, f"{Tag.MOVING}other", f"{time.time() - 3600:.0f}")
        registry.set_alias(store, "best", "1", None)
        assert registry.alias_version(store, "best") == "1"
