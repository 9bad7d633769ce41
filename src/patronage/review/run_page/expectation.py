"""How many customers, what is to be expected of them in the horizon, and how good that was last time."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.bundle import Bundle
from patronage.evaluation.totals import LEVEL, OF_PERSONAS, totals_by_persona
from patronage.labels import buyers
from patronage.models.btyd.totals import Total
from patronage.names import Artifact
from patronage.review.metric_words import BASELINES, MEASURES
from patronage.review.page import charts
from patronage.review.page.blocks import Block, Chart, Fact, Facts, Section, Table, Text
from patronage.review.page.html import percent
from patronage.review.run_page.inputs import RunView, count, plain

WORDS = MEASURES | BASELINES
SURE = 1.2816  # standard normal quantile of that level


class Totals(NamedTuple):
    """Of all customers together: the expected number or amount, with a central interval."""

    expected: float
    low: float
    high: float

    def holds(self, actual: float) -> bool:
        """Whether the interval contains the actual value."""
        return self.low <= actual <= self.high


def expected_totals(bundle: Bundle, features: pd.DataFrame, assignments: pd.DataFrame) -> dict[str, Totals]:
    """Customers who order, orders and revenue of the horizon, of customers who have bought.

    Orders and revenue have the intervals of `Forecast.totals`. That of the customers who order adds chance, which
    averages out, to the level that all customers share with the orders.
    """
    totals = bundle.forecast.totals(features, assignments, level=LEVEL)
    orders, spend = totals[c.ORDERS], totals[c.SPEND]
    high = orders.high / orders.expected if orders.expected else 1.0
    p_order = assignments[c.P_ORDER].to_numpy(float)  # where contracts churn, who stays need not order
    active, chance = float(np.nansum(p_order)), float(np.sqrt(np.nansum(p_order * (1 - p_order))))
    reach = np.hypot(SURE * chance, active * (high - 1))
    return {
        "customers who order": Totals(active, max(active - reach, 0.0), min(active + reach, float(len(p_order)))),
        c.ORDERS: Totals(*orders),
        c.REVENUE: Totals(*spend),
    }


def expectation(view: RunView) -> Section:
    """The first section: the size of the base, its totals, and the same totals last time beside what came."""
    config, bought = view.config, view.buyers
    totals = expected_totals(view.bundle, view.features.loc[bought.index], bought)
    orders, revenue, active = totals[c.ORDERS], totals[c.REVENUE], totals["customers who order"]
    days = config.horizon_days
    finding = (
        f"In the {days} days from {config.cutoff} on, {count(active.expected)} of {count(len(bought))} buyers are "
        f"expected to order ({percent(active.expected / max(len(bought), 1))}), and to bring "
        f"{view.money(revenue.expected)}."
    )
    items = [
        Fact("known customers", count(len(view.features)), f"{count(len(bought))} have bought"),
        Fact("customers who order", count(active.expected), _range(active, count)),
        Fact("orders", count(orders.expected), _range(orders, count)),
        Fact(c.REVENUE, view.money(revenue.expected), _range(revenue, view.money)),
    ]
    wrong = [Text(f"Wrong with the log: {finding.line}", warning=True) for finding in view.findings]
    blocks: list[Block] = [*wrong, Facts(items), *_last_time(view), *_by_persona(view), *_scorecard(view)]
    return Section("What to expect", finding, blocks)


def _range(total: Totals | Total, shown: Callable[[float], str]) -> str:
    return f"{LEVEL:.0%} interval {_ends(total, shown)}"


def _ends(total: Totals | Total, shown: Callable[[float], str]) -> str:
    return f"{shown(total.low)} to {shown(total.high)}"


def _by_persona(view: RunView) -> list[Block]:
    """The totals of each persona, and how many of last time's came inside their intervals."""
    bought = view.buyers
    if bought[c.PERSONA].nunique() < 2 or bought[[c.EXPECTED_ORDERS, c.EXPECTED_SPEND]].isna().any(axis=None):
        return []
    totals = totals_by_persona(view.bundle.forecast, view.features.loc[bought.index], bought, bought[c.PERSONA])
    rows = [
        {
            c.PERSONA: persona,
            "buyers": int((bought[c.PERSONA] == persona).sum()),
            "orders": of[c.ORDERS].expected,
            f"orders, {LEVEL:.0%} interval": _ends(of[c.ORDERS], count),
            c.REVENUE: of[c.SPEND].expected,
            f"revenue, {LEVEL:.0%} interval": _ends(of[c.SPEND], count),
        }
        for persona, of in sorted(totals.items(), key=lambda item: view.personas.index(str(item[0])))
    ]
    formats = {"buyers": ",.0f", "orders": ",.0f", c.REVENUE: ",.0f"}
    held = ""
    if view.measurement is not None:
        metrics = view.measurement.scorecard.metrics
        shares = [
            f"{percent(metrics[metric])} of the personas' totals of {name}"
            for name, metric in OF_PERSONAS.items()
            if metric in metrics
        ]
        held = f"; last time {' and '.join(shares)} came inside" if shares else ""
    title = f"The same by persona, with {LEVEL:.0%} intervals{held}"
    return [Table(pd.DataFrame(rows), title, formats=formats)]


def _last_time(view: RunView) -> list[Block]:
    """The totals of the holdout beside what came."""
    if view.measurement is None:
        return [Text("How good this is was not measured: the log is too short to hold out a horizon.", warning=True)]
    measurement = view.measurement
    evaluated = buyers(measurement.holdout.evaluated)
    predicted = measurement.assignments.loc[evaluated.features.index]
    totals = expected_totals(measurement.bundle, evaluated.features, predicted)
    labels = evaluated.labels
    actual = {
        "customers who order": float((labels[c.ORDERS] > 0).sum()),
        c.ORDERS: float(labels[c.ORDERS].sum()),
        c.REVENUE: float(labels[c.SPEND].sum()),
    }
    rows = pd.DataFrame(
        [
            {
                "what": name,
                "low": t.low / actual[name],
                "predicted": t.expected / actual[name],
                "high": t.high / actual[name],
                "actual": 1.0,
            }
            for name, t in totals.items()
            if actual[name] > 0
        ]
    )
    if rows.empty:
        return [Text("Last time no customer ordered in the horizon.", warning=True)]
    inside = sum(t.holds(actual[name]) for name, t in totals.items() if actual[name] > 0)
    since = f"{measurement.holdout.evaluated.cutoff:%Y-%m-%d}"
    title = f"Last time {inside} of {len(rows)} totals came inside their interval"
    table = pd.DataFrame(
        [
            {
                "total": name,
                "predicted": t.expected,
                "from": t.low,
                "to": t.high,
                "actual": actual[name],
                "off by": t.expected / actual[name] - 1 if actual[name] else np.nan,
                "verdict": "inside" if t.holds(actual[name]) else "outside",
            }
            for name, t in totals.items()
        ]
    )
    formats = {"predicted": ",.0f", "from": ",.0f", "to": ",.0f", "actual": ",.0f", "off by": "+.1%"}
    description = (
        f"Predicted on {since} from what was known then, as a share of the actual total (100%, diamonds) of the "
        f"{view.config.horizon_days} days after it; bars are {LEVEL:.0%} intervals; n = {count(len(predicted))} buyers."
    )
    spec = charts.intervals(
        rows, "what", "low", "predicted", "high", "predicted, % of actual", actual="actual", percent=True, zero=False
    )
    return [Chart(title, spec, description), Table(table, formats=formats, marks={"inside": "good", "outside": "bad"})]


def _scorecard(view: RunView) -> list[Block]:
    """Each model beside its best baseline, in one line."""
    frame = view.table(Artifact.SCORECARD)
    if frame is None:
        return []
    marks = {"better than": "good", "worse than": "bad", "no better than": "odd"}
    frame = frame.map(lambda value: WORDS.get(value, plain(value)) if isinstance(value, str) else value)
    return [Table(frame, "Each model beside the best baseline that this run computed", marks=marks)]
