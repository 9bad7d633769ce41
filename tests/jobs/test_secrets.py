"""A password is nowhere in what a run printed or wrote: every file below the project is searched."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import forks
from mlflow_server import mlflow_server

pytestmark = pytest.mark.slow

PASSWORDS = ("hunter2-cli", "hunter2-env", "hunter2-conf", "0123456789abcdef-key")
AWAY = "http://anna:hunter2-cli@127.0.0.1:9"


def found_in(folder: Path, *printed: str) -> list[str]:
    """Where any of the passwords stands."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    written = [str(path) for path in files if any(word.encode() in path.read_bytes() for word in PASSWORDS)]
    return [*written, *(text for text in printed if any(word in text for word in PASSWORDS))]


@pytest.fixture
def secrets(monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "hunter2-env")
    monkeypatch.setenv("PATRONAGE_KEY", "0123456789abcdef-key")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")


CDNOW = ("data=cdnow", "cutoff=1998-01-01")


@pytest.mark.parametrize("debug", ["", "1"])
@pytest.mark.parametrize(
    "words",
    [
        ("train", "experiment=cdnow", f"tracking.uri={AWAY}"),
        ("train", "-m", "experiment=cdnow", "personas.k=3,4", f"tracking.uri={AWAY}"),
        ("train", "experiment=cdnow", f"tracking.uri={AWAY}", "typo=1"),
        ("score", "model=@champion", *CDNOW, "output=out.parquet", f"tracking.uri={AWAY}"),
        ("compare", "baseline=a", "candidate=b", f"tracking.uri={AWAY}"),
        ("check", "data=tables", "data.transactions.path=postgresql://anna:hunter2-cli@db/shop"),
        ("check", "data=tables", "data.transactions.path='postgres:host=db password=hunter2-cli'"),
        ("train", "--cfg", "job", "experiment=cdnow", f"tracking.uri={AWAY}"),
    ],
    ids=lambda words: " ".join(words[:3]),
)
def test_what_fails_tells_no_password(patronage, project, secrets, monkeypatch, words, debug):
    monkeypatch.setenv("PATRONAGE_DEBUG", debug)
    code, out, err = patronage(*words)
    assert code == (0 if "--cfg" in words else code) != 137
    assert found_in(project, out, err) == []
    assert not [name for name in os.environ if name.startswith("PATRONAGE_SECRET_")]


def test_the_line_still_names_the_server(patronage, secrets):
    code, _, line = patronage("compare", "baseline=a", "candidate=b", f"tracking.uri={AWAY}")
    assert code == 75
    assert "tracking.uri=http://anna:***@127.0.0.1:9 does not answer" in line


def test_a_password_in_the_configuration_files(patronage, project, monkeypatch, secrets):
    import shutil

    from patronage.config.places import conf_dir

    shutil.copytree(conf_dir(), project.parent / "conf", dirs_exist_ok=True)
    train = project.parent / "conf" / "train.yaml"
    address = "http://anna:hunter2-conf@127.0.0.1:9"
    train.write_text(train.read_text().replace("sqlite:///mlruns/mlflow.db", address))
    monkeypatch.setenv("PATRONAGE_CONF", str(project.parent / "conf"))
    code, out, err = patronage("train", "experiment=cdnow")
    assert code == 75
    assert "http://anna:***@127.0.0.1:9 does not answer" in err
    code, *more = patronage("train", "-m", "experiment=cdnow", "personas.k=3,4")
    assert code == 75
    assert found_in(project, out, err, *more) == []


@pytest.mark.slow
def test_a_server_with_a_password(fitted, project, tmp_path_factory):
    """A training, a scoring and a sweep that fails, through an address with a password; what they leave is searched."""
    served = tmp_path_factory.mktemp("served")
    destination = ("--artifacts-destination", str(served / "artifacts"))
    with mlflow_server(served, f"sqlite:///{served}/mlflow.db", *destination) as address:
        uri = f"tracking.uri={address.replace('://', '://anna:hunter2-cli@')}"
        log = ("data=tables", f"data.transactions.path={fitted.log}", "cutoff=2023-07-01", uri)
        train = ("horizon_days=90", "origins.most=1", "personas.k=3", "personas.bootstraps=3", "churn.max_rounds=20",
                 "churn.season=false", "journey.cadence_classes=1", "evaluation.bootstraps=20",
                 "churn=btyd")  # fmt: skip
        environment = os.environ | {"MLFLOW_TRACKING_PASSWORD": "hunter2-env"}
        for code, *words in (
            (0, "train", *log, *train, "name=first"),
            (0, "promote", "run=first", "force=true", "reason=password=hunter2-cli", uri),
            (0, "score", *log, "model=@champion", "output=out.parquet"),
            (2, "train", "-m", *log, *train, "seed=1", "cutoff=2022-01-20"),  # a child that has nothing to learn from
        ):
            done = forks.run("-m", "patronage.cli", *words, cwd=project, env=environment)
            assert done.returncode == code, done.stderr
            assert found_in(project, done.stdout, done.stderr) == []
        assert found_in(served) == []
