"""Two runs of the small shop, as they are read back, without a store between."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import pandas as pd
import pytest

from conftest import through_the_door
from patronage.bundle import Bundle
from patronage.config import TrainConfig
from patronage.evaluation.intervals import Resampling
from patronage.jobs.compose import settings
from patronage.labels import labels_at
from patronage.review.comparison import Comparison, compare
from patronage.review.training_run import TrainingRun
from patronage.training.fit import fit_bundle
from patronage.training.origins import Split, split_at

CUTOFF, LATER = datetime(2023, 7, 1), datetime(2023, 9, 1)
FORECASTS = ["churn_probability", "expected_orders", "expected_spend", "journey_p_order"]


def configured(cutoff: datetime) -> TrainConfig:
    given = ["data=cdnow", f"cutoff={cutoff:%Y-%m-%d}", "horizon_days=90", "personas.k=3",
             "churn=btyd", "origins.most=1", "personas.allow_unstable=true", "personas.bootstraps=3"]  # fmt: skip
    return settings("train", given)


def run_of(name: str, bundle: Bundle, split: Split, labels: pd.DataFrame | None = None, **more: object) -> TrainingRun:
    """A run with the assignments of the bundle for the customers of the split."""
    features = split.current.features
    assignments = bundle.assign(features)
    texts = assignments.select_dtypes(exclude="number").columns
    run = TrainingRun(
        run_id=(name.encode().hex() * 32)[:32],
        name=name,
        experiment_id="1",
        link=f"http://127.0.0.1:5000/#/{name}",
        config={"seed": 0, "name": name},
        params={"horizon_days": "90", "data": "shop"},
        metrics={
            "churn/ece": 0.01, "clv/coverage_80": 0.8, "personas/stability_ari": 0.95, "leakage/best_single_auc": 0.7,
        },
        tags={
            "cutoff": f"{split.current.cutoff:%Y-%m-%d}",
            "evaluated_from": "none" if labels is None else f"{split.current.cutoff:%Y-%m-%d}",
        },
        data={"fingerprint": "f", "first": "2022-01-01", "last": "2023-12-31", "customers": "400"},
        registered_model="patronage-shop",
        model_version="1",
        bundle=bundle,
        assignments=assignments.astype(dict.fromkeys(texts, "category")),
        features=features,
        evaluation=None if labels is None else labels.join(assignments[FORECASTS]),
    )  # fmt: skip
    return replace(run, **more)


@pytest.fixture(scope="session")
def shop_at(shop) -> Callable[[datetime], tuple[Split, pd.DataFrame]]:
    """The split at a cutoff, and the labels of the horizon after it."""
    tables = through_the_door(shop)

    def at(cutoff: datetime) -> tuple[Split, pd.DataFrame]:
        split = split_at(tables, cutoff, configured(cutoff))
        return split, labels_at(tables, cutoff, 90, None, split.current.features.index)

    return at


@pytest.fixture(scope="session")
def bundle(shop_at) -> Bundle:
    return fit_bundle(shop_at(CUTOFF)[0], configured(CUTOFF), left_censored=False)


@pytest.fixture(scope="session")
def comparison(bundle, shop_at) -> Comparison:
    """The frozen model of one cutoff on a later one."""
    (split, labels), (later, later_labels) = shop_at(CUTOFF), shop_at(LATER)
    baseline = run_of("before <script>alert(1)</script>", bundle, split, labels)
    return compare(baseline, run_of("after", bundle, later, later_labels), Resampling(50, 0), most=7)
