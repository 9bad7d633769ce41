"""Folders for what a command needs while it lives; what a killed one left is found, and removed by the next.

Such a folder holds an open lock as long as its process lives, so that nobody takes the folder of a living one.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import weakref
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from patronage.errors import OutputError

PREFIX = "patronage-"
ALIVE = "alive.lock"
_LASTING: list[TemporaryFolder] = []


class TemporaryFolder:
    """A private folder, which goes when it is closed, garbage collected, or at the end of the process.

    Parameters
    ----------
    parent
        Where it lies; by default the system's temporary folder.
    """

    def __init__(self, parent: Path | None = None) -> None:
        sweep(parent)
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
        lock = FileLock(self.path / ALIVE)
        lock.acquire()
        self.close = weakref.finalize(self, _remove, self.path, lock)  # also at the end of the process


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    """A private folder of the system's temporary folder, removed at the end."""
    own = TemporaryFolder()
    try:
        inner = own.path / "files"  # beside the lock
        inner.mkdir()
        yield inner
    finally:
        own.close()


@contextlib.contextmanager
def growing(place: Path, what: str) -> Iterator[Path]:
    """A path beside a result's: what is written there becomes the result at the end, whole, or goes.

    Parameters
    ----------
    what
        How a message names the result.

    Raises
    ------
    OutputError
        It cannot be written.
    """
    beside = place.with_name(f".{place.name}.growing")
    remove(beside)  # of a killed job
    try:
        yield beside
        beside.replace(place)
    except OSError as error:
        reason = error.strerror or error
        raise OutputError(f"{what} cannot be written: {reason}; make room or give another place") from error
    finally:
        remove(beside)


def remove(path: Path) -> None:
    """Remove a file or a folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def for_ever() -> Path:
    """A private folder that lasts as long as this process."""
    own = TemporaryFolder()
    _LASTING.append(own)
    return own.path


def sweep(parent: Path | None = None) -> list[Path]:
    """Remove the folders of processes that were killed; gives those that are gone."""
    dead = leftovers(parent)
    for path in dead:
        shutil.rmtree(path, ignore_errors=True)
    return dead


def leftovers(parent: Path | None = None) -> list[Path]:
    """The folders of this user that no living process holds."""
    place = Path(tempfile.gettempdir()) if parent is None else parent
    paths = []
    with contextlib.suppress(OSError):
        for path in sorted(place.glob(f"{PREFIX}*")):
            with contextlib.suppress(OSError):
                if _is_dead(path):
                    paths.append(path)
    return paths


def _is_dead(path: Path) -> bool:
    if path.is_symlink() or not path.is_dir() or path.stat().st_uid != os.getuid():
        return False
    lock = path / ALIVE
    if not lock.is_file():
        return False  # not made here, or only just
    try:
        with FileLock(lock, timeout=0):
            return True
    except Timeout:
        return False


def _remove(path: Path, lock: FileLock) -> None:
    shutil.rmtree(path, ignore_errors=True)
    lock.release()
