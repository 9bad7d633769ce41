"""Memory and disk that run out are told apart from data that cannot be read."""

from __future__ import annotations

import pytest

from patronage.engine import DuckDB, held_by_another, shortage
from patronage.errors import ResourceError


def test_too_little_memory(tmp_path):
    engine = DuckDB(1, memory_limit="3MB", folder=tmp_path)
    with pytest.raises(engine.failure) as caught:
        engine.table("big", "SELECT range AS x, hash(range)::VARCHAR AS y FROM range(3000000)")
    line = shortage(caught.value)
    assert isinstance(line, ResourceError)
    assert "raise engine.memory_limit" in str(line)
    assert "\n" not in str(line)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("IO Error: Could not write file: No space left on device", "the disk of the working folder is full"),
        ("Out of Memory Error: failed to offload data block (max_temp_directory_size)", "the disk of the working"),
        ("std::bad_alloc", "out of memory"),
        ("Conversion Error: Could not convert 'x'", None),
    ],
)
def test_signs(words, line):
    found = shortage(RuntimeError(words))
    assert found is None if line is None else str(found).startswith(line)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (
            'IO Error: Could not set lock on file "/x.duckdb": Conflicting lock is held in /usr/bin/python3 (PID 17).',
            "another process (process 17) has the database open; let it end, then start again",
        ),
        (
            'IO Error: Could not set lock on file "/x.duckdb": Resource temporarily unavailable',
            "another process has the database open; let it end, then start again",
        ),
        ("IO Error: Could not read file", None),
    ],
)
def test_a_database_that_another_process_holds(words, line):
    assert held_by_another(RuntimeError(words)) == line
