"""
What each customer will order, and what that is worth.

lifetimes fits (`fit.py`); what is predicted comes from laws of our own: of orders (`law.py`) and of the value of an
order (`spend.py`). The mean is read off one distribution; P(order) and intervals are read off the same one, made
wider by what the fit does not know and by what an earlier origin taught (`intervals.py`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from patronage import names as columns
from patronage.models.btyd.decisions import Candidate, Decision
from patronage.models.btyd.fit import LAWS, fit_orders, fit_spend
from patronage.models.btyd.intervals import UNTAUGHT, Calibration, both, calibrate, unsure
from patronage.models.btyd.law import OrderLaw
from patronage.models.btyd.optimum import Fit
from patronage.models.btyd.quantiles import quantiles
from patronage.models.btyd.spend import GammaGamma, ShrunkenMean, SpendLaw
from patronage.models.btyd.totals import Total, total
from patronage.models.btyd.unique_rows import distinct, once
from patronage.typing import Array, Index

__all__ = ["Calibration", "CLVModel", "Settings", "Total", "fit", "recalibrate"]

FILE = "clv.json"
DAYS_A_YEAR = 365.0
ALIVE_BY_ASSUMPTION = "ordered once: alive by BG/NBD's assumption, not by evidence"


@dataclass(frozen=True)
class Settings:
    """
    What was asked for.

    Parameters
    ----------
    model
        The law of orders: bg_nbd, mbg_nbd or pareto_nbd.
    horizon_days, value_horizon_days
        Over which orders and spend, and over which CLV are foretold.
    discount_rate
        Per year: what comes in a year is worth 1 / (1 + discount_rate) of what comes now.
    margin
        Share of an order's value that is earned.
    level
        Share of the futures that an interval holds, as 0.8.
    """

    model: str
    horizon_days: float
    value_horizon_days: float
    discount_rate: float
    margin: float
    level: float


@dataclass(frozen=True)
class CLVModel:
    """A fitted model of orders and their value."""

    settings: Settings
    law: OrderLaw
    spend_law: SpendLaw
    orders_fit: Fit
    spend_fit: Fit  # of Gamma-Gamma, even where a shrunken mean took its place
    calibration: Calibration = UNTAUGHT
    deeds: tuple[Decision, ...] = ()  # what was done about what was unfit
    candidates: tuple[Candidate, ...] = ()  # the laws that it was chosen among, the best first

    @property
    def columns(self) -> tuple[str, ...]:
        """The features that `predict` reads."""
        return columns.FREQUENCY, columns.RECENCY, columns.T, columns.MONETARY_VALUE

    def predict(self, features: pd.DataFrame, multiplier: pd.Series | None = None, season: float = 1.0) -> pd.DataFrame:
        """
        Foretell orders, spend and value of each customer.

        Parameters
        ----------
        features
            With the columns of `columns`, in days; `monetary_value` is read where `frequency` > 0 only.
        multiplier
            A factor (>= 0) on each customer's order rate from now on, by the index of `features`; 1 if None.
        season
            What part of that factor holds in the horizon only, and not in the value horizon.

        Returns
        -------
        DataFrame
            With the index of `features`:

            - p_alive, and expected_orders and expected_spend (revenue, not discounted) in the horizon;
            - p_order, P(at least one order in the horizon), by the distribution that the intervals are quantiles of:
              expected_orders_low is above 0 exactly where p_order is above (1 + level) / 2;
            - expected_orders_low and _high, the central quantiles of the number of orders. Counts are whole and
              skewed: where most futures hold no order, both are 0 and the mean lies above them;
            - clv: the margin on the orders in the value horizon, each discounted from its moment;
            - clv_low and _high: the same quantiles of the number of orders in the value horizon, at the customer's
              expected order value and mean discount. They hold what chance does to ordering and leaving, what the
              fit does not know and what `calibration` adds; they leave out how order values vary and when within the
              horizon orders come.
        """
        mean_value = features[columns.MONETARY_VALUE].to_numpy(dtype=np.float64)
        said = self.answer(*self.customer(features, multiplier), mean_value, season)
        return pd.DataFrame(said, index=features.index)

    def answer(
        self, x: Array, t_x: Array, age: Array, factor: Array, mean_value: Array, season: float = 1.0
    ) -> dict[str, Array]:
        """What `predict` says, of arrays and as arrays."""
        first, kind = distinct(x, t_x, age, factor)
        orders = self._orders(x[first], t_x[first], age[first], factor[first], season)
        predicted = {name: values[kind] for name, values in orders.items()}
        worth = self.spend_law.expected_spend(x, mean_value)
        predicted[columns.EXPECTED_SPEND] = predicted[columns.EXPECTED_ORDERS] * worth
        for name in (columns.CLV, columns.CLV_LOW, columns.CLV_HIGH):
            predicted[name] *= self.settings.margin * worth
        return predicted

    @property
    def silent(self) -> set[str]:
        """The columns of which the model abstains."""
        return {name for deed in self.deeds for name in deed.silent}

    def shipped(self, predicted: pd.DataFrame) -> pd.DataFrame:
        """What `predict` gave, empty where the model abstains."""
        return predicted.assign(**dict.fromkeys(self.silent, np.nan))

    def flags(self, features: pd.DataFrame) -> tuple[tuple[npt.NDArray[np.bool_], str], ...]:
        """Why an answer should not be taken at its word: (N,) of which customers, and the reason."""
        everyone = np.ones(len(features), dtype=np.bool_)
        found = [(everyone, f"clv {deed.deed}: {deed.said}") for deed in self.deeds]
        if self.settings.model == "bg_nbd":
            found.append((features[columns.FREQUENCY].to_numpy() == 0, ALIVE_BY_ASSUMPTION))
        return tuple(found)

    def at_least(self, n: npt.ArrayLike, features: pd.DataFrame, multiplier: pd.Series | None = None) -> Array:
        """P(X* >= n) of each customer in the horizon, by the distribution that the intervals are quantiles of."""
        return self.survival(features, multiplier)(n, slice(None))

    def survival(
        self, features: pd.DataFrame, multiplier: pd.Series | None = None
    ) -> Callable[[npt.ArrayLike, Index | slice], Array]:
        """`at_least` as a function of n and of the positions of some customers, for whom asks many times."""
        customer, near = np.array(self.customer(features, multiplier)), self.settings.horizon_days
        (spread,) = self._spreads((near,), customer[0], customer[2])

        def at_least(n: npt.ArrayLike, rows: Index | slice) -> Array:
            x, t_x, age, factor = customer[:, rows]
            said = self.law.survival(n, near, x, t_x, age, factor, spread[rows])
            return 1 - self.calibration.probability(1 - said, x)

        return at_least

    def total(
        self, features: pd.DataFrame, multiplier: pd.Series | None = None, *, level: float | None = None
    ) -> Total:
        """Expected orders of all customers together in the horizon, with an interval (at `settings.level` if None)."""
        customer = self.customer(features, multiplier)
        near, level = self.settings.horizon_days, self.settings.level if level is None else level
        (spread,) = self._spreads((near,), customer[0], customer[2])
        return total(self.law, self.orders_fit, self.calibration, level, near, spread, *customer)

    def customer(self, features: pd.DataFrame, multiplier: pd.Series | None) -> tuple[Array, Array, Array, Array]:
        """x, t_x, T and the factor on the order rate."""
        x, t_x, age = (features[name].to_numpy(dtype=np.float64) for name in self.columns[:3])
        if multiplier is None:
            return x, t_x, age, np.ones(len(x))
        return x, t_x, age, multiplier.loc[features.index].to_numpy(dtype=np.float64)

    def _spreads(self, horizons: tuple[float, ...], x: Array, T: Array) -> Array:
        """A row per horizon."""
        return both(unsure(self.law, self.orders_fit, horizons, x, T), self.calibration.spread)

    def _orders(self, x: Array, t_x: Array, T: Array, multiplier: Array, season: float) -> dict[str, Array]:
        """
        The columns that count orders; those of the value are discounted orders, not yet money.

        Given alive, customers differ by x, T and multiplier alone: what is costly is done once for each of these.
        """
        law, settings = self.law, self.settings
        near, far = settings.horizon_days, settings.value_horizon_days
        first, kind = distinct(x, T, multiplier)
        given = x[first], T[first], multiplier[first]
        later = x[first], T[first], multiplier[first] / season
        near_spread, far_spread = self._spreads((near, far), *given[:2])
        soon, expected = law.expected_if_alive([[near], [far]], *given[:2], [given[2], later[2]])
        discounted = law.discounted_if_alive(far, np.log1p(settings.discount_rate) / DAYS_A_YEAR, *later)
        discount = np.divide(discounted, expected, out=np.ones_like(expected), where=expected > 0)
        alive = law.p_alive(x, t_x, T)
        again = once(law.tail, 1, near, *given, near_spread)[kind]
        ends = [1 - self.calibration.asked((1 + sign * settings.level) / 2, x) for sign in (-1, 1)]
        near_ends, far_ends = (
            quantiles(law, tuple(ends), alive, kind, (np.full(len(first), horizon), *of, spread))
            for horizon, of, spread in ((near, given, near_spread), (far, later, far_spread))
        )
        return {
            columns.P_ALIVE: alive,
            columns.P_ORDER: 1 - self.calibration.probability(1 - alive * again, x),
            columns.EXPECTED_ORDERS: alive * soon[kind],
            columns.EXPECTED_ORDERS_LOW: near_ends[0].astype(np.float64),
            columns.EXPECTED_ORDERS_HIGH: near_ends[1].astype(np.float64),
            columns.CLV: alive * discounted[kind],
            columns.CLV_LOW: discount[kind] * far_ends[0],
            columns.CLV_HIGH: discount[kind] * far_ends[1],
        }

    def save(self, folder: Path) -> None:
        """Write the model to a JSON file in the folder; every float comes back as it was."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / FILE).write_text(json.dumps(asdict(self), indent=2, allow_nan=False) + "\n")

    @classmethod
    def load(cls, folder: Path) -> CLVModel:
        """Read what `save` wrote."""
        content = json.loads((folder / FILE).read_text())
        settings = Settings(**content["settings"])
        law = LAWS[settings.model](**content["law"])
        orders_fit, spend_fit = (_read_fit(content[name]) for name in ("orders_fit", "spend_fit"))
        calibration = _read_calibration(content["calibration"])
        spend_law = (ShrunkenMean if "weight" in content["spend_law"] else GammaGamma)(**content["spend_law"])
        deeds = tuple(Decision(**{**deed, "silent": tuple(deed["silent"])}) for deed in content["deeds"])
        candidates = tuple(Candidate(**candidate) for candidate in content["candidates"])
        return cls(settings, law, spend_law, orders_fit, spend_fit, calibration, deeds, candidates)


def fit(
    features: pd.DataFrame,
    *,
    model: str,
    horizon_days: float,
    value_horizon_days: float,
    discount_rate: float,
    margin: float,
    level: float,
) -> CLVModel:
    """
    Fit the laws of orders and of their value to the customers' summaries.

    Parameters
    ----------
    features
        With frequency, recency, T and monetary_value, a row per customer, in days.
    model, horizon_days, value_horizon_days, discount_rate, margin, level
        See `Settings`.

    Raises
    ------
    FitError
        Without repeat orders, or where lifetimes finds no optimum.
    """
    x = features[columns.FREQUENCY]
    law, orders_fit = fit_orders(model, x, features[columns.RECENCY], features[columns.T])
    spend_law, spend_fit = fit_spend(x, features[columns.MONETARY_VALUE])
    settings = Settings(model, horizon_days, value_horizon_days, discount_rate, margin, level)
    return CLVModel(settings, law, spend_law, orders_fit, spend_fit)


def recalibrate(clv: CLVModel, earlier: CLVModel, features: pd.DataFrame, orders: pd.Series) -> CLVModel:
    """
    The model with intervals that an earlier origin has taught; point forecasts stay what they are.

    Parameters
    ----------
    clv
        Fitted at the cutoff.
    earlier
        Fitted on `features`, by the same law and over the same horizon.
    features
        The customers at the earlier origin.
    orders
        How many each placed in the horizon after it, by the index of `features`. Labels end at or before the cutoff.
    """
    x, t_x, age = (features[name].to_numpy(dtype=np.float64) for name in clv.columns[:3])
    counts = orders.loc[features.index].to_numpy(dtype=np.float64)
    horizon = clv.settings.horizon_days
    learned = calibrate(clv.law, earlier.law, earlier.orders_fit, horizon, x, t_x, age, counts)
    return replace(clv, calibration=learned)


def _read_calibration(content: Mapping[str, Any]) -> Calibration:
    rows = {"borders": tuple(content["borders"]), "tails": tuple(map(tuple, content["tails"]))}
    return Calibration(**{**content, **rows})


def _read_fit(content: dict[str, Any]) -> Fit:
    covariance = content.pop("covariance")
    rows = tuple(map(tuple, covariance)) if isinstance(covariance, list) else None
    return Fit(covariance=rows, **content)
