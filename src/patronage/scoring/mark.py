"""The mark of a result: what does not carry it, patronage did not write, and does not replace.

A mark names the rows and the columns of what it was written for. A copy of a result that was filtered, extended or
edited since then no longer fits its mark, and counts as somebody else's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from patronage.engine import DuckDB, Spark, text

KEY = "patronage.assignments"  # in the metadata of a Parquet file, the comment of a table, the properties of one
MANIFEST = "_patronage.json"  # in a folder; readers of Parquet folders pass over names that begin with _
FORMAT = 1
PART = re.compile(r"part-\d{5}\.parquet")


def mark_of(rows: int, columns: Iterable[str]) -> str:
    """The mark of a result with so many rows and these columns, in this order."""
    digest = sha256("\n".join(columns).encode()).hexdigest()[:32]
    return json.dumps({"format": FORMAT, "rows": rows, "columns": digest})


def comment_of(rows: int, columns: Iterable[str]) -> str:
    """The mark as the comment of a table."""
    return f"{KEY} {mark_of(rows, columns)}"


def write_manifest(folder: Path) -> None:
    """Mark a folder of parts: the name and the size of each."""
    files = {path.name: path.stat().st_size for path in sorted(folder.iterdir()) if PART.fullmatch(path.name)}
    (folder / MANIFEST).write_text(json.dumps({KEY: FORMAT, "files": files}, indent=1))


def foreign_file(path: Path) -> str | None:
    """Why a file is not a result of ours; None where it is one."""
    if path.is_symlink() or not path.is_file():
        return f"a {_form(path)} is in the way"
    try:
        metadata = pq.read_metadata(path)
    except (pa.ArrowException, OSError):
        return "the file was not written by patronage score"
    return judge(
        (metadata.metadata or {}).get(KEY.encode(), b"").decode(errors="replace"),
        mark_of(metadata.num_rows, metadata.schema.to_arrow_schema().names),
        "the file",
    )


def foreign_folder(folder: Path) -> str | None:
    """Why replacing a folder would lose something that is not ours; None where it would not, as if it is empty."""
    if folder.is_symlink() or not folder.is_dir():
        return f"a {_form(folder)} is in the way"
    listed = _listed(folder / MANIFEST)
    for path in sorted(folder.iterdir()):
        if path.name == MANIFEST and listed is not None:
            continue
        written = PART.fullmatch(path.name) and not path.is_symlink() and path.is_file()
        if not written or (listed or {}).get(path.name) != path.stat().st_size:
            return f"the folder holds {path.name}, which was not written by patronage score"
    return None


def foreign_table(engine: DuckDB, schema: str, table: str) -> str | None:
    """Why a table of an attached database is not a result of ours; None where it is one, or is not there."""
    database = schema.removesuffix(".main").strip('"')
    named = f"database_name = {text(database)} AND schema_name = 'main' AND lower"
    (views,) = engine.row(f"SELECT count(*) FROM duckdb_views() WHERE {named}(view_name) = lower({text(table)})")
    if views:
        return f"{table} is a view"
    comments = (
        f"SELECT coalesce(comment, '') AS note FROM duckdb_tables() WHERE {named}(table_name) = lower({text(table)})"
    )
    (tables, comment) = engine.row(f"SELECT count(*), max(note) FROM ({comments})")
    if not tables:
        return None
    relation = f"{schema}.{engine.quote(table)}"
    (rows,) = engine.row(f"SELECT count(*) FROM {relation}")
    return judge(comment, comment_of(rows, engine.types(relation)), f"the table {table}")


def foreign_catalog_table(cluster: Spark, table: str) -> str | None:
    """Why a table of Spark's catalog is not a result of ours; None where it is one, or is not there."""
    properties = cluster.properties(table)
    if properties is None:
        return None
    if cluster.is_view(table):
        return f"{table} is a view"
    relation = cluster.named(table)
    (rows,) = cluster.row(f"SELECT count(*) FROM {relation}")
    return judge(properties.get(KEY, ""), mark_of(rows, cluster.types(relation)), f"{table}")


def judge(written: str, expected: str, what: str) -> str | None:
    """Why what is marked so is not a result of ours; None where it is one."""
    if written == expected:
        return None
    if KEY in written or '"columns"' in written:
        return f"{what} was changed since patronage score wrote it"
    return f"{what} was not written by patronage score"


def _listed(manifest: Path) -> Mapping[str, int] | None:
    """The files that a manifest of ours lists; None where there is none."""
    if manifest.is_symlink() or not manifest.is_file():
        return None
    try:
        state = json.loads(manifest.read_text())
    except (ValueError, OSError):
        return None
    files = state.get("files") if isinstance(state, dict) and state.get(KEY) == FORMAT else None
    return files if isinstance(files, dict) else None


def _form(path: Path) -> str:
    return "link" if path.is_symlink() else "folder" if path.is_dir() else "file"
