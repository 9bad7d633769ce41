"""Work once per unique row: few summaries of customers are unique, however many customers share them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd

from patronage.typing import Array, Index

MAX_CODE = 2**62  # a code holds no more
MAX_RANGE = 2**20  # the range of whole numbers that need no dictionary
MAX_CODES_PER_ROW = 4  # up to so many possible codes for each row, a table of all codes is small
BLOCK_ROWS = 2048  # quadratures hold about a hundred nodes a row: a block stays within the cache


def unique_rows(*columns: Array) -> tuple[Index, Index]:
    """
    Find the unique rows of some columns, in lexicographic order.

    Parameters
    ----------
    columns
        One-dimensional, of one length, without NaN.

    Returns
    -------
    first
        Position of the first occurrence of each unique row.
    inverse
        Position of every row among the unique ones: ``column[first][inverse]`` is ``column``.
    """
    code, possible = _row_codes(columns)
    if possible <= MAX_CODES_PER_ROW * len(code):
        return _unique_by_table(code, possible)
    rows, starts = _sorted_rows(code, possible)
    inverse = np.empty(len(rows), dtype=np.intp)
    inverse[rows] = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(rows)))
    return rows[starts], inverse


def count_unique_rows(*columns: Array) -> tuple[Array, ...]:
    """The columns of the unique rows, in lexicographic order, and the number of rows that equal each."""
    rows, starts = _sorted_rows(*_row_codes(columns))
    first = rows[starts]
    return *(column[first] for column in columns), np.diff(starts, append=len(rows)).astype(np.float64)


def per_unique_row(function: Callable[..., Array], *arguments: npt.ArrayLike, rows: int = BLOCK_ROWS) -> Array:
    """Broadcast the arguments, call a function of columns on their unique rows, and spread its values to all rows."""
    arrays = [np.asarray(argument, dtype=np.float64) for argument in arguments]
    columns = [array.ravel() for array in np.broadcast_arrays(*arrays)]
    varying = [column for column, array in zip(columns, arrays, strict=True) if array.size > 1]
    first, inverse = unique_rows(*(varying or columns[:1]))
    values = in_blocks(function, *(column[first] for column in columns), rows=rows)
    return values[inverse].reshape(np.broadcast(*arrays).shape)


def in_blocks(function: Callable[..., Array], *columns: Array, rows: int = BLOCK_ROWS) -> Array:
    """Call a function of columns on so many rows at a time that they stay within the cache."""
    values = np.empty(len(columns[0]))
    for start in range(0, len(values), rows):
        block = slice(start, start + rows)
        values[block] = function(*(column[block] for column in columns))
    return values


def _unique_by_table(code: Index, possible: int) -> tuple[Index, Index]:
    """`unique_rows` without a sort, where a table of all possible codes is small."""
    present = np.zeros(possible, dtype=np.bool_)
    present[code] = True
    codes = np.flatnonzero(present)
    position = np.empty(possible, dtype=np.intp)
    position[codes] = np.arange(len(codes))
    inverse = position[code]
    first = np.empty(len(codes), dtype=np.intp)
    first[inverse[::-1]] = np.arange(len(inverse))[::-1]  # of several assignments to one place the last one counts
    return first, inverse


def _sorted_rows(code: Index, possible: int) -> tuple[Index, Index]:
    """The rows by their codes, and where each code starts. To sort one number a row is quicker than to sort rows."""
    bits = len(code).bit_length()
    if possible > MAX_CODE >> bits:
        code = pd.factorize(code, sort=True)[0]
    code_and_row = (code << bits) | np.arange(len(code))
    code_and_row.sort()
    rows = code_and_row & ((1 << bits) - 1)
    code_and_row >>= bits
    return rows, np.flatnonzero(np.concatenate([[True], code_and_row[1:] != code_and_row[:-1]])[: len(rows)])


def _row_codes(columns: tuple[Array, ...]) -> tuple[Index, int]:
    """A whole number for each row, in lexicographic order, and below which they all are."""
    code: Index = np.zeros(len(columns[0]), dtype=np.intp)
    possible = 1  # codes so far, if all combinations occurred
    if not len(code):
        return code, possible
    for column in columns:
        low, high = column.min(), column.max()
        if low == high:
            continue
        codes, size = _column_codes(column, low, high)
        if possible * size > MAX_CODE:
            code, present = pd.factorize(code, sort=True)
            possible = len(present)
        code, possible = code * size + codes, possible * size
    return code, possible


def _column_codes(column: Array, low: float, high: float) -> tuple[Index, int]:
    """The rank of each value among those of the column: whole numbers of a small range are their own ranks."""
    if high - low < MAX_RANGE and (column == np.floor(column)).all():
        return (column - low).astype(np.intp), int(high - low) + 1
    codes, values = pd.factorize(column, sort=True)
    return codes, len(values)
