"""Customers by shares through memory: features by the engine, assignments by the bundle."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from math import ceil

import pandas as pd
import pyarrow as pa

from patronage import lenses
from patronage import names as c
from patronage.bundle import Bundle
from patronage.config.score import AUTO
from patronage.data import Tables
from patronage.lenses import Part
from patronage.models.reference import Counts
from patronage.scoring.work import Work

# What a share may hold: benchmarks/score.md shows the memory that this takes
ROWS, CUSTOMERS = 5_000_000, 200_000
BATCH = 50_000  # customers that the models get at once

TYPES = {"f": pa.float64(), "i": pa.int32(), "b": pa.bool_(), "M": pa.timestamp("us")}


def how_many(passes: int | str, tables: Tables) -> int:
    """The number of shares."""
    if tables.engine.cluster is not None:
        return 1  # the cluster divides the work itself
    if passes != AUTO:
        return int(passes)
    rows, customers = sum(tables.rows.values()), max(tables.customers, tables.rows.get("customers", 0))
    return max(1, ceil(rows / ROWS), ceil(customers / CUSTOMERS))


def score_part(
    work: Work,
    bundle: Bundle,
    tables: Tables,
    cutoff: datetime,
    part: Part,
    stamps: dict[str, str],
    horizons: Sequence[int] = (),
) -> None:
    """Make one share and keep it.

    Parameters
    ----------
    stamps
        Columns that hold the same in every row.
    horizons
        Further horizons that are wanted, in days.
    """
    features = lenses.features_at(tables, cutoff, bundle.lenses, bundle.period_days, bundle.lens_names, part)
    work.keep(part.number, _batches(bundle, features, cutoff, stamps, horizons))


def _batches(
    bundle: Bundle, features: pd.DataFrame, cutoff: datetime, stamps: dict[str, str], horizons: Sequence[int]
) -> Iterator[tuple[pa.Table, Counts]]:
    for start in range(0, len(features), BATCH):
        batch = features.iloc[start : start + BATCH]
        assignments = bundle.assign(batch, horizons=horizons)
        reference = bundle.reference
        counts = {} if reference is None else reference.count(batch) | reference.count(assignments)
        yield to_arrow(stamped(assignments, cutoff, stamps)), counts


def stamped(assignments: pd.DataFrame, cutoff: datetime, stamps: dict[str, str]) -> pd.DataFrame:
    """The rows of the output: the customer and the cutoff first, the stamps last."""
    moment = pd.Series(pd.Timestamp(cutoff), assignments.index).astype("datetime64[us]")
    rows = assignments.assign(**{c.CUTOFF: moment, **stamps})
    first = [c.CUTOFF, *(name for name in rows if name not in (c.CUTOFF, *stamps))]
    return rows[[*first, *stamps]].reset_index()


def to_arrow(frame: pd.DataFrame) -> pa.Table:
    """A table whose types depend on the columns alone, not on the values; without notes for pandas."""
    fields = [pa.field(name, TYPES.get(frame[name].dtype.kind, pa.string())) for name in frame]
    return pa.Table.from_pandas(frame, pa.schema(fields), preserve_index=False).replace_schema_metadata()
