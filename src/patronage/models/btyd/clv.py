"""
CLV: the orders of each customer in a horizon, and their value.

lifetimes fits (`fit.py`); predictions are from our own laws: of orders (`law.py`) and of the value of an order
(`spend.py`). The mean follows from one distribution; P(order) and intervals follow from the same one, made wider by
parameter uncertainty and by the calibration at an earlier origin (`intervals.py`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from patronage import names as c
from patronage.config import ClvConfig
from patronage.lenses.profile import DECLARED
from patronage.models.btyd import totals
from patronage.models.btyd.by_cell import predict_by_cell, survival_by_cell
from patronage.models.btyd.covariates import Effects, fit_effects
from patronage.models.btyd.decisions import CovariateTrial, Decision, LawCandidate
from patronage.models.btyd.fit import LAWS, FitCache, fit_orders, fit_spend
from patronage.models.btyd.heavy import among_ordinary
from patronage.models.btyd.intervals import UNCALIBRATED, IntervalCalibration, combined_cv, parameter_uncertainty
from patronage.models.btyd.law import OrderLaw
from patronage.models.btyd.optimum import Fit
from patronage.models.btyd.quantiles import GivenAlive, quantiles
from patronage.models.btyd.spend import GammaGamma, ShrunkenMean, SpendLaw
from patronage.models.btyd.spend_distribution import OrderCounts, OrderValues, SpendDistribution, count_bins
from patronage.models.btyd.summary import SUMMARY_COLUMNS, Summary
from patronage.models.btyd.totals import Total
from patronage.models.btyd.unique_rows import per_unique_row, unique_rows
from patronage.typing import Array, Columns, Index, Mask

FILE = "clv.json"
DAYS_A_YEAR = 365.0
ALIVE_BY_ASSUMPTION = "ordered once: alive by BG/NBD's assumption, not by evidence"


@dataclass(frozen=True)
class CLVSettings:
    """
    What the model was fitted for.

    Parameters
    ----------
    model
        The law of orders: bg_nbd, mbg_nbd, pareto_nbd or abe.
    horizon_days, value_horizon_days
        The horizon of orders and spend, and that of CLV.
    discount_rate
        Per year: a value in a year is worth 1 / (1 + discount_rate) of the same value now.
    margin
        Share of an order's value that is earned.
    level
        Share of the futures that an interval contains, as 0.8.
    """

    model: str
    horizon_days: float
    value_horizon_days: float
    discount_rate: float
    margin: float
    level: float

    @property
    def most_days(self) -> int:
        """The longest horizon that is answered: that of the value, or of the training."""
        return int(max(self.value_horizon_days, self.horizon_days))


@dataclass(frozen=True)
class CLVModel:
    """A fitted model of orders and their value."""

    settings: CLVSettings
    law: OrderLaw
    spend_law: SpendLaw
    orders_fit: Fit
    spend_fit: Fit  # of Gamma-Gamma, even where a shrunken mean replaced it
    calibration: IntervalCalibration = UNCALIBRATED
    spend_learned: SpendDistribution | None = None  # at an earlier origin; the spend law's own if None
    decisions: tuple[Decision, ...] = ()  # what was done about what was unacceptable
    candidates: tuple[LawCandidate, ...] = ()  # the laws that were compared, the best first
    season_sd: float = 0.0  # of the logarithm of the season's factor in the horizon
    effects: Effects | None = None  # of covariates; the law is then that of the average customer
    covariate_trials: tuple[CovariateTrial, ...] = ()  # which covariates were kept, and why

    @property
    def columns(self) -> tuple[str, ...]:
        """The features that `predict` reads."""
        return *SUMMARY_COLUMNS, c.MONETARY_VALUE, *(self.effects.names if self.effects else ())

    def cells(self, features: Columns) -> list[tuple[Index, CLVModel]]:
        """The customers whose covariates have the same effects: their positions, and the model without effects."""
        if self.effects is None:
            return [(np.arange(len(np.asarray(features[c.T]))), self)]
        return [
            (rows, replace(self, law=self.law.moved(rate, leaving), effects=None))
            for rows, rate, leaving in self.effects.cells(features)
        ]

    def predict(
        self,
        features: Columns,
        multiplier: Array | None = None,
        alive: Array | None = None,
        season: Array | float = 1.0,
    ) -> dict[str, Array]:
        """
        Predict orders, spend and value of each customer.

        Parameters
        ----------
        features
            With the columns of `columns`, in days; `monetary_value` is read where `frequency` > 0 only.
        multiplier
            (N,) a factor (>= 0) on each customer's order rate from now on; 1 if None.
        alive
            (N,) what takes the place of P(alive); P(alive) by the history if None. With the multiplier it sets both
            the mean and P(order), and may lie above 1 where the law's counts vary too much for the two.
        season
            The part of that factor, for all or for each, that holds in the horizon only, not in the value horizon.

        Returns
        -------
        dict
            Arrays in the order of the rows of `features`:

            - p_alive, and expected_orders and expected_spend (revenue, not discounted) in the horizon;
            - p_order, P(at least one order in the horizon), by the distribution that the intervals are quantiles of:
              expected_orders_low is above 0 exactly where p_order is above (1 + level) / 2;
            - expected_orders_low and _high, the central quantiles of the number of orders, and median_orders. Counts
              are whole and skewed: where most futures contain no order, all three are 0 and the mean lies above them;
            - clv: the margin on the orders in the value horizon, each discounted from its moment;
            - expected_spend_low and _high, and median_spend: the same quantiles of spend. They contain the chance of
              ordering and leaving, how order values vary, how little is known of the customer's own mean, parameter
              uncertainty and the calibration. All three are 0 exactly where those of the orders are;
            - clv_low and _high, and median_clv: likewise of the value horizon, at the mean discount.
        """
        summary, factor = Summary.of(features), _factor(features, multiplier)
        of_season = np.broadcast_to(np.asarray(season, np.float64), factor.shape)
        if self.effects is not None:
            return predict_by_cell(self.cells(features), features, factor, alive, of_season)
        weight = self.law.p_alive(*summary) if alive is None else np.asarray(alive, np.float64)
        first, inverse = unique_rows(*summary, factor, of_season, weight)
        orders = self._predict_orders(summary.at(first), factor[first], of_season[first], weight[first])
        predicted = {name: values[inverse] for name, values in orders.items()}
        order_value = self.spend_law.expected_spend(summary.x, np.asarray(features[c.MONETARY_VALUE], np.float64))
        predicted[c.EXPECTED_SPEND] = predicted[c.EXPECTED_ORDERS] * order_value
        for name in (c.EXPECTED_SPEND_LOW, c.EXPECTED_SPEND_HIGH, c.MEDIAN_SPEND):
            predicted[name] *= order_value
        for name in (c.CLV, c.CLV_LOW, c.CLV_HIGH, c.MEDIAN_CLV):
            predicted[name] *= self.settings.margin * order_value
        return predicted

    def survival(
        self, features: Columns, multiplier: Array | None = None, alive: Array | None = None
    ) -> Callable[[npt.ArrayLike, Index | slice], Array]:
        """P(X* >= n) in the horizon, by the distribution that the intervals are quantiles of.

        Returns
        -------
        callable
            Of n and of the positions of some customers (`slice(None)` for all), as evaluation calls it many times.
        """
        if self.effects is not None:
            return survival_by_cell(self.cells(features), features, _factor(features, multiplier), alive)
        summary, factor, horizon = Summary.of(features), _factor(features, multiplier), self.settings.horizon_days
        (rate_cv,) = self._rate_cvs((horizon,), summary.x, summary.T)
        weight = self.law.p_alive(*summary) if alive is None else alive
        customers = np.array([*summary, factor, rate_cv, weight])

        def at_least(n: npt.ArrayLike, rows: Index | slice) -> Array:
            by_law = self.law.survival(n, horizon, *customers[:, rows])
            return 1 - self.calibration.probability(1 - by_law, summary.x[rows])

        return at_least

    def total(
        self,
        features: Columns,
        multiplier: Array | None = None,
        alive: Array | None = None,
        *,
        level: float | None = None,
    ) -> Total:
        """Expected orders of all customers together in the horizon, with an interval (at `settings.level` if None).

        Its variance is that of chance, of the fitted parameters and of the level of the horizon.
        """
        summary, factor, horizon = Summary.of(features), _factor(features, multiplier), self.settings.horizon_days
        level = self.settings.level if level is None else level
        expected, chance = 0.0, 0.0
        for rows, model in self.cells(features):
            part, law = summary.at(rows), model.law
            weight = law.p_alive(*part) if alive is None else alive[rows]
            expected += float(weight @ law.expected_if_alive(horizon, part.x, part.T, factor[rows]))
            chance += totals.chance_variance(law, horizon, part, factor[rows], model.rate_cv(part), weight)
        if expected == 0:
            return totals.interval(0.0, 0.0, level)
        log_variance = chance / expected**2
        log_variance += totals.parameter_log_variance(self.law, self.orders_fit, horizon, summary, factor)
        log_variance += totals.level_log_variance(self.calibration.level) + self.season_sd**2
        return totals.interval(expected, log_variance, level)

    @property
    def columns_left_empty(self) -> set[str]:
        """The predicted columns that must not be shown: the model is unacceptable for them."""
        return {name for decision in self.decisions for name in decision.columns_left_empty}

    def flags(self, features: Columns) -> tuple[tuple[Mask, str], ...]:
        """Reasons not to rely on a prediction: (N,) the customers that each is about, and the reason."""
        x = Summary.of(features).x
        everyone = np.ones(len(x), dtype=np.bool_)
        flags = [
            (everyone, f"clv {decision.action.replace('_', ' ')}: {decision.message}") for decision in self.decisions
        ]
        if self.settings.model == "bg_nbd":
            flags.append((x == 0, ALIVE_BY_ASSUMPTION))
        return tuple(flags)

    def law_p_order(self, p_order: Array, x: Array) -> Array:
        """The law's own P(order) of which a calibrated one is made, a value per customer."""
        return 1 - self.calibration.law_probability(1 - p_order, x)

    def rate_cv(self, summary: Summary) -> Array:
        """How uncertain each order rate is in the horizon, as a coefficient of variation."""
        (rate_cv,) = self._rate_cvs((self.settings.horizon_days,), summary.x, summary.T)
        return rate_cv

    def _rate_cvs(self, horizons: tuple[float, ...], x: Array, T: Array) -> Array:
        """The coefficient of variation of each order rate; a row per horizon."""
        parameters = parameter_uncertainty(self.law, self.orders_fit, horizons, x, T)
        of_season = [self.season_sd if horizon <= self.settings.horizon_days else 0.0 for horizon in horizons]
        drift = [self.calibration.drift_over(horizon) for horizon in horizons]
        return combined_cv(parameters, np.hypot(drift, of_season)[:, None])

    def _predict_orders(self, summary: Summary, multiplier: Array, season: Array, alive: Array) -> dict[str, Array]:
        """
        The columns that count orders; those of the value are discounted orders, not yet money.

        Given alive, customers differ by x, T and multiplier alone: what is costly is computed once for each of these.
        """
        law, settings = self.law, self.settings
        first, inverse = unique_rows(summary.x, summary.T, multiplier, season)
        x, T = summary.x[first], summary.T[first]
        factors = np.array([multiplier[first], multiplier[first] / season[first]])
        horizons = settings.horizon_days, settings.value_horizon_days
        near, far = (
            GivenAlive(np.full(len(x), horizon, np.float64), x, T, factor, rate_cv)
            for horizon, factor, rate_cv in zip(horizons, factors, self._rate_cvs(horizons, x, T), strict=True)
        )
        expected, far_expected = law.expected_if_alive(np.array(horizons)[:, None], x, T, factors)
        daily_rate = np.log1p(settings.discount_rate) / DAYS_A_YEAR
        discounted = law.discounted_if_alive(settings.value_horizon_days, daily_rate, x, T, far.multiplier)
        discount = np.divide(discounted, far_expected, out=np.ones_like(far_expected), where=far_expected > 0)
        p_order = np.minimum(alive * per_unique_row(law.tail, 1, *near)[inverse], 1.0)
        exceedances = tuple(
            1 - self.calibration.law_level((1 + sign * settings.level) / 2, summary.x) for sign in (-1, 0, 1)
        )
        low, median, high = quantiles(law, exceedances, alive, inverse, near)
        ends = tuple((1 + sign * settings.level) / 2 for sign in (-1, 0, 1))
        spend, value = (
            self.spend_distribution.quantiles(self._counts(given, alive, inverse), ends, summary.x)
            for given in (near, far)
        )
        return {
            c.P_ALIVE: np.minimum(alive, 1.0),
            c.P_ORDER: 1 - self.calibration.probability(1 - p_order, summary.x),
            c.EXPECTED_ORDERS: alive * expected[inverse],
            c.EXPECTED_ORDERS_LOW: low.astype(np.float64),
            c.EXPECTED_ORDERS_HIGH: high.astype(np.float64),
            c.MEDIAN_ORDERS: median.astype(np.float64),
            c.CLV: alive * discounted[inverse],
            **dict(zip((c.EXPECTED_SPEND_LOW, c.MEDIAN_SPEND, c.EXPECTED_SPEND_HIGH), spend, strict=True)),
            **{
                name: discount[inverse] * quantile
                for name, quantile in zip((c.CLV_LOW, c.MEDIAN_CLV, c.CLV_HIGH), value, strict=True)
            },
        }

    @property
    def spend_distribution(self) -> SpendDistribution:
        """How spend varies, given the orders."""
        return self.spend_learned or SpendDistribution(OrderValues.of(self.spend_law))

    def _counts(self, given: GivenAlive, alive: Array, inverse: Index) -> OrderCounts:
        """The calibrated distribution of orders."""
        columns, possible = np.array(given), (given.horizon > 0) & (given.multiplier > 0)

        def survival(n: int, rows: Index) -> Array:
            unique = inverse[rows]
            tail = np.where(possible[unique], self.law.tail(np.full(len(rows), float(n)), *columns[:, unique]), 0.0)
            return 1 - self.calibration.probability(1 - np.minimum(alive[rows] * tail, 1.0), given.x[unique])

        return count_bins(survival, len(alive))

    def save(self, folder: Path) -> None:
        """Write the model to a JSON file in the folder; every float is read back as it was."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / FILE).write_text(json.dumps(asdict(self), indent=2, allow_nan=False) + "\n")

    @classmethod
    def load(cls, folder: Path) -> CLVModel:
        """Read what `save` wrote."""
        state = json.loads((folder / FILE).read_text())
        spend_law = (ShrunkenMean if "weight" in state["spend_law"] else GammaGamma)(**state["spend_law"])
        return cls(
            settings=CLVSettings(**state["settings"]),
            law=LAWS[state["settings"]["model"]](**state["law"]),
            spend_law=spend_law,
            orders_fit=Fit(**_tuples(state["orders_fit"])),
            spend_fit=Fit(**_tuples(state["spend_fit"])),
            calibration=IntervalCalibration(**_tuples(state["calibration"])),
            decisions=tuple(Decision(**_tuples(decision)) for decision in state["decisions"]),
            candidates=tuple(LawCandidate(**candidate) for candidate in state["candidates"]),
            spend_learned=SpendDistribution.of(_tuples(state["spend_learned"])) if state["spend_learned"] else None,
            season_sd=state["season_sd"],
            effects=Effects.of(state["effects"]) if state["effects"] else None,
            covariate_trials=tuple(CovariateTrial(**trial) for trial in state["covariate_trials"]),
        )


def fit(
    features: Columns,
    config: ClvConfig,
    *,
    model: str,
    horizon_days: float,
    fits: FitCache | None = None,
    covariates: Sequence[str] = (),
) -> CLVModel:
    """
    Fit the laws of orders and of their value to the summaries of customers who do not outweigh the others (`heavy.py`).

    Parameters
    ----------
    features
        With frequency, recency, T and monetary_value, a row per customer who has bought, in days.
    config
        Its value horizon, discount rate, margin and level.
    model
        bg_nbd, mbg_nbd, pareto_nbd or abe; which of them is for `training` to decide.
    fits
        Where fits are looked up first, and stored.
    covariates
        Features, or declared attributes, whose effects on the rate and on leaving are fitted too.

    Raises
    ------
    FitError
        Without repeat orders, or where lifetimes finds no optimum.
    """
    features = among_ordinary(features, [name for name in (*covariates, DECLARED) if name in features])
    summary = Summary.of(features)
    law, orders_fit = fit_orders(model, *summary, fits)
    effects = None
    if covariates:
        law, effects = fit_effects(model, law, features, covariates)
    spend_law, spend_fit = fit_spend(summary.x, features[c.MONETARY_VALUE], fits)
    settings = CLVSettings(
        model, horizon_days, config.value_horizon_days, config.discount_rate, config.margin, config.level
    )
    return CLVModel(settings, law, spend_law, orders_fit, spend_fit, effects=effects)


def _factor(features: Columns, multiplier: Array | None) -> Array:
    return np.ones(np.shape(features[c.T])) if multiplier is None else np.asarray(multiplier, dtype=np.float64)


def _tuples(state: Mapping[str, Any]) -> dict[str, Any]:
    """The state with tuples in the place of JSON's lists, at every level."""

    def as_tuple(value: Any) -> Any:
        if isinstance(value, dict):
            return _tuples(value)
        return tuple(as_tuple(item) for item in value) if isinstance(value, list) else value

    return {name: as_tuple(value) for name, value in state.items()}
