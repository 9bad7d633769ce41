"""Status and journey stage are two opinions, but of one past: on facts they agree for every customer."""

from __future__ import annotations

import pandas as pd
import pytest

from patronage import names as c
from patronage.config import JourneyConfig
from patronage.evaluation.journey_survey import NEVER_BOUGHT, fact_conflicts
from patronage.models import journey

pytestmark = pytest.mark.slow

NEW = ["non_user", "prospect"]


@pytest.mark.parametrize("left_censored", [False, True])
def test_stage_and_status_agree_on_facts_for_every_customer(recovered, left_censored):
    features = recovered.features
    config = JourneyConfig(cadence_classes=2)
    fitted = journey.fit(features, config, horizon_days=90, period_days=7, left_censored=left_censored, seed=0)
    stage = pd.Series(fitted.predict(features)[c.JOURNEY_STAGE], features.index, name=c.JOURNEY_STAGE)
    status = recovered.segments[c.STATUS_SEGMENT]
    days = features[c.ACTIVE_DAYS]
    assert set(days.clip(upper=2)) == {0, 1, 2}
    assert (stage.isin(NEW) == (days == 0)).all()
    assert (status.isin(NEVER_BOUGHT) == (days == 0)).all()
    assert not stage[days == 1].isin(["regular", "loyal"]).any()
    assert (stage[days > 1] != "first_time").all()
    assert (status[days > 1] != "first_time").all()
    assert fact_conflicts(stage.to_frame().join(status)).sum() == 0
