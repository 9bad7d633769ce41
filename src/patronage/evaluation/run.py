"""A training as a value: what was asked, what was learned, what it assigns, and how good it was."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from patronage.bundle import Bundle
from patronage.config import TrainConfig
from patronage.evaluation.measurement import Measurement


@dataclass(frozen=True, repr=False)
class Run:
    """A finished training.

    Attributes
    ----------
    config
        All settings of the training.
    bundle
        All that was learned; `bundle.save(folder)` keeps it, `Bundle.load(folder)` reads it back.
    features, assignments
        A row per customer at the cutoff.
    measurement
        How good it was on later time; None where the log is too short to hold out a horizon.
    run_id
        Of MLflow; None where nothing was logged.

    Examples
    --------
    >>> import patronage as pt
    >>> run = pt.train(pt.read(pt.example_orders()), cutoff="2024-01-01", horizon_days=90)
    >>> run.scorecard()["model"].tolist()
    ['churn', 'clv', 'journey']
    """

    config: TrainConfig
    bundle: Bundle
    features: pd.DataFrame
    assignments: pd.DataFrame
    measurement: Measurement | None
    run_id: str | None = None

    def __repr__(self) -> str:
        judged = ", ".join(
            f"{line.model} {line.metric} {line.value:.3g} {line.verdict}" for line in self.scorecard().itertuples()
        )
        return (
            f"<run on {self.config.data.name} at {self.config.cutoff}: {len(self.assignments)} customers, "
            f"{self.bundle.horizon_days} days ahead; {judged or 'the log is too short to be judged by later time'}>"
        )

    @property
    def metrics(self) -> dict[str, float]:
        """All metrics by name; empty where nothing could be measured."""
        return dict(self.measurement.scorecard.metrics) if self.measurement else {}

    def scorecard(self) -> pd.DataFrame:
        """A line per model: its main metric beside its best baseline's, and the verdict."""
        columns = ["model", "metric", "value", "baseline", "baseline_value", "verdict"]
        lines = self.measurement.scorecard.headlines if self.measurement else ()
        return pd.DataFrame([[getattr(line, name) for name in columns] for line in lines], columns=columns)
