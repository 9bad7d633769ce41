from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from patronage.config import PersonasConfig
from patronage.evaluation.stability import evaluate_personas, moved_by_refit, shuffled
from patronage.lenses.lens import Feature
from patronage.models import personas
from patronage.training.personas import fit_personas

WORDS = {"x": Feature("x", "high", "low"), "y": Feature("y", "wide", "narrow")}


@pytest.fixture(scope="module")
def fitted():
    rng = np.random.default_rng(0)
    kind = rng.integers(0, 3, 900)
    centres = np.array([[0, 0], [8, 8], [0, 8]])
    frame = pd.DataFrame(centres[kind] + rng.normal(size=(900, 2)), columns=["x", "y"])
    config = PersonasConfig("kmeans", 3, features={"x": True, "y": True}, bootstraps=4, bootstrap_sample=500)
    return personas.fit(frame, config, seed=0, descriptions=WORDS), frame, config


def test_stability_stands_beside_that_of_shuffled_components(fitted):
    """Two corners of a square, shuffled, become four: cut in two, they fall apart this way or that."""
    _, frame, config = fitted
    frame, config = frame[frame["y"] - frame["x"] < 4], replace(config, k=2, bootstraps=12)
    model = personas.fit(frame, config, seed=0, descriptions=WORDS)
    card = evaluate_personas(model, frame, config, seed=0)
    assert card.metrics["personas/stability_ari"] > 0.9
    assert card.metrics["personas/stability_ari"] == model.choice.taken.ari
    assert card.metrics["personas/baseline_shuffled/stability_ari"] < 0.9
    assert card.metrics["personas/smallest_share"] == pytest.approx(1 / 2, abs=0.05)
    assert card.metrics["personas/stable"] == 1
    assert card.metrics["personas/posterior_ece"] < 0.1  # clear groups: sure of each customer, and every refit agrees


def test_what_the_refit_moved_is_counted_on_the_same_features(fitted):
    model, frame, config = fitted
    assert moved_by_refit(model, model, frame) == 0
    ids = model.predict(frame)["persona_id"]
    fewer = frame[ids > 0]
    two = fit_personas(fewer, replace(config, k=2), seed=0, descriptions=WORDS, former=model)
    gone = set(model.ids) - set(two.ids)
    assert moved_by_refit(model, two, frame) == pytest.approx(np.isin(ids, list(gone)).mean(), abs=0.01)


def test_shuffling_keeps_each_component_and_breaks_what_joins_them():
    x = np.random.default_rng(0).normal(size=1000)
    out = shuffled(np.column_stack([x, x]), seed=0)
    assert np.array_equal(np.sort(out, axis=0), np.sort(np.column_stack([x, x]), axis=0))
    assert abs(np.corrcoef(out.T)[0, 1]) < 0.1
