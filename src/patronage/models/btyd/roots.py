"""Where functions cross zero, a row each: scipy's `find_root` without the bookkeeping that one customer waits for."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from patronage.typing import Array, Index

TOLERANCE = 1e-7
ROUNDING = 4 * float(np.finfo(np.float64).eps)


class End(NamedTuple):
    """One end of each row's bracket, and the function there."""

    x: Array
    f: Array


def roots(function: Callable[[Array, Index], Array], low: End, high: End) -> Array:
    """(N,) where each row's function is zero, to `TOLERANCE`; of either sign at the two ends.

    By Chandrupatla's steps: inverse quadratic where that is safe, else halves. The bits are those of
    scipy.optimize.elementwise.find_root, which spends most of its time on itself where there is one row.

    Parameters
    ----------
    function
        Of the places to look at and the positions of their rows.

    References
    ----------
    Chandrupatla (1997), Advances in Engineering Software 28(3).
    """
    found = np.empty(len(low.x))
    rows = np.arange(len(found))
    (x1, f1), (x2, f2) = low, high
    t: Array | float = 0.5
    while len(rows):
        x = x1 + t * (x2 - x1)
        f = function(x, rows)
        same = np.sign(f) == np.sign(f1)
        x3, f3 = np.where(same, x1, x2), np.where(same, f1, f2)
        x2, f2 = np.where(same, x2, x1), np.where(same, f2, f1)
        x1, f1 = x, f
        best = np.where(np.abs(f1) < np.abs(f2), x1, x2)
        width, enough = np.abs(x2 - x1), np.abs(best) * ROUNDING + TOLERANCE
        done = (f1 == 0) | (f2 == 0) | (width < enough)
        if done.any():
            found[rows[done]] = best[done]
            rows = rows[~done]
            x1, f1, x2, f2, x3, f3, width, enough = (a[~done] for a in (x1, f1, x2, f2, x3, f3, width, enough))
        with np.errstate(divide="ignore", invalid="ignore"):
            way, rise = (x1 - x2) / (x3 - x2), (f1 - f2) / (f3 - f2)
            safe = (1 - np.sqrt(1 - way) < rise) & (rise < np.sqrt(way))
            beyond = (x3 - x1) / (x2 - x1)
            quadratic = f1 / (f1 - f2) * f3 / (f3 - f2) - beyond * f1 / (f3 - f1) * f2 / (f2 - f3)
        t = np.clip(np.where(safe, quadratic, 0.5), 0.5 * enough / width, 1 - 0.5 * enough / width)
    return found
