"""The hidden folder beside the output in which a result grows.

A finished share is a file under its final name, which it gets by a rename. A job that was killed and is started again
goes on after them, if model, data, cutoff and versions are still the same; else it begins afresh. The folder carries a
mark of its own, and only what patronage makes in it is ever removed from it.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
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
from patronage.scoring import mark
from patronage.scoring.target import FOLDER, OutputTarget

Plan = Mapping[str, object]
NOTE = json.dumps({"patronage": "an unfinished scoring", "format": 1})  # what the mark of a working folder says
FILES = re.compile(rf"{re.escape(mark.MANIFEST)}|plan\.(json|partial)|counts-\d{{5}}\.json|growing")
FOLDERS = {  # and what may lie in each
    "parts": re.compile(rf"{mark.PART.pattern}|{re.escape(mark.MANIFEST)}"),
    "growing_spark": re.compile(r"\.?part-.+|\.?_SUCCESS.*|_temporary"),
    "patronage-": re.compile(r"engine\.duckdb.*|alive\.lock"),  # the database of a job, and its random name
}


@contextlib.contextmanager
def alone(target: OutputTarget) -> Iterator[Path]:
    """Hold the working folder of a target, which is made; nobody else can while this job lives.

    Raises
    ------
    OutputError
        Another job holds it, or it holds something that patronage did not make.
    """
    _check_lock(target)
    lock = FileLock(target.lock, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        if not os.path.lexists(target.lock):  # the file system makes no files, whatever the rights
            raise OutputError(f"{target.lock} cannot be made; give an output in another place") from None
        raise OutputError(
            f"{target}: another job is writing it; wait for it, or give another output", retry=True
        ) from None
    try:
        _take(target)
        yield target.work
    finally:
        Work(target.work).leave()
        lock.release()


def _check_lock(target: OutputTarget) -> None:
    """A lock of ours is empty; opening it may empty what is not."""
    lock = target.lock
    if os.path.lexists(lock) and (lock.is_symlink() or not lock.is_file() or lock.stat().st_size):
        raise OutputError(f"{lock} is in the way, and is no lock of patronage; move it away, or give another output")


def _take(target: OutputTarget) -> None:
    """Make the working folder, or take over that of a job that was killed."""
    folder = target.work
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise OutputError(f"{folder} is in the way; move it away, or give another output")
    folder.mkdir(exist_ok=True)
    work, note, held = Work(folder), folder / mark.MANIFEST, sorted(path.name for path in folder.iterdir())
    if not held or (held == [note.name] and not note.is_symlink() and note.stat().st_size == 0):
        note.write_text(NOTE)
    elif note.is_symlink() or not note.is_file() or note.read_text(errors="replace") != NOTE:
        raise OutputError(
            f"{folder} holds {held[0]}, and was not made by patronage score; move it away, or give another output"
        )
    foreign_result = mark.foreign_folder if target.kind == FOLDER else mark.foreign_file
    foreign = [*work.foreign(), *(path for path in work.results() if foreign_result(path))]
    if foreign:
        raise OutputError(
            f"{foreign[0]} was not written by patronage score, and would be lost with its folder; move it away"
        )
    work.sweep()


@dataclass(frozen=True)
class Work:
    """Shares of a result: `part-00000.parquet`, and beside each what was counted in it."""

    folder: Path

    @property
    def parts(self) -> Path:
        return self.folder / "parts"

    @property
    def growing(self) -> Path:
        """What is being written, and is worth nothing before it is whole."""
        return self.folder / "growing"

    @property
    def ready(self) -> Path:
        """The whole result before it is published, and what it replaced after that."""
        return self.folder / "ready"

    @property
    def replaced(self) -> Path:
        """What the result replaced, where the system cannot exchange two folders in one step."""
        return self.folder / "replaced"

    def results(self) -> list[Path]:
        """Whole results that a job left behind when it was killed while it published."""
        return [path for path in (self.ready, self.replaced) if os.path.lexists(path)]

    def foreign(self) -> list[Path]:
        """What lies in the folder and was not made here; of whole results their own mark tells."""
        paths = []
        for path in sorted(self.folder.iterdir()):
            inner = next((names for name, names in FOLDERS.items() if _named(path, name)), None)
            if path in (self.ready, self.replaced):
                continue
            if inner is not None and path.is_dir() and not path.is_symlink():
                paths += [
                    each for each in sorted(path.iterdir()) if each.is_symlink() or not inner.fullmatch(each.name)
                ]
            elif path.is_symlink() or not path.is_file() or not FILES.fullmatch(path.name):
                paths.append(path)
        return paths

    def sweep(self) -> None:
        """Remove what a job that was killed left and nobody can go on with."""
        for path in self.results():
            _remove(path)
        self._remove(("growing", "patronage-"))

    def restart(self) -> None:
        """Forget the shares of another plan."""
        self._remove(("plan.",))
        self._remove(("parts", "counts-", "growing"))

    def clear(self) -> None:
        """Remove what was made here, and the folder, if nothing else has come to lie in it; its mark goes last."""
        self.sweep()
        self.restart()
        self._remove((mark.MANIFEST,))
        with contextlib.suppress(OSError):
            self.folder.rmdir()

    def leave(self) -> None:
        """Remove the folder of a job that has made nothing."""
        if self.folder.is_dir() and {path.name for path in self.folder.iterdir()} <= {mark.MANIFEST}:
            self.clear()

    def _remove(self, names: tuple[str, ...]) -> None:
        """Remove the files and folders whose names begin so, but for those that hold something foreign."""
        foreign = {each for path in self.foreign() for each in (path, path.parent)}
        for path in sorted(self.folder.iterdir()):
            if path.name.startswith(names) and path not in foreign:
                _remove(path)

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
        growing, writer = self.growing, None
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

    def replace(self, path: Path, table: pa.Table) -> None:
        """Put another table in the place of a finished share, whole or not at all."""
        pq.write_table(table, self.growing, compression="zstd")
        settle(self.growing)
        self.growing.rename(path)
        settle(self.parts)

    def note(self, number: int, counts: Mapping[str, object]) -> None:
        """Say that a share is done, and what was counted in it."""
        self.growing.write_text(json.dumps(counts))
        self.growing.rename(self._counts(number))

    def counts(self, parts: int) -> Counts:
        """What all shares counted."""
        total = Counts()
        for number in range(parts):
            listed = json.loads(self._counts(number).read_text())
            total = add(total, {name: np.array(bins) for name, bins in listed.items()})
        return total

    def _counts(self, number: int) -> Path:
        return self.folder / f"counts-{number:05d}.json"


def _named(path: Path, name: str) -> bool:
    return path.name.startswith(name) if name.endswith("-") else path.name == name


def _remove(path: Path) -> None:
    shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def add(some: Counts, more: Counts) -> Counts:
    """The sums, bin by bin."""
    return {name: bins + some[name] if name in some else bins for name, bins in more.items()}


def begin(folder: Path, plan: Plan) -> Work:
    """The shares of an interrupted job of the same plan, or none."""
    work, note = Work(folder), folder / "plan.json"
    written = json.dumps(plan, sort_keys=True)
    if note.is_file() and work.parts.is_dir() and note.read_text() == written:
        return work
    work.restart()
    work.parts.mkdir()
    partial = folder / "plan.partial"
    partial.write_text(written)
    partial.rename(note)
    return work


def settle(path: Path) -> None:
    """Let the file or folder reach the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
