"""All models at one origin, on four holdouts, beside what anyone could have said.

    later_seen     everyone, in the horizon after the origin, by models that knew everyone's past
    later_unseen   customers kept out of the fit, in the same horizon
    same_unseen    the same customers, at the latest origin that was learned from
    same_seen      the training cell: what was learned from

The labels that are learned from end at the origin, so that one label window lies between the moment at which "same" is
measured and that of "later". BTYD is fitted on what was known at the moment that is measured, never later.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.config import TrainConfig
from patronage.data import Tables
from patronage.errors import FitError
from patronage.evaluation import baselines
from patronage.evaluation.backtest_metrics import compare_models
from patronage.evaluation.coverage import evaluate_intervals
from patronage.evaluation.intervals import Resampling
from patronage.labels import LabelledSnapshot, Snapshot, buyers
from patronage.models.btyd.fit import LAWS, FitCache
from patronage.models.btyd.mean import BtydMean, fit_btyd
from patronage.models.forecast import Forecast, Season
from patronage.training.forecast import fit_forecast
from patronage.training.law import fit_clv
from patronage.training.origins import measured_at
from patronage.typing import Array

log = logging.getLogger(__name__)

Answers = Mapping[str, Mapping[str, Array]]  # target to model to a value a customer

SAME_SEEN, SAME_UNSEEN, LATER_SEEN, LATER_UNSEEN = "same_seen", "same_unseen", "later_seen", "later_unseen"
HOLDOUTS = (LATER_SEEN, LATER_UNSEEN, SAME_UNSEEN, SAME_SEEN)
STRUCTURAL = tuple(LAWS)
HYBRID, LAW, SHIPPED = "hybrid", "law", "shipped"
SEASONLESS = "seasonless"  # what would be shipped without the season, where there is one


def measure(
    tables: Tables, cutoff: datetime, config: TrainConfig, fits: FitCache | None = None
) -> list[dict[str, object]]:
    """Every metric of every model at one origin.

    A row each: origin, model, holdout, metric, value, low, high (of the difference to the baseline), baseline.

    Raises
    ------
    ConfigError
        The log does not show the whole horizon after the origin.
    """
    holdout = measured_at(tables, cutoff, config)
    split = holdout.split
    resampling = Resampling(config.evaluation.bootstraps, config.seed)
    seen = split.select(~holdout.unseen)
    fits = FitCache() if fits is None else fits
    rows: list[dict[str, object]] = []
    parts = (
        (split, holdout.evaluated, split.training[0], (LATER_SEEN, SAME_SEEN)),
        (
            seen,
            holdout.evaluated.select(holdout.unseen),
            split.training[0].select(holdout.unseen),
            (LATER_UNSEEN, SAME_UNSEEN),
        ),
    )
    for known, later, same, names in parts:
        fitted = fit_forecast(known, config, fits)
        at_cutoff = _structural(known.current, fits)
        there, at_origin = _as_of(fitted, known.training[0], config, fits)
        for name, model, judged, laws in (
            (names[0], fitted, buyers(later), at_cutoff),
            (names[1], there, buyers(same), at_origin),
        ):
            found = _measure(model, known.training, laws, judged, config, resampling)
            if name == LATER_UNSEEN:  # the distribution, where it is hardest, and on few enough to be quick
                found += _intervals(model, judged)
            rows += [{"origin": f"{cutoff:%Y-%m-%d}", "holdout": name, **line} for line in found]
    return rows


def _structural(snapshot: Snapshot, fits: FitCache) -> dict[str, BtydMean]:
    """Each law by itself, fitted on what was known at one moment; one that cannot be is left out."""
    found = {}
    for name in STRUCTURAL:
        try:
            found[name] = fit_btyd(buyers(snapshot).features, (name,), fits)
        except FitError as error:
            log.warning("left out of the backtest: %s", error)
    return found


def _as_of(
    fitted: Forecast, snapshot: LabelledSnapshot, config: TrainConfig, fits: FitCache
) -> tuple[Forecast, dict[str, BtydMean]]:
    """The same hybrid on BTYD and a CLV law that were fitted at an earlier origin, over its label window.

    The laws of that BTYD, each by itself, are the structural models there.
    """
    features = buyers(snapshot).features
    law = fit_clv(features, (), config.clv, snapshot.horizon_days, fits)
    btyd = fit_btyd(features, tuple(fitted.btyd.laws), fits)
    return replace(fitted, btyd=btyd, clv=law, season=Season()), {
        name: BtydMean({name: one}, btyd.spend_law) for name, one in btyd.laws.items()
    }


def _measure(
    model: Forecast,
    past: Sequence[LabelledSnapshot],
    laws: Mapping[str, BtydMean],
    judged: LabelledSnapshot,
    config: TrainConfig,
    resampling: Resampling,
) -> list[dict[str, object]]:
    """Score every model on the customers of one holdout."""
    answers = _answers(model, past, laws, judged, config)
    lines = []
    for what, label in (("churn", c.CHURNED), (c.ORDERS, c.ORDERS), (c.SPEND, c.SPEND)):
        asked = judged.labels[label].notna().to_numpy()
        said = {name: values[asked] for name, values in answers[label].items()}
        happened = judged.labels[label].to_numpy(np.float64)[asked]
        if len(happened):
            lines += [line._asdict() for line in compare_models(what, happened, said, STRUCTURAL, resampling)]
    return lines


def _intervals(model: Forecast, judged: LabelledSnapshot) -> list[dict[str, object]]:
    read, multiplier = model.law_inputs(judged.features)
    found = evaluate_intervals(model.clv, read, judged.labels[c.ORDERS], multiplier)
    nan = float("nan")
    return [
        {"model": SHIPPED, "metric": name, "value": value, "low": nan, "high": nan, "baseline": ""}
        for name, value in found.items()
    ]


def _answers(
    model: Forecast,
    past: Sequence[LabelledSnapshot],
    laws: Mapping[str, BtydMean],
    judged: LabelledSnapshot,
    config: TrainConfig,
) -> Answers:
    """What all models say: naive rules, structural laws, the members of the hybrid, the hybrid, and what is shipped."""
    features, days = judged.features, judged.horizon_days
    shipped = pd.DataFrame(model.predict(features, reasons=False), index=features.index)
    naive = baselines.churn(past, features, shipped[c.P_ORDER], days, contractual=config.churn.contractual)
    own = baselines.amounts(past, features, days)
    churn = {name: naive[name] for name in ("rate", "recency")}
    orders = {name: values[c.ORDERS].to_numpy() for name, values in own.items()}
    spend = {name: values[c.SPEND].to_numpy() for name, values in own.items()}
    for name, one in laws.items():
        expected = one.predict(features, days)
        if not config.churn.contractual:
            churn[name] = 1 - expected[c.P_ORDER]
        orders[name], spend[name] = expected[c.EXPECTED_ORDERS], expected[c.EXPECTED_SPEND]
    members = model.ensemble.member_predictions(*model.inputs(features))
    for label, found in ((c.CHURNED, churn), (c.ORDERS, orders), (c.SPEND, spend)):
        found |= members[label]
        found[HYBRID] = np.mean(list(members[label].values()), axis=0)
    if not config.churn.contractual:
        churn[LAW] = 1 - shipped[c.P_ORDER].to_numpy()
    ready = {SHIPPED: shipped}
    if model.season.factor != 1:
        without = replace(model, season=Season())
        ready[SEASONLESS] = pd.DataFrame(without.predict(features, reasons=False), index=features.index)
    for name, said in ready.items():
        churn[name] = said[c.CHURN_PROBABILITY].to_numpy()
        orders[name] = said[c.EXPECTED_ORDERS].to_numpy()
        spend[name] = said[c.EXPECTED_SPEND].to_numpy()
    return {c.CHURNED: churn, c.ORDERS: orders, c.SPEND: spend}
