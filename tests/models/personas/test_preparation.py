from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.preprocessing import PowerTransformer

from patronage.config.personas import ViewConfig
from patronage.errors import ConfigError
from patronage.models.personas.preparation import Preparation, prepare, weights_of, yeo_johnson


@pytest.mark.parametrize("power", [-1.5, -0.3, 0.0, 0.7, 2.0, 2.6])
def test_the_transform_is_that_of_scikit_learn(power):
    x = np.random.default_rng(0).normal(size=(200, 1)) * 3
    reference = PowerTransformer(standardize=False).fit(x)
    reference.lambdas_ = np.array([power])
    np.testing.assert_allclose(yeo_johnson(x[:, 0], power), reference.transform(x)[:, 0], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(yeo_johnson(np.abs(x[:, 0]), power), reference.transform(np.abs(x))[:, 0], rtol=1e-12)


def test_uncorrelated_features_vote_fully_copies_share_one_vote_and_a_blend_has_none():
    x, y, z = np.linalg.qr(np.random.default_rng(0).normal(size=(500, 3)))[0].T
    x, y, z = (column - column.mean() for column in (x, y, z))
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

    weights = weights_of(scores)
    assert ratio(weights) == pytest.approx(weights.sum())
    assert all(ratio(rng.uniform(size=5)) <= ratio(weights) + 1e-9 for _ in range(200))


def test_a_mix_is_compared_by_the_square_roots_of_its_shares_on_one_scale():
    shares = pd.DataFrame(np.random.default_rng(0).dirichlet([4, 1, 0.1], 400), columns=["bread", "toys", "rare"])
    shares.iloc[0] = np.nan
    view = {"taste": ViewConfig(2.0, list(shares), mix=True)}
    preparation = prepare(shares, list(shares), 0.01, view)
    points = preparation.points(preparation.scores(shares))
    assert (points[0] == 0).all()
    roots = np.sqrt(shares.to_numpy()[1:])
    apart = ((points[1:, None] - points[1:]) ** 2).sum(axis=2)
    hellinger = ((roots[:, None] - roots) ** 2).sum(axis=2)
    assert np.corrcoef(apart.ravel(), hellinger.ravel())[0, 1] > 0.999
    assert points[1:].var(axis=0).sum() == pytest.approx(2.0, rel=1e-6)
    values = preparation.value_of(1, preparation.scores(shares)[1:, 1])
    np.testing.assert_allclose(values, shares["toys"][1:], atol=1e-9)


def test_the_currency_does_not_matter(planted):
    frame, _ = planted
    euros = prepare(frame, ["orders", "value"], 0.01)
    cents = prepare(frame.assign(value=100 * frame["value"]), ["orders", "value"], 0.01)
    np.testing.assert_allclose(cents.scores(frame.assign(value=100 * frame["value"])), euros.scores(frame), atol=1e-6)


def test_a_missing_value_favours_no_persona_and_scores_lead_back_to_values(planted):
    frame, _ = planted
    preparation = prepare(frame, ["orders", "gap"], 0.01)
    scores = preparation.scores(frame)
    assert (scores[frame["gap"].isna(), 1] == 0).all()
    inside = frame["orders"].between(preparation.low[0], preparation.high[0]).to_numpy()
    np.testing.assert_allclose(preparation.value_of(0, scores[inside, 0]), frame["orders"][inside], rtol=1e-9)


def test_a_feature_without_information_is_left_out_and_reported(planted):
    frame, _ = planted
    odd = frame.assign(missing=np.nan, same=1.0)
    preparation = prepare(odd, ["orders", "missing", "same", "value", "elsewhere"], 0.01)
    assert preparation.columns == ("orders", "value")
    assert preparation.left_out == ("missing", "same", "elsewhere")
    with pytest.raises(ConfigError, match="none of missing, same is chosen that differs between customers"):
        prepare(odd, ["missing", "same"], 0.01)


def test_survives_json(planted):
    frame, _ = planted
    preparation = prepare(frame, ["orders", "value", "gap"], 0.01)
    again = Preparation.of(json.loads(json.dumps(preparation.state())))
    np.testing.assert_array_equal(again.scores(frame), preparation.scores(frame))


def test_an_empty_frame_has_no_scores(planted):
    frame, _ = planted
    assert prepare(frame, ["orders"], 0.01).scores(pd.DataFrame({"orders": np.zeros(0)})).shape == (0, 1)
