"""`patronage clean`: what killed and old jobs left behind, shown or removed."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from patronage import temporary, tracking
from patronage.config import CleanConfig
from patronage.config.places import project_root
from patronage.errors import TrackingError
from patronage.scoring import Work, parse

DAY = 86_400.0


@dataclass(frozen=True)
class Leftover:
    """Something that nobody needs any more."""

    what: str
    path: Path
    days: float
    size: int


def run(config: CleanConfig) -> None:
    """List leftovers with their age and size; with `remove=true` remove them. Runs, models and results stay."""
    rows = list(_leftovers(config, project_root()))
    for each in rows:
        print(f"{each.what:<17}{each.size / 1e6:>9.1f} MB {each.days:>6.0f} days  {each.path}")
        if config.remove:
            _remove(each)
    total = f"{len(rows)} leftovers, {sum(each.size for each in rows) / 1e6:.1f} MB"
    print(
        f"{total}: removed"
        if config.remove
        else f"{total}; remove=true removes them"
        if rows
        else "nothing is left over"
    )


def _leftovers(config: CleanConfig, root: Path) -> Iterator[Leftover]:
    for path in temporary.leftovers():
        yield _leftover("temporary folder", path)
    runs = root / "mlruns"
    old = [("hydra folder", path) for path in sorted(runs.glob("hydra/*/*"))]
    old += [("backtest cache", path) for path in sorted(runs.glob("backtest/*"))]
    old += [("simulated cache", path) for path in sorted(runs.glob("simulated/*"))]
    try:
        store = tracking.find_store(config.tracking, root)
    except TrackingError:  # without one, nothing belongs to it
        pass
    else:
        old += [("artifacts", path) for path in tracking.folders_without_run(store)]
        old += [("working folder", path) for path in _working_folders(store)]
    for what, path in old:
        each = _leftover(what, path)
        if each.days >= config.older_than_days:
            yield each


def _working_folders(store: tracking.Store) -> Iterator[Path]:
    """Beside the outputs of scorings, those in which no job works."""
    for output in tracking.outputs_of(store):
        target = parse(output)
        if target.work.is_dir():
            try:
                with FileLock(target.lock, timeout=0):
                    yield target.work
            except Timeout:
                continue


def _leftover(what: str, path: Path) -> Leftover:
    files = [each for each in path.rglob("*") if each.is_file() and not each.is_symlink()] if path.is_dir() else [path]
    latest = max(map(_written, [path, *files]))
    return Leftover(what, path, (time.time() - latest) / DAY, sum(each.stat().st_size for each in files))


def _written(path: Path) -> float:
    """When a file was last written. A date in the future never grows old: the file system's own takes its place."""
    status = path.stat()
    return status.st_mtime if status.st_mtime <= time.time() else min(status.st_mtime, status.st_ctime)


def _remove(each: Leftover) -> None:
    if each.what == "working folder":
        Work(each.path).clear()  # only what patronage made in it
    else:
        shutil.rmtree(each.path, ignore_errors=True)
