"""What a scoring reads, and whether its output would touch it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from fnmatch import fnmatch
from glob import glob, has_magic, iglob
from pathlib import Path
from urllib.parse import urlsplit

from patronage.config import DataConfig
from patronage.data import simulated
from patronage.engine import Spark
from patronage.scoring.target import CATALOG, FOLDER, SERVER, TABLE, OutputTarget


@dataclass(frozen=True)
class Input:
    """One table that a job reads: its key in the configuration, and a path, a glob or a table of a database."""

    key: str
    path: str | None
    table: str | None = None

    @property
    def files(self) -> list[Path]:
        """The files behind it, links followed."""
        if self.path is None:
            return []
        names = glob(self.path, recursive=True) if has_magic(self.path) else [self.path]
        return [Path(name).resolve() for name in names]


def inputs_of(config: DataConfig) -> list[Input]:
    """Everything that the configuration names to be read."""
    if config.name == "simulated":
        return [
            Input(
                "data.simulated", str(simulated.cache_folder(simulated.read_settings(config.simulated)) / "*.parquet")
            )
        ]
    inputs = []
    for name in ("transactions", "events", "customers", "contacts"):
        table = getattr(config, name)
        paths = [table.path] if isinstance(table.path, str) else list(table.path or [])
        inputs += [Input(f"data.{name}.path", str(path), table.table) for path in paths]
        if table.table and not paths:
            inputs.append(Input(f"data.{name}.table", None, table.table))
    return inputs


def touched(target: OutputTarget, inputs: list[Input], cluster: Spark | None = None) -> str | None:
    """The input that an output would replace, or be read as the next time; None where they lie apart."""
    for each in inputs:
        if each.path is None:
            meets = cluster is not None and _meets_table(target, each, cluster)
        elif target.kind == CATALOG:
            meets = cluster is not None and _lies_under(each, cluster.location(target.table))
        elif target.kind == SERVER:
            meets = _meets_server(target, each)
        elif target.kind == TABLE:
            meets = _meets_database(target, each)
        else:
            meets = _meets_files(target, each)
        if meets or any(file.is_relative_to(target.work) for file in each.files):
            return f"{each.key}={each.path or each.table}"
    return None


def _meets_files(target: OutputTarget, source: Input) -> bool:
    place = target.path
    for file in source.files:
        if _same(file, place) or (file.is_dir() and place.is_relative_to(file)):
            return True
        if target.kind == FOLDER and file.is_relative_to(place):
            return True
    written = place / "part-00000.parquet" if target.kind == FOLDER else place
    return would_match(written, str(source.path))


def _meets_database(target: OutputTarget, source: Input) -> bool:
    """A database may hold the log and the result, each in a table of its own."""
    if not any(_same(file, target.path) for file in source.files):
        return False
    return source.table is None or source.table.lower() == target.table.lower()


def _meets_server(target: OutputTarget, source: Input) -> bool:
    """Whether the table of a server is the one that is read; a user, a password and options make no other place."""
    one, other = (urlsplit(address) for address in (target.address, str(source.path)))
    same = (one.hostname, one.port or 5432, one.path) == (other.hostname, other.port or 5432, other.path)
    return (
        same
        and other.scheme.startswith("postgres")
        and (source.table or "").split(".")[-1] == target.table.split(".")[-1]
    )


def _meets_table(target: OutputTarget, source: Input, cluster: Spark) -> bool:
    table = str(source.table)
    if target.kind == CATALOG:
        return cluster.qualified(table) == cluster.qualified(target.table)
    location = cluster.location(table)
    return location is not None and (target.path.is_relative_to(location) or location.is_relative_to(target.path))


def _lies_under(source: Input, location: Path | None) -> bool:
    return location is not None and any(file.is_relative_to(location) for file in source.files)


def _same(file: Path, place: Path) -> bool:
    """Whether two paths are one file, by whatever link."""
    return file == place or (file.exists() and place.exists() and file.samefile(place))


def would_match(path: Path, pattern: str) -> bool:
    """Whether a glob would match a path, if a file were there."""
    pattern = os.path.abspath(pattern)
    if not has_magic(pattern):
        return Path(pattern).resolve() == path
    if path.exists() and any(Path(hit).resolve() == path for hit in iglob(pattern, recursive=True)):
        return True
    head, tail = os.path.split(pattern)
    if tail == "**":
        return any(would_match(folder, head) for folder in (path, *path.parents))
    return fnmatch(path.name, tail) and would_match(path.parent, head)
