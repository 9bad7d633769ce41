"""One number of threads for all that computes: LightGBM, NumPy, DuckDB, Arrow and our own loops.

They wait without spinning, and are never more than the cores that the process may use, so that a busy neighbour costs
its share of the cores and no more.
"""

from __future__ import annotations

import os
from contextlib import suppress
from math import ceil
from pathlib import Path

NUMBERS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
PASSIVE = {  # an OpenMP thread that has nothing to do sleeps, where it would spin on a core that others need
    "OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "0", "KMP_BLOCKTIME": "0", "OPENBLAS_THREAD_TIMEOUT": "4",
}  # fmt: skip

_chosen: int | None = None


def use(threads: int | None) -> None:
    """Compute with so many threads; None: $OMP_NUM_THREADS, else the cores that this process may use.

    Libraries that are not loaded yet read it from the environment; those that are, are told.
    """
    global _chosen
    _chosen = threads
    for name, value in PASSIVE.items():
        os.environ.setdefault(name, value)
    for name in NUMBERS:
        if threads is not None:
            os.environ[name] = str(threads)
        else:
            os.environ.setdefault(name, str(count()))
    with suppress(ImportError):
        from threadpoolctl import threadpool_limits

        threadpool_limits(count())


def count() -> int:
    """The number of threads to compute with."""
    if _chosen is not None:
        return _chosen
    given = os.environ.get("OMP_NUM_THREADS", "").split(",")[0]
    return int(given) if given.isdigit() and int(given) else cores()


def cores() -> int:
    """The cores that this process may use: those of its mask, less what a container's quota forbids."""
    mask = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with suppress(OSError, ValueError):
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return max(1, min(mask, ceil(int(quota) / int(period))))
    return mask
