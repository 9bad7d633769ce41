from __future__ import annotations

import numpy as np
import pytest

from patronage.models.btyd.unique_rows import BLOCK_ROWS, count_unique_rows, per_unique_row, unique_rows


def test_unique_rows_in_lexicographic_order():
    first, inverse = unique_rows(np.array([2.0, 1.0, 2.0, 1.0]), np.array([5.0, 9.0, 5.0, 7.0]))
    assert first.tolist() == [3, 1, 0]
    assert inverse.tolist() == [2, 1, 2, 0]


DAYS = np.arange(40) * 7 % 11.0
COLUMNS = {
    "few are possible": (DAYS, DAYS % 3),
    "whole, and many are possible": (DAYS, 1000 * (DAYS % 7), DAYS - 500),
    "money": (DAYS / 7, np.where(DAYS > 5, np.inf, 1e12 * DAYS)),
    "more than a code holds": tuple(1e5 * (DAYS % prime) for prime in (3, 5, 7, 11)),
}


@pytest.mark.parametrize("columns", COLUMNS.values(), ids=COLUMNS.keys())
def test_unique_rows_are_those_of_numpy(columns):
    rows, first, inverse, counts = np.unique(
        np.column_stack(columns), axis=0, return_index=True, return_inverse=True, return_counts=True
    )
    assert [positions.tolist() for positions in unique_rows(*columns)] == [first.tolist(), inverse.tolist()]
    *values, our_counts = count_unique_rows(*columns)
    assert np.column_stack(values).tolist() == rows.tolist()
    assert our_counts.tolist() == counts.tolist()


def test_no_row_has_no_unique_row():
    first, inverse = unique_rows(np.array([]), np.array([]))
    assert len(first) == len(inverse) == 0
    assert [len(column) for column in count_unique_rows(np.array([]), np.array([]))] == [0, 0, 0]
    assert per_unique_row(np.add, np.array([]), 2.0).shape == (0,)


def test_one_row_is_unique():
    first, inverse = unique_rows(np.array([3.5]), np.array([7.0]))
    assert (first.tolist(), inverse.tolist()) == ([0], [0])


def test_a_function_is_called_with_unique_rows():
    sizes = []

    def add(a, b, c):
        sizes.append(len(a))
        return a + 10 * b + 100 * c

    a, b = np.array([[1.0, 2.0], [1.0, 3.0]]), np.array([1.0, 1.0])
    assert per_unique_row(add, a, b, 2.0).tolist() == [[211.0, 212.0], [211.0, 213.0]]
    assert sizes == [3]
    assert per_unique_row(add, 1, 2, 3) == pytest.approx(321)


def test_a_function_is_called_block_by_block():
    values = np.arange(2 * BLOCK_ROWS + 5.0)[::-1]
    sizes = []
    assert (per_unique_row(lambda a: sizes.append(len(a)) or a**2, values) == values**2).all()
    assert sizes == [BLOCK_ROWS, BLOCK_ROWS, 5]
