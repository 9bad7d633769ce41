"""A sweep: a parent run, and its children, which read its id from the environment."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from mlflow.entities import Run, RunStatus

from patronage import names as c
from patronage.masking import mask
from patronage.names import Artifact, Metric, Tag
from patronage.tracking.abandoned import marks
from patronage.tracking.store import Store

PARENT_RUN, OVERRIDES = "PATRONAGE_PARENT_RUN_ID", "PATRONAGE_OVERRIDES"
# What a sweep is read by: less of the first is better.
MAIN = (
    Metric.CHURN_LOG_LOSS,
    Metric.CHURN_ROC_AUC,
    Metric.SPEND_RMSE,
    Metric.COVERAGE_80,
    Metric.JOURNEY_LOG_LOSS,
    Metric.PERSONA_STABILITY_ARI,
)


def open_parent(store: Store, name: str) -> str:
    """Make the parent run of a sweep; gives its id."""
    run = store.client.create_run(store.experiment_id, tags={Tag.KIND: "sweep", **marks()}, run_name=mask(name))
    return run.info.run_id


def close_parent(store: Store, run_id: str, *, failed: bool) -> int:
    """Finish the parent of a sweep, once, with a table of its children; gives their number."""
    client = store.client
    if client.get_run(run_id).info.status != RunStatus.to_string(RunStatus.RUNNING):
        return 0
    children = client.search_runs(
        [store.experiment_id], f"tags.`{Tag.PARENT}` = '{run_id}'", order_by=["attributes.start_time ASC"]
    )
    client.log_metric(run_id, Metric.SWEEP_CHILDREN, len(children))
    if children:
        table = summary(children)
        client.log_table(run_id, table, Artifact.SWEEP)
        client.set_tag(run_id, Tag.DESCRIPTION, _markdown(table))
        for row in table[table["best"] == "best"].to_dict("records"):
            client.set_tag(run_id, Tag.BEST_RUN, row[c.RUN_ID])
            for name in MAIN:
                if name in row and not pd.isna(row[name]):
                    client.log_metric(run_id, Metric.of_best(name), row[name])
    client.set_terminated(run_id, RunStatus.to_string(RunStatus.FAILED if failed else RunStatus.FINISHED))
    return len(children)


def summary(children: Sequence[Run]) -> pd.DataFrame:
    """A row per child: the overrides that not all have, the main metrics, and which has the least loss."""
    given = [run.data.tags.get(Tag.OVERRIDES, "").split() for run in children]
    common = set.intersection(*map(set, given)) if len(given) > 1 else set()
    table = pd.DataFrame(
        {
            "run": [run.info.run_name for run in children],
            "overrides": [" ".join(word for word in overrides if word not in common) for overrides in given],
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
    head = f"*best* has the least {MAIN[0]}, the first where several do; the same as a table: `{Artifact.SWEEP}`."
    return "\n".join([head, "", *lines])
