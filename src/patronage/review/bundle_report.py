"""What the bundle of one run learned from, and what its assignments look like."""

from __future__ import annotations

import pandas as pd

from patronage import lenses
from patronage import names as c
from patronage.bundle import Bundle
from patronage.config import LensesConfig
from patronage.data import Tables
from patronage.models.journey import STAGES
from patronage.names import Artifact
from patronage.report import Report
from patronage.review import ensemble_figures, figures
from patronage.training.origins import Split


def bundle_report(bundle: Bundle, assignments: pd.DataFrame) -> Report:
    """The report of the assignments and of the features that the ensemble uses."""
    importance = bundle.forecast.ensemble.importance()
    return Report(
        tables={
            Artifact.STAGES: _counts(assignments[c.JOURNEY_STAGE]),
            Artifact.CHURN_IMPORTANCE: importance.rename_axis("feature").reset_index(),
        },
        figures={
            Artifact.RFM_GRID_FIGURE: figures.rfm_grid(assignments[c.RFM_SCORE]),
            Artifact.CHURN_IMPORTANCE_FIGURE: ensemble_figures.importance_by_lens(importance, bundle.lenses),
            Artifact.STAGE_COUNTS_FIGURE: figures.stage_counts(assignments[c.JOURNEY_STAGE], STAGES),
        },
    )


def data_report(tables: Tables, split: Split, config: LensesConfig) -> Report:
    """The report of the data: the split with the churn at each origin, what each lens can use, and the refused rows."""
    return Report(
        tables={Artifact.SPLIT: split.record(), Artifact.LENSES: lenses.support(tables, config)},
        frames={
            Artifact.quarantine(name): tables.engine.frame(f"SELECT * FROM quarantine_{name}")
            for name in tables.quarantined
        },
    )


def _counts(labels: pd.Series) -> pd.DataFrame:
    counts = labels.value_counts().rename("customers").rename_axis("label").reset_index()
    return counts.assign(share=counts["customers"] / counts["customers"].sum())
