from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score

from patronage.errors import ConfigError, FitError
from patronage.lenses.lens import Feature
from patronage.models import personas
from patronage.models.personas import PersonaModel
from patronage.models.personas import model as module


@pytest.mark.parametrize("method", ["kmeans", "gmm"])
def test_planted_kinds_are_found_and_their_number_as_well(planted, words, settings, method):
    frame, kind = planted
    fitted = personas.fit(frame, settings(method, "auto", k_range=[2, 5], bootstraps=6), words, seed=0)
    said = fitted.predict(frame)
    assert (fitted.k, fitted.choice.stable) == (3, True)
    assert adjusted_rand_score(kind, said["persona_id"]) > 0.8
    assert said["persona_probability"].between(1 / 3, 1).all()
    assert (said["persona_runner_up"] != said["persona"]).all()


def test_ids_run_from_the_most_orders_to_the_fewest_and_names_say_what_is_special(planted, words, settings):
    frame, kind = planted
    fitted = personas.fit(frame, settings(), words, seed=0)
    means = frame["orders"].groupby(fitted.predict(frame)["persona_id"]).mean()
    assert means.is_monotonic_decreasing
    assert fitted.names[0].startswith("frequent")
    assert fitted.predict(frame[kind == 2])["persona"].mode()[0].startswith("big-basket")


def test_kmeans_probability_is_the_posterior_of_the_mixture_that_it_is_the_limit_of(planted, words, settings):
    frame, _ = planted
    fitted = personas.fit(frame, settings(), words, seed=0)
    points = fitted.components(frame)
    centres = fitted.clusters.centres[fitted.order]
    squared = ((points[:, None] - centres) ** 2).sum(2)
    assert fitted.variance == pytest.approx(squared.min(axis=1).mean() / fitted.preparation.dimensions, rel=1e-3)
    density = np.exp(-squared / (2 * fitted.variance))
    np.testing.assert_allclose(
        fitted.probabilities(frame), density / density.sum(1, keepdims=True), rtol=1e-9, atol=1e-300
    )


@pytest.mark.parametrize("method", ["kmeans", "gmm"])
def test_a_feature_that_says_the_same_twice_does_not_vote_twice(planted, words, settings, method):
    frame, _ = planted
    once = personas.fit(frame, settings(method), words, seed=0).predict(frame)
    doubled = frame.assign(again=frame["orders"])
    config = settings(method, features={"orders": True, "value": True, "again": True})
    twice = personas.fit(doubled, config, words, seed=0).predict(doubled)
    pd.testing.assert_series_equal(twice["persona_id"], once["persona_id"])
    np.testing.assert_allclose(twice["persona_probability"], once["persona_probability"], atol=1e-6)


def test_an_outlier_moves_nobody_else(planted, words, settings):
    frame, _ = planted
    spoilt = frame.copy()
    spoilt.iloc[0] = [1e9, 1e9, 1e9]
    before = personas.fit(frame, settings(), words, seed=0).predict(frame)["persona_id"]
    after = personas.fit(spoilt, settings(), words, seed=0).predict(frame)["persona_id"]
    assert adjusted_rand_score(before, after) > 0.98


@pytest.mark.parametrize("method", ["kmeans", "gmm"])
def test_two_fits_agree_exactly_and_what_was_saved_comes_back(planted, words, settings, method, tmp_path):
    frame, kind = planted
    former = personas.fit(frame[kind != 1], settings(method, 2), words, seed=0)
    one, two = (personas.fit(frame, settings(method), words, seed=0, former=former) for _ in range(2))
    pd.testing.assert_frame_equal(one.predict(frame), two.predict(frame), check_exact=True)
    one.save(tmp_path)
    again = PersonaModel.load(tmp_path)
    pd.testing.assert_frame_equal(again.predict(frame), one.predict(frame), check_exact=True)
    pd.testing.assert_frame_equal(again.explain(frame), one.explain(frame), check_exact=True)
    assert again.choice == one.choice
    assert again.matching.former == one.matching.former


@pytest.mark.parametrize("method", ["kmeans", "gmm"])
def test_blocks_do_not_show(planted, words, settings, method, monkeypatch):
    frame = planted[0].head(400)
    fitted = personas.fit(frame, settings(method), words, seed=0)
    whole = fitted.predict(frame)
    for rows in (7, 1):
        monkeypatch.setattr(module, "BLOCK", rows)
        pd.testing.assert_frame_equal(fitted.predict(frame), whole, check_exact=True)
    assert list(fitted.predict(frame.head(0))) == list(whole)


def test_everyone_is_assigned_by_a_fit_on_a_sample(planted, words, settings):
    frame, kind = planted
    fitted = personas.fit(frame, settings(fit_sample=400), words, seed=0)
    assert adjusted_rand_score(kind, fitted.positions(frame)) > 0.9


def test_an_unstable_number_is_refused_with_its_figures_unless_allowed(words, settings):
    rng = np.random.default_rng(0)
    noise = pd.DataFrame(rng.lognormal(size=(1000, 2)), columns=["orders", "value"])
    message = r"personas.k=7 is not stable: bootstrap ARI 0\.\d\d\d, expected 0.85.*allow_unstable=true"
    with pytest.raises(FitError, match=message):
        personas.fit(noise, settings(k=7), words, seed=0)
    assert not personas.fit(noise, settings(k=7, allow_unstable=True), words, seed=0).choice.stable
    assert not personas.fit(noise, settings(k="auto", k_range=[6, 7]), words, seed=0).choice.stable


def test_what_cannot_be_clustered_is_said(planted, words, settings):
    frame = planted[0].head(50)
    with pytest.raises(ConfigError, match=r"no numeric feature nonsense; expected orders, value, gap"):
        personas.fit(frame, settings(features={"nonsense": True}), words, 0)
    with pytest.raises(ConfigError, match="no numeric feature gap"):
        personas.fit(frame, settings(features={"gap": True}), {"gap": Feature("gap", text=True)}, 0)
    with pytest.raises(ConfigError, match="is chosen that differs"):
        personas.fit(frame.assign(orders=1.0, value=1.0), settings(), words, 0)
    few = frame.assign(orders=np.arange(50) % 2, value=1.0)
    with pytest.raises(FitError, match=r"personas.k=3 with 2 different customers"):
        personas.fit(few, settings(winsorise=0.0), words, 0)
