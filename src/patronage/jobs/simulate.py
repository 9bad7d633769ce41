"""`patronage simulate`: write customers with a known truth."""

from __future__ import annotations

from pathlib import Path

from patronage.config import SimulateConfig
from patronage.data import simulated


def run(config: SimulateConfig) -> None:
    """Write the tables and the truth to the output folder, and say what is where."""
    folder = Path(config.output).expanduser().resolve()
    rows = simulated.write(simulated.read(config.data.simulated), folder, config.threads, said=print)
    print(f"made in {folder}")
    for table, count in rows.items():
        print(f"  {table}.parquet  {count:,} rows")
