"""Three kinds of customers, skewed as customers are, and the words for their features."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from patronage.config import PersonasConfig
from patronage.lenses.lens import Feature
from patronage.models import personas
from patronage.models.personas import PersonaModel

WORDS = {
    "orders": Feature("orders", "frequent", "infrequent"),
    "value": Feature("value", "big-basket", "small-basket"),
    "gap": Feature("gap", "slow", "quick"),
    "again": Feature("again"),
}


def customers(n: int = 1500, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(seed)
    kind = rng.integers(0, 3, n)
    orders = rng.poisson(np.array([30, 4, 4])[kind]) + 1.0
    value = rng.lognormal(np.array([2.0, 2.0, 5.0])[kind], 0.3)
    gap = np.where(rng.uniform(size=n) < 0.3, np.nan, rng.gamma(3, np.array([3, 30, 30])[kind]))
    frame = pd.DataFrame({"orders": orders, "value": value, "gap": gap}, index=[f"c{i}" for i in range(n)])
    return frame, kind


def configured(method: str = "kmeans", k: int | str = 3, **settings: Any) -> PersonasConfig:
    quick = {"bootstraps": 4, "bootstrap_sample": 600, "features": {"orders": True, "value": True, "gap": False}}
    return PersonasConfig(**{"method": method, "k": k, **quick, **settings})


def fit(frame: pd.DataFrame, method: str = "kmeans", k: int | str = 3, seed: int = 0, **settings: Any) -> PersonaModel:
    return personas.fit(frame, configured(method, k, **settings), seed=seed, descriptions=WORDS)


@pytest.fixture(scope="session")
def planted() -> tuple[pd.DataFrame, np.ndarray]:
    """Customers, and the kind of each."""
    return customers()


@pytest.fixture(scope="session")
def settings() -> Callable[..., PersonasConfig]:
    return configured


@pytest.fixture(scope="session", name="fit")
def _fit() -> Callable[..., PersonaModel]:
    return fit


@pytest.fixture(scope="session")
def words() -> dict[str, Feature]:
    return WORDS
