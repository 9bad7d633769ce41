"""Effects by label, rankings and plans: by hand, and of a trial whose effects were planted."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from patronage.evaluation.effects import (
    TREND,
    customers_needed,
    effects_by_days,
    effects_by_label,
    effects_by_pressure,
    ranking,
    separation,
)

ARMS = ["control", "mail"]


def scores(effect: np.ndarray, seed: int = 0) -> np.ndarray:
    """Doubly robust scores of customers with a noise of 1."""
    rng = np.random.default_rng(seed)
    return np.column_stack([rng.normal(0, 0.5, len(effect)), effect + rng.normal(0, 0.5, len(effect))])


def test_labels_that_gain_are_harmed_and_neither():
    labels = pd.DataFrame({"stage": np.repeat(["loyal", "at_risk", "churned", "few"], [400, 400, 400, 20])})
    effect = np.repeat([0.5, -0.5, 0.0, 5.0], [400, 400, 400, 20])
    table = effects_by_label(labels, ARMS, scores(effect)).set_index("label")
    assert table["finding"].to_dict() == {"at_risk": "is harmed", "churned": "no effect found", "loyal": "gains"}
    assert table.loc["loyal", "low"] < 0.5 < table.loc["loyal", "high"]


def test_of_many_labels_without_an_effect_hardly_any_is_found():
    labels = pd.DataFrame({"persona": np.arange(8000) % 40})
    counts = [(effects_by_label(labels, ARMS, scores(np.zeros(8000), seed))["finding"] != "no effect found").sum()
              for seed in range(10)]  # fmt: skip
    assert np.mean(counts) < 0.5


def test_the_labelling_that_separates_effects_comes_first():
    halves, noise = np.arange(2000) % 2, np.random.default_rng(1).integers(0, 5, 2000)
    table = separation(pd.DataFrame({"noise": noise, "halves": halves}), ARMS, scores(halves.astype(float)))
    assert table["labels"].tolist() == ["halves", "noise"]
    assert table["spread"].iloc[0] == pytest.approx(0.5, abs=0.1)
    assert table["spread"].iloc[1] < 0.1


def test_a_ranking_by_the_true_effect_beats_chance_and_its_reverse_loses():
    effect = np.linspace(-1, 1, 2000)
    difference = effect + np.random.default_rng(0).normal(0, 0.5, 2000)
    right, wrong = ranking(effect, difference), ranking(-effect, difference)
    assert right["qini"][1] > 0
    assert wrong["qini"][2] < 0
    # the area between the curve of cumulated gain, (t - t^2) of 2 times its mean slope, and chance is 1 / 6
    assert right["qini"][0] == pytest.approx(1 / 6, abs=0.02)
    low, high = ranking(np.random.default_rng(3).normal(size=2000), difference)["rate"][1:]
    assert low < 0 < high


def test_an_effect_that_pays_needs_so_many_customers():
    # Fleiss: two rates of 10 and 12 %, power 80 %, 5 % two-sided: 3,839 in each arm without correction
    assert customers_needed(0.10, 0.02, 0.8) == pytest.approx(3839, abs=4)


def test_an_order_that_only_came_earlier_fades_to_nothing():
    rng = np.random.default_rng(0)
    given = rng.integers(0, 2, 8000)
    weights = 2.0 * (given[:, None] == [0, 1])
    outcomes = pd.DataFrame(
        {(0, 7): (rng.random(8000) < 0.2 + 0.3 * given) * 1.0, (7, 14): (rng.random(8000) < 0.5 - 0.3 * given) * 1.0}
    )
    table = effects_by_days(outcomes, ARMS[:2], weights).set_index("until_day")
    assert table["effect"].to_dict() == pytest.approx({7: 0.3, 14: -0.3}, abs=0.05)
    assert table.loc[14, "so_far_low"] < 0 < table.loc[14, "so_far_high"]


def test_the_effect_falls_with_the_contacts_before():
    before = pd.Series(np.arange(8000) % 8)
    table = effects_by_pressure(before, ARMS[:2], scores(0.5 - 0.1 * np.log2(1 + before.to_numpy()))[:, :2])
    own = table.set_index("contacts_before")
    assert own.loc[TREND, "low"] < -0.1 < own.loc[TREND, "high"] < 0
    assert own.loc["0", "effect"] > own.loc["4 to 7", "effect"]
    flat = effects_by_pressure(before, ARMS[:2], scores(np.full(8000, 0.5), 3)[:, :2]).set_index("contacts_before")
    assert flat.loc[TREND, "low"] < 0 < flat.loc[TREND, "high"]
