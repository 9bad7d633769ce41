"""Measure the time and memory of the simulator: `python benchmarks/simulate.py` writes simulate.md beside it.

Each size runs in a process of its own, on two threads, and writes all tables and the truth as Parquet to a temporary
folder. Wall time depends on the other load of the machine; CPU time hardly does.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa

from patronage.data.simulated import SimulatedConfig, write

THREADS = 2
CASES = [(29_000, True), (290_000, False), (290_000, True)]  # customers, with events; 35 lines a customer
HEAD = "| customers | lines | events | wall s | CPU s | peak memory MB | Parquet MB |\n" + "|---:" * 7 + "|"


def measure(customers: int, events: bool) -> dict[str, float]:
    """Simulate one size in this process, and give the rows, times, memory and size on disk."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        began, used = time.perf_counter(), time.process_time()
        rows = write(SimulatedConfig(customers=customers, events=events), out, threads=THREADS)
        return {
            "customers": rows["customers"],
            "lines": rows["transactions"],
            "events": rows.get("events", 0),
            "wall": time.perf_counter() - began,
            "cpu": time.process_time() - used,
            "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            "disk": sum(path.stat().st_size for path in out.iterdir()) / 2**20,
        }


def main() -> None:
    """Measure all cases and write the table."""
    rows = []
    for customers, events in CASES:
        command = [sys.executable, __file__, str(customers), str(int(events))]
        run = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        rows.append(
            "| {customers:,} | {lines:,} | {events:,} | {wall:.1f} | {cpu:.1f} | {memory:.0f} | {disk:.0f} |".format(
                **run
            )
        )
        print(rows[-1], flush=True)
    load = os.getloadavg()[0]
    environment = (
        f"{os.cpu_count()} cores, load {load:.1f} at the end (other work ran beside it), {THREADS} threads, "
        f"Python {platform.python_version()}, NumPy {np.__version__}, Arrow {pa.__version__}"
    )
    text = (
        f"# Simulating customers\n\nMade by `benchmarks/simulate.py`; {environment}.\n\n{HEAD}\n"
        + "\n".join(rows)
        + "\n"
    )
    Path(__file__).with_suffix(".md").write_text(text)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(measure(int(sys.argv[1]), sys.argv[2] == "1")))
    else:
        main()
