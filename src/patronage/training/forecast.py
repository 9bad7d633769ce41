"""The forecast of churn, orders, spend and value: which law, which members, which season, and who says P(churn)."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.config import ChurnConfig, TrainConfig
from patronage.errors import FitError
from patronage.labels import LabelledSnapshot, buyers
from patronage.models.btyd.clv import CLVModel
from patronage.models.btyd.fit import fit_orders
from patronage.models.btyd.mean import BtydMean, fit_btyd
from patronage.models.btyd.reconcile import reconcile
from patronage.models.ensemble.ensemble import fit as fit_ensemble
from patronage.models.ensemble.ensemble import needs_btyd
from patronage.models.ensemble.target import CHURN
from patronage.models.forecast import CONTRACT, ENSEMBLE, LAW, Forecast, Season
from patronage.training.law import fit_clv
from patronage.training.origins import Split, learnable
from patronage.training.season import learn_season
from patronage.training.steady import steady
from patronage.typing import Array

log = logging.getLogger(__name__)

BINS = 10


def fit_forecast(split: Split, experiment: TrainConfig) -> Forecast:
    """Learn all that the split teaches of churn, orders, spend and value.

    Raises
    ------
    FitError
        The CLV model cannot be fitted at the cutoff, BTYD at no origin, or nobody has a label.
    """
    config, seed = experiment.churn, experiment.seed
    now = buyers(split.current).features
    before = [buyers(snapshot) for snapshot in split.training]
    value = fit_clv(now, before, experiment.clv, experiment.horizon_days)
    laws = tuple(name for name, on in config.laws.items() if on)
    learned, latest = with_btyd_features(before, laws, config)
    btyd = fit_btyd(now, laws)
    current = now.join(btyd.expect(now, learned[0].horizon_days))
    kept = steady(current, learned[0].features, learnable(split.current.features))
    model, rehearsed = fit_ensemble(learned, current, kept, config, seed)
    churn_source = CONTRACT if config.contractual else ENSEMBLE
    if latest is not None and not config.contractual:
        churn_source = _better_calibrated(learned[0], rehearsed, latest, value)
    season = Season()
    if config.season and split.year_before:
        season = learn_season(learned, [buyers(snapshot) for snapshot in split.year_before], laws)
    return Forecast(model, btyd, value, churn_source, season)


def with_btyd_features(
    past: Sequence[LabelledSnapshot], laws: tuple[str, ...], config: ChurnConfig
) -> tuple[list[LabelledSnapshot], BtydMean | None]:
    """The snapshots with BTYD's expectations, fitted anew at each, and the fit of the latest one."""
    if not needs_btyd(config):
        return list(past), None
    found: list[LabelledSnapshot] = []
    latest, reason = None, ""
    for snapshot in past:
        try:
            btyd = fit_btyd(snapshot.features, laws)
        except FitError as error:
            log.warning("origin %s is left out of the hybrid: %s", f"{snapshot.cutoff:%Y-%m-%d}", error)
            reason = str(error)
            continue
        expected = btyd.expect(snapshot.features, snapshot.horizon_days)
        found.append(replace(snapshot, features=snapshot.features.join(expected)))
        latest = latest or btyd
    if not found:
        raise FitError(
            f"churn: BTYD cannot be fitted at any origin ({reason}); choose churn=lightgbm, which needs none"
        )
    return found, latest


def _better_calibrated(snapshot: LabelledSnapshot, rehearsed: pd.DataFrame, btyd: BtydMean, clv: CLVModel) -> str:
    """Who said P(no order) better in the rehearsal; the law must err less without ranking worse."""
    asked = rehearsed[c.CHURNED].notna()
    if snapshot.labels is None or not asked.any():
        return ENSEMBLE
    few, answers = snapshot.features.loc[rehearsed.index[asked]], rehearsed[asked]
    name = clv.settings.model
    summary = (snapshot.features[column] for column in (c.FREQUENCY, c.RECENCY, c.T))
    law = btyd.laws[name] if name in btyd.laws else fit_orders(name, *summary)[0]
    read, factor = reconcile(law, snapshot.horizon_days, few, answers[c.ORDERS].to_numpy(np.float64))
    x, t_x, age = (read[column].to_numpy(np.float64) for column in (c.FREQUENCY, c.RECENCY, c.T))
    by_law = 1 - law.p_order(snapshot.horizon_days, x, t_x, age, factor.to_numpy())
    by_hybrid = answers[c.CHURNED].to_numpy(np.float64)
    happened = snapshot.labels.loc[few.index, c.CHURNED].to_numpy(np.float64)
    errors = [_calibration_error(happened, said) for said in (by_law, by_hybrid)]
    losses = [CHURN.losses(happened, CHURN.raw(said)).mean() for said in (by_law, by_hybrid)]
    return LAW if errors[0] < errors[1] and losses[0] < losses[1] else ENSEMBLE


def _calibration_error(happened: Array, said: Array) -> float:
    """Mean distance of what was said and what happened, over bins of equal numbers of customers."""
    order = np.argsort(said, kind="stable")
    gaps = [abs(part.sum()) for part in np.array_split((said - happened)[order], BINS)]
    return float(sum(gaps) / len(said))
