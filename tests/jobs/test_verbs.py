"""How a verb is composed and run as a Hydra app."""

from __future__ import annotations

import shutil

import pytest
from hydra._internal.hydra import Hydra
from omegaconf import OmegaConf

from conftest import BY_HAND, REPO

TWO = """
# @package _global_
hydra:
  mode: MULTIRUN
  sweeper:
    params:
      cutoff: 2024-02-01,2024-03-01
"""


@pytest.fixture
def orders(project):
    BY_HAND.to_csv(project / "orders.csv", index=False)
    return ["data=tables", "data.transactions.path=orders.csv"]


def test_no_file_of_ours_asks_for_a_sweep():
    """Or a command of one run would have to look for it, at the price of composing twice."""
    files = sorted((REPO / "conf").rglob("*.yaml"))
    modes = {file.name: OmegaConf.select(OmegaConf.load(file), "hydra.mode") for file in files}
    assert len(modes) > 30
    assert set(modes.values()) == {None}


@pytest.mark.slow
@pytest.mark.parametrize("place", ["command", "environment", "searchpath"])
def test_a_file_of_the_user_may_ask_for_a_sweep(project, orders, patronage, monkeypatch, place):
    mine = project / "mine"
    if place == "environment":  # a configuration tree of one's own, of which the file is a part
        shutil.copytree(REPO / "conf", mine)
        monkeypatch.setenv("PATRONAGE_CONF", str(mine))
    (mine / "experiment").mkdir(parents=True, exist_ok=True)
    (mine / "experiment" / "two.yaml").write_text(TWO)
    words = {"command": ["--config-dir", "mine"], "searchpath": [f"hydra.searchpath=[file://{mine}]"]}
    code, out, err = patronage("check", *words.get(place, []), "+experiment=two", *orders)
    assert code == 0, err
    assert out.count("rfm ") == 2, out  # the table of the lenses, twice


@pytest.mark.slow
@pytest.mark.parametrize("words", [["cutoff=2024-03-01"], ["cutoff=soon"], ["-m", "cutoff=2024-02-01,2024-03-01"]])
def test_hydra_is_left_as_it_was(orders, patronage, words):
    look = Hydra.get_mode
    patronage("check", *orders, *words)
    assert Hydra.get_mode is look
