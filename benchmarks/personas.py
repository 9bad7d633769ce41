"""What assigning a million customers costs: `python benchmarks/personas.py` writes personas.md beside it.

Customers are drawn from five lognormal kinds in 40 correlated features with missing values. Each way of assigning runs
in a process of its own on one thread: patronage's `Personas.positions` (the persona alone) and `Personas.predict` (id,
name, probability, runner-up and reason) beside what a user of bare scikit-learn would run for the persona alone, a
Pipeline of SimpleImputer, PowerTransformer and KMeans fitted on the same customers. The last line is KMeans' own
predict on points prepared beforehand. CPU time is the figure to trust; wall time depends on who else uses the machine.
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

CUSTOMERS, FEATURES, KINDS, SAMPLE = 1_000_000, 40, 5, 100_000
NAMES = [f"feature_{j:02d}" for j in range(FEATURES)]
WORDS = {name: Feature(name, f"high-{j}", f"low-{j}") for j, name in enumerate(NAMES)}
WAYS = {
    "patronage": "`Personas.predict`: persona, probability, runner-up, reason",
    "persona": "`Personas.positions`: persona",
    "pipeline": "scikit-learn Pipeline.predict: persona",
    "kmeans": "scikit-learn KMeans.predict on prepared points: persona",
}


def customers() -> pd.DataFrame:
    """Five kinds, eight underlying traits, 40 skewed features that show them; 5 % of the answers are missing."""
    rng = np.random.default_rng(0)
    traits = rng.normal(size=(KINDS, 8))[rng.integers(0, KINDS, CUSTOMERS)] * 1.5 + rng.normal(size=(CUSTOMERS, 8))
    values = np.exp(traits @ rng.normal(size=(8, FEATURES)) * 0.4 + rng.normal(size=(CUSTOMERS, FEATURES)) * 0.5)
    values[rng.uniform(size=values.shape) < 0.05] = np.nan
    return pd.DataFrame(values, columns=NAMES)


def measure(way: str) -> dict[str, float]:
    """Fit on a sample, assign everyone, in this process."""
    frame = customers()
    few = frame.head(SAMPLE)
    began, used = time.perf_counter(), time.process_time()
    if way in ("patronage", "persona"):
        config = PersonasConfig(
            "kmeans", KINDS, features=dict.fromkeys(NAMES, True), allow_unstable=True, fit_sample=SAMPLE
        )
        fitted = personas.fit(few, config, seed=0, descriptions=WORDS)
        assign = (lambda: fitted.predict(frame)) if way == "patronage" else (lambda: fitted.probabilities(frame))
    else:
        steps = make_pipeline(
            SimpleImputer(strategy="median"), PowerTransformer(), KMeans(KINDS, n_init=10, random_state=0)
        )
        fitted = steps.fit(few.to_numpy())
        values = frame.to_numpy() if way == "pipeline" else steps[:-1].transform(frame.to_numpy())
        assign = (lambda: steps.predict(values)) if way == "pipeline" else (lambda: steps[-1].predict(values))
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
    """All ways, as a table."""
    runs = {}
    for way in WAYS:
        done = subprocess.run([sys.executable, __file__, way], check=True, capture_output=True, text=True)
        runs[way] = json.loads(done.stdout)
        print(way, runs[way], flush=True)
    bare = runs["pipeline"]["cpu"]
    line = "| {what} | {cpu:.2f} | {times:.2f} | {wall:.2f} | {more:.0f} |"
    rows = [line.format(what=what, times=runs[way]["cpu"] / bare, **runs[way]) for way, what in WAYS.items()]
    fit = runs["patronage"]
    text = (
        "# Assigning personas\n\n"
        f"Made by `benchmarks/personas.py`; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the end (other "
        f"work ran beside it), one thread, Python {platform.python_version()}, scikit-learn {sklearn.__version__}, "
        f"NumPy {np.__version__}. {CUSTOMERS:,} customers, {FEATURES} features, {KINDS} personas.\n\n"
        "| way | CPU s | times the Pipeline's | wall s | more memory MB |\n|---|---:|---:|---:|---:|\n"
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
