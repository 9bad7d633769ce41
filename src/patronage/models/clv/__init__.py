"""
What each customer will order, and what that is worth.

lifetimes fits (`fit.py`); what is predicted comes from laws of our own: of orders (`law.py`) and of the value of an
order (`spend.py`). Mean, interval and P(order) are read off one distribution and so agree with each other.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from patronage import columns
from patronage.models.clv.distinct import Array, distinct
from patronage.models.clv.fit import LAWS, fit_orders, fit_spend
from patronage.models.clv.law import OrderLaw
from patronage.models.clv.optimum import Fit
from patronage.models.clv.spend import GammaGamma

__all__ = ["Clv", "Settings", "fit"]

FILE = "clv.json"
DAYS_A_YEAR = 365.0


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
class Clv:
    """A fitted model of orders and their value."""

    settings: Settings
    law: OrderLaw
    spend_law: GammaGamma
    orders_fit: Fit
    spend_fit: Fit

    @property
    def columns(self) -> tuple[str, ...]:
        """The features that `predict` reads."""
        return columns.FREQUENCY, columns.RECENCY, columns.T, columns.MONETARY_VALUE

    def predict(self, features: pd.DataFrame, multiplier: pd.Series | None = None) -> pd.DataFrame:
        """
        Foretell orders, spend and value of each customer.

        Parameters
        ----------
        features
            With the columns of `columns`, in days; `monetary_value` is read where `frequency` > 0 only.
        multiplier
            A factor (>= 0) on each customer's order rate from now on, by the index of `features`; 1 if None.

        Returns
        -------
        DataFrame
            With the index of `features`:

            - p_alive, and p_order, expected_orders, expected_spend (revenue, not discounted) in the horizon;
            - expected_orders_low and _high, the central quantiles of the number of orders. Counts are whole and
              skewed: where most futures hold no order, both are 0 and the mean lies above them;
            - clv: the margin on the orders in the value horizon, each discounted from its moment;
            - clv_low and _high: the same quantiles of the number of orders in the value horizon, at the customer's
              expected order value and mean discount. They hold what chance does to ordering and leaving; they leave
              out how order values vary, when within the horizon orders come, and what the fit does not know.
        """
        summary = [features[name].to_numpy(dtype=np.float64) for name in self.columns]
        x, t_x, age, mean_value = summary
        factor = np.ones(len(x)) if multiplier is None else multiplier.loc[features.index].to_numpy(dtype=np.float64)
        first, kind = distinct(x, t_x, age, factor)
        orders = self._orders(x[first], t_x[first], age[first], factor[first])
        predicted = pd.DataFrame({name: values[kind] for name, values in orders.items()}, index=features.index)
        worth = self.spend_law.expected_spend(x, mean_value)
        predicted[columns.EXPECTED_SPEND] = predicted[columns.EXPECTED_ORDERS] * worth
        for name in (columns.CLV, columns.CLV_LOW, columns.CLV_HIGH):
            predicted[name] *= self.settings.margin * worth
        return predicted

    def _orders(self, x: Array, t_x: Array, T: Array, multiplier: Array) -> dict[str, Array]:
        """The columns that count orders; those of the value are discounted orders, not yet money."""
        law, settings = self.law, self.settings
        customer = x, t_x, T, multiplier
        near, far = settings.horizon_days, settings.value_horizon_days
        low, high = (1 - settings.level) / 2, (1 + settings.level) / 2
        discounted = law.discounted_orders(far, np.log1p(settings.discount_rate) / DAYS_A_YEAR, *customer)
        expected = law.expected_orders(far, *customer)
        discount = np.divide(discounted, expected, out=np.ones_like(expected), where=expected > 0)
        return {
            columns.P_ALIVE: law.p_alive(x, t_x, T),
            columns.P_ORDER: law.p_order(near, *customer),
            columns.EXPECTED_ORDERS: law.expected_orders(near, *customer),
            columns.EXPECTED_ORDERS_LOW: law.quantile(low, near, *customer).astype(np.float64),
            columns.EXPECTED_ORDERS_HIGH: law.quantile(high, near, *customer).astype(np.float64),
            columns.CLV: discounted,
            columns.CLV_LOW: discount * law.quantile(low, far, *customer),
            columns.CLV_HIGH: discount * law.quantile(high, far, *customer),
        }

    def save(self, folder: Path) -> None:
        """Write the model to a JSON file in the folder; every float comes back as it was."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / FILE).write_text(json.dumps(asdict(self), indent=2, allow_nan=False) + "\n")

    @classmethod
    def load(cls, folder: Path) -> Clv:
        """Read what `save` wrote."""
        content = json.loads((folder / FILE).read_text())
        settings = Settings(**content["settings"])
        law = LAWS[settings.model](**content["law"])
        fits = [_read_fit(content[name]) for name in ("orders_fit", "spend_fit")]
        return cls(settings, law, GammaGamma(**content["spend_law"]), *fits)


def fit(
    features: pd.DataFrame,
    *,
    model: str,
    horizon_days: float,
    value_horizon_days: float,
    discount_rate: float,
    margin: float,
    level: float,
) -> Clv:
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
    return Clv(settings, law, spend_law, orders_fit, spend_fit)


def _read_fit(content: dict[str, object]) -> Fit:
    covariance = content.pop("covariance")
    rows = tuple(map(tuple, covariance)) if isinstance(covariance, list) else None
    return Fit(covariance=rows, **content)  # type: ignore[arg-type]
