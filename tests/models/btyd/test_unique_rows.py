from __future__ import annotations

import numpy as np
import pytest

from patronage.models.btyd.unique_rows import ROWS, counted, distinct, once


def test_distinct_rows_in_lexicographic_order():
    first, kind = distinct(np.array([2.0, 1.0, 2.0, 1.0]), np.array([5.0, 9.0, 5.0, 7.0]))
    assert first.tolist() == [3, 1, 0]
    assert kind.tolist() == [2, 1, 2, 0]


DAYS = np.arange(40) * 7 % 11.0
COLUMNS = {
    "few are possible": (DAYS, DAYS % 3),
    "whole, and many are possible": (DAYS, 1000 * (DAYS % 7), DAYS - 500),
    "money": (DAYS / 7, np.where(DAYS > 5, np.inf, 1e12 * DAYS)),
    "more than a code holds": tuple(1e5 * (DAYS % prime) for prime in (3, 5, 7, 11)),
}


@pytest.mark.parametrize("columns", COLUMNS.values(), ids=COLUMNS.keys())
def test_distinct_rows_are_numpy_s(columns):
    rows, first, kind, counts = np.unique(
        np.column_stack(columns), axis=0, return_index=True, return_inverse=True, return_counts=True
    )
    assert [found.tolist() for found in distinct(*columns)] == [first.tolist(), kind.tolist()]
    *found, found_counts = counted(*columns)
    assert np.column_stack(found).tolist() == rows.tolist()
    assert found_counts.tolist() == counts.tolist()


def test_of_nobody():
    first, kind = distinct(np.array([]), np.array([]))
    assert len(first) == len(kind) == 0


def test_once_calls_with_distinct_rows_and_joins_back():
    seen = []

    def add(a, b, c):
        seen.append(len(a))
        return a + 10 * b + 100 * c

    a, b = np.array([[1.0, 2.0], [1.0, 3.0]]), np.array([1.0, 1.0])
    assert once(add, a, b, 2.0).tolist() == [[211.0, 212.0], [211.0, 213.0]]
    assert seen == [3]
    assert once(add, 1, 2, 3) == pytest.approx(321)


def test_once_goes_block_by_block():
    values = np.arange(2 * ROWS + 5.0)[::-1]
    seen = []
    assert (once(lambda a: seen.append(len(a)) or a**2, values) == values**2).all()
    assert seen == [ROWS, ROWS, 5]
