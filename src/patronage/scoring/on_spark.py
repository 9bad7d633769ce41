"""All customers at once, on Spark: features by its SQL, assignments by the same bundle on every partition."""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from patronage import lenses
from patronage import names as c
from patronage.bundle import Bundle
from patronage.data import Tables
from patronage.engine import Spark
from patronage.models.reference import Counts
from patronage.scoring.example import example_features
from patronage.scoring.passes import stamped, to_arrow
from patronage.scoring.work import Work, add

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

SPARK_TYPES = {"double": "double", "int32": "int", "bool": "boolean", "timestamp[us]": "timestamp_ntz"}


def score_with_spark(
    work: Work,
    engine: Spark,
    bundle: Bundle,
    tables: Tables,
    cutoff: datetime,
    stamps: dict[str, str],
    horizons: Sequence[int] = (),
) -> None:
    """Score all customers, and keep the result as the only shares of the work.

    The work folder must be seen by Spark and by this process alike.
    """
    history = lenses.look_back(tables, cutoff, bundle.lenses, bundle.period_days)
    sql = lenses.features_query(history, bundle.lenses, bundle.lens_names)
    assignments = assign(engine.query(sql), bundle, cutoff, stamps, horizons).persist()
    try:
        shipped = assignments.select([name for name in assignments.columns if name not in bundle.columns])
        grown = work.folder / "growing_spark"
        shipped.sortWithinPartitions(c.CUSTOMER_ID).write.mode("overwrite").parquet(grown.as_uri())
        for number, path in enumerate(sorted(grown.glob("part-*.parquet"))):
            path.rename(work.path(number))
        work.note(0, _counts(assignments, bundle))
    finally:
        assignments.unpersist()
        history.close()


def assign(
    features: DataFrame, bundle: Bundle, cutoff: datetime, stamps: dict[str, str], horizons: Sequence[int] = ()
) -> DataFrame:
    """Assignments beside the features, by `mapInArrow`: the bundle travels as bytes and is read once per worker."""
    archive = _pack(bundle)
    example = bundle.assign(example_features(bundle), horizons=horizons)
    schema = to_arrow(stamped(example, cutoff, stamps)).schema
    fields = [f"`{field.name}` {SPARK_TYPES.get(str(field.type), 'string')}" for field in schema]
    described = lenses.described(bundle.lenses, bundle.lens_names)
    fields += [f"`{name}` {'string' if feature.text else 'double'}" for name, feature in described.items()]
    return features.mapInArrow(partial(_assign, archive, cutoff, stamps, tuple(horizons)), ", ".join(fields))


def _assign(
    archive: bytes,
    cutoff: datetime,
    stamps: dict[str, str],
    horizons: Sequence[int],
    batches: Iterator[pa.RecordBatch],
) -> Iterator[pa.RecordBatch]:
    bundle = _unpack(archive)
    for batch in batches:
        if batch.num_rows == 0:
            continue
        features = batch.to_pandas().set_index(c.CUSTOMER_ID)
        table = to_arrow(stamped(bundle.assign(features, horizons=horizons), cutoff, stamps))
        for name in bundle.columns:
            table = table.append_column(name, batch.column(batch.schema.get_field_index(name)))
        yield from table.combine_chunks().to_batches()


def _counts(assignments: DataFrame, bundle: Bundle) -> dict[str, object]:
    """Customers in each bin of the reference, counted on the partitions."""
    if bundle.reference is None:
        return {}
    counts = assignments.mapInArrow(partial(_count, _pack(bundle)), "name string, bin int, n long")
    total: dict[str, object] = {}
    rows = counts.groupBy("name", "bin").sum("n").collect()
    for name, bins in bundle.reference.columns.items():
        own = {row["bin"]: row["sum(n)"] for row in rows if row["name"] == name}
        total[name] = [int(own.get(number, 0)) for number in range(len(bins.counts))]
    return total


def _count(archive: bytes, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    reference = _unpack(archive).reference
    total: Counts = {}
    for batch in batches:
        if reference is not None and batch.num_rows:
            total = add(total, reference.count(batch.to_pandas()))
    rows = [(name, number, int(n)) for name, bins in total.items() for number, n in enumerate(bins)]
    names, numbers, ns = zip(*rows, strict=True) if rows else ((), (), ())
    yield pa.RecordBatch.from_arrays(
        [pa.array(names, pa.string()), pa.array(numbers, pa.int32()), pa.array(ns, pa.int64())], ["name", "bin", "n"]
    )


def _pack(bundle: Bundle) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        bundle.save(Path(folder))
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(Path(folder).rglob("*")):
                archive.write(path, path.relative_to(folder))
        return buffer.getvalue()


@lru_cache(maxsize=1)
def _unpack(archive: bytes) -> Bundle:
    """Read a bundle that came over the wire; a worker keeps it for its next partition."""
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(io.BytesIO(archive)) as files:
            files.extractall(folder)
        return Bundle.load(Path(folder))
