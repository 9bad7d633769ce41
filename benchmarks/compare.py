"""Measure the time and memory of comparing two runs of a million customers.

    python benchmarks/compare.py           trains the runs and compares them
    python benchmarks/compare.py FOLDER    the same, with the runs in a folder that is used again

Three small models are trained on CDNOW; their customers are then copied, with features jittered by a tenth, to a
million, assigned, and logged as runs like any other. The measurement is of the whole command `patronage compare`, in a
process of its own: reading both runs, comparing, drawing, reporting, logging. Writes compare.md beside it.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from patronage import data, tracking
from patronage import names as c
from patronage.config import DataConfig, StoreConfig, TrackingConfig
from patronage.engine import DuckDB
from patronage.review.training_run import TrainingRun

CUSTOMERS = 1_000_000
QUICK = (
    "data=cdnow", "horizon_days=150", "churn=btyd", "origins.most=1", "personas.k=5", "personas.allow_unstable=true",
    "personas.bootstraps=3", "evaluation.bootstraps=20", "tracking.experiment=small",
)  # fmt: skip
RUNS = {
    "baseline": ("cutoff=1998-01-01",),
    "other model": ("cutoff=1998-01-01", "personas=gmm", "personas.k=4"),
    "a month later": ("cutoff=1998-01-31",),
}
PATRONAGE = [sys.executable, "-m", "patronage.cli"]
LARGE = "sqlite:///mlruns/large.db"
# From a small process: the peak memory of a child includes that of the process that started it.
METER = (
    "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL); "
    "used = resource.getrusage(resource.RUSAGE_CHILDREN); "
    "print(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)"
)


def many(frame: pd.DataFrame, customers: int, *, jitter: bool) -> pd.DataFrame:
    """Copy the customers under new ids, with the same noise at the same position in every run."""
    rng = np.random.default_rng(0)
    copies = -(-customers // len(frame))
    names = [f"{customer}-{copy:03d}" for copy in range(copies) for customer in frame.index][:customers]
    large = pd.concat([frame] * copies).iloc[:customers].set_axis(pd.Index(names, name=c.CUSTOMER_ID))
    whole = {c.N_ORDERS, c.ACTIVE_DAYS, c.FREQUENCY, c.RECENCY, c.T, c.N_GAPS, c.CHURNED, c.ORDERS}
    for name in large.select_dtypes("float").columns if jitter else ():
        if name not in whole:
            moved = large[name] * rng.uniform(0.9, 1.1, len(large))
            large[name] = moved.clip(large[name].min(), large[name].max())  # a share stays a share
    return large


def log_large(store: tracking.Store, run: TrainingRun, tables: data.Tables) -> None:
    """Log the run with a million customers."""
    features = many(run.features, CUSTOMERS, jitter=True)
    if run.name == "baseline":  # the others have customers who joined
        features = features.iloc[: int(0.98 * CUSTOMERS)]
    assignments = run.bundle.assign(features)
    judged = many(run.evaluation, CUSTOMERS, jitter=False) if run.evaluation is not None else pd.DataFrame()
    record = tracking.RunRecord(
        kind="train",
        name=run.name,
        started_ms=int(1000 * time.time()),
        config="".join(f"{key}: {value!r}\n" for key, value in run.config.items()),
        params={"horizon_days": run.params["horizon_days"], "data": "cdnow, copied"},
        metrics=run.metrics,
        tags={c.CUTOFF: run.cutoff, "evaluated_from": run.judged[0]},
        frames={"evaluation.parquet": judged.reset_index()},
    )
    stamped = assignments.assign(**{c.CUTOFF: pd.Timestamp(run.cutoff)})
    tracking.log_training(store, record, tables, run.bundle, features, stamped)


def make(root: Path) -> None:
    """Train the small runs and log the large ones."""
    (root / "mlruns").mkdir(parents=True)
    for name, more in RUNS.items():
        subprocess.run([*PATRONAGE, "train", *QUICK, *more, f"name={name}"], check=True, capture_output=True)
    small = tracking.find_store(StoreConfig(), root)
    past = [tracking.read_run(small, name) for name in RUNS]
    large = tracking.open_store(TrackingConfig(uri=LARGE), root)
    for run in past:
        log_large(large, run, data.load(DuckDB(), DataConfig(name="cdnow", source="cdnow")))


def main(folder: str) -> None:
    """Compare the runs and write the table."""
    root = Path(folder)
    os.environ["PATRONAGE_ROOT"] = folder
    if not (root / "mlruns" / "large.db").is_file():
        make(root)
    rows = []
    for name in list(RUNS)[1:]:
        command = [*PATRONAGE, "compare", "baseline=baseline", f"candidate={name}", f"tracking.uri={LARGE}"]
        began = time.perf_counter()
        done = subprocess.run([sys.executable, "-c", METER, *command], check=True, capture_output=True, text=True)
        cpu, memory = map(float, done.stdout.split())
        wall = time.perf_counter() - began
        rows.append(f"| {name} | {wall:.0f} | {cpu:.0f} | {memory:.0f} |")
        print(rows[-1], flush=True)
    about = (
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the end, Python {platform.python_version()}, "
        f"pandas {pd.__version__}, NumPy {np.__version__}"
    )
    text = (
        f"# Comparing two runs of {CUSTOMERS:,} customers\n\nMade by `benchmarks/compare.py`; {about}.\n"
        "The target is 60 s and 3 GB; CPU seconds are the figure to trust where other work ran at the same time.\n\n"
        "| candidate | wall s | CPU s | peak memory MB |\n|---|---:|---:|---:|\n" + "\n".join(rows) + "\n"
    )
    Path(__file__).with_suffix(".md").write_text(text)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(sys.argv[1])
    else:
        with tempfile.TemporaryDirectory() as folder:
            main(folder)
