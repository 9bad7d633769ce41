"""Blocks to Parquet files: any number of customers in bounded memory, whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, fields
from pathlib import Path
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq

from patronage.data.contract import CUSTOMERS, EVENTS
from patronage.errors import DataError
from patronage.simulation.settings import SimulatedConfig
from patronage.simulation.tables import BLOCK_SIZE, Block, draw_block

Progress = Callable[[str], None]

BLOCKS_OF_GROUP = 8  # of a Parquet row group; fixed, so that the number of threads changes no byte
TABLES = tuple(field.name for field in fields(Block))


def simulate_blocks(settings: SimulatedConfig, first: int = 0, blocks: int | None = None) -> dict[str, pa.Table]:
    """Simulate consecutive blocks and give their tables by name; all blocks by default."""
    last = _n_blocks(settings) if blocks is None else min(first + blocks, _n_blocks(settings))
    drawn = [draw_block(settings, number) for number in range(first, last)]
    return {name: pa.concat_tables([getattr(block, name) for block in drawn]).unify_dictionaries() for name in TABLES}


def write(
    settings: SimulatedConfig, folder: Path, threads: int | None = None, on_progress: Progress | None = None
) -> dict[str, int]:
    """Write every table as Parquet, beside the settings as JSON.

    The files are written to a temporary folder beside `folder`, which takes its name at the end. Memory holds one row
    group a thread and one that is written.

    Parameters
    ----------
    folder
        A new or an empty folder.
    threads
        One a core by default; the files are the same with any number.
    on_progress
        Called with a line of text at every tenth of the customers.

    Returns
    -------
    dict
        Rows by table.

    Raises
    ------
    DataError
        `folder` exists and is not an empty folder.
    """
    _check_empty(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = folder.parent / f".{folder.name}-{uuid4().hex[:8]}"
    temporary.mkdir()
    try:
        rows = _write_tables(settings, temporary, threads or os.cpu_count() or 1, on_progress)
        (temporary / "settings.json").write_text(json.dumps(asdict(settings), indent=2) + "\n")
        _check_empty(folder)
        os.replace(temporary, folder)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    return rows


def _write_tables(
    settings: SimulatedConfig, folder: Path, threads: int, on_progress: Progress | None
) -> dict[str, int]:
    rows = {name: 0 for name in TABLES if name != EVENTS.name or settings.events}
    writers: dict[str, pq.ParquetWriter] = {}
    reported = 0
    with ExitStack() as stack:
        for tables in _row_groups(settings, threads):
            for name in rows:
                if name not in writers:
                    writers[name] = stack.enter_context(_writer(folder / f"{name}.parquet", tables[name].schema))
                writers[name].write_table(tables[name], row_group_size=max(len(tables[name]), 1))
                rows[name] += len(tables[name])
            if on_progress and (tenth := 10 * rows[CUSTOMERS.name] // settings.customers) > reported:
                reported = tenth
                on_progress(f"simulated {rows[CUSTOMERS.name]:,} of {settings.customers:,} customers")
    return rows


def _row_groups(settings: SimulatedConfig, threads: int) -> Iterator[dict[str, pa.Table]]:
    """The row groups in order, simulated by threads that are at most one group each ahead of the writing."""
    starts = range(0, _n_blocks(settings), BLOCKS_OF_GROUP)
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future[dict[str, pa.Table]]] = deque()
        for start in starts:
            waiting.append(pool.submit(simulate_blocks, settings, start, BLOCKS_OF_GROUP))
            if len(waiting) > threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _n_blocks(settings: SimulatedConfig) -> int:
    return -(-settings.customers // BLOCK_SIZE)


def _writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    return pq.ParquetWriter(path, schema, compression="zstd", compression_level=1, store_schema=False)


def _check_empty(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DataError(f"{folder} is there already and no empty folder; give a new one")
