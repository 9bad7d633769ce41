"""Differences between two runs: settings, data, drift of the features, and metrics."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.evaluation.drift import compare
from patronage.models.reference import build_reference
from patronage.review.training_run import TrainingRun

SHIFTED, MOVED = 0.1, 0.25  # Siddiqi (2006), Credit Risk Scorecards
ABSENT = "–"


def config_differences(baseline: Mapping[str, object], candidate: Mapping[str, object]) -> pd.DataFrame:
    """Settings with different values; "–" where a run does not have the key."""
    keys = sorted((baseline.keys() | candidate.keys()) - {"name"})
    rows = [(key, str(baseline.get(key, ABSENT)), str(candidate.get(key, ABSENT))) for key in keys]
    return pd.DataFrame([row for row in rows if row[1] != row[2]], columns=["key", "baseline", "candidate"])


def data_differences(baseline: TrainingRun, candidate: TrainingRun) -> pd.DataFrame:
    """The two logs and the assigned customers, side by side."""
    sides = [
        {
            "cutoff": run.cutoff,
            "evaluated from": run.evaluated_from,
            "customers assigned": f"{len(run.assignments):,}",
            **{f"log: {key}": value for key, value in sorted(run.data.items()) if not key.startswith("mlflow.")},
        }
        for run in (baseline, candidate)
    ]
    keys = list(dict.fromkeys([*sides[0], *sides[1]]))
    rows = [(key, sides[0].get(key, ABSENT), sides[1].get(key, ABSENT)) for key in keys]
    frame = pd.DataFrame(rows, columns=["property", "baseline", "candidate"])
    return frame.assign(same=np.where(frame["baseline"] == frame["candidate"], "yes", "no"))


def drift(baseline: pd.DataFrame, candidate: pd.DataFrame) -> pd.DataFrame:
    """How far each numeric feature has shifted over the customers, furthest first.

    Bins and index are those of `patronage score`: the same shift has the same PSI in both.

    Returns
    -------
    DataFrame
        `feature`; `psi`, the population stability index; `verdict`; the mean in each run; and the share of customers
        without a value in each.
    """
    shared = baseline.columns.intersection(candidate.columns).drop(c.OBSERVED_DAY, errors="ignore")
    before = baseline[[name for name in shared if pd.api.types.is_numeric_dtype(baseline[name])]]
    after = candidate[before.columns]
    reference = build_reference(before, {}, {})
    psi = compare(reference, reference.count(after))
    table = psi.rename(columns={"column": "feature", "missing": "missing_after"})
    table["verdict"] = np.select([table["psi"] > MOVED, table["psi"] > SHIFTED], ["moved", "shifted"], "stable")
    table["mean_before"] = table["feature"].map(before.astype(float).mean())
    table["mean_after"] = table["feature"].map(after.astype(float).mean())
    return table[["feature", "psi", "verdict", "mean_before", "mean_after", "missing_before", "missing_after"]]


def metric_differences(baseline: Mapping[str, float], candidate: Mapping[str, float]) -> pd.DataFrame:
    """Every metric that either run has, side by side."""
    frame = pd.DataFrame({"baseline": baseline, "candidate": candidate}).rename_axis("metric")
    return frame.assign(difference=frame["candidate"] - frame["baseline"]).sort_index().reset_index()
