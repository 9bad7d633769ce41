"""Fits a target to labelled snapshots of earlier origins.

Trees start from the law, and how many of them there are is chosen on customers who were kept out, at the latest
origin, as for churn. On the same customers the level and the slope of the log-odds are held against what came; they
are moved only where that surely improves, in cross-validation.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.optimize import minimize

from patronage import names as c
from patronage.config import ChurnConfig
from patronage.config.target import ChosenAct
from patronage.labels import LabelledSnapshot
from patronage.models.ensemble.boosting import BinnedData, boost, fit_task, stack
from patronage.models.ensemble.fitting import sample_rows
from patronage.models.ensemble.target import Target
from patronage.models.targets.act_law import ActLaw, terms_of
from patronage.models.targets.act_model import ActModel
from patronage.typing import Array

FOLDS = 5
FEWEST = 20  # customers who did it, and who did not, to calibrate on
STANDARD_ERRORS = 1.0  # by which a calibration must improve
LEVEL_SD, SLOPE_SD = 0.5, 0.25  # of the prior around no change


def fit_act(
    act: ChosenAct,
    snapshots: Sequence[LabelledSnapshot],
    columns: Sequence[str],
    config: ChurnConfig,
    *,
    horizon_days: int,
    seed: int,
) -> ActModel:
    """Learn one target.

    Parameters
    ----------
    snapshots
        Of all customers, the latest first; their labels hold the column of the act.
    columns
        The features that trees may read.
    config
        How trees are grown.
    """
    label = c.did_act(act.key)
    target = Target(label, "", {"objective": "binary", "metric": "binary_logloss"})
    rows = sample_rows(stack(snapshots, config.validation_share, seed), config.fit_sample, seed)
    rows = rows.select(target.is_known(rows.labels).to_numpy())
    y_true, terms = target.y_true(rows.labels), terms_of(act.key)
    learned = ~rows.held_out & (~rows.latest if (~rows.latest).any() else True)
    start = ActLaw.fit(terms, rows.features[learned], y_true[learned]).raw(rows.features)
    data = BinnedData(rows, columns, config, seed)
    boosted = boost(fit_task(target, rows, data.binned(data.encoding), start), rows, config, seed)
    level, slope = calibrate(start[rows.validation] + boosted.validation, y_true[rows.validation])
    numbers = rows.features[[name for name in columns if pd.api.types.is_numeric_dtype(rows.features[name])]]
    return ActModel(
        act=act,
        law=ActLaw.fit(terms, rows.features, y_true),
        encoding=data.encoding,
        booster=boosted.booster,
        level=level,
        slope=slope,
        window_days=snapshots[0].horizon_days,
        horizon_days=horizon_days,
        medians={name: float(value) for name, value in numbers.median().items() if np.isfinite(value)},
    )


def calibrate(raw: Array, y_true: Array) -> tuple[float, float]:
    """Level and slope of the log-odds, by penalised likelihood; 0 and 1 where that is no sure improvement."""
    if min(y_true.sum(), len(y_true) - y_true.sum()) < FEWEST:
        return 0.0, 1.0
    fold = np.arange(len(y_true)) % FOLDS
    gain = np.empty(len(y_true))
    for number in range(FOLDS):
        inside, outside = fold != number, fold == number
        level, slope = _moved(raw[inside], y_true[inside])
        gain[outside] = _losses(raw[outside], y_true[outside]) - _losses(level + slope * raw[outside], y_true[outside])
    if gain.mean() <= STANDARD_ERRORS * gain.std() / np.sqrt(len(gain)):
        return 0.0, 1.0
    return _moved(raw, y_true)


def _moved(raw: Array, y_true: Array) -> tuple[float, float]:
    middle = raw.mean()

    def loss(moved: Array) -> float:
        shift, slope = moved
        prior = (shift / LEVEL_SD) ** 2 / 2 + ((slope - 1) / SLOPE_SD) ** 2 / 2
        return float(_losses(raw + shift + (slope - 1) * (raw - middle), y_true).sum() + prior)

    shift, slope = minimize(loss, np.array([0.0, 1.0]), method="BFGS").x
    return float(shift - (slope - 1) * middle), float(slope)


def _losses(raw: Array, y_true: Array) -> Array:
    return np.logaddexp(0, np.where(y_true == 1, -raw, raw))
