"""A sweep: a parent run, and its children, which read its id from the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

import pandas as pd
from mlflow.client import MlflowClient
from mlflow.entities import Run, RunStatus

from patronage import names as c
from patronage import temporary
from patronage.masking import mask
from patronage.names import Artifact, Metric, Tag
from patronage.review.sweep_verdict import best_child, deciding_metric, key_of
from patronage.tracking.abandoned import marks
from patronage.tracking.ending import end_run
from patronage.tracking.loading import fetch
from patronage.tracking.store import Store

PARENT_RUN, OVERRIDES = "PATRONAGE_PARENT_RUN_ID", "PATRONAGE_OVERRIDES"
LONGEST_NAME = 200
# What a sweep is read by
MAIN = (
    Metric.CHURN_LOG_LOSS,
    Metric.CHURN_ROC_AUC,
    Metric.SPEND_RMSE,
    Metric.COVERAGE_80,
    Metric.JOURNEY_LOG_LOSS,
    Metric.PERSONA_STABILITY_ARI,
    Metric.PERSONA_LATER_BEHAVIOUR,
)


def is_child() -> bool:
    """Whether this process trains for a sweep."""
    return PARENT_RUN in os.environ


def open_parent(store: Store, name: str) -> str:
    """Make the parent run of a sweep; gives its id."""
    run = store.client.create_run(store.experiment_id, tags={Tag.KIND: "sweep", **marks()}, run_name=mask(name))
    return run.info.run_id


def close_parent(store: Store, run_id: str, *, swept: Sequence[str] = (), failed: bool) -> int:
    """Finish the parent of a sweep, once, with a table of its children; gives their number.

    Parameters
    ----------
    swept
        The words that take several values; without them, what not all children were started with tells them apart.
    """
    client = store.client
    if client.get_run(run_id).info.status != RunStatus.to_string(RunStatus.RUNNING):
        return 0
    children = client.search_runs(
        [store.experiment_id], f"tags.`{Tag.PARENT}` = '{run_id}'", order_by=["attributes.start_time ASC"]
    )
    client.log_metric(run_id, Metric.SWEEP_CHILDREN, len(children))
    if children:
        table, sentence = summary(children, _evaluations(store, children), swept)
        _name_by_difference(client, table)
        client.log_table(run_id, table, Artifact.SWEEP)
        client.set_tag(run_id, Tag.DESCRIPTION, _markdown(table, sentence))
        for row in table[table["best"] == "best"].to_dict("records"):
            client.set_tag(run_id, Tag.BEST_RUN, row[c.RUN_ID])
            for name in MAIN:
                if name in row and not pd.isna(row[name]):
                    client.log_metric(run_id, Metric.of_best(name), row[name])
    end_run(client, run_id, RunStatus.FAILED if failed else RunStatus.FINISHED)
    return len(children)


def summary(
    children: Sequence[Run], evaluations: Mapping[str, pd.DataFrame], swept: Sequence[str] = ()
) -> tuple[pd.DataFrame, str]:
    """A row per child: what tells it apart, the main metrics, and which is best; and what is meant by it.

    Parameters
    ----------
    evaluations
        Labels and forecasts of the evaluated customers, by the id of the child.
    swept
        As for `close_parent`.
    """
    given = [run.data.tags.get(Tag.OVERRIDES, "").split() for run in children]
    differing = [_apart(words, given, swept) for words in given]
    best, sentence = best_child(evaluations, deciding_metric([word for words in differing for word in words]))
    table = pd.DataFrame(
        {
            "run": [_name(words) or run.info.run_name for run, words in zip(children, differing, strict=True)],
            "overrides": [" ".join(words) for words in differing],
            **{name: [run.data.metrics.get(name, float("nan")) for run in children] for name in MAIN},
            "best": ["best" if run.info.run_id == best else "" for run in children],
            c.RUN_ID: [run.info.run_id for run in children],
        }
    )
    return table.drop(columns=[name for name in MAIN if table[name].isna().all()]), sentence


def _apart(words: Sequence[str], given: Sequence[Sequence[str]], swept: Sequence[str]) -> list[str]:
    """What a child was started with that is swept; or that not all were, where it is not known what is."""
    if swept:
        keys = {key_of(word) for word in swept}
        return [word for word in words if key_of(word) in keys]
    common = set.intersection(*map(set, given)) if len(given) > 1 else set()
    return [word for word in words if word not in common]


def _evaluations(store: Store, children: Sequence[Run]) -> dict[str, pd.DataFrame]:
    """What each child predicted of the customers on whom it was measured."""
    frames = {}
    with temporary.folder() as folder:
        for run in children:
            if any(file.path == Artifact.EVALUATION for file in store.client.list_artifacts(run.info.run_id)):
                path = fetch(store, f"{run.info.artifact_uri}/{Artifact.EVALUATION}", folder)
                frames[run.info.run_id] = pd.read_parquet(path)
    return frames


def _name_by_difference(client: MlflowClient, table: pd.DataFrame) -> None:
    """Name each child by what tells it apart."""
    for row in table[table["overrides"] != ""].to_dict("records"):
        client.update_run(row[c.RUN_ID], name=row["run"])


def _name(differing: Sequence[str]) -> str:
    """What tells a child apart, as its name."""
    return " ".join(differing)[:LONGEST_NAME]


def _markdown(table: pd.DataFrame, sentence: str) -> str:
    """The table as the page of a run shows it, which has room for a few columns: what no child moved is a line."""
    twice = ["overrides"] if (table["run"] == table["overrides"]).all() else []
    still = [name for name in MAIN if name in table and len(table) > 1 and table[name].nunique(dropna=False) == 1]
    shown = table.drop(columns=[c.RUN_ID, *twice, *still])
    if still:
        values = ", ".join(f"{name} {table[name].iloc[0]:.4g}" for name in still)
        sentence = f"{sentence} The same in all {len(table)}: {values}."
    rows = [["–" if pd.isna(x) else f"{x:.4g}" if isinstance(x, float) else x for x in row] for row in shown.to_numpy()]
    lines = ["| " + " | ".join(row) + " |" for row in (list(shown), ["---"] * shown.shape[1], *rows)]
    return "\n".join([f"{sentence} The same as a table: `{Artifact.SWEEP}`.", "", *lines])
