from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.preprocessing import PowerTransformer

from patronage.errors import ConfigError
from patronage.models.personas.preparation import Preparation, prepare, weights_of, yeo_johnson


@pytest.mark.parametrize("power", [-1.5, -0.3, 0.0, 0.7, 2.0, 2.6])
def test_the_transform_is_scikit_learns(power):
    x = np.random.default_rng(0).normal(size=(200, 1)) * 3
    there = PowerTransformer(standardize=False).fit(x)
    there.lambdas_ = np.array([power])
    np.testing.assert_allclose(yeo_johnson(x[:, 0], power), there.transform(x)[:, 0], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(yeo_johnson(np.abs(x[:, 0]), power), there.transform(np.abs(x))[:, 0], rtol=1e-12)


def test_uncorrelated_features_vote_fully_copies_share_one_vote_and_a_blend_has_none():
    x, y, z = np.linalg.qr(np.random.default_rng(0).normal(size=(500, 3)))[0].T
    x, y, z = (one - one.mean() for one in (x, y, z))
    np.testing.assert_allclose(weights_of(np.column_stack([x, y])), 1, atol=0.02)
    shared = weights_of(np.column_stack([x, x, y, -x]))
    assert shared[[0, 1, 3]].sum() == pytest.approx(weights_of(np.column_stack([x, y]))[0], rel=1e-9)
    blend = weights_of(np.column_stack([x, y, x + y]))
    assert blend[2] < 0.05
    assert blend[:2] == pytest.approx(1, abs=0.05)


def test_the_weights_span_most_dimensions():
    """The participation ratio tr(C)²/tr(C²) of the weighted features is larger than under any other weights tried."""
    rng = np.random.default_rng(1)
    scores = rng.normal(size=(400, 5)) @ rng.normal(size=(5, 5))
    scores = (scores - scores.mean(axis=0)) / scores.std(axis=0)

    def ratio(weights: np.ndarray) -> float:
        spectrum = np.linalg.eigvalsh(np.cov(scores * np.sqrt(weights), rowvar=False))
        return spectrum.sum() ** 2 / (spectrum**2).sum()

    found = weights_of(scores)
    assert ratio(found) == pytest.approx(found.sum())
    assert all(ratio(rng.uniform(size=5)) <= ratio(found) + 1e-9 for _ in range(200))


def test_it_does_not_matter_in_which_currency_one_pays(planted):
    frame, _ = planted
    euros = prepare(frame, ["orders", "value"], 0.01)
    cents = prepare(frame.assign(value=100 * frame["value"]), ["orders", "value"], 0.01)
    np.testing.assert_allclose(cents.scores(frame.assign(value=100 * frame["value"])), euros.scores(frame), atol=1e-6)


def test_a_missing_answer_speaks_for_nobody_and_scores_lead_back_to_values(planted):
    frame, _ = planted
    made = prepare(frame, ["orders", "gap"], 0.01)
    scores = made.scores(frame)
    assert (scores[frame["gap"].isna(), 1] == 0).all()
    inside = frame["orders"].between(made.low[0], made.high[0]).to_numpy()
    np.testing.assert_allclose(made.value_of(0, scores[inside, 0]), frame["orders"][inside], rtol=1e-9)


def test_what_says_nothing_is_left_out_and_said(planted):
    frame, _ = planted
    odd = frame.assign(missing=np.nan, same=1.0)
    made = prepare(odd, ["orders", "missing", "same", "value", "elsewhere"], 0.01)
    assert made.columns == ("orders", "value")
    assert made.left_out == ("missing", "same", "elsewhere")
    with pytest.raises(ConfigError, match="none of missing, same is chosen that differs between customers"):
        prepare(odd, ["missing", "same"], 0.01)


def test_it_comes_back_from_json_as_it_was(planted):
    frame, _ = planted
    made = prepare(frame, ["orders", "value", "gap"], 0.01)
    again = Preparation.of(json.loads(json.dumps(made.state())))
    np.testing.assert_array_equal(again.scores(frame), made.scores(frame))


def test_an_empty_frame_is_no_trouble(planted):
    frame, _ = planted
    assert prepare(frame, ["orders"], 0.01).scores(pd.DataFrame({"orders": np.zeros(0)})).shape == (0, 1)
