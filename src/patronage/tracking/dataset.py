"""The data of a run, as MLflow keeps it: a fingerprint, the columns, the span; no rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mlflow.data.meta_dataset import MetaDataset
from mlflow.data.sources import LocalArtifactDatasetSource
from mlflow.entities import Dataset as DatasetEntity
from mlflow.entities import DatasetInput, InputTag
from mlflow.types import ColSpec, Schema

from patronage import names as c
from patronage.data import Tables
from patronage.review.record import MeasuredOn

CONTEXT = "mlflow.data.context"
HOLDOUT = "holdout"  # the context of customers on whom a run was measured


@dataclass(frozen=True)
class Dataset:
    """What is logged of the data of a run.

    Attributes
    ----------
    columns
        As `table.column`.
    tags
        Numbers of rows and customers, and the span.
    """

    name: str
    fingerprint: str
    columns: tuple[str, ...]
    tags: Mapping[str, str]


def describe(tables: Tables) -> Dataset:
    """The data by its own fingerprint: MLflow's digest sees only the first rows and no dates."""
    columns = tuple(f"{table}.{name}" for table in tables.present for name in sorted(tables.present[table]))
    span = {
        **{f"rows.{table}": str(rows) for table, rows in tables.rows.items()},
        "customers": str(tables.customers),
        "first": tables.first.isoformat(),
        "last": tables.last.isoformat(),
    }
    return Dataset(tables.source, tables.fingerprint, columns, span)


def input_of(dataset: Dataset, context: str) -> DatasetInput:
    """The data as an input of a run."""
    schema = Schema([ColSpec("string", name) for name in dataset.columns])
    source = LocalArtifactDatasetSource(dataset.name)
    entity = MetaDataset(source, name=dataset.name, digest=dataset.fingerprint, schema=schema).to_dict()
    tags = [InputTag(key, value) for key, value in {CONTEXT: context, **dataset.tags}.items()]
    return DatasetInput(DatasetEntity(**entity), tags)


def holdout_of(measured: MeasuredOn) -> DatasetInput:
    """The customers on whom metrics were measured, as an input of a run."""
    return input_of(Dataset(measured.name, measured.digest, (c.CUSTOMER_ID,), measured.tags), HOLDOUT)
