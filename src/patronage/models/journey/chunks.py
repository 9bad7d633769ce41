"""Work on fixed ranges of rows, several at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import TypeVar

from patronage import threads as process

Result = TypeVar("Result")

CHUNKS = 16  # fixed, so that sums have one order on any number of cores
FEW_ROWS = 1000  # threads take longer to start than these take to compute


def map_chunks(rows: int, task: Callable[[tuple[int, int]], Result], threads: int | None = None) -> Iterator[Result]:
    """Results of `task` on each range of rows, in the order of the ranges; by default as many threads as cores."""
    borders = sorted({chunk * rows // CHUNKS for chunk in range(CHUNKS + 1)})
    if rows < FEW_ROWS:
        yield from map(task, pairwise(borders))
        return
    with ThreadPoolExecutor(threads or process.count()) as pool:
        yield from pool.map(task, pairwise(borders))
