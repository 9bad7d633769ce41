"""Reasons: pulls add up, and the step named leads to the persona named."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from patronage import names as c
from patronage.models.personas.reasons import contrast, explain_assignments


def test_pulls_add_up_to_the_difference_of_the_squared_distances():
    rng = np.random.default_rng(0)
    means, weights, scores = rng.normal(size=(2, 3)), np.array([1.0, 0.5, 0.2]), rng.normal(size=(50, 3))
    squared = ((scores[:, None] - means) ** 2 * weights).sum(axis=2)
    first = squared.argmin(axis=1)
    contrasts = contrast(means, weights, np.full(3, -9.0), np.full(3, 9.0))
    explanations = explain_assignments(scores, first, 1 - first, contrasts)
    pull = weights * ((scores - means[1 - first]) ** 2 - (scores - means[first]) ** 2)
    np.testing.assert_allclose(pull.sum(axis=1), squared.max(axis=1) - squared.min(axis=1))
    np.testing.assert_array_equal(explanations.pulls[:, 0], pull.argmax(axis=1))
    # and the step ends on the border
    changed = scores.copy()
    changed[np.arange(50), explanations.feature] += explanations.step
    distances = ((changed[:, None] - means) ** 2 * weights).sum(axis=2)
    np.testing.assert_allclose(distances[:, 0], distances[:, 1])


@pytest.mark.parametrize(("highest", "step"), [(1.0, np.nan), (2.0, 2.0), (3.0, 2.0)])
def test_no_step_leads_beyond_the_range_of_the_fit(highest, step):
    means, scores = np.array([[0.0, 0.0], [4.0, 0.0]]), np.array([[0.0, 0.0]])
    contrasts = contrast(means, np.ones(2), np.full(2, -highest), np.full(2, highest))
    explanations = explain_assignments(scores, np.array([0]), np.array([1]), contrasts)
    assert explanations.step[0] == pytest.approx(step, nan_ok=True)


def test_of_columns_that_tell_of_one_thing_only_the_strongest_pulls():
    means, scores = np.array([[2.0, 3.0, 1.0], [0.0, 0.0, 0.0]]), np.array([[2.0, 2.9, 1.0]])
    contrasts = contrast(means, np.ones(3), np.full(3, -9.0), np.full(3, 9.0))
    first, second = np.array([0]), np.array([1])
    apart = explain_assignments(scores, first, second, contrasts)
    assert apart.pulls[0].tolist() == [1, 0, 2]
    together = explain_assignments(scores, first, second, contrasts, views=[np.array([0, 1])])
    assert together.pulls[0, :2].tolist() == [1, 2]
    assert together.holds[0].tolist() == [True, True, False]


def test_the_change_of_a_reason_changes_the_persona(planted, fit):
    frame, _ = planted
    model = fit(frame)
    predicted, changes = pd.DataFrame(model.predict(frame), frame.index), model.explain(frame)
    possible = changes["feature"] != ""
    assert possible.mean() > 0.9
    assert (changes["goes_to"] != predicted[c.PERSONA])[possible].mean() > 0.99
    named = predicted[c.PERSONA_REASON].str.extract(r"; if [\w -]+: (.*)$")[0]
    assert (named == changes["goes_to"])[possible].mean() > 0.99
    assert changes.loc[possible, "needed"].notna().all()


def test_a_reason_uses_only_words_that_are_true_of_the_customer(planted, fit):
    frame, _ = planted
    model = fit(frame)
    reasons = pd.Series(model.predict(frame)[c.PERSONA_REASON], frame.index).str.split("; if").str[0].str.split(", ")
    borders = {
        text: (name, least, most)
        for name, word in zip(model.columns, model.words, strict=True)
        for text, least, most in zip(
            word.texts, (-np.inf, word.below, word.above), (word.below, word.above, np.inf), strict=True
        )
    }
    for customer, words in reasons.items():
        for word in set(words) - {"nothing stands out"}:
            name, least, most = borders[word]
            assert least <= frame.loc[customer, name] <= most
