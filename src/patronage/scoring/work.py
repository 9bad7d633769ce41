"""The folder beside the output in which a result grows.

A finished share is a file under its final name, which it gets by a rename. A job that was killed and is started again
goes on after them, if model, data, cutoff and versions are still the same; else it begins afresh.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock, Timeout

from patronage.errors import OutputError
from patronage.models.reference import Counts
from patronage.scoring.target import Target

Plan = Mapping[str, object]


@contextlib.contextmanager
def alone(target: Target) -> Iterator[Path]:
    """Hold the work folder of a target, which is made; nobody else can while this job lives.

    Raises
    ------
    OutputError
        Another job holds it.
    """
    target.work.mkdir(exist_ok=True)
    lock = FileLock(target.work.with_suffix(".lock"), timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise OutputError(f"{target}: another job is writing it; wait for it, or give another output") from None
    try:
        target.work.mkdir(exist_ok=True)  # the holder before us may have cleared it away
        for left_over in target.work.glob("patronage-*"):  # the database of a job that was killed
            shutil.rmtree(left_over, ignore_errors=True)
        yield target.work
    finally:
        lock.release()


@dataclass(frozen=True)
class Work:
    """Shares of a result: `part-00000.parquet`, and beside each what was counted in it."""

    folder: Path

    @property
    def parts(self) -> Path:
        return self.folder / "parts"

    @property
    def files(self) -> list[Path]:
        """Of the finished shares, in order."""
        return sorted(self.parts.glob("part-*.parquet"))

    def path(self, number: int) -> Path:
        return self.parts / f"part-{number:05d}.parquet"

    @property
    def done(self) -> int:
        """How many shares are finished."""
        return len(list(self.folder.glob("counts-*.json")))

    def is_done(self, number: int) -> bool:
        return self._counts(number).is_file()

    def keep(self, number: int, batches: Iterable[tuple[pa.Table, Counts]]) -> None:
        """Write a share, batch by batch; it is done when it is whole. A share of nobody has no file."""
        counts: Counts = {}
        growing, writer = self.folder / "growing", None
        for table, counted in batches:
            writer = writer or pq.ParquetWriter(growing, table.schema, compression="zstd")
            writer.write_table(table)
            counts = add(counts, counted)
        if writer is not None:
            writer.close()
            settle(growing)
            growing.rename(self.path(number))
            settle(self.parts)
        self.note(number, {name: bins.tolist() for name, bins in counts.items()})

    def note(self, number: int, counts: Mapping[str, object]) -> None:
        """Say that a share is done, and what was counted in it."""
        growing = self.folder / "growing"
        growing.write_text(json.dumps(counts))
        growing.rename(self._counts(number))

    def counts(self, parts: int) -> Counts:
        """What all shares counted."""
        total = Counts()
        for number in range(parts):
            listed = json.loads(self._counts(number).read_text())
            total = add(total, {name: np.array(bins) for name, bins in listed.items()})
        return total

    def _counts(self, number: int) -> Path:
        return self.folder / f"counts-{number:05d}.json"


def add(some: Counts, more: Counts) -> Counts:
    """The sums, bin by bin."""
    return {name: bins + some[name] if name in some else bins for name, bins in more.items()}


def begin(folder: Path, plan: Plan) -> Work:
    """The shares of an interrupted job of the same plan, or none."""
    work, note = Work(folder), folder / "plan.json"
    written = json.dumps(plan, sort_keys=True)
    if note.is_file() and work.parts.is_dir() and note.read_text() == written:
        return work
    note.unlink(missing_ok=True)
    for stale in folder.iterdir():
        if stale.name.startswith(("parts", "ready", "counts-", "growing")):
            shutil.rmtree(stale) if stale.is_dir() else stale.unlink()
    work.parts.mkdir()
    aside = folder / "plan.partial"
    aside.write_text(written)
    aside.rename(note)
    return work


def settle(path: Path) -> None:
    """Let the file or folder reach the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
