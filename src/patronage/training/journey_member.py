"""Whether the journey takes the place of BTYD among the members of P(churn), where customers are seen between orders.

BTYD knows orders alone. Where a log has events, the journey knows those orders and what came between them; the two
members that learn from all features stay as they are. At the latest origin both predict the window after it, each
fitted on what was known before: the journey takes part where its log-loss is lower by more than a standard error, also
where the trees had left BTYD out.
"""

from __future__ import annotations

import logging
from dataclasses import replace

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.config import TrainConfig
from patronage.errors import FitError
from patronage.labels import buyers
from patronage.models.btyd.fit import FitCache
from patronage.models.btyd.mean import fit_btyd
from patronage.models.ensemble.member import BTYD
from patronage.models.forecast import ENSEMBLE, Forecast, expect
from patronage.models.journey.model import JourneyModel
from patronage.models.journey.stages import ALPHABET, ENGAGE, INTENT
from patronage.statistics import log_losses
from patronage.training.journey import fit_at_origin
from patronage.training.origins import Split

log = logging.getLogger(__name__)

LEAST_SHARE = 0.01  # share of the customers with an event between orders
STANDARD_ERRORS = 1.0  # by which the journey must be better


def with_journey(
    forecast: Forecast, split: Split, config: TrainConfig, journey: JourneyModel, fits: FitCache | None = None
) -> Forecast:
    """The forecast with the journey as a member of P(churn), where it was better than BTYD at the latest origin."""
    features, latest = split.current.features, buyers(split.training[0])
    known = latest.labels[c.CHURNED].notna()
    takes_part = (
        forecast.churn_source == ENSEMBLE and config.churn.members.get(BTYD) and sees_events(features) and known.any()
    )
    if not takes_part:
        return forecast
    earlier = fit_at_origin(journey, split.training[0], seed=config.seed)
    periods = latest.horizon_days / journey.period_days
    by_journey = 1 - earlier.p_order(earlier.filter(latest.features), periods).to_numpy(np.float64)
    try:
        btyd = fit_btyd(forecast.calendar.operational(latest.features), tuple(forecast.btyd.laws), fits)
    except FitError:
        return forecast
    by_btyd = 1 - expect(btyd, forecast.calendar, latest.features, latest.horizon_days)[c.P_ORDER]
    y_true, rows = latest.labels[c.CHURNED].to_numpy(np.float64), known.to_numpy()
    gain = log_losses(y_true[rows], by_btyd[rows]) - log_losses(y_true[rows], by_journey[rows])
    if gain.mean() <= STANDARD_ERRORS * gain.std() / np.sqrt(len(gain)):
        return forecast
    log.info("the journey takes BTYD's place in P(churn): log-loss lower by %.4f at the latest origin", gain.mean())
    return replace(forecast, journey=journey)


def sees_events(features: pd.DataFrame) -> bool:
    """Whether paths hold more than orders and silence."""
    return float(features[c.JOURNEY_PATH].fillna("").str.contains(f"[{ALPHABET[ENGAGE]}{ALPHABET[INTENT]}]").mean()) > (
        LEAST_SHARE
    )
