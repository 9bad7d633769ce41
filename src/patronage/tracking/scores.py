"""Scoring runs: logged, or kept on disk until the store is back."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from io import StringIO
from pathlib import Path

import pandas as pd
from mlflow.entities import LoggedModelInput

from patronage import cutoff as when
from patronage import names as c
from patronage.errors import TrackingError
from patronage.models.reference import MEANS
from patronage.names import Metric, Tag
from patronage.review.record import RunRecord
from patronage.scoring import Extent, series
from patronage.tracking.dataset import Dataset
from patronage.tracking.runs import logging_to, masked, run_of
from patronage.tracking.store import Store, plain_errors

KIND = "score"
MOST = 500  # runs among which the last one of a place is looked for


@dataclass(frozen=True)
class Scored:
    """A scoring, ready to be logged.

    Attributes
    ----------
    model_id
        MLflow's id of the model that scored, so that its page shows the run.
    """

    record: RunRecord
    dataset: Dataset
    model_id: str


def log_scoring(store: Store, scored: Scored) -> str:
    """Log one scoring run; gives its id.

    Raises
    ------
    TrackingError
        The store refused.
    """
    with logging_to(store), run_of(store, scored.record, scored.dataset) as run_id:
        store.client.log_inputs(run_id, models=[LoggedModelInput(model_id=scored.model_id)])
    return run_id


def last_scoring(store: Store, model: str) -> Mapping[str, str] | None:
    """The tags of the latest scoring by a model (`models:/NAME/VERSION`); None if there is none."""
    with plain_errors(store):
        runs = store.client.search_runs(
            [experiment.experiment_id for experiment in store.client.search_experiments()],
            f"tags.{Tag.KIND} = '{KIND}' AND tags.{Tag.MODEL} = '{model}' AND attributes.status = 'FINISHED'",
            max_results=1,
            order_by=["attributes.start_time DESC"],
        )
    return runs[0].data.tags if runs else None


def last_extent(store: Store, output: str, cutoff: datetime) -> Extent | None:
    """The extent of the latest result of the same place that is not of a later cutoff; None if there is none."""
    with plain_errors(store):
        runs = store.client.search_runs(
            [experiment.experiment_id for experiment in store.client.search_experiments()],
            f"tags.{Tag.KIND} = '{KIND}' AND attributes.status = 'FINISHED'",
            max_results=MOST,
            order_by=["attributes.start_time DESC"],
        )
    for run in runs:
        tags, metrics = run.data.tags, run.data.metrics
        same = series(tags.get(Tag.OUTPUT, "")) == series(output)
        if same and Metric.SCORE_CUSTOMERS in metrics and when.is_past(when.parse(tags[c.CUTOFF]), cutoff):
            means = {name: metrics[key] for name in MEANS if (key := Metric.score_mean(name)) in metrics}
            return Extent(f"the last result ({tags[c.CUTOFF]})", int(metrics[Metric.SCORE_CUSTOMERS]), means)
    return None


def keep_pending(folder: Path, scored: Scored) -> Path:
    """Write a scoring that could not be logged; gives the file."""
    folder.mkdir(parents=True, exist_ok=True)
    record = asdict(masked(scored.record)) | {"tables": {}, "frames": {}, "figures": {}}
    tables = {name: frame.to_json(orient="split", double_precision=15) for name, frame in scored.record.tables.items()}
    state = {"record": record, "tables": tables, "dataset": asdict(scored.dataset), "model_id": scored.model_id}
    path = folder / f"{time.strftime('%Y-%m-%dT%H-%M-%S')}-{os.getpid()}.json"
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(state))
    partial.rename(path)
    return path


def pending(folder: Path) -> Iterator[tuple[Path, Scored]]:
    """The scorings that wait in the folder, the oldest first."""
    for path in sorted(folder.glob("*.json")):
        try:
            state = json.loads(path.read_text())
            tables = {name: pd.read_json(StringIO(table), orient="split") for name, table in state["tables"].items()}
            record = RunRecord(**state["record"] | {"tables": tables})
            yield path, Scored(record, Dataset(**state["dataset"]), state["model_id"])
        except (ValueError, KeyError, TypeError) as error:
            raise TrackingError(f"{path}: not a waiting run ({error}); move it away, and run this again") from error
