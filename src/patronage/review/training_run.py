"""A training run, read back whole: its settings, its assignments, and how good they were."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from patronage import names as c
from patronage.bundle import Bundle
from patronage.names import Tag


@dataclass(frozen=True)
class TrainingRun:
    """A finished training run, read back whole.

    Attributes
    ----------
    config
        Dotted key to value.
    data
        What is known of the log: `fingerprint`, `customers`, `first`, `last`, `rows.transactions`.
    registered_model, model_version
        The registered model of the log, and which version of it holds the bundle; empty where none does.
    assignments, features
        A row per customer at the cutoff, on the same index.
    evaluation
        A row per evaluated customer: the labels, and the forecasts of them; None where the log showed no horizon to
        evaluate on.
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
    registered_model: str
    model_version: str
    bundle: Bundle
    assignments: pd.DataFrame
    features: pd.DataFrame
    evaluation: pd.DataFrame | None

    @property
    def cutoff(self) -> str:
        return self.tags[c.CUTOFF]

    @property
    def evaluated_from(self) -> str:
        """The first day of the window that the run was evaluated on, or none."""
        return self.tags[Tag.EVALUATED_FROM]

    @property
    def evaluated_window(self) -> str:
        """The window that the run was evaluated on, in words."""
        return f"from {self.evaluated_from} over {self.params['horizon_days']} days"


def with_row_numbers(baseline: TrainingRun, candidate: TrainingRun) -> tuple[TrainingRun, TrainingRun, pd.Index]:
    """Both runs with numbers in place of customer ids, and the ids by number: a million ids are slow to align."""
    customers = baseline.assignments.index
    if not candidate.assignments.index.equals(customers):
        customers = customers.union(candidate.assignments.index)

    def numbers(ids: pd.Index) -> pd.Index:
        return pd.Index(range(len(customers)) if ids.equals(customers) else customers.get_indexer(ids))

    def numbered(run: TrainingRun) -> TrainingRun:
        ids = run.assignments.index
        own = numbers(ids)

        def renamed(frame: pd.DataFrame) -> pd.DataFrame:
            return frame.set_axis(own if frame.index.equals(ids) else numbers(frame.index))

        evaluation = None if run.evaluation is None else renamed(run.evaluation)
        return replace(run, assignments=renamed(run.assignments), features=renamed(run.features), evaluation=evaluation)

    return numbered(baseline), numbered(candidate), customers
