"""Parquet files as one relation: columns that differ in type are widened to what holds the values of all."""

from __future__ import annotations

import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from patronage.data.contract import EVENTS
from patronage.data.finding import DataFinding
from patronage.engine import Engine
from patronage.errors import DataError

INTEGER = re.compile(r"^U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?$")
DECIMAL = re.compile(r"^DECIMAL\((\d+),\s*(\d+)\)$")
FLOATING = ("FLOAT", "DOUBLE")
CLOCK = re.compile(r"^(DATE|TIMESTAMP(_S|_MS|_NS)?|TIMESTAMP_NTZ)$")
NOTHING = ("NULL", '"NULL"')  # types of a column without a value
TEXT, WHOLE_DOUBLE = "VARCHAR", 2**53


def parquet_relation(engine: Engine, name: str, paths: list[str]) -> tuple[str, tuple[DataFinding, ...], bool]:
    """SQL: one relation over Parquet files, what the files disagree in, and whether it reads the engine's own copies.

    Events are the largest table, which nothing behind the door rewrites: a copy of their files is kept in place of a
    table, which is as safe from who writes the files meanwhile, and costs next to nothing.

    A key in the name of a folder (`region=north/`) is a column of text where the files have none of that name: what a
    file itself says comes first.

    Raises
    ------
    DataError
        A file is not Parquet, lacks a column of the others, or has one of a type that cannot be one with theirs.
    """
    schemas: dict[str, pa.Schema] = {}
    for path in paths:
        try:
            schemas[path] = pq.read_schema(path)
        except (pa.ArrowException, OSError) as error:
            raise DataError(f"the {name} cannot be read: {path} is no whole Parquet file; write it again") from error
    first = paths[0]
    groups: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for path, schema in schemas.items():
        if set(schema.names) != set(schemas[first].names):
            raise DataError(
                f"the {name} cannot be read: {path} has other columns ({', '.join(schema.names)}) than {first} "
                f"({', '.join(schemas[first].names)}); give files of one form, or make them so"
            )
        groups.setdefault(tuple(sorted((field.name, str(field.type)) for field in schema)), []).append(path)
    keys = _folder_keys(paths, schemas[first].names)
    if len(groups) == 1:
        copies = engine.own_copies(paths) if name == EVENTS.name and not keys else None
        return engine.parquet(copies or paths, keys), (), copies is not None
    return *_unified(engine, name, list(groups.values()), keys), False


def _folder_keys(paths: list[str], names: list[str]) -> list[str]:
    """Keys of folders that every path has and no file does."""
    lists = [[part.partition("=")[0] for part in Path(path).parts[:-1] if "=" in part] for path in paths]
    return [key for key in lists[0] if key not in names and all(key in others for others in lists)]


def _unified(
    engine: Engine, name: str, groups: list[list[str]], keys: list[str]
) -> tuple[str, tuple[DataFinding, ...]]:
    """One relation over groups of files, each of one schema."""
    relations = [engine.parquet(paths, keys) for paths in groups]
    types = [engine.types(relation) for relation in relations]
    findings: list[DataFinding] = []
    selected: list[list[str]] = [[] for _ in groups]
    for column in types[0]:
        kinds = [each[column].upper() for each in types]
        target = _wider(kinds)
        if target is None:
            other = next(number for number, kind in enumerate(kinds) if kind != kinds[0])
            raise DataError(
                f"{name}: the files disagree in column {column}: {kinds[0]} in {groups[0][0]}, {kinds[other]} in "
                f"{groups[other][0]}; write it with one type, and moments all with a zone or all without"
            )
        for number, kind in enumerate(kinds):
            selected[number].append(f"{_cast(engine.quote(column), kind, target)} AS {engine.quote(column)}")
        if len(set(kinds)) > 1:
            findings.append(_finding(name, column, kinds, target, groups))
    parts = (
        f"SELECT {', '.join(columns)} FROM {relation}" for columns, relation in zip(selected, relations, strict=True)
    )
    return f"({' UNION ALL '.join(parts)})", tuple(findings)


def _wider(kinds: list[str]) -> str | None:
    """The type that holds the values of all; None where there is none. A column of nothing goes with any."""
    kinds = [kind for kind in kinds if kind not in NOTHING] or kinds
    if len(set(kinds)) == 1:
        return kinds[0]
    decimals = [match for kind in kinds if (match := DECIMAL.match(kind))]
    if all(INTEGER.match(kind) or DECIMAL.match(kind) or kind in FLOATING for kind in kinds):
        if any(kind in FLOATING for kind in kinds):
            return "DOUBLE"
        return f"DECIMAL(38, {max(int(match[2]) for match in decimals)})" if decimals else "DECIMAL(38, 0)"
    if all(CLOCK.match(kind) for kind in kinds):
        return "TIMESTAMP"
    readable = (TEXT, *FLOATING)
    simple = all(kind in readable or INTEGER.match(kind) or DECIMAL.match(kind) or CLOCK.match(kind) for kind in kinds)
    return TEXT if simple and TEXT in kinds else None


def _cast(column: str, kind: str, target: str) -> str:
    """SQL: a column as the wider type; a whole number stored as floating point becomes text without a point."""
    if kind == target:
        return column
    if target == TEXT and kind in FLOATING:
        whole = f"{column} = floor({column}) AND abs({column}) < {WHOLE_DOUBLE}"
        return f"CASE WHEN {whole} THEN CAST(CAST({column} AS BIGINT) AS STRING) ELSE CAST({column} AS STRING) END"
    return f"CAST({column} AS {'STRING' if target == TEXT else target})"


def _finding(name: str, column: str, kinds: list[str], target: str, groups: list[list[str]]) -> DataFinding:
    """Types that differ between files and could be made one."""
    files = {kind: groups[number][0] for number, kind in reversed(list(enumerate(kinds)))}
    shown = ", ".join(f"{kind} in {Path(path).name}" for kind, path in sorted(files.items())[:3])
    total = sum(map(len, groups))
    minority = min(sum(len(groups[n]) for n, kind in enumerate(kinds) if kind == each) for each in files)
    return DataFinding(
        where=f"{name} (column {column})",
        what=f"{total} files disagree in its type: {shown}",
        effect=f"read as {target}, which holds the values of all",
        remedy="write the column with one type",
        weight=minority / total,
    )
