"""What an engine that stopped means, where that is no matter of the data."""

from __future__ import annotations

import re

from patronage.errors import ResourceError

MEMORY = (
    "Out of Memory",
    "OutOfMemory",
    "failed to allocate",
    "could not allocate",
    "bad_alloc",
    "std::bad_alloc",
    "Java heap space",
)
DISK = ("No space left", "disk full", "Disk quota", "max_temp_directory_size", "failed to offload")
LOCKED = "Could not set lock on file"


def held_by_another(error: BaseException) -> str | None:
    """The line about a database that another process has open; None where the engine stopped for another reason."""
    if LOCKED not in str(error):
        return None
    process = re.search(r"\(PID (\d+)\)", str(error))
    named = f" (process {process[1]})" if process else ""
    return f"another process{named} has the database open; let it end, then start again"


def shortage(error: BaseException) -> ResourceError | None:
    """The line about memory or disk that ran out; None where the engine stopped for another reason."""
    words = str(error)
    if any(sign in words for sign in DISK):
        return ResourceError(
            "the disk of the working folder is full, where tables and what a query cannot hold in memory lie; make "
            "room, or set TMPDIR to another disk, then start again"
        )
    if any(sign in words for sign in MEMORY) or isinstance(error, MemoryError):
        detail = words.strip().splitlines()[0][:160] if words.strip() else "an array did not fit"
        return ResourceError(
            f"out of memory ({detail}): raise engine.memory_limit, lower threads, or learn from fewer customers "
            "(fit_sample); score takes more passes"
        )
    return None
