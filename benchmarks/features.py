"""Measure all lenses beside a plain scan and featuretools: `python benchmarks/features.py` writes features.md.

Customers are simulated with every column and event. The scan only decodes every column of the Parquet files that the
lenses read. The door (checks, canonical tables) is measured on its own: it is needed once for any number of
cutoffs. Every step runs in a process of its own on two threads; CPU seconds are its own.

featuretools needs pandas 2 and an environment of its own: give its interpreter as FEATURETOOLS_PYTHON, made by
`python -m venv ft && ft/bin/pip install featuretools==1.31.0 "pandas<2.4" "setuptools<81" pyarrow`. Without it the
row of featuretools is left out.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import signal
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

THREADS, MEMORY = 2, "2GB"
CUTOFF = datetime(2023, 10, 1)
SIZES = {"100k": 2_900, "1M": 29_000, "10M": 290_000}  # customers; 35 lines each
DEEP_SIZES, DEEP_MOST = ("100k", "1M"), 1200  # CPU seconds after which featuretools is stopped
DEEP = """
import sys, time, json, resource
import pandas as pd, featuretools as ft
resource.setrlimit(resource.RLIMIT_CPU, (int(sys.argv[4]), int(sys.argv[4]) + 5))
lines = pd.read_parquet(sys.argv[1] + "/transactions.parquet").assign(line=lambda frame: range(len(frame)))
lines = lines[lines["ordered_at"] < sys.argv[2]]
for name in ("category", "brand", "channel", "device", "coupon", "private_label"):
    lines[name] = lines[name].astype("category")
began = time.process_time()
es = ft.EntitySet("shop")
es = es.add_dataframe(dataframe_name="lines", dataframe=lines, index="line", time_index="ordered_at")
es = es.normalize_dataframe("lines", "orders", "order_id", additional_columns=["customer_id"], make_time_index=True)
es = es.normalize_dataframe("orders", "customers", "customer_id", make_time_index=True)
matrix, names = ft.dfs(
    entityset=es, target_dataframe_name="customers", cutoff_time=pd.Timestamp(sys.argv[2]), max_depth=2,
    agg_primitives=["count", "sum", "mean", "max", "min", "std", "skew", "num_unique", "mode", "trend"],
    trans_primitives=["weekday", "month", "is_weekend"], max_features=int(sys.argv[3]))
used = time.process_time() - began
print(json.dumps({"cpu": used, "features": matrix.shape[1],
                  "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
"""


def spent(began: float) -> dict[str, float]:
    """Give the CPU seconds since then, and the peak memory in MB."""
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"cpu": time.process_time() - began, "memory": memory}


def scan(folder: Path) -> dict[str, float]:
    """Decode every column of every table."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    pa.set_cpu_count(THREADS)
    began = time.process_time()
    for table in ("transactions", "events", "customers"):
        for _ in pq.ParquetFile(folder / f"{table}.parquet").iter_batches():
            pass
    return spent(began)


def compute(folder: Path) -> dict[str, float]:
    """Load the tables through the door, then compute all lenses."""
    from omegaconf import OmegaConf

    from patronage import data, lenses
    from patronage.config import DataConfig, EngineConfig, LensesConfig, typed
    from patronage.config.places import conf_dir
    from patronage.engine import connect

    config = OmegaConf.load(conf_dir() / "data" / "simulated.yaml")
    settings = {key: config[key] for key in ("money_decimals", "on_duplicate_rows", "customers")}
    paths = {name: {"path": str(folder / f"{name}.parquet")} for name in ("transactions", "events", "customers")}
    source = OmegaConf.merge({"name": "tables"}, settings, paths)
    began = time.process_time()
    engine = connect(EngineConfig(name="duckdb", threads=THREADS, memory_limit=MEMORY))
    tables = data.load(engine, typed(DataConfig, source))
    door = spent(began)
    lens_config = typed(LensesConfig, OmegaConf.load(conf_dir() / "lenses" / "retail.yaml"))
    began = time.process_time()
    features = lenses.features_at(tables, CUTOFF, lens_config, 7)
    return {
        **spent(began),
        "door": door["cpu"],
        "features": features.shape[1],
        "customers": len(features),
        "lines": tables.rows["transactions"],
        "events": tables.rows["events"],
    }


def by(step: str, folder: Path) -> dict[str, float]:
    """Run a step in a process of its own."""
    done = subprocess.run([sys.executable, __file__, step, str(folder)], check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def deep(folder: Path, features: int) -> dict[str, float] | None:
    """Run featuretools with as many features on the transactions alone; one that was stopped gives no features."""
    python = os.environ.get("FEATURETOOLS_PYTHON")
    if not python:
        return None
    command = [python, "-W", "ignore", "-c", DEEP, str(folder), f"{CUTOFF:%Y-%m-%d}", str(features), str(DEEP_MOST)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode == -signal.SIGXCPU:
        return {"cpu": DEEP_MOST}
    done.check_returncode()
    return json.loads(done.stdout.splitlines()[-1])


def rows_of(floor: dict[str, float], ours: dict[str, float], other: dict[str, float] | None) -> list[str]:
    """Write the rows of one size."""
    about = f"{ours['lines']:,} and {ours['events']:,} events"
    cells = [
        (about, "plain scan", "", floor["cpu"], f"{floor['memory']:.0f}"),
        (about, "door", "", ours["door"], ""),
        (about, "all lenses", f"{ours['features']:.0f}", ours["cpu"], f"{ours['memory']:.0f}"),
    ]
    if other is not None:
        over = "" if "features" in other else "more than "
        what = f"featuretools dfs, {over}{other['cpu'] / ours['cpu']:.0f} times our lenses" + (over and ", stopped")
        features, memory = (f"{other[name]:.0f}" if name in other else "" for name in ("features", "memory"))
        cells.append((f"{ours['lines']:,}, no events", what, features, other["cpu"], memory))
    return [
        f"| {about} | {what} | {features} | {cpu:.1f} | {cpu / floor['cpu']:.1f} | {memory} |"
        for about, what, features, cpu, memory in cells
    ]


def write_table(rows: list[str]) -> None:
    about = (
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the end, {THREADS} threads, DuckDB limited to "
        f"{MEMORY}, Python {platform.python_version()}"
    )
    head = ["| lines | what | features | CPU s | times the scan | peak memory MB |", "|---:|---|---:|---:|---:|---:|"]
    text = f"# What features cost\n\nMade by `benchmarks/features.py`; {about}.\n\n" + "\n".join([*head, *rows]) + "\n"
    Path(__file__).with_suffix(".md").write_text(text)


def main() -> None:
    """Measure all sizes and write the table."""
    from patronage.data.simulated import SimulatedConfig, write

    rows: list[str] = []
    for size, customers in SIZES.items():
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name) / "shop"
            write(SimulatedConfig(customers=customers), folder, threads=THREADS)
            floor, ours = by("scan", folder), by("compute", folder)
            rows += rows_of(floor, ours, deep(folder, int(ours["features"])) if size in DEEP_SIZES else None)
            print(*rows, sep="\n", flush=True)
    write_table(rows)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps({"scan": scan, "compute": compute}[sys.argv[1]](Path(sys.argv[2]))))
    else:
        main()
