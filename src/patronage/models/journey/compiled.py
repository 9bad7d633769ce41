"""How this room compiles its loops, said once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Compile a loop at its first call and let other threads run meanwhile.

    No fastmath, which may reorder sums: the same input gives the same bits. No prange, whose threading layers
    differ by machine: threads are ours, over fixed chunks (markov.py). The machine code is kept beside the source,
    or in the user's cache: a cold process compiles for seconds, which a nightly job or a server should pay once.
    """
    try:
        return cast(Function, njit(nogil=True, cache=True)(function))
    except RuntimeError:  # no folder is writable: compile in every process
        return cast(Function, njit(nogil=True)(function))
