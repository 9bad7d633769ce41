"""Where SQL runs, and the few tokens in which engines differ.

Every feature, label and check of the package is SQL text. The text is the same on every engine but for the methods
that return a `str`: they are the whole dialect. Rules that keep engines equal: money is summed as integers, dates are
subtracted only as DATEs, every ordering ends with a unique key, and a mean is a quotient of two exact sums.
"""

from __future__ import annotations

from pathlib import Path

from patronage.config import EngineConfig
from patronage.engine.duckdb import DuckDB
from patronage.engine.literals import number, text, texts
from patronage.engine.spark import Spark, session_of
from patronage.errors import ConfigError

__all__ = ["DuckDB", "Engine", "Spark", "connect", "number", "text", "texts"]

Engine = DuckDB | Spark


def connect(config: EngineConfig, folder: Path | None = None) -> Engine:
    """The engine of the configuration.

    Parameters
    ----------
    folder
        Where it may keep what does not fit into memory; by default the system's temporary folder.
    """
    if config.name == "duckdb":
        return DuckDB(config.threads, config.memory_limit, folder)
    if config.name == "spark":
        return Spark(session_of(config.master))
    raise ConfigError(f"engine.name={config.name}; expected duckdb or spark")
