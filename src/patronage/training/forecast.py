"""The forecast of churn, orders, spend and value: which law, features and calendar, and what predicts P(churn)."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from patronage import cutoff as when
from patronage import names as c
from patronage.config import ChurnConfig, TrainConfig
from patronage.errors import FitError
from patronage.labels import AnySnapshot, LabelledSnapshot, buyers
from patronage.models.btyd.calendar import FLAT, CalendarClock
from patronage.models.btyd.clv import CLVModel
from patronage.models.btyd.fit import FitCache, fit_orders
from patronage.models.btyd.heavy import Ordinary, limit, ordinary
from patronage.models.btyd.mean import BTYD_COLUMNS, BtydMean, fit_btyd
from patronage.models.btyd.reconcile import reconcile
from patronage.models.btyd.summary import Summary
from patronage.models.ensemble.fitting import fit_ensemble, needs_btyd
from patronage.models.ensemble.target import CHURN
from patronage.models.forecast import CONTRACT, ENSEMBLE, LAW, Forecast, expect
from patronage.models.totals import TotalsModel, learn_totals
from patronage.training.calendar import learn_calendar
from patronage.training.law import fit_clv
from patronage.training.origins import Split, learnable
from patronage.training.steady import steady
from patronage.typing import Array

log = logging.getLogger(__name__)

BINS = 10


def fit_forecast(split: Split, config: TrainConfig, fits: FitCache | None = None) -> Forecast:
    """Learn all that the split teaches of churn, orders, spend and value.

    Parameters
    ----------
    fits
        Fits of BTYD laws, which are looked up first; a backtest passes one cache to all its fits.

    Raises
    ------
    FitError
        The CLV model cannot be fitted at the cutoff, BTYD at no origin, or nobody has a label.
    """
    churn = config.churn
    limits = ordinary(buyers(split.current).features)
    current_buyers = _ordinary(split.current, limits)
    features = current_buyers.features
    snapshots = [_held_to(_ordinary(snapshot, limits)) for snapshot in split.training]
    fits = FitCache() if fits is None else fits
    calendar = FLAT
    if churn.season and split.calendar is not None:
        origins = tuple(_ordinary(origin, limits) for origin in split.calendar.origins)
        calendar = learn_calendar(split.calendar._replace(origins=origins), current_buyers, fits)
    clv = fit_clv(
        _operational(features, calendar),
        [_on_clock(snapshot, calendar) for snapshot in snapshots],
        config.clv,
        config.horizon_days,
        fits,
        season_sd=calendar.log_sd(when.days_since_epoch(split.current.cutoff), config.horizon_days),
    )
    laws = tuple(name for name, on in churn.laws.items() if on)
    covariates = clv.effects.names if clv.effects else ()
    learned, latest_btyd = with_btyd_features(snapshots, laws, churn, fits, calendar, covariates)
    btyd = fit_btyd(calendar.operational(features), laws, fits, covariates)
    current = features.assign(**expect(btyd, calendar, features, learned[0].horizon_days))
    columns = steady(current, learned[0].features, learnable(split.current.features, split.lenses))
    fit = fit_ensemble(learned, current, columns, churn, seed=config.seed)
    churn_source = CONTRACT if churn.contractual else ENSEMBLE
    if latest_btyd is not None and not churn.contractual:
        clocked = replace(learned[0], features=_operational(learned[0].features, calendar))
        churn_source = _better_calibrated(clocked, fit.validation, latest_btyd, clv)
    return Forecast(fit.ensemble, btyd, clv, churn_source, calendar, limits, _totals_model(learned))


def _totals_model(snapshots: Sequence[LabelledSnapshot]) -> TotalsModel:
    """How far totals lay from BTYD's at the origins where a member reads it; what other logs show where none does."""
    known = [snapshot for snapshot in snapshots if set(BTYD_COLUMNS) <= set(snapshot.features)]
    if not known:
        return TotalsModel()
    columns = (c.FREQUENCY, c.EXPECTED_ORDERS, c.EXPECTED_SPEND)
    origins = [
        {
            **{name: snapshot.features[name] for name in columns},
            c.ORDERS: snapshot.labels[c.ORDERS],
            c.SPEND: snapshot.labels[c.SPEND],
        }
        for snapshot in known
    ]
    span = (known[0].cutoff - known[-1].cutoff).days
    return learn_totals(origins, known[0].horizon_days, span)


def _ordinary(snapshot: AnySnapshot, limits: Ordinary) -> AnySnapshot:
    """The buyers who don't outweigh the others, neither by the limits of the cutoff nor by those of the moment."""
    bought = buyers(snapshot)
    apart = limits.outweighing(bought.features) | ordinary(bought.features).outweighing(bought.features)
    return bought.select(pd.Series(~apart, bought.features.index)) if apart.any() else bought


def _held_to(snapshot: LabelledSnapshot) -> LabelledSnapshot:
    """The snapshot with orders and spend of one customer in the window held to what does not outweigh the others'."""
    labels = snapshot.labels
    held = {name: labels[name].clip(upper=limit(labels[name])) for name in (c.ORDERS, c.SPEND)}
    return replace(snapshot, labels=labels.assign(**held))


def _operational(features: pd.DataFrame, calendar: CalendarClock) -> pd.DataFrame:
    """The features with ages on the clock of the calendar."""
    return features if calendar.flat else pd.DataFrame(calendar.operational(features), features.index)


def _on_clock(snapshot: LabelledSnapshot, calendar: CalendarClock) -> LabelledSnapshot:
    """The snapshot as a law on the clock sees it: its ages, and its window in whole days of the clock."""
    if calendar.flat:
        return snapshot
    begins = when.days_since_epoch(snapshot.cutoff)
    window = max(round(float(calendar.elapsed(begins, begins + snapshot.horizon_days))), 1)
    return replace(snapshot, features=_operational(snapshot.features, calendar), horizon_days=window)


class WithBtyd(NamedTuple):
    """Snapshots with BTYD's predictions as features, and the BTYD of the latest; None where no member needs it."""

    snapshots: list[LabelledSnapshot]
    latest: BtydMean | None


def with_btyd_features(
    snapshots: Sequence[LabelledSnapshot],
    laws: tuple[str, ...],
    config: ChurnConfig,
    fits: FitCache | None = None,
    calendar: CalendarClock = FLAT,
    covariates: Sequence[str] = (),
) -> WithBtyd:
    """Fit BTYD anew at each origin, and add its predictions over the label window to the features.

    Parameters
    ----------
    covariates
        Those whose effects the laws know.

    Raises
    ------
    FitError
        BTYD cannot be fitted at any origin.
    """
    if not needs_btyd(config):
        return WithBtyd(list(snapshots), None)
    extended: list[LabelledSnapshot] = []
    latest, reason = None, ""
    for snapshot in snapshots:
        try:
            btyd = fit_btyd(calendar.operational(snapshot.features), laws, fits, covariates)
        except FitError as error:
            log.warning("origin %s is left out of the ensemble: %s", f"{snapshot.cutoff:%Y-%m-%d}", error)
            reason = str(error)
            continue
        expected = expect(btyd, calendar, snapshot.features, snapshot.horizon_days)
        extended.append(replace(snapshot, features=snapshot.features.assign(**expected)))
        latest = latest or btyd
    if not extended:
        raise FitError(
            f"churn: BTYD cannot be fitted at any origin ({reason}); choose churn=lightgbm, which needs none"
        )
    return WithBtyd(extended, latest)


def _better_calibrated(snapshot: LabelledSnapshot, validation: pd.DataFrame, btyd: BtydMean, clv: CLVModel) -> str:
    """Which predicted P(no order) better in the validation: the law must be better calibrated and lose less."""
    known = validation[c.CHURNED].notna()
    if not known.any():
        return ENSEMBLE
    predicted = validation[known]
    features = snapshot.features.loc[predicted.index]
    name = clv.settings.model
    if name not in btyd.laws:
        btyd = replace(btyd, laws={name: fit_orders(name, *Summary.of(snapshot.features))[0]}, effects={})
    summary, orders = Summary.of(features), predicted[c.ORDERS].to_numpy(np.float64)
    by_law = np.empty(len(orders))
    for rows, law in btyd.cells(name, features):
        part = summary.at(rows)
        recency, factor = reconcile(law, snapshot.horizon_days, part, orders[rows])
        by_law[rows] = 1 - law.p_order(snapshot.horizon_days, part.x, recency, part.T, factor)
    by_ensemble = predicted[c.CHURNED].to_numpy(np.float64)
    y_true = snapshot.labels.loc[features.index, c.CHURNED].to_numpy(np.float64)
    errors = [_calibration_error(y_true, y_pred) for y_pred in (by_law, by_ensemble)]
    losses = [CHURN.losses(y_true, CHURN.raw(y_pred)).mean() for y_pred in (by_law, by_ensemble)]
    return LAW if errors[0] < errors[1] and losses[0] < losses[1] else ENSEMBLE


def _calibration_error(y_true: Array, y_pred: Array) -> float:
    """Mean distance of predicted and actual, over bins of equal numbers of customers."""
    order = np.argsort(y_pred, kind="stable")
    gaps = [abs(part.sum()) for part in np.array_split((y_pred - y_true)[order], BINS)]
    return float(sum(gaps) / len(y_pred))
