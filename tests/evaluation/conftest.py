"""The shop with its fitted bundle, and a journey of the shop with unseen customers to evaluate it on."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
import pytest

from conftest import through_the_door
from fitted import fitted  # noqa: F401
from patronage import lenses
from patronage import names as c
from patronage.config import JourneyConfig, TrainConfig
from patronage.evaluation.journeys import JourneyHoldout
from patronage.models import journey
from patronage.models.btyd import clv
from patronage.training.journey import calibrate
from patronage.training.origins import holdout_at, split_at


@pytest.fixture(scope="session")
def journey_holdout(shop, lens_settings) -> JourneyHoldout:
    tables = through_the_door(shop)
    config = TrainConfig(cutoff="2023-06-01", horizon_days=90, lenses=lens_settings, seed=0)
    holdout = holdout_at(tables, split_at(tables, datetime(2023, 6, 1), config), config)
    learned_from, evaluated = holdout.split.select(~holdout.unseen), holdout.evaluated.select(holdout.unseen)
    current = learned_from.current.features
    model = journey.fit(current, JourneyConfig(cadence_classes=2), horizon_days=90, period_days=7, seed=0)
    model = calibrate(model, learned_from.training, seed=0)
    law = clv.fit(current, config.clv, model="bg_nbd", horizon_days=90)
    lens_states = lenses.fit(current, config.lenses)
    assignments = pd.concat(
        [
            pd.DataFrame(model.predict(evaluated.features), evaluated.features.index),
            lenses.segments(evaluated.features, lens_states),
        ],
        axis=1,
    ).assign(**{c.PERSONA: "everyone"})
    unseen = holdout.split.select(holdout.unseen)
    by_btyd = pd.Series(law.predict(evaluated.features)[c.P_ORDER], evaluated.features.index)
    return JourneyHoldout(model, learned_from, unseen, evaluated, assignments, by_btyd, lens_states)
