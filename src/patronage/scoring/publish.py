"""The atomic move: readers see the old result or the new one."""

from __future__ import annotations

import ctypes
import os
import shutil
from pathlib import Path

import pyarrow.parquet as pq

from patronage.engine import DuckDB, Spark
from patronage.scoring.target import CATALOGUE, FILE, FOLDER, Target
from patronage.scoring.work import Work, settle

EXCHANGE, HERE = 2, -100  # RENAME_EXCHANGE and AT_FDCWD of linux/fs.h and fcntl.h


def publish(work: Work, target: Target, engine: DuckDB, cluster: Spark | None = None) -> None:
    """Put the finished shares where they were asked for, replacing what stood there, and clear the work away.

    Parameters
    ----------
    cluster
        Whose catalogue a table of the catalogue belongs to.
    """
    if target.kind == FOLDER:
        ready = work.folder / "ready"
        work.parts.rename(ready)  # from here on a job that is killed begins afresh: `ready` may hold the old result
        _swap(ready, target.path)
    elif target.kind == FILE:
        ready = work.folder / "growing"
        _join(work, ready)
        ready.replace(target.path)
    elif target.kind == CATALOGUE and cluster is not None:
        cluster.save(target.table, [path.as_uri() for path in work.files])
    else:
        engine.store(str(target.path), target.table, f"SELECT * FROM {engine.parquet([str(p) for p in work.files])}")
    settle(target.path.parent)
    shutil.rmtree(work.folder)


def _join(work: Work, path: Path) -> None:
    with pq.ParquetWriter(path, pq.read_schema(work.files[0]), compression="zstd") as writer:
        for part in work.files:
            with pq.ParquetFile(part) as file:
                for group in range(file.num_row_groups):
                    writer.write_table(file.read_row_group(group))
    settle(path)


def _swap(ready: Path, place: Path) -> None:
    """Exchange two folders in one step where the system can (Linux), else in two renames."""
    if not place.exists():
        ready.rename(place)
        return
    libc = ctypes.CDLL(None, use_errno=True)
    exchange = getattr(libc, "renameat2", None)
    if exchange is None or exchange(HERE, os.fsencode(ready), HERE, os.fsencode(place), EXCHANGE) != 0:
        old = ready.with_name("ready_old")
        place.rename(old)
        ready.rename(place)
