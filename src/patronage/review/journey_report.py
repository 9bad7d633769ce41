"""The journey of one run: where customers are, how they got there, and how good its forecasts are."""

from __future__ import annotations

import pandas as pd

from patronage import names as c
from patronage.evaluation.intervals import Resampling
from patronage.evaluation.journey_survey import describe, per_customer
from patronage.evaluation.journeys import JourneyHoldout, evaluate_journey
from patronage.models.journey import JourneyModel
from patronage.names import Artifact
from patronage.report import Report
from patronage.review.journey_figures import journey_map, stage_mix, stuck_map


def journey_report(
    journey: JourneyModel,
    features: pd.DataFrame,
    assignments: pd.DataFrame,
    holdout: JourneyHoldout | None,
    resampling: Resampling,
) -> Report:
    """The report of the journey.

    Parameters
    ----------
    features, assignments
        Of all customers at the cutoff.
    holdout
        The same kind of journey on unseen customers; None where nothing can be measured.
    """
    report = describe(journey, features, assignments, resampling.seed)
    if holdout is not None:
        report |= evaluate_journey(holdout, resampling)
    tables, days, periods = report.tables, journey.period_days, round(journey.horizon)
    longest_days = float(days * features[c.JOURNEY_PATH].str.len().max())
    stages, flows = tables[Artifact.JOURNEY_STAGES], tables[Artifact.JOURNEY_FLOWS]
    figures = {Artifact.JOURNEY_MAP_FIGURE: journey_map(stages, flows, days, periods, longest_days)}
    for group in (c.PERSONA, c.CHANNEL):
        if (stuck := tables.get(Artifact.journey_stuck_of(group))) is not None:
            shown = stuck.set_index("group")
            if group == c.PERSONA:  # in the order of every other figure
                ordered = assignments.sort_values(c.PERSONA_ID)[c.PERSONA].astype(str).drop_duplicates()
                shown = shown.reindex([name for name in ordered if name in shown.index])
            figures[Artifact.journey_figure_of(group)] = stuck_map(shown, days, longest_days, group, len(features))
    if holdout is not None:
        mix = tables[Artifact.JOURNEY_MIX].set_index("stage")
        figures[Artifact.JOURNEY_MIX_FIGURE] = stage_mix(mix, periods, days, len(holdout.unseen.training[0].features))
    return report | Report(frames={Artifact.JOURNEYS: per_customer(journey, features).reset_index()}, figures=figures)
