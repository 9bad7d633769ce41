"""A sweep: a parent run, and its children, which find it in the environment."""

from __future__ import annotations

import os
from collections.abc import Sequence
from urllib.parse import quote

import pandas as pd
from mlflow.entities import Run, RunStatus

from patronage import names as c
from patronage.tracking.store import Store

PARENT_RUN, OVERRIDES = "PATRONAGE_PARENT_RUN_ID", "PATRONAGE_OVERRIDES"
# What a sweep is read by: less of the first is better.
MAIN = ("churn/log_loss", "churn/roc_auc", f"clv/{c.SPEND}_rmse", "clv/coverage_80", "journey/log_loss",
        "personas/stability_ari")  # fmt: skip
TABLE = "sweep.json"


def open_parent(store: Store, name: str) -> str:
    """Make the parent run of a sweep; its children find it in the environment."""
    run = store.client.create_run(store.experiment_id, tags={"kind": "sweep"}, run_name=name)
    os.environ[PARENT_RUN] = run.info.run_id
    return run.info.run_id


def name_child(overrides: Sequence[str]) -> None:
    """Say what the next child was asked for; it keeps it as a tag."""
    os.environ[OVERRIDES] = " ".join(overrides)


def close_parent(store: Store, run_id: str, *, failed: bool) -> int:
    """Finish the parent of a sweep, once, with a table of its children; gives their number."""
    for name in (PARENT_RUN, OVERRIDES):
        os.environ.pop(name, None)
    client = store.client
    if client.get_run(run_id).info.status != RunStatus.to_string(RunStatus.RUNNING):
        return 0
    children = client.search_runs(
        [store.experiment_id], f"tags.`mlflow.parentRunId` = '{run_id}'", order_by=["attributes.start_time ASC"]
    )
    client.log_metric(run_id, "sweep/children", len(children))
    if children:
        table = summary(children)
        client.log_table(run_id, table, TABLE)
        client.set_tag(run_id, "mlflow.note.content", _markdown(table))
        for row in table[table["best"] == "best"].to_dict("records"):
            client.set_tag(run_id, "best_run", row[c.RUN_ID])
            for name in MAIN:
                if name in row and not pd.isna(row[name]):
                    client.log_metric(run_id, f"sweep/best/{name}", row[name])
    client.set_terminated(run_id, RunStatus.to_string(RunStatus.FAILED if failed else RunStatus.FINISHED))
    return len(children)


def summary(children: Sequence[Run]) -> pd.DataFrame:
    """A row per child: what it was asked for that not all were, the main metrics, and which has the least loss."""
    asked = [run.data.tags.get("overrides", "").split() for run in children]
    common = set.intersection(*map(set, asked)) if len(asked) > 1 else set()
    table = pd.DataFrame(
        {
            "run": [run.info.run_name for run in children],
            "overrides": [" ".join(one for one in overrides if one not in common) for overrides in asked],
            **{name: [run.data.metrics.get(name, float("nan")) for run in children] for name in MAIN},
            "best": "",
            c.RUN_ID: [run.info.run_id for run in children],
        }
    )
    if table[MAIN[0]].notna().any():
        table.loc[table[MAIN[0]].idxmin(), "best"] = "best"
    return table.drop(columns=[name for name in MAIN if table[name].isna().all()])


def _markdown(table: pd.DataFrame) -> str:
    """The table as the page of a run shows it."""
    shown = table.drop(columns=c.RUN_ID)
    rows = [["–" if pd.isna(x) else f"{x:.4g}" if isinstance(x, float) else x for x in row] for row in shown.to_numpy()]
    lines = ["| " + " | ".join(row) + " |" for row in (list(shown), ["---"] * shown.shape[1], *rows)]
    return "\n".join(
        [f"*best* has the least {MAIN[0]}, the first where several do; the same as a table: `{TABLE}`.", "", *lines]
    )


def sweep_link(store: Store, parent: str, metric: str) -> str:
    """A deep link to the flat table of a sweep's children: MLflow's own page shows them collapsed."""
    query = (
        f"searchFilter={quote(f'tags.mlflow.parentRunId = {chr(39)}{parent}{chr(39)}')}"
        f"&orderByKey={quote(f'metrics.`{metric}`')}&orderByAsc=true&startTime=ALL&lifecycleFilter=Active"
        "&modelVersionFilter=All+Runs&datasetsFilter=W10%3D&workflowType=machine_learning"
    )
    host = "http://127.0.0.1:5000" if store.is_local else store.uri.rstrip("/")
    return f"{host}/#/experiments/{store.experiment_id}/runs?{query}"
