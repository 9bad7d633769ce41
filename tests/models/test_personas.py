from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score

from patronage.config import PersonasConfig
from patronage.errors import ConfigError, FitError
from patronage.evaluation.stability import bootstrap_ari, judge_personas, shuffled
from patronage.lenses.lens import Feature
from patronage.models import personas

WORDS = {
    "orders": Feature("orders", "frequent", "infrequent"),
    "value": Feature("value", "big-basket", "small-basket"),
    "gap": Feature("gap", "slow", "quick"),
}


def planted(n: int = 1500) -> tuple[pd.DataFrame, np.ndarray]:
    """Three kinds of customers, skewed as customers are."""
    rng = np.random.default_rng(0)
    kind = rng.integers(0, 3, n)
    orders = rng.poisson(np.array([30, 4, 4])[kind]) + 1.0
    value = rng.lognormal(np.array([2.0, 2.0, 5.0])[kind], 0.3)
    gap = np.where(rng.uniform(size=n) < 0.3, np.nan, rng.gamma(3, np.array([3, 30, 30])[kind]))
    frame = pd.DataFrame({"orders": orders, "value": value, "gap": gap}, index=[f"c{i}" for i in range(n)])
    return frame, kind


def settings(method: str = "kmeans", k: int = 3, **more: object) -> PersonasConfig:
    return PersonasConfig(method=method, k=k, features={"orders": True, "value": True, "gap": False}, **more)


@pytest.mark.parametrize("method", ["kmeans", "gmm"])
def test_planted_kinds_are_found(method):
    frame, kind = planted()
    said = personas.fit(frame, settings(method), WORDS, seed=0).predict(frame)
    assert adjusted_rand_score(kind, said["persona_id"]) > 0.9
    assert said["persona_probability"].between(1 / 3, 1).all()


def test_ids_run_from_the_most_orders_to_the_fewest_and_names_say_what_is_special():
    frame, kind = planted()
    fitted = personas.fit(frame, settings(), WORDS, seed=0)
    means = frame["orders"].groupby(fitted.predict(frame)["persona_id"]).mean()
    assert means.is_monotonic_decreasing
    assert fitted.names[0].startswith("frequent")
    assert fitted.predict(frame[kind == 2])["persona"].mode()[0].startswith("big-basket")


def test_kmeans_probability_is_the_posterior_of_the_mixture_that_it_is_the_limit_of():
    frame, _ = planted()
    fitted = personas.fit(frame, settings(), WORDS, seed=0)
    points = fitted.components(frame.head(5))
    centres = fitted.clusters.cluster_centers_[fitted.order]
    density = np.exp(-((points[:, None] - centres) ** 2).sum(2) / (2 * fitted.variance))
    np.testing.assert_allclose(
        fitted.probabilities(frame.head(5)), density / density.sum(1, keepdims=True), rtol=1e-9, atol=1e-300
    )


def test_a_feature_that_says_the_same_twice_does_not_vote_twice():
    frame, _ = planted()
    once = personas.fit(frame, settings(), WORDS, seed=0).predict(frame)
    doubled = frame.assign(again=frame["orders"])
    config = PersonasConfig(method="kmeans", k=3, features={"orders": True, "value": True, "again": True})
    twice = personas.fit(doubled, config, {**WORDS, "again": Feature("again")}, seed=0).predict(doubled)
    assert adjusted_rand_score(once["persona_id"], twice["persona_id"]) > 0.99


def test_an_outlier_moves_nobody_else():
    frame, _ = planted()
    spoilt = frame.copy()
    spoilt.iloc[0] = [1e9, 1e9, 1e9]
    before = personas.fit(frame, settings(), WORDS, seed=0).predict(frame)["persona_id"]
    after = personas.fit(spoilt, settings(), WORDS, seed=0).predict(frame)["persona_id"]
    assert adjusted_rand_score(before, after) > 0.98


def test_stability_tells_planted_kinds_from_none():
    frame, _ = planted()
    config = settings(bootstraps=6, bootstrap_sample=800)
    fitted = personas.fit(frame, config, WORDS, seed=0)
    card = judge_personas(fitted, frame, config, seed=0)
    assert card.metrics["personas/stability_ari"] > 0.9
    rng = np.random.default_rng(0)
    assert bootstrap_ari(rng.normal(size=(2000, 5)), config, seed=0).mean() < 0.7


def test_shuffling_keeps_each_component_and_breaks_what_joins_them():
    x = np.random.default_rng(0).normal(size=1000)
    out = shuffled(np.column_stack([x, x]), seed=0)
    assert np.array_equal(np.sort(out, axis=0), np.sort(np.column_stack([x, x]), axis=0))
    assert abs(np.corrcoef(out.T)[0, 1]) < 0.1


def test_what_cannot_be_clustered_is_said():
    frame, _ = planted(50)
    with pytest.raises(ConfigError, match=r"no numeric feature nonsense; expected orders, value, gap"):
        personas.fit(frame, PersonasConfig(method="kmeans", features={"nonsense": True}), WORDS, 0)
    with pytest.raises(ConfigError, match="none is chosen that differs"):
        personas.fit(frame.assign(orders=1.0, value=1.0), settings(), WORDS, 0)
    few = frame.assign(orders=np.arange(50) % 2, value=1.0)
    with pytest.raises(FitError, match=r"personas.k=3 with 2 different customers"):
        personas.fit(few, settings(winsorise=0.0), WORDS, 0)
