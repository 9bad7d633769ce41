"""How far the orders and the revenue of many customers together may lie from what is expected.

Three errors add up in the logarithm of a total. The level: season, promotions and the economy move all customers
together. Groups apart: some customers keep more of what is expected of them than the base does. And chance, which
averages out over customers, the slower the more a few of them carry. How large each is was seen at the earlier origins
of the same log, and is shrunk towards what other logs show. Light and heavy customers each have their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from patronage import names as c
from patronage.models.btyd.calendar import LEVEL_BORDERS, level_group
from patronage.models.btyd.totals import LEVEL_SD, Total, interval
from patronage.typing import Array, Columns

# Standard deviations of the logarithm of a group's level beside the base's, before anything is seen
APART_SD = {c.ORDERS: 0.1, c.SPEND: 0.15}
PRIOR_ORIGINS = 2.0  # windows whose evidence weighs as much as these two
PRIOR_ORDERS = 50.0  # as if so many more had come as expected: a small log tells little about a level
FEWEST = 30  # customers of a group, below which its chance is that of all
GROUPS = len(LEVEL_BORDERS) + 1
EXPECTED = {c.ORDERS: c.EXPECTED_ORDERS, c.SPEND: c.EXPECTED_SPEND}


@dataclass(frozen=True)
class TotalErrors:
    """
    The errors of totals of one quantity.

    Parameters
    ----------
    level_sd
        Standard deviation of the logarithm of the level.
    apart_sd
        Of each group of repeat orders (`LEVEL_BORDERS`), beside the base's level.
    dispersion
        Variance of chance of each group, over the expectation times the value of one order.
    """

    level_sd: float = LEVEL_SD
    apart_sd: tuple[float, ...] = (APART_SD[c.ORDERS],) * GROUPS
    dispersion: tuple[float, ...] = (2.0,) * GROUPS


@dataclass(frozen=True)
class TotalsModel:
    """
    The errors of the totals of orders and of spend.

    Parameters
    ----------
    window_days
        Of the earlier origins: over a longer horizon levels drift further. None where there were none.
    """

    orders: TotalErrors = TotalErrors()
    spend: TotalErrors = TotalErrors(apart_sd=(APART_SD[c.SPEND],) * GROUPS)
    window_days: float | None = None

    @classmethod
    def of(cls, state: Mapping[str, Any]) -> TotalsModel:
        """The model of which `dataclasses.asdict` gave these values, after a way through JSON."""
        errors = {
            name: TotalErrors(state[name]["level_sd"], tuple(state[name]["apart_sd"]), tuple(state[name]["dispersion"]))
            for name in (c.ORDERS, c.SPEND)
        }
        return cls(errors[c.ORDERS], errors[c.SPEND], state["window_days"])

    def totals(
        self,
        frequency: Array,
        predictions: Columns,
        *,
        horizon_days: float,
        level: float,
        season_sd: float = 0.0,
        base: Mapping[str, float] | None = None,
    ) -> dict[str, Total]:
        """
        Expected orders and spend of some customers together, each with a central interval.

        Parameters
        ----------
        frequency
            (N,) their repeat orders.
        predictions
            (N,) `expected_orders` and `expected_spend`; a missing value counts as none.
        season_sd
            Of the logarithm of the season's factor in the horizon.
        base
            The expected `orders` and `spend` of all customers, where these are some of them; None where these are all.
        """
        orders, spend = (np.nan_to_num(np.asarray(predictions[name], np.float64)) for name in EXPECTED.values())
        order_value = np.divide(spend, orders, out=np.zeros_like(spend), where=orders > 0)
        longer = max(horizon_days / self.window_days, 1.0) if self.window_days else 1.0
        group, totals = level_group(frequency), {}
        for name, expected, unit in ((c.ORDERS, orders, np.ones_like(orders)), (c.SPEND, spend, order_value)):
            errors: TotalErrors = getattr(self, name)
            total = float(expected.sum())
            if total <= 0:
                totals[name] = Total(0.0, 0.0, 0.0)
                continue
            apart = float(expected @ np.asarray(errors.apart_sd)[group]) / total
            share = min(total / base[name], 1.0) if base and base[name] > 0 else 1.0
            chance = float((expected * unit) @ np.asarray(errors.dispersion)[group]) / total**2
            variance = longer * (errors.level_sd**2 + (1 - share) * apart**2) + season_sd**2 + chance
            totals[name] = interval(total, variance, level)
        return totals


def learn_totals(origins: Sequence[Columns], window_days: float, span_days: float) -> TotalsModel:
    """
    Learn the errors from earlier origins.

    Parameters
    ----------
    origins
        Of each, a value per customer: `frequency`, `expected_orders` and `expected_spend` over the label window by
        what was known before it, and the actual `orders` and `spend` in it.
    window_days
        Length of the label windows.
    span_days
        From the earliest origin to the latest: windows that overlap count as the fewer that don't.
    """
    if not origins:
        return TotalsModel()
    windows = min(1 + span_days / window_days, float(len(origins)))
    orders, spend = (_errors(name, origins, windows) for name in (c.ORDERS, c.SPEND))
    return TotalsModel(orders, spend, window_days)


def _errors(name: str, origins: Sequence[Columns], windows: float) -> TotalErrors:
    levels, aparts, dispersions = zip(*(_at(name, origin) for origin in origins), strict=True)

    def pooled(prior: float, squares: Array) -> Array:
        pooled_squares = np.maximum(np.mean(squares, axis=0), 0)
        return np.sqrt((PRIOR_ORIGINS * prior**2 + windows * pooled_squares) / (PRIOR_ORIGINS + windows))

    level_sd = pooled(LEVEL_SD, np.square(levels))
    apart_sd = pooled(APART_SD[name], np.array(aparts))
    return TotalErrors(float(level_sd), tuple(apart_sd.tolist()), tuple(np.mean(dispersions, axis=0).tolist()))


def _at(name: str, origin: Columns) -> tuple[float, Array, Array]:
    """At one origin: log level, each group's squared distance from it beyond chance, and each group's dispersion."""
    expected = np.asarray(origin[EXPECTED[name]], np.float64)
    orders = np.asarray(origin[c.EXPECTED_ORDERS], np.float64)
    actual = np.maximum(np.asarray(origin[name], np.float64), 0)
    unit = np.divide(expected, orders, out=np.zeros_like(expected), where=orders > 0)
    group = level_group(origin[c.FREQUENCY])
    more = PRIOR_ORDERS * expected.sum() / max(orders.sum(), 1e-12)
    level = float(np.log((actual.sum() + more) / (expected.sum() + more))) if expected.sum() > 0 else 0.0
    squares = np.square(actual - np.exp(level) * expected)
    actuals, expectations, chance, scale, customers = (
        np.bincount(group, values, GROUPS)
        for values in (actual, np.exp(level) * expected, squares, np.exp(level) * expected * unit, np.ones_like(actual))
    )
    apart = np.log((actuals + more) / (expectations + more))
    overall = chance.sum() / scale.sum() if scale.sum() > 0 else 1.0
    dispersion = np.where((customers >= FEWEST) & (scale > 0), chance / np.where(scale > 0, scale, 1), overall)
    return level, np.square(apart) - chance / np.square(np.maximum(actuals + more, 1e-12)), dispersion
