"""A sweep: a parent run, and its children, which find it in the environment."""

from __future__ import annotations

import os
from urllib.parse import quote

from mlflow.entities import RunStatus

from patronage.tracking.store import Store

PARENT_RUN = "PATRONAGE_PARENT_RUN_ID"


def open_parent(store: Store, name: str) -> str:
    """Make the parent run of a sweep; its children find it in the environment."""
    run = store.client.create_run(store.experiment_id, tags={"kind": "sweep"}, run_name=name)
    os.environ[PARENT_RUN] = run.info.run_id
    return run.info.run_id


def close_parent(store: Store, run_id: str, *, failed: bool) -> int:
    """Finish the parent of a sweep, once, with the number of its children; gives that number."""
    os.environ.pop(PARENT_RUN, None)
    client = store.client
    if client.get_run(run_id).info.status != RunStatus.to_string(RunStatus.RUNNING):
        return 0
    children = client.search_runs([store.experiment_id], f"tags.`mlflow.parentRunId` = '{run_id}'")
    client.log_metric(run_id, "sweep/children", len(children))
    client.set_terminated(run_id, RunStatus.to_string(RunStatus.FAILED if failed else RunStatus.FINISHED))
    return len(children)


def sweep_link(store: Store, parent: str, metric: str) -> str:
    """A deep link to the flat table of a sweep's children: MLflow's own page shows them collapsed."""
    query = (
        f"searchFilter={quote(f'tags.mlflow.parentRunId = {chr(39)}{parent}{chr(39)}')}"
        f"&orderByKey={quote(f'metrics.`{metric}`')}&orderByAsc=true&startTime=ALL&lifecycleFilter=Active"
        "&modelVersionFilter=All+Runs&datasetsFilter=W10%3D&workflowType=machine_learning"
    )
    host = "http://127.0.0.1:5000" if store.is_local else store.uri.rstrip("/")
    return f"{host}/#/experiments/{store.experiment_id}/runs?{query}"
