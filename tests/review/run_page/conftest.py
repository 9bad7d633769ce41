"""A measured training of the small shop, as its page reads it."""

from __future__ import annotations

from datetime import datetime

import pytest

from conftest import through_the_door
from patronage.evaluation.intervals import Resampling
from patronage.evaluation.measurement import measure
from patronage.evaluation.run import Run
from patronage.evaluation.stability import evaluate_personas
from patronage.jobs.compose import settings
from patronage.names import Artifact
from patronage.report import Report
from patronage.review.bundle_report import bundle_report, data_report
from patronage.review.journey_report import journey_report
from patronage.review.measurement_report import measurement_report
from patronage.review.persona_report import persona_report
from patronage.review.run_page.inputs import RunView
from patronage.review.training_record import scorecard_table
from patronage.training.fit import fit_bundle
from patronage.training.origins import split_at

CUTOFF = datetime(2023, 7, 1)
SETTINGS = [
    "data=cdnow", "cutoff=2023-07-01", "horizon_days=90", "personas.k=3", "churn.max_rounds=10", "origins.most=1",
    "personas.allow_unstable=true", "personas.bootstraps=3", "journey.cadence_classes=1", "evaluation.bootstraps=20",
]  # fmt: skip


@pytest.fixture(scope="session")
def view(shop) -> RunView:
    tables, config = through_the_door(shop), settings("train", SETTINGS)
    split = split_at(tables, CUTOFF, config)
    bundle = fit_bundle(split, config, left_censored=False)
    features = split.current.features
    assignments = bundle.assign(features)
    measured = measure(tables, split, bundle, assignments, config)
    personas = evaluate_personas(bundle.personas, features, config.personas, 0)
    report = (
        persona_report(bundle, features, assignments, config.personas, 0, None, "fresh")
        | bundle_report(bundle, assignments)
        | data_report(tables, split, config.lenses)
        | measurement_report(measured)
        | journey_report(bundle.journey, features, assignments, measured.journey_holdout, Resampling(20, 0))
    )
    run = Run(config, bundle, features, assignments, measured)
    lines = [*measured.scorecard.headlines, *personas.headlines]
    report |= Report(tables={Artifact.SCORECARD: scorecard_table(lines)})
    log = {"first": "2022-01-01", "last": "2023-12-21", "customers": "400", "rows.transactions": str(len(shop))}
    return RunView(
        run.config, bundle, split, features, assignments, measured, log, report, champion=bundle, champion_version="1"
    )
