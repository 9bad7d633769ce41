"""Where a run can be looked at: MLflow's pages, and its files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from urllib.parse import quote, unquote, urlparse

from patronage.tracking.store import Store

TRAINING_MODE = "workflowType=machine_learning"  # without it MLflow's pages open for language models


def artifact(store: Store, run_id: str, name: str) -> str:
    """Where an artifact of a run is: a path on this machine, else an address."""
    return readable(f"{store.client.get_run(run_id).info.artifact_uri}/{name}")


def readable(uri: str) -> str:
    """A path where the artifact lies on this machine, else its address."""
    return unquote(urlparse(uri).path) if uri.startswith("file:") else uri


def run_page(store: Store, experiment_id: str, run_id: str) -> str:
    """The address of a run in MLflow's pages."""
    return f"{store.pages}/#/experiments/{experiment_id}/runs/{run_id}?{TRAINING_MODE}"


def run_link(store: Store, run_id: str) -> str:
    """How to look at a run in MLflow's pages."""
    page = run_page(store, store.experiment_id, run_id)
    if store.uri.startswith("http"):
        return page
    return f"mlflow server --backend-store-uri {store.shown} --workers 1   then {page}"


def compare_link(store: Store, run_ids: Sequence[str]) -> str:
    """The address where MLflow shows the parameters, metrics and charts of runs side by side."""
    ids, experiments = (quote(json.dumps(list(names))) for names in (run_ids, [store.experiment_id]))
    return f"{store.pages}/#/compare-runs?runs={ids}&experiments={experiments}&{TRAINING_MODE}"


def sweep_link(store: Store, parent: str, metric: str) -> str:
    """A deep link to the flat table of a sweep's children: MLflow's own page shows them collapsed."""
    query = (
        f"searchFilter={quote(f'tags.mlflow.parentRunId = {chr(39)}{parent}{chr(39)}')}"
        f"&orderByKey={quote(f'metrics.`{metric}`')}&orderByAsc=true&startTime=ALL&lifecycleFilter=Active"
        f"&modelVersionFilter=All+Runs&datasetsFilter=W10%3D&{TRAINING_MODE}"
    )
    return f"{store.pages}/#/experiments/{store.experiment_id}/runs?{query}"
