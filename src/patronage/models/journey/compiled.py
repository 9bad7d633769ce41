"""How this room compiles its loops, said once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Compile a loop at its first call and let other threads run meanwhile.

    No fastmath, which may reorder sums: the same input gives the same bits. No numba cache, which fails where
    no folder is writable: a cold process pays about half a second per loop. No prange, whose threading layers
    differ by machine: threads are ours, over fixed chunks (markov.py).
    """
    return cast(Function, njit(nogil=True)(function))
