"""Journeys whose truth is known: parameters, and customers simulated from them."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest

from patronage import names as c
from patronage.config import JourneyConfig
from patronage.models import journey
from patronage.models.journey import JourneyModel
from patronage.models.journey.maximisation import maximise
from patronage.models.journey.parameters import Parameters
from patronage.models.journey.prior import prior_parameters
from patronage.models.journey.stages import ALPHABET
from patronage.models.journey.summary import PathSummary

PATIENCE = 20.0
SHOP = PathSummary(rates=np.array([0.1]), patience=PATIENCE, engagement_share=0.12, intent_share=0.04)
ENTRY_EVENTS = [0.3, 0.25, 0.05, 0.36, 0.04]


class Simulated(NamedTuple):
    features: pd.DataFrame  # JOURNEY_PATH
    states: np.ndarray  # (N,) the true state at the end of the path


def perturbed(seed: int, cadences: tuple[float, ...] = (0.08, 0.5)) -> Parameters:
    """A prior of which every distribution is redrawn around it, within the order of the hazards."""
    rng = np.random.default_rng(seed)
    shop = prior_parameters(np.array(cadences), SHOP)
    steps, events = (np.where(x > 0, rng.gamma(80 * x + 1e-12), 0) for x in shop)
    truth = maximise(steps, events, PATIENCE)
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
def small() -> Parameters:
    """A model of four states without structure, but no step returns to entry and another one is impossible."""
    rng = np.random.default_rng(3)
    transitions = rng.dirichlet(np.ones(4), (5, 4))
    transitions[:, :, 3] = 0
    transitions[:, 1, 0] = 0
    transitions /= transitions.sum(axis=2, keepdims=True)
    return Parameters(transitions, rng.dirichlet(np.ones(5), 4))


@pytest.fixture(scope="session")
def enumerate_states() -> Callable[..., dict[tuple[int, ...], float]]:
    """P(states 1..T, events) of each path of states from entry, as {states: probability}."""

    def enumerate_(codes: np.ndarray, parameters: Parameters) -> dict[tuple[int, ...], float]:
        weights = {}
        for states in product(range(len(parameters.emissions)), repeat=len(codes)):
            probability, before = 1.0, len(parameters.emissions) - 1
            for event, state in zip(codes, states, strict=True):
                probability *= parameters.emissions[before, event] * parameters.transitions[event, before, state]
                before = state
            weights[states] = probability
        return weights

    return enumerate_


@pytest.fixture(scope="session")
def book() -> pd.DataFrame:
    """1,500 simulated customers, among them one with an empty path."""
    features = simulate(perturbed(0), 1500, seed=1).features
    features.iloc[7] = ""
    return features


def fit(features: pd.DataFrame, classes: int | str = 2, **settings: Any) -> JourneyModel:
    """A journey in weeks over 90 days, of two cadence classes unless others are given."""
    config = JourneyConfig(cadence_classes=classes, **{k: settings.pop(k) for k in LIMITS if k in settings})
    return journey.fit(features, config, **({"horizon_days": 90, "period_days": 7, "seed": 3} | settings))


LIMITS = ("max_customers", "min_customers")


@pytest.fixture(scope="session", name="fit")
def _fit() -> Callable[..., JourneyModel]:
    return fit


@pytest.fixture(scope="session")
def model(book) -> JourneyModel:
    """The journey of the book."""
    return fit(book)
