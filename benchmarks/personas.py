"""Measure the assignment of a million customers: `python benchmarks/personas.py` writes personas.md beside it.

Customers are drawn from five lognormal groups in 40 correlated features with missing values. Each method runs in a
process of its own on one thread: patronage's `PersonaModel.probabilities` (of each persona) and `PersonaModel.predict`
(id, name, probability, runner-up and reason) beside what a user of bare scikit-learn would run for the persona alone,
a Pipeline of SimpleImputer, PowerTransformer and KMeans fitted on the same customers. The last line is KMeans' own
predict on points prepared beforehand. CPU time is the figure to trust; wall time depends on the other load of the
machine.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import sklearn
from sklearn.cluster import KMeans
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PowerTransformer
from threadpoolctl import threadpool_limits

from patronage.config import PersonasConfig
from patronage.lenses.lens import Feature
from patronage.models import personas

CUSTOMERS, FEATURES, GROUPS, SAMPLE = 1_000_000, 40, 5, 100_000
NAMES = [f"feature_{j:02d}" for j in range(FEATURES)]
WORDS = {name: Feature(name, f"high-{j}", f"low-{j}") for j, name in enumerate(NAMES)}
METHODS = {
    "patronage": "`PersonaModel.predict`: persona, probability, runner-up, reason",
    "persona": "`PersonaModel.probabilities`: probability of each persona",
    "pipeline": "scikit-learn Pipeline.predict: persona",
    "kmeans": "scikit-learn KMeans.predict on prepared points: persona",
}


def customers() -> pd.DataFrame:
    """Draw five groups of customers with eight traits, which 40 skewed features show; 5 % of the values are missing."""
    rng = np.random.default_rng(0)
    traits = rng.normal(size=(GROUPS, 8))[rng.integers(0, GROUPS, CUSTOMERS)] * 1.5 + rng.normal(size=(CUSTOMERS, 8))
    values = np.exp(traits @ rng.normal(size=(8, FEATURES)) * 0.4 + rng.normal(size=(CUSTOMERS, FEATURES)) * 0.5)
    values[rng.uniform(size=values.shape) < 0.05] = np.nan
    return pd.DataFrame(values, columns=NAMES)


def measure(method: str) -> dict[str, float]:
    """Fit on a sample and assign all customers, in this process."""
    frame = customers()
    few = frame.head(SAMPLE)
    began, used = time.perf_counter(), time.process_time()
    if method in ("patronage", "persona"):
        config = PersonasConfig(
            "kmeans", GROUPS, features=dict.fromkeys(NAMES, True), allow_unstable=True, fit_sample=SAMPLE
        )
        fitted = personas.fit(few, config, seed=0, descriptions=WORDS)
        assign = (lambda: fitted.predict(frame)) if method == "patronage" else (lambda: fitted.probabilities(frame))
    else:
        steps = make_pipeline(
            SimpleImputer(strategy="median"), PowerTransformer(), KMeans(GROUPS, n_init=10, random_state=0)
        )
        fitted = steps.fit(few.to_numpy())
        values = frame.to_numpy() if method == "pipeline" else steps[:-1].transform(frame.to_numpy())
        assign = (lambda: steps.predict(values)) if method == "pipeline" else (lambda: steps[-1].predict(values))
    fit_wall, fit_cpu = time.perf_counter() - began, time.process_time() - used
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began, used = time.perf_counter(), time.process_time()
    assign()
    return {
        "fit_wall": fit_wall,
        "fit_cpu": fit_cpu,
        "wall": time.perf_counter() - began,
        "cpu": time.process_time() - used,
        "more": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024,
    }


def main() -> None:
    """Measure all methods and write the table."""
    runs = {}
    for method in METHODS:
        done = subprocess.run([sys.executable, __file__, method], check=True, capture_output=True, text=True)
        runs[method] = json.loads(done.stdout)
        print(method, runs[method], flush=True)
    bare = runs["pipeline"]["cpu"]
    line = "| {what} | {cpu:.2f} | {times:.2f} | {wall:.2f} | {more:.0f} |"
    rows = [
        line.format(what=what, times=runs[method]["cpu"] / bare, **runs[method]) for method, what in METHODS.items()
    ]
    fit = runs["patronage"]
    text = (
        "# Assigning personas\n\n"
        f"Made by `benchmarks/personas.py`; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the end (other "
        f"work ran beside it), one thread, Python {platform.python_version()}, scikit-learn {sklearn.__version__}, "
        f"NumPy {np.__version__}. {CUSTOMERS:,} customers, {FEATURES} features, {GROUPS} personas.\n\n"
        "| method | CPU s | times the Pipeline's | wall s | more memory MB |\n|---|---:|---:|---:|---:|\n"
        + "\n".join(rows)
        + f"\n\nFit of patronage's personas on {SAMPLE:,} customers, with 20 bootstraps of 5,000 for one k: "
        f"{fit['fit_cpu']:.1f} CPU s, {fit['fit_wall']:.1f} s.\n"
    )
    Path(__file__).with_suffix(".md").write_text(text)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        with threadpool_limits(1):
            print(json.dumps(measure(sys.argv[1])))
    else:
        main()
