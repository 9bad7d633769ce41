"""Journeys whose truth is known: parameters, and customers simulated from them."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest

from patronage import names as c
from patronage.models.journey.archetype import archetype
from patronage.models.journey.constraints import maximise
from patronage.models.journey.markov import Parameters
from patronage.models.journey.stages import ALPHABET
from patronage.models.journey.traits import Traits

PATIENCE = 20.0
SHOP = Traits(rates=np.array([0.1]), patience=PATIENCE, engages=0.12, intends=0.04)
ENTRY_EVENTS = [0.3, 0.25, 0.05, 0.36, 0.04]


class Simulated(NamedTuple):
    features: pd.DataFrame  # JOURNEY_PATH
    states: np.ndarray  # (N,) the true state at the end of the path


def perturbed(seed: int, cadences: tuple[float, ...] = (0.08, 0.5), *, left_censored: bool = False) -> Parameters:
    """An archetype whose every distribution is redrawn around it, within the order of the hazards."""
    rng = np.random.default_rng(seed)
    shop = archetype(np.array(cadences), SHOP, left_censored=left_censored)
    moves, events = (np.where(x > 0, rng.gamma(80 * x + 1e-12), 0) for x in shop)
    truth = maximise(moves, events, PATIENCE)
    truth.emissions[-1] = ENTRY_EVENTS
    return truth


def simulate(truth: Parameters, customers: int, seed: int, longest: int = 52) -> Simulated:
    """Customers who entered 1 to `longest` periods ago, most of them over ten."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(min(10, longest), longest + 1, customers)
    lengths[::20] = rng.integers(1, min(10, longest) + 1, len(lengths[::20]))
    events, states = np.empty((customers, longest), int), np.empty((customers, longest), int)
    state = np.full(customers, len(truth.emissions) - 1)
    for t in range(longest):
        events[:, t] = _draw(truth.emissions[state], rng)
        state = states[:, t] = _draw(truth.transitions[events[:, t], state], rng)
    letters = np.array(list(ALPHABET))
    paths = ["".join(letters[row[:length]]) for row, length in zip(events, lengths, strict=True)]
    index = pd.Index([f"c{i}" for i in range(customers)], name=c.CUSTOMER_ID)
    return Simulated(pd.DataFrame({c.JOURNEY_PATH: paths}, index), states[np.arange(customers), lengths - 1])


def _draw(probabilities: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    below = rng.random(len(probabilities))[:, None] > probabilities.cumsum(axis=1)
    return below.sum(axis=1).clip(max=probabilities.shape[1] - 1)


@pytest.fixture(scope="session", name="perturbed")
def _perturbed() -> Callable[..., Parameters]:
    return perturbed


@pytest.fixture(scope="session", name="simulate")
def _simulate() -> Callable[..., Simulated]:
    return simulate


@pytest.fixture(scope="session")
def book() -> pd.DataFrame:
    """1,500 simulated customers, among them one of whom nothing was seen."""
    features = simulate(perturbed(0), 1500, seed=1).features
    features.iloc[7] = ""
    return features
