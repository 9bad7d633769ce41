"""Measure the fit of the ensemble beside the bare LightGBM calls that it makes.

python benchmarks/churn.py             100,000 customers, 60 features, 6 origins, into benchmarks/churn.md
python benchmarks/churn.py 10000       fewer customers, on the screen
"""

from __future__ import annotations

import os
import platform
import resource
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import pandas as pd

from patronage.config import ChurnConfig
from patronage.labels import LabelledSnapshot
from patronage.models.ensemble.fitting import fit_ensemble

RESULT = Path(__file__).with_suffix(".md")
CUSTOMERS, FEATURES, ORIGINS = 100_000, 60, 6
COLUMNS = [f"x{number}" for number in range(FEATURES)]


def snapshot(number: int, customers: int) -> LabelledSnapshot:
    """Draw customers whose orders depend on six of the features; BTYD knows three of them."""
    rng = np.random.default_rng(number)
    x = rng.normal(size=(customers, FEATURES))
    index = pd.Index([f"c{customer}" for customer in range(customers)], name="customer_id")
    known = np.exp(0.3 * x[:, :3].sum(axis=1) - 0.7)
    orders = rng.poisson(known * np.exp(0.3 * x[:, 3:6].sum(axis=1))).astype(float)
    labels = pd.DataFrame({"orders": orders, "spend": orders * 20, "churned": (orders == 0).astype(float)}, index)
    btyd = {"p_order": -np.expm1(-known), "expected_orders": known, "expected_spend": 20 * known}
    features = pd.DataFrame(x, index, COLUMNS).assign(**btyd)
    return LabelledSnapshot(datetime(2024, 1, 1) - timedelta(days=30 * number), 90, features, labels)


class Timed:
    """A function that counts the seconds spent in it, unless another timed function called it."""

    inside = False

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function, self.seconds = function, 0.0

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        if Timed.inside:
            return self.function(*arguments, **named)
        Timed.inside, started = True, time.perf_counter()
        try:
            return self.function(*arguments, **named)
        finally:
            Timed.inside = False
            self.seconds += time.perf_counter() - started


def main() -> None:
    customers = int(sys.argv[1]) if len(sys.argv) > 1 else CUSTOMERS
    training = [snapshot(number, customers) for number in range(ORIGINS)]
    current = snapshot(99, customers).features
    config = ChurnConfig(members=dict.fromkeys(("btyd", "features", "offset"), True), bands={"all": 1.0})
    calls = train, bins, predict = Timed(lgb.train), Timed(lgb.Dataset.construct), Timed(lgb.Booster.predict)
    lgb.train = train
    lgb.Dataset.construct = lambda *arguments, **named: bins(*arguments, **named)
    lgb.Booster.predict = lambda *arguments, **named: predict(*arguments, **named)
    started = time.perf_counter()
    ensemble = fit_ensemble(training, current, COLUMNS, config, seed=0).ensemble
    whole, bare = time.perf_counter() - started, sum(call.seconds for call in calls)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    rounds = [[member.rounds for member in target.members] for target in ensemble.targets]
    lines = [
        "# Churn: measured by `python benchmarks/churn.py`",
        "",
        f"Python {platform.python_version()}, {os.cpu_count()} cores, LightGBM {lgb.__version__}",
        "",
        f"{customers:,} customers, {FEATURES} features, {ORIGINS} origins; churn, orders and spend; rounds {rounds}.",
        "",
        "| what | s |",
        "| --- | --- |",
        f"| bare LightGBM calls (datasets, training, prediction) | {bare:.1f} |",
        f"| the whole fit | {whole:.1f} |",
        f"| ratio (target 1.3) | {whole / bare:.3f} |",
        "",
        f"Peak memory {peak:.1f} GB.",
    ]
    print("\n".join(lines))
    if len(sys.argv) == 1:
        RESULT.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
