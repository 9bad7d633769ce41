"""The engine of the configuration."""

from __future__ import annotations

from pathlib import Path

from patronage import threads
from patronage.config import EngineConfig
from patronage.engine.duckdb import DuckDB
from patronage.engine.protocol import Engine
from patronage.engine.spark import Spark, session_of
from patronage.errors import ConfigError


def connect(config: EngineConfig, folder: Path | None = None) -> Engine:
    """Open the engine of the configuration.

    Parameters
    ----------
    folder
        Where it may keep what does not fit into memory; by default the system's temporary folder.

    Raises
    ------
    ConfigError
        There is no engine of this name, or it is not installed.
    """
    if config.name == "duckdb":
        return DuckDB(config.threads or threads.count(), config.memory_limit, folder)
    if config.name == "spark":
        return Spark(session_of(config.master))
    raise ConfigError(f"engine.name={config.name}; expected duckdb or spark")
