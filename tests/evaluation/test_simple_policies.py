"""Simple policies are chosen without the customers that they are valued on."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from patronage.evaluation.simple_policies import beside, by_best_label, by_label, by_number
from patronage.models.effects.policy import gains

RNG = np.random.default_rng(0)
SIZE = 3000
VALUE = RNG.uniform(0, 1, SIZE)
LABEL = RNG.choice(["old", "young"], SIZE)
FOLD = np.arange(SIZE) % 3


def profit(effect) -> np.ndarray:
    return np.column_stack([np.zeros(SIZE), effect + RNG.normal(0, 1, SIZE)])


@pytest.mark.parametrize("sign", [1, -1])
def test_the_end_that_pays_is_contacted(sign):
    chosen = by_number(VALUE, profit(np.where(sign * VALUE > np.quantile(sign * VALUE, 0.7), 2.0, -2.0)), FOLD)
    assert chosen.mean() == pytest.approx(0.3, abs=0.03)
    assert ((sign * VALUE)[chosen == 1].min()) > (sign * VALUE)[chosen == 0].max() - 0.05


def test_each_label_has_the_arm_that_pays():
    chosen = by_label(LABEL, profit(np.where(LABEL == "young", 1.0, -1.0)), FOLD)
    assert (chosen == (LABEL == "young")).all()


def test_the_best_label_is_found_and_noise_earns_nothing():
    labels = pd.DataFrame({"noise": RNG.choice(list("abcdefgh"), SIZE), "age": LABEL})
    worth = profit(np.where(LABEL == "young", 1.0, -1.0))
    assert (by_best_label(labels, worth, FOLD) == (LABEL == "young")).all()
    null = profit(-0.02)
    value = gains(null, by_best_label(labels[["noise"]], null, FOLD))
    assert value.mean() < 3 * value.std() / np.sqrt(SIZE)


def test_nothing_that_pays_contacts_nobody_and_the_gain_is_paired():
    lost = np.column_stack([np.zeros(SIZE), np.full(SIZE, -1.0)])
    assert by_number(VALUE, lost, FOLD).sum() == 0
    won = np.column_stack([np.zeros(SIZE), np.full(SIZE, 1.0)])
    table = beside({"nobody": np.zeros(SIZE, int)}, np.ones(SIZE, int), won)
    assert table.loc["nobody"].tolist() == [0, 0, 0, 0, 1000, 1000, 1000]
