"""`patronage simulate`: write customers with a known truth."""

from __future__ import annotations

from pathlib import Path

from patronage.config import SimulateConfig
from patronage.data import simulated


def run(config: SimulateConfig) -> None:
    """Write the tables and the truth to the output folder, and print the folder and the rows of each table."""
    folder = Path(config.output).expanduser().resolve()
    settings = simulated.read_settings(config.data.simulated)
    rows = simulated.write(settings, folder, config.threads, on_progress=print)
    print(f"made in {folder}")
    for table, count in rows.items():
        print(f"  {table}.parquet  {count:,} rows")
