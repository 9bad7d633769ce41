from __future__ import annotations

import pytest

from patronage.config import EngineConfig
from patronage.engine import DuckDB, connect
from patronage.errors import ConfigError


def test_the_configuration_chooses_the_engine():
    engine = connect(EngineConfig(name="duckdb", threads=1))
    assert isinstance(engine, DuckDB)
    assert engine.row("SELECT current_setting('threads')") == (1,)


def test_another_engine_is_refused():
    with pytest.raises(ConfigError, match="engine.name=sqlite; expected duckdb or spark"):
        connect(EngineConfig(name="sqlite"))
