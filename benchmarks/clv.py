"""Measure CLV beside lifetimes: CPU and memory of the fit, CPU of the predictions.

    python benchmarks/clv.py                   a million customers each, into benchmarks/clv.md (some minutes)
    python benchmarks/clv.py 10000000          ten million in the fit
    python benchmarks/clv.py 100000 predict    one part, on the screen

The customers are simulated by BG/NBD with CDNOW's estimates over three years, in days. Each measurement is a process
of its own, so that its peak memory is its own; CPU time is counted, as a busy machine stretches the clock.
"""

from __future__ import annotations

import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.config import ClvConfig
from patronage.models.btyd import clv
from patronage.models.btyd.bg_nbd import BgNbd
from patronage.models.btyd.fit import fit_orders

RESULT = Path(__file__).with_suffix(".md")
TRUTH = BgNbd(0.243, 30.9, 0.793, 2.426)
YEARS_DAYS, MILLION, SEED = 1095, 1_000_000, 0
FIT_TARGET, PREDICT_TARGET, MEMORY_TARGET = 4.0, 10.0, 1.5


def simulate(size: int) -> np.ndarray:
    """Draw customers: x, t_x, T and mean order value, in a row each."""
    rng = np.random.default_rng(SEED)
    age = rng.integers(1, YEARS_DAYS + 1, size).astype(np.float64)
    orders = rng.poisson(rng.gamma(TRUTH.r, 1 / TRUTH.alpha, size) * age)
    x = np.minimum(orders, rng.geometric(rng.beta(TRUTH.a, TRUTH.b, size)))
    at_least_one = np.maximum(x, 1)
    t_x = np.where(x > 0, np.ceil(age * rng.beta(at_least_one, orders + 1 - x)), 0)
    x = np.minimum(x, t_x)  # one order a day
    value = rng.gamma(6.25 * at_least_one) / (rng.gamma(3.74, 1 / 15.44, size) * at_least_one)
    return np.array([x, t_x, age, np.where(x > 0, value, 0)])


def fit_ours(customers: np.ndarray) -> Callable[[], object]:
    return lambda: fit_orders("bg_nbd", *customers[:3])


def fit_theirs(customers: np.ndarray) -> Callable[[], object]:
    import lifetimes

    return lambda: lifetimes.BetaGeoFitter().fit(*customers[:3])


def predict_ours(customers: np.ndarray) -> Callable[[], object]:
    names = [c.FREQUENCY, c.RECENCY, c.T, c.MONETARY_VALUE]
    features = pd.DataFrame(dict(zip(names, customers, strict=True)))
    model = clv.fit(features.head(20_000), ClvConfig(), model="bg_nbd", horizon_days=180)
    return lambda: model.predict(features)


def predict_theirs(customers: np.ndarray) -> Callable[[], object]:
    """Predict CLV alone: lifetimes has no P(order) and no interval."""
    import lifetimes

    x, t_x, age, value = (pd.Series(column) for column in customers)
    few = x.index < 20_000
    law = lifetimes.BetaGeoFitter().fit(x[few], t_x[few], age[few])
    again = few & (x > 0)
    spend = lifetimes.GammaGammaFitter().fit(x[again], value[again])
    return lambda: spend.customer_lifetime_value(law, x, t_x, age, value, time=12, discount_rate=0.008, freq="D")


PARTS = {"fit": (fit_ours, fit_theirs), "predict": (predict_ours, predict_theirs)}


def measured(part: str, number: int, path: str) -> tuple[float, float]:
    """Measure CPU seconds and peak gigabytes in a process of its own."""
    command = [sys.executable, __file__, "measure", part, str(number), path]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return float(output[-2]), float(output[-1])


def _measure(part: str, number: str, path: str) -> None:
    warnings.simplefilter("ignore")
    customers = np.load(path)
    work = PARTS[part][int(number)](customers)
    work_started = time.process_time()
    work()
    seconds = time.process_time() - work_started
    print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)


def compare(part: str, size: int) -> str:
    with tempfile.NamedTemporaryFile(suffix=".npy") as file:
        np.save(file.name, simulate(size))
        (ours, memory), (theirs, their_memory) = (measured(part, number, file.name) for number in (0, 1))
    what = {
        "fit": "fit of BG/NBD",
        "predict": "expectation, P(order), 80 % interval and CLV of 12 months; theirs: the CLV alone",
    }[part]
    target = {"fit": FIT_TARGET, "predict": PREDICT_TARGET}[part]
    return (
        f"| {what} | {size:,} | {ours:.1f} | {theirs:.1f} | {theirs / ours:.1f} | {target:g} | "
        f"{memory:.2f} | {their_memory:.2f} |"
    )


def main(arguments: list[str]) -> None:
    if arguments[:1] == ["measure"]:
        _measure(*arguments[1:])
        return
    size = int(arguments[0]) if arguments else MILLION
    if len(arguments) > 1:
        print(compare(arguments[1], size))
        return
    rows = [compare("fit", size), compare("predict", MILLION)]
    lines = [
        "# CLV beside lifetimes",
        "",
        f"`python benchmarks/clv.py{' ' + arguments[0] if arguments else ''}` on Python {platform.python_version()}, "
        f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the end; "
        "customers simulated by BG/NBD over three years, in days.",
        "",
        "| what | customers | CPU s, ours | CPU s, lifetimes | ratio | target ratio | GB, ours | GB, lifetimes |",
        "|---|---|---|---|---|---|---|---|",
        *rows,
        "",
        f"Peak memory is that of the whole process with its data; the target for ten million is {MEMORY_TARGET} GB.",
        "",
    ]
    RESULT.write_text("\n".join(lines))
    print("\n".join(lines))


if __name__ == "__main__":
    main(sys.argv[1:])
