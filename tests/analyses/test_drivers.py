"""Drivers of survey answers, where the truth is planted: what drives, how much, and who answers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from patronage.analyses.drivers import _told, drivers
from patronage.errors import DataError

N = 6000


@pytest.fixture(scope="module")
def planted():
    """Speed lowers the answer by .5 per standard deviation, service lifts it by 1; the well served answer more."""
    rng = np.random.default_rng(3)
    speed, service, noise = rng.normal(size=(3, N))
    answer = 5 - 0.5 * speed + service + rng.normal(size=N)
    chance = 1 / (1 + np.exp(1.5 - 1.2 * service))
    behaviours = pd.DataFrame({"speed": speed, "service": service, "noise": noise, "again": service * 1.01 + 3})
    return behaviours, pd.Series(answer), pd.Series(answer).where(rng.random(N) < chance)


@pytest.fixture(scope="module")
def result(planted):
    behaviours, _, given = planted
    return drivers(behaviours, given, bootstraps=60, seed=0)


def test_planted_effects_lie_in_their_intervals(result):
    table = result.table.set_index("driver")
    for name, effect in {"speed": -0.5, "service": 1.0, "noise": 0.0}.items():
        assert table.loc[name, "low"] - 0.05 < effect < table.loc[name, "high"] + 0.05, name
    assert table.index[0] == "service"


def test_what_drives_is_found_and_noise_is_not(result):
    adjusted = result.table.set_index("driver")["p_value_adjusted"]
    assert (adjusted[["speed", "service"]] < 0.001).all()
    assert adjusted["noise"] > 0.05


def test_of_many_behaviours_without_an_effect_none_is_found():
    """Of 80 some intervals leave 0 out, as one in twenty does by chance."""
    rng = np.random.default_rng(11)
    behaviours = pd.DataFrame(rng.normal(size=(1500, 80))).rename(columns=str)
    table = drivers(behaviours, pd.Series(rng.normal(size=1500)), bootstraps=60, seed=0).table
    assert ((table["low"] > 0) | (table["high"] < 0)).any()
    assert (table["p_value_adjusted"] > 0.05).all()


def test_a_cause_is_found_beside_its_way_and_a_companion_is_not():
    """Half of what the cause does goes by a behaviour that it raises; the companion only comes with the cause."""
    rng = np.random.default_rng(5)
    cause = rng.normal(size=N)
    way, companion = cause + rng.normal(size=N), cause + rng.normal(size=N)
    behaviours = pd.DataFrame({"companion": companion, "cause": cause, "way": way})
    answers = pd.Series(0.3 * cause + 0.3 * way + rng.normal(size=N))
    table = drivers(behaviours, answers, bootstraps=60, seed=0).table.set_index("driver")
    assert (table.loc[["cause", "way"], "p_value_adjusted"] < 0.001).all()
    assert table.loc["companion", "p_value_adjusted"] > 0.05
    assert table.loc["companion", "low"] < 0 < table.loc["companion", "high"]


def test_the_weights_undo_who_answers(planted, result):
    _, everyone, _ = planted
    assert result.mean - everyone.mean() > 0.3  # those who answer are the well served
    assert abs(result.weighted_mean - everyone.mean()) < 0.12


def test_the_share_explained_is_measured_on_others(planted, result):
    assert result.explained == pytest.approx(1.25 / 2.25, abs=0.05)
    assert result.table["share"].sum() == pytest.approx(1)
    shares = result.table.set_index("driver")["share"]
    assert shares["service"] == pytest.approx(0.8, abs=0.06)
    behaviours, _, given = planted
    rng = np.random.default_rng(0)
    shuffled = pd.Series(rng.permutation(given.dropna()), given.dropna().index).reindex(given.index)
    assert drivers(behaviours, shuffled, bootstraps=20, seed=0).explained < 0.02


def test_of_behaviours_that_are_one_the_first_speaks(result):
    assert set(result.table["driver"]) == {"speed", "service", "noise"}


def test_too_few_answers_are_refused(planted):
    behaviours, everyone, _ = planted
    with pytest.raises(DataError, match="10 customers with 10 different answers; expected at least 50"):
        drivers(behaviours, everyone.where(everyone.index < 10), bootstraps=20, seed=0)


def test_none_alone_and_much_together_is_no_contradiction():
    assert _told(0, 74, "rating", 0.17) == (
        "none of 74 features goes with rating beyond chance by itself, beside the others; all together explain 17% of "
        "it for customers not fitted on"
    )
    assert _told(3, 74, "csat", -0.1).startswith("3 of 74 features go with csat beyond chance by themselves, beside ")
    assert "explain nothing of it" in _told(3, 74, "csat", -0.1)
