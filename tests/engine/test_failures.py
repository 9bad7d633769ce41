"""Memory and disk that run out are told apart from data that cannot be read."""

from __future__ import annotations

import pytest

from patronage.engine import DuckDB, shortage
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
