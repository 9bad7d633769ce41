"""Work once per kind of customer: few summaries are distinct, however many customers share them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.intp]

MANY = 2**62  # a code holds no more
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
    kind: Index = np.zeros(len(columns[0]), dtype=np.intp)
    if len(kind) < 2:  # a server asks about one customer at a time
        return kind, kind
    possible = 1  # kinds so far, were all combinations there
    for column in columns:
        if (column == column[:1]).all():
            continue
        codes, values = pd.factorize(column, sort=True)
        if possible * len(values) > MANY:
            kind, kinds = pd.factorize(kind, sort=True)
            possible = len(kinds)
        kind, possible = kind * len(values) + codes, possible * len(values)
    kind, kinds = pd.factorize(kind, sort=True)
    first = np.empty(len(kinds), dtype=np.intp)
    first[kind[::-1]] = np.arange(len(kind))[::-1]
    return first, kind


def once(function: Callable[..., Array], *arguments: npt.ArrayLike) -> Array:
    """Broadcast the arguments, call a function of columns on their distinct rows, and join its values back."""
    arrays = np.broadcast_arrays(*(np.asarray(a, dtype=np.float64) for a in arguments))
    columns = [array.ravel() for array in arrays]
    varying = [column for column, argument in zip(columns, arguments, strict=True) if np.size(argument) > 1]
    first, kind = distinct(*(varying or columns[:1]))
    values = np.empty(len(first))
    for start in range(0, len(first), ROWS):
        rows = first[start : start + ROWS]
        values[start : start + ROWS] = function(*(column[rows] for column in columns))
    return values[kind].reshape(arrays[0].shape)
