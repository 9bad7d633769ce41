"""
The law of order values: the mean value of a customer's orders.

References
----------
Bühlmann, Straub (1970), Glaubwürdigkeit für Schadensätze. Mitteilungen der VSVM 70: the shrunken mean.
Fader, Hardie (2013), The Gamma-Gamma model of monetary value, brucehardie.com/notes/025.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln

from patronage.typing import Array

HEAVIEST = 10.0


@dataclass(frozen=True)
class GammaGamma:
    """
    Gamma-Gamma: an order's value ~ Gamma(p, nu), with a customer's nu ~ Gamma(q, v). v is in the unit of money.

    After x orders of mean value m, nu ~ Gamma(p x + q, v + x m), and the customer's mean order value is p / nu.
    """

    p: float
    q: float
    v: float

    def log_likelihood(self, x: npt.ArrayLike, mean_value: npt.ArrayLike) -> Array:
        """Log density of the mean value of x orders, x > 0 and mean_value > 0 (equation 1a)."""
        x, m = np.asarray(x, dtype=np.float64), np.asarray(mean_value, dtype=np.float64)
        orders, shape = self.p * x, self.p * x + self.q
        front = gammaln(shape) - gammaln(orders) - gammaln(self.q) + self.q * np.log(self.v)
        return front + (orders - 1) * np.log(m) + orders * np.log(x) - shape * np.log(self.v + x * m)

    def expected_spend(self, x: npt.ArrayLike, mean_value: npt.ArrayLike) -> Array:
        """
        Expected mean order value of each customer (equation 5), the population's mean where x = 0.

        It is p (v + x m) / (p x + q - 1), which has no value where p x + q <= 1 (by a fit with q < 1 the population's
        mean order value is infinite) and a wild one just above. So it is held to at most ten times
        p (v + x m) / (p x + q), the order value at the mean nu, which always exists: it binds where p x + q < 1.11.

        Parameters
        ----------
        x
            Number of orders that `mean_value` is the mean of.
        mean_value
            Read where x > 0 only. One below zero, more refunds than sales, counts as zero.
        """
        x = np.asarray(x, dtype=np.float64)
        spent = x * np.where(x > 0, np.maximum(mean_value, 0), 0)
        shape = self.p * x + self.q
        return self.p * (self.v + spent) / np.maximum(shape - 1, shape / HEAVIEST)

    def weight_of_mean(self, x: npt.ArrayLike) -> Array:
        """The weight of the population's mean in the expected order value after x orders."""
        return np.clip((self.q - 1) / (self.p * np.asarray(x, dtype=np.float64) + self.q - 1), 0, 1)


@dataclass(frozen=True)
class ShrunkenMean:
    """
    The customer's own mean order value, shrunk towards the population's: the best linear estimate for any distribution.

    Parameters
    ----------
    mean
        The population's mean order value.
    weight
        It weighs as much as so many of the customer's own orders: the variance within a customer over that between.
    order_cv
        Coefficient of variation of an order's value around the customer's mean.
    """

    mean: float
    weight: float
    order_cv: float = 1.0

    def expected_spend(self, x: npt.ArrayLike, mean_value: npt.ArrayLike) -> Array:
        """Expected mean order value; arguments as of `GammaGamma.expected_spend`."""
        x = np.asarray(x, dtype=np.float64)
        spent = x * np.where(x > 0, np.maximum(mean_value, 0), 0)
        return (self.weight * self.mean + spent) / (self.weight + x)

    def weight_of_mean(self, x: npt.ArrayLike) -> Array:
        """The weight of the population's mean in the expected order value after x orders."""
        return self.weight / (self.weight + np.asarray(x, dtype=np.float64))


SpendLaw = GammaGamma | ShrunkenMean
