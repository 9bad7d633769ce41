"""Whether the orders and the spend of all customers, and of each persona, came inside the intervals of their totals."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from patronage import lenses
from patronage import names as c
from patronage.config import TrainConfig
from patronage.config.personas import AUTO
from patronage.errors import DataError, FitError
from patronage.labels import LabelledSnapshot
from patronage.models.btyd.totals import Total
from patronage.models.forecast import Forecast
from patronage.names import Metric
from patronage.training.origins import Split, earlier
from patronage.training.personas import fit_personas
from patronage.typing import Columns

log = logging.getLogger(__name__)

LEVEL = 0.8
USUAL_K = 5  # personas where their number is found by stability, which a backtest has no time for
OF_BASE = {
    c.ORDERS: (Metric.TOTAL_RATIO, Metric.TOTAL_COVERED_80, Metric.TOTAL_WIDTH_80),
    c.SPEND: (Metric.SPEND_TOTAL_RATIO, Metric.SPEND_TOTAL_COVERED_80, Metric.SPEND_TOTAL_WIDTH_80),
}
OF_PERSONAS = {c.ORDERS: Metric.PERSONA_ORDERS_COVERED_80, c.SPEND: Metric.PERSONA_SPEND_COVERED_80}


def totals_by_persona(
    forecast: Forecast, features: pd.DataFrame, predictions: Columns, personas: pd.Series
) -> dict[str, dict[str, Total]]:
    """By persona, the totals of its customers; see `Forecast.totals`.

    Parameters
    ----------
    features, predictions
        Of customers who have bought, and what is predicted for them, in the same order.
    personas
        The persona of each, by the same index.
    """
    base = {name: total.expected for name, total in forecast.totals(features, predictions, level=LEVEL).items()}
    totals = {}
    for persona in personas.unique():
        rows = (personas == persona).to_numpy()
        part = {name: np.asarray(predictions[name])[rows] for name in (c.EXPECTED_ORDERS, c.EXPECTED_SPEND)}
        totals[persona] = forecast.totals(features[rows], part, level=LEVEL, base=base)
    return totals


def evaluate_totals(
    forecast: Forecast, evaluated: LabelledSnapshot, predictions: Columns, personas: pd.Series | None = None
) -> dict[str, float]:
    """
    Hold the totals of customers who have bought against what came.

    Parameters
    ----------
    predictions
        `expected_orders` and `expected_spend` of the customers of `evaluated`, in their order.
    personas
        The persona of each, by their index; None where there are none.

    Returns
    -------
    dict
        Actual over expected orders, 1 if the total lay in its 80 % interval, and the interval's width over the
        expected total; the same of spend; and the share of personas whose totals lay in theirs.
    """
    features, labels = evaluated.features, evaluated.labels
    metrics = {}
    for name, total in forecast.totals(features, predictions, level=LEVEL).items():
        actual = _actual(labels, name)
        ratio, covered, width = OF_BASE[name]
        metrics[ratio] = actual / total.expected if total.expected else float("nan")
        metrics[covered] = float(total.low <= actual <= total.high)
        metrics[width] = (total.high - total.low) / total.expected if total.expected else float("nan")
    if personas is None:
        return metrics
    by_persona = totals_by_persona(forecast, features, predictions, personas)
    for name, metric in OF_PERSONAS.items():
        inside = [_holds(totals, labels[personas == persona], name) for persona, totals in by_persona.items()]
        metrics[metric] = float(np.mean(inside))
    return metrics


def personas_at(split: Split, config: TrainConfig, features: pd.DataFrame) -> pd.Series | None:
    """The persona of each customer, by personas fitted at the split's cutoff; None where they cannot be fitted.

    They need not be stable: any grouping of the customers will do to hold its totals against what came.
    """
    k = config.personas.k if config.personas.k != AUTO else USUAL_K
    settings = replace(config.personas, k=k, allow_unstable=True)
    try:
        model = fit_personas(
            split.current.features,
            settings,
            seed=config.seed,
            descriptions=lenses.described(split.lenses),
            labels=lenses.fit(split.current.features, split.lenses, earlier(split.training)),
        )
    except (FitError, DataError) as error:
        log.warning("no totals by persona: %s", error)
        return None
    return pd.Series(np.asarray(model.predict(features)[c.PERSONA]), features.index)


def _holds(totals: Mapping[str, Total], labels: pd.DataFrame, name: str) -> bool:
    return totals[name].low <= _actual(labels, name) <= totals[name].high


def _actual(labels: pd.DataFrame, name: str) -> float:
    """What came in all; refunds that exceed a customer's sales count as none."""
    return float(labels[name].clip(lower=0).sum())
