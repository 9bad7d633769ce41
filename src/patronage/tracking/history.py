"""Earlier trainings of a registered model, as they were logged."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
from mlflow.entities import Run
from mlflow.entities.model_registry import ModelVersion

from patronage import names as c
from patronage import temporary
from patronage.names import Artifact, Metric, Tag
from patronage.review.past_run import PastRun, carried_from
from patronage.tracking.loading import CHAMPION, fetch
from patronage.tracking.refusals import FAILURES, is_absent, refused
from patronage.tracking.store import Store

MOST = 24  # versions, the latest
SCORINGS = 200
NAN = float("nan")


def past_runs(store: Store) -> list[PastRun]:
    """The latest versions of the registered model with what their runs logged; a run that is gone is left out."""
    client, name = store.client, store.registered_model
    try:
        versions = list(client.search_model_versions(f"name = '{name}'", max_results=1000))
        if not versions:
            return []
        now = str(client.get_registered_model(name).aliases.get(CHAMPION))
        drift = _drift(store)
        latest = sorted(versions, key=lambda version: int(version.version))[-MOST:]
        return [run for version in latest if (run := _past(store, version, now, drift)) is not None]
    except FAILURES as error:
        raise refused(f"the MLflow store {store.shown}", error) from error


def _past(store: Store, version: ModelVersion, champion: str, drift: dict[str, float]) -> PastRun | None:
    number = str(version.version)
    try:
        run = store.client.get_run(str(version.run_id))
        metrics = _table(store, run, Artifact.METRICS)
        stages, personas = (_table(store, run, name) for name in (Artifact.STAGES, Artifact.PERSONAS))
    except FAILURES as error:
        if is_absent(error):
            return None
        raise
    totals = dict(zip(metrics["metric"], metrics["value"].astype(float), strict=True)) if len(metrics) else {}
    was = Tag.before(CHAMPION) in version.tags
    return PastRun(
        version=number,
        cutoff=run.data.tags[c.CUTOFF],
        horizon_days=int(run.data.params["horizon_days"]),
        state=CHAMPION if number == champion else f"was {CHAMPION}" if was else "",
        customers=int(run.data.params["customers"]),
        expected_orders=totals.get(Metric.EXPECTED_ORDERS, NAN),
        expected_revenue=totals.get(Metric.EXPECTED_REVENUE, NAN),
        stages=_shares(stages, "label"),
        personas=_shares(personas, c.PERSONA),
        psi=drift.get(number, NAN),
        persona_ids=_numbers(personas),
        carried_from=carried_from(run.data.tags.get(Tag.PERSONAS_FORMER, "")),
    )


def _table(store: Store, run: Run, name: str) -> pd.DataFrame:
    """A table that a run logged; empty where it did not."""
    if not any(file.path == name for file in store.client.list_artifacts(run.info.run_id)):
        return pd.DataFrame()
    with temporary.folder() as folder:
        table = json.loads(Path(fetch(store, f"{run.info.artifact_uri}/{name}", folder)).read_text())
    return pd.DataFrame(table["data"], columns=table["columns"])


def _shares(table: pd.DataFrame, label: str) -> dict[str, float]:
    if not {label, "share"} <= set(table):
        return {}
    return {str(name): float(share) for name, share in zip(table[label], table["share"], strict=True)}


def _numbers(personas: pd.DataFrame) -> dict[str, int]:
    if not {c.PERSONA, c.PERSONA_ID} <= set(personas):
        return {}
    return {str(name): int(number) for name, number in zip(personas[c.PERSONA], personas[c.PERSONA_ID], strict=True)}


def _drift(store: Store) -> dict[str, float]:
    """The largest PSI of the latest scoring by each version."""
    client = store.client
    runs = client.search_runs(
        [experiment.experiment_id for experiment in client.search_experiments()],
        f"tags.{Tag.KIND} = 'score' AND tags.{Tag.MODEL} LIKE 'models:/{store.registered_model}/%'",
        max_results=SCORINGS,
        order_by=["attributes.start_time ASC"],
    )
    return {
        run.data.tags[Tag.MODEL].rpartition("/")[2]: run.data.metrics.get(Metric.largest_drift("psi"), NAN)
        for run in runs
    }
