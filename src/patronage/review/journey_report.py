"""The journey of one run: where customers are, how they got there, and how good its forecasts are."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

import pandas as pd
from matplotlib.figure import Figure

from patronage import names as c
from patronage.evaluation.intervals import Resampling
from patronage.evaluation.journey_survey import describe, per_customer
from patronage.evaluation.journeys import JourneyHoldout, evaluate_journey
from patronage.models.journey import JourneyModel
from patronage.review.journey_figures import journey_map, stage_mix, stuck_map


@dataclass(frozen=True)
class JourneyReport:
    """What a run tells of its journey: metrics, tables, frames and figures by file name, and tags."""

    metrics: dict[str, float] = field(default_factory=dict)
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    figures: dict[str, Figure] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    frames: dict[str, pd.DataFrame] = field(default_factory=dict)

    def __or__(self, other: JourneyReport) -> JourneyReport:
        return JourneyReport(*(vars(self)[part.name] | vars(other)[part.name] for part in fields(self)))


def journey_report(
    journey: JourneyModel,
    features: pd.DataFrame,
    said: pd.DataFrame,
    holdout: JourneyHoldout | None,
    resampling: Resampling,
) -> JourneyReport:
    """Everything that a run tells of its journey.

    Parameters
    ----------
    features, said
        Everyone at the cutoff, and their assignments.
    holdout
        The same kind of journey on customers whom it never saw; None where nothing can be measured.
    """
    found = describe(journey, features, said, resampling.seed)
    if holdout is not None:
        found |= evaluate_journey(holdout, resampling)
    tables = found.tables
    longest_days = float(journey.period_days * features[c.JOURNEY_PATH].str.len().max())
    length = journey.period_days
    stages, moves = (tables[f"journey_{name}.json"] for name in ("stages", "flows"))
    figures = {
        "journey_map.png": journey_map(stages, moves, length, round(journey.horizon), longest_days),
    }
    for name in (c.PERSONA, c.CHANNEL):
        if f"journey_{name}_stuck.json" in tables:
            stuck = tables[f"journey_{name}_stuck.json"].set_index("group")
            figures[f"journey_{name}.png"] = stuck_map(stuck, length, longest_days, name)
    if holdout is not None:
        figures["journey_mix.png"] = stage_mix(tables["journey_mix.json"].set_index("stage"), round(journey.horizon))
    frames = {"journeys.parquet": per_customer(journey, features).reset_index()}
    return JourneyReport(dict(found.metrics), dict(tables), figures, dict(found.tags), frames)
