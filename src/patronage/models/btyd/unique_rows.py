"""Work once per kind of customer: few summaries are distinct, however many customers share them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd

from patronage.typing import Array, Index

MANY = 2**62  # a code holds no more
WIDE = 2**20  # the range of whole numbers that need no dictionary
SPARSE = 4  # possible codes for each row, up to which a table of them is small
ROWS = 2048  # quadratures hold about a hundred nodes a row: a block stays within the cache


def distinct(*columns: Array) -> tuple[Index, Index]:
    """
    Find the distinct rows of some columns, in lexicographic order.

    Parameters
    ----------
    columns
        One-dimensional, of one length, without NaN.

    Returns
    -------
    first
        Position of the first row of each kind.
    kind
        The kind of every row: ``column[first][kind]`` is ``column``.
    """
    if len(columns[0]) < 2:  # a server asks about one customer at a time
        alone: Index = np.zeros(len(columns[0]), dtype=np.intp)
        return alone, alone
    code, possible = _coded(columns)
    if possible <= SPARSE * len(code):  # few codes are possible: they are ticked off, not sorted
        seen = np.zeros(possible, dtype=np.bool_)
        seen[code] = True
        kinds = np.flatnonzero(seen)
        place = np.empty(possible, dtype=np.intp)
        place[kinds] = np.arange(len(kinds))
        kind = place[code]
        first = np.empty(len(kinds), dtype=np.intp)
        first[kind[::-1]] = np.arange(len(kind))[::-1]
        return first, kind
    rows, starts = _sorted(code, possible)
    kind = np.empty(len(rows), dtype=np.intp)
    kind[rows] = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(rows)))
    return rows[starts], kind


def counted(*columns: Array) -> tuple[Array, ...]:
    """The distinct rows, in lexicographic order, and how many rows there are of each."""
    rows, starts = _sorted(*_coded(columns))
    first = rows[starts]
    return *(column[first] for column in columns), np.diff(starts, append=len(rows)).astype(np.float64)


def _sorted(code: Index, possible: int) -> tuple[Index, Index]:
    """The rows by their codes, and where each code starts. To sort one number a row is quicker than to sort rows."""
    bits = len(code).bit_length()
    if possible > MANY >> bits:
        code = pd.factorize(code, sort=True)[0]
    both = (code << bits) | np.arange(len(code))
    both.sort()
    rows = both & ((1 << bits) - 1)
    both >>= bits
    return rows, np.flatnonzero(np.concatenate([[True], both[1:] != both[:-1]]))


def _coded(columns: tuple[Array, ...]) -> tuple[Index, int]:
    """A whole number for each row, in lexicographic order, and below which they all are."""
    code: Index = np.zeros(len(columns[0]), dtype=np.intp)
    possible = 1  # codes so far, were all combinations there
    for column in columns:
        low, high = column.min(), column.max()
        if low == high:
            continue
        codes, size = _places(column, low, high)
        if possible * size > MANY:
            code, kinds = pd.factorize(code, sort=True)
            possible = len(kinds)
        code, possible = code * size + codes, possible * size
    return code, possible


def _places(column: Array, low: float, high: float) -> tuple[Index, int]:
    """The place of each value in the order of all: days and orders are places as they are."""
    if high - low < WIDE and (column == np.floor(column)).all():
        return (column - low).astype(np.intp), int(high - low) + 1
    places, values = pd.factorize(column, sort=True)
    return places, len(values)


def once(function: Callable[..., Array], *arguments: npt.ArrayLike) -> Array:
    """Broadcast the arguments, call a function of columns on their distinct rows, and join its values back."""
    arrays = [np.asarray(a, dtype=np.float64) for a in arguments]
    together = np.broadcast(*arrays)
    if together.size == 1:  # a server asks about one customer at a time
        return function(*(array.reshape(1) for array in arrays)).reshape(together.shape)
    columns = [array.ravel() for array in np.broadcast_arrays(*arrays)]
    varying = [column for column, array in zip(columns, arrays, strict=True) if array.size > 1]
    first, kind = distinct(*(varying or columns[:1]))
    return in_blocks(function, *(column[first] for column in columns))[kind].reshape(together.shape)


def in_blocks(function: Callable[..., Array], *columns: Array) -> Array:
    """Call a function of columns on so many rows at a time that they stay within the cache."""
    values = np.empty(len(columns[0]))
    for start in range(0, len(values), ROWS):
        values[start : start + ROWS] = function(*(column[start : start + ROWS] for column in columns))
    return values
