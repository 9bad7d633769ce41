"""Ranges of rows: they cover every row once, in order, on any number of threads."""

from __future__ import annotations

import pytest

from patronage.models.journey.chunks import FEW_ROWS, map_chunks


@pytest.mark.parametrize("rows", [1, 15, 16, 17, FEW_ROWS - 1, FEW_ROWS, FEW_ROWS + 7])
@pytest.mark.parametrize("threads", [1, 3])
def test_the_ranges_cover_every_row_once_and_in_order(rows, threads):
    ranges = list(map_chunks(rows, lambda borders: borders, threads))
    assert [row for low, high in ranges for row in range(low, high)] == list(range(rows))


def test_the_borders_do_not_depend_on_the_threads():
    assert list(map_chunks(5_000, tuple, 1)) == list(map_chunks(5_000, tuple, 4))


def test_an_error_of_a_task_reaches_the_caller():
    def fail(borders):
        raise ValueError(borders)

    with pytest.raises(ValueError, match="0"):
        list(map_chunks(5_000, fail, 2))
