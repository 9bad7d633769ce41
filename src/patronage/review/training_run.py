"""A training run as a reviewer meets it again: what was asked, what was said, and how good that was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from patronage import names as c
from patronage.bundle import Bundle


@dataclass(frozen=True)
class TrainingRun:
    """A finished training run, read back whole.

    Attributes
    ----------
    config
        Dotted key to value.
    data
        What is known of the log: `fingerprint`, `customers`, `first`, `last`, `rows.transactions`.
    model_version
        Of the registered model; the bundle is what it holds.
    assignments, features
        A row per customer at the cutoff, on the same index.
    evaluation
        A row per customer whom the run was measured on: labels, and what had been said of them; None where the log
        left nothing to measure.
    """

    run_id: str
    name: str
    experiment_id: str
    link: str
    config: Mapping[str, Any]
    params: Mapping[str, str]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    data: Mapping[str, str]
    model_version: str
    bundle: Bundle
    assignments: pd.DataFrame
    features: pd.DataFrame
    evaluation: pd.DataFrame | None

    @property
    def cutoff(self) -> str:
        return self.tags[c.CUTOFF]

    @property
    def judged(self) -> tuple[str, str]:
        """From when on, and over how many days the run was measured."""
        return self.tags["evaluated_from"], self.params["horizon_days"]


def with_row_numbers(baseline: TrainingRun, candidate: TrainingRun) -> tuple[TrainingRun, TrainingRun, pd.Index]:
    """Both runs with numbers for customers, and the customers by number: a million names are slow to align."""
    names = baseline.assignments.index
    if not candidate.assignments.index.equals(names):
        names = names.union(candidate.assignments.index)

    def places(customers: pd.Index) -> pd.Index:
        return pd.Index(range(len(names)) if customers.equals(names) else names.get_indexer(customers))

    def by_number(run: TrainingRun) -> TrainingRun:
        said = run.assignments.index
        own = places(said)

        def moved(frame: pd.DataFrame) -> pd.DataFrame:
            return frame.set_axis(own if frame.index.equals(said) else places(frame.index))

        judged = None if run.evaluation is None else moved(run.evaluation)
        return replace(run, assignments=moved(run.assignments), features=moved(run.features), evaluation=judged)

    one, other = map(by_number, (baseline, candidate))
    return one, other, names
