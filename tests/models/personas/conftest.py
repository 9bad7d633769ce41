"""Three kinds of customers, skewed as customers are, and the words for them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from patronage.config import PersonasConfig
from patronage.lenses.lens import Feature

WORDS = {
    "orders": Feature("orders", "frequent", "infrequent"),
    "value": Feature("value", "big-basket", "small-basket"),
    "gap": Feature("gap", "slow", "quick"),
    "again": Feature("again"),
}


def make(n: int = 1500, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(seed)
    kind = rng.integers(0, 3, n)
    orders = rng.poisson(np.array([30, 4, 4])[kind]) + 1.0
    value = rng.lognormal(np.array([2.0, 2.0, 5.0])[kind], 0.3)
    gap = np.where(rng.uniform(size=n) < 0.3, np.nan, rng.gamma(3, np.array([3, 30, 30])[kind]))
    frame = pd.DataFrame({"orders": orders, "value": value, "gap": gap}, index=[f"c{i}" for i in range(n)])
    return frame, kind


def configured(method: str = "kmeans", k: int | str = 3, **more: object) -> PersonasConfig:
    quick = {"bootstraps": 4, "bootstrap_sample": 600, "features": {"orders": True, "value": True, "gap": False}}
    return PersonasConfig(**{"method": method, "k": k, **quick, **more})


@pytest.fixture(scope="session")
def planted():
    return make()


@pytest.fixture(scope="session")
def words():
    return WORDS


@pytest.fixture(scope="session")
def settings():
    return configured
