"""Names, reasons and rules."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from patronage.models import personas
from patronage.models.personas.names import name_all
from patronage.models.personas.reasons import account, rivals
from patronage.models.personas.rules import rules_of

PAIRS = (("frequent", "infrequent"), ("big-basket", "small-basket"), ("recent", "lapsed"))


def test_a_name_says_what_sets_apart_most_first():
    means = np.array([[1.5, 0.4, 0.1], [-0.2, -2.0, 0.1], [0.1, 0.1, 0.1]])
    assert name_all(means, np.eye(3), PAIRS, [None] * 3) == ("frequent, big-basket", "small-basket", "average")


def test_names_are_unique_and_given_names_stay():
    means = np.array([[1.5, 0.8, 0.5], [1.2, 0.9, -0.4], [1.4, 1.0, 0.1]])
    names = name_all(means, np.eye(3), PAIRS, ["frequent, big-basket", None, None])
    assert names[0] == "frequent, big-basket"
    assert names[1] == "frequent, big-basket, lapsed"
    assert len(set(names)) == 3


def test_two_features_that_say_the_same_are_named_once():
    alike = np.array([[1, 0.95, 0], [0.95, 1, 0], [0, 0, 1]])
    assert name_all(np.array([[1.5, 1.4, 0.5]]), alike, PAIRS, [None]) == ("frequent, recent",)


def test_pulls_add_up_to_the_difference_of_the_squared_distances():
    rng = np.random.default_rng(0)
    means, weights, scores = rng.normal(size=(2, 3)), np.array([1.0, 0.5, 0.2]), rng.normal(size=(50, 3))
    squared = ((scores[:, None] - means) ** 2 * weights).sum(axis=2)
    first = squared.argmin(axis=1)
    found = account(scores, first, 1 - first, rivals(means, weights, np.full(3, -9.0), np.full(3, 9.0)))
    pull = weights * ((scores - means[1 - first]) ** 2 - (scores - means[first]) ** 2)
    np.testing.assert_allclose(pull.sum(axis=1), squared.max(axis=1) - squared.min(axis=1))
    np.testing.assert_array_equal(found.pulls[:, 0], pull.argmax(axis=1))
    # and the step puts her on the border
    moved = scores.copy()
    moved[np.arange(50), found.mover] += found.step
    there = ((moved[:, None] - means) ** 2 * weights).sum(axis=2)
    np.testing.assert_allclose(there[:, 0], there[:, 1])


def test_no_step_leads_beyond_what_was_seen():
    means, scores = np.array([[0.0, 0.0], [4.0, 0.0]]), np.array([[0.0, 0.0]])
    near, far = (
        account(scores, np.array([0]), np.array([1]), rivals(means, np.ones(2), np.full(2, -seen), np.full(2, seen)))
        for seen in (1.0, 3.0)
    )
    assert np.isnan(near.step[0])
    assert far.step[0] == pytest.approx(2)


def test_what_is_said_to_move_a_customer_moves_her(planted, words, settings):
    frame, _ = planted
    fitted = personas.fit(frame, settings(), words, seed=0)
    said, moves = fitted.predict(frame), fitted.explain(frame)
    can = moves["feature"] != ""
    assert can.mean() > 0.9
    assert (moves["goes_to"] != said["persona"])[can].mean() > 0.99
    promised = said["persona_reason"].str.extract(r"if [\w-]+: (.*)$")[0]
    assert (promised == moves["goes_to"])[can].mean() > 0.99
    assert moves.loc[can, "needed"].notna().all()


def test_rules_give_the_clusters_back_and_their_fidelity_is_held_out():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"orders": rng.uniform(0, 10, 2000), "value": rng.uniform(0, 10, 2000)})
    frame.loc[rng.uniform(size=2000) < 0.2, "value"] = np.nan
    labels = np.where(frame["orders"] > 5, np.where(frame["value"] > 3, 0, 1), 2)
    rules = rules_of(frame, labels, seed=0)
    assert rules.fidelity > 0.99
    assert 0.4 < rules.usual < 0.6
    shown = dict(zip(rules.table["label"], rules.table["rule"], strict=True))
    assert shown[2].startswith("orders <= ")
    assert "value <= " in shown[1]
    assert "(or missing)" in shown[1]
    assert "orders > " in shown[0]
    assert "missing" not in shown[0]
    noise = rules_of(frame, rng.integers(0, 3, 2000), seed=0)
    assert noise.fidelity < 0.45
