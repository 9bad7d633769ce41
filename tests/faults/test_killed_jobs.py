"""A job that is killed as it works or writes to the store leaves nothing that the next command does not put right."""

from __future__ import annotations

import json
import os
import shutil
import signal
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest

import forks
from conftest import with_store

pytestmark = pytest.mark.slow

SCRIPT = Path(__file__).with_name("dying_jobs.py")
SHOP = ("data=tables", "data.transactions.path=orders.parquet")
QUICK = ("horizon_days=90", "origins.most=1", "churn=btyd", "evaluation.bootstraps=20", "journey.cadence_classes=1")


class Look(NamedTuple):
    """How the job ended, what a reader of the store found, and what after the next command."""

    ended: dict
    found: dict
    after: dict


@pytest.fixture(scope="module")
def place(tmp_path_factory, shop, empty_store) -> Path:
    folder = with_store(tmp_path_factory.mktemp("killed"), empty_store)
    shop.to_parquet(folder / "orders.parquet", index=False)
    return folder


def killed(place: Path, stages: str, *words: str) -> list[Look]:
    """A look for each stage, and one after the job was left alone."""
    store = f"sqlite:///{place}/mlruns/mlflow.db"
    environment = os.environ | {"PATRONAGE_ROOT": str(place)}
    words = (str(SCRIPT), store, stages, *words, f"tracking.uri={store}")
    done = forks.run(*words, cwd=place, env=environment, timeout=500)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    looks = [Look(*lines[at : at + 3]) for at in range(0, len(lines), 3)]
    assert [look.ended["status"] for look in looks] == [signal.SIGKILL] * (len(looks) - 1) + [0], done.stderr
    return looks


@pytest.fixture(scope="module")
def training(place) -> list[Look]:
    stages = "step fitting,log_artifacts,create_model_version,set_terminated"
    personas = ("personas.k=3", "personas.bootstraps=3")
    return killed(place, stages, "train", *SHOP, "cutoff=2023-07-01", *QUICK, *personas, "name=first")


def test_a_training_leaves_no_open_run_and_no_half_model(training, place):
    *looks, last = training
    assert [look.found["open"] for look in looks] == [0, 1, 1, 1]  # which kill -9 cannot help
    for look in looks:
        assert (look.after["open"], look.after["pending"], look.after["finished"]) == (0, 0, 0), look
        assert look.after["champions"] in ([], [""])
    assert last.after["finished"] == 1
    assert last.after["versions"].count("FINISHED") == 1
    assert sorted(path.name for path in place.iterdir()) == ["mlruns", "orders.parquet"]


def test_a_promotion_leaves_the_old_champion_or_the_new_one(training, place):
    stages = "set_model_version_tag,set_registered_model_alias,set_tag"
    looks = killed(place, stages, "promote", "run=first", "force=true", "reason=the first one")
    champions = [look.found["champions"][0] for look in looks]
    assert champions[:2] == ["", ""]
    assert len(set(champions[2:])) == 1
    assert champions[-1]
    assert looks[-1].found["open"] == 0


def test_a_backtest_goes_on_and_leaves_no_open_run(training, place):
    rolling = ("rolling.first=2023-05-01", "rolling.last=2023-05-01")
    looks = killed(place, "log_batch,set_terminated", "backtest", *SHOP, *rolling, *QUICK)
    assert [look.found["open"] for look in looks] == [1, 1, 0]
    assert all(look.after["open"] == 0 for look in looks)
    assert looks[-1].after["finished"] == training[-1].after["finished"] + 1


def test_an_effect_leaves_no_open_run_and_no_half_list(place):
    rng = np.random.default_rng(5)
    arms = pd.DataFrame({"age": rng.uniform(20, 70, 400).round(1), "arm": rng.choice(["mail", "control"], 400)})
    arms.assign(spent=rng.normal(5, 1, 400) + (arms["arm"] == "mail")).to_csv(place / "trial.csv", index=False)
    results = ("output=list.parquet", "model=learned", "folds=2", "tracking.experiment=effects")
    looks = killed(place, "create_run,log_batch,set_terminated", "effect", "path=trial.csv", "outcome=spent", *results)
    assert [look.found["open"] for look in looks] == [0, 1, 1, 0]
    assert all(look.after["open"] == 0 for look in looks)
    # the last of the killed left both beside their places, which the job after it has taken
    assert not list(place.glob(".*growing"))
    assert (place / "learned" / "manifest.json").exists()
    assert len(pd.read_parquet(place / "list.parquet")) == 400
    shutil.rmtree(place / "learned")


def test_an_analysis_leaves_no_open_run(place):
    words = ("cutoff=2023-07-01", "only=[pyramid]", "tracking.experiment=analyses")
    looks = killed(place, "log_batch,set_terminated", "analyse", *SHOP, *words)
    assert [look.found["open"] for look in looks] == [1, 1, 0]
    assert all(look.after["open"] == 0 for look in looks)
    assert looks[-1].after["finished"] == 1 + looks[0].found["finished"]
