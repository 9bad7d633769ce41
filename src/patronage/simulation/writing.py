"""Blocks to Parquet: any number of customers in bounded memory, whole or not at all."""

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
from patronage.simulation import block
from patronage.simulation.block import Block
from patronage.simulation.settings import SimulatedConfig

Progress = Callable[[str], None]

BLOCKS_OF_GROUP = 8  # a row group's; fixed, so that threads do not change a byte
TABLES = tuple(table.name for table in fields(Block))


def whole(settings: SimulatedConfig, first: int = 0, blocks: int | None = None) -> dict[str, pa.Table]:
    """The tables of consecutive blocks, by name; of all blocks by default."""
    last = _blocks(settings) if blocks is None else min(first + blocks, _blocks(settings))
    drawn = [block.draw(settings, number) for number in range(first, last)]
    return {name: pa.concat_tables([getattr(each, name) for each in drawn]).unify_dictionaries() for name in TABLES}


def write(
    settings: SimulatedConfig,
    folder: Path,
    threads: int | None = None,
    on_progress: Progress | None = None,
) -> dict[str, int]:
    """Write every table to `folder` as Parquet, beside the settings; gives the rows of each.

    The files are made in a folder aside, which takes the name at the end. Memory holds one row group a thread and
    one to write. `on_progress` gets a line at every tenth of the work.

    Raises
    ------
    DataError
        `folder` is there and not empty.
    """
    _refuse_full(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    aside = folder.parent / f".{folder.name}-{uuid4().hex[:8]}"
    aside.mkdir()
    try:
        rows = _fill(settings, aside, threads or os.cpu_count() or 1, on_progress)
        (aside / "settings.json").write_text(json.dumps(asdict(settings), indent=2) + "\n")
        _refuse_full(folder)
        os.replace(aside, folder)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    return rows


def _fill(settings: SimulatedConfig, folder: Path, threads: int, on_progress: Progress | None) -> dict[str, int]:
    rows = {name: 0 for name in TABLES if name != EVENTS.name or settings.events}
    writers: dict[str, pq.ParquetWriter] = {}
    told = 0
    with ExitStack() as stack:
        for tables in _in_order(settings, threads):
            for name in rows:
                if name not in writers:
                    writers[name] = stack.enter_context(_writer(folder / f"{name}.parquet", tables[name].schema))
                writers[name].write_table(tables[name], row_group_size=max(len(tables[name]), 1))
                rows[name] += len(tables[name])
            if on_progress and (tenth := 10 * rows[CUSTOMERS.name] // settings.customers) > told:
                told = tenth
                on_progress(f"simulated {rows[CUSTOMERS.name]:,} of {settings.customers:,} customers")
    return rows


def _in_order(settings: SimulatedConfig, threads: int) -> Iterator[dict[str, pa.Table]]:
    """Row groups in order, drawn by threads of which none runs far ahead."""
    starts = iter(range(0, _blocks(settings), BLOCKS_OF_GROUP))
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future[dict[str, pa.Table]]] = deque()
        for start in starts:
            waiting.append(pool.submit(whole, settings, start, BLOCKS_OF_GROUP))
            if len(waiting) > threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _blocks(settings: SimulatedConfig) -> int:
    return -(-settings.customers // block.SIZE)


def _writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    return pq.ParquetWriter(path, schema, compression="zstd", compression_level=1, store_schema=False)


def _refuse_full(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DataError(f"{folder} is there already and not an empty folder; name another or remove it")
