"""How the loops of this room are compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

Function = TypeVar("Function", bound=Callable[..., Any])


def jit(function: Function) -> Function:
    """Compile a loop at its first call; other threads run meanwhile.

    No fastmath, which may reorder sums: the same input gives the same bits. No prange, whose threading layers
    differ by machine: the threads are those of chunks.py, over fixed ranges of rows. The machine code is cached beside
    the source or in the user's cache, because a fresh process would compile for seconds.
    """
    try:
        return cast(Function, njit(nogil=True, cache=True)(function))
    except RuntimeError:  # no folder is writable: compile in every process
        return cast(Function, njit(nogil=True)(function))
