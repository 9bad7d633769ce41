from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from patronage.models.btyd.bg_nbd import BgNbd
from patronage.models.btyd.optimum import Fit
from patronage.models.btyd.summary import Summary
from patronage.models.btyd.totals import (
    LEVEL_SD,
    chance_variance,
    interval,
    level_log_variance,
    parameter_log_variance,
)

LAW = BgNbd(0.9, 40.0, 1e-9, 4.0)  # nobody leaves: orders are a negative binomial
CUSTOMERS = Summary(np.array([3.0, 0.0]), np.array([10.0, 0.0]), np.array([10.0, 365.0]))
ONES = np.ones(2)
FIT = Fit(2, 2, 0.0, 0.0, 1, None)


def test_an_interval_by_hand():
    assert interval(100.0, 0.01, 0.8) == pytest.approx((100, 100 * np.exp(-0.12816), 100 * np.exp(0.12816)), rel=1e-4)
    assert interval(0.0, 0.01, 0.8) == (0, 0, 0)


def test_chance_is_the_variance_of_independent_customers():
    """Of a Poisson count with a Gamma(r + x, alpha + T) rate: the mean times 1 + h / (alpha + T)."""
    h = 90 / (40 + CUSTOMERS.T)
    means = (0.9 + CUSTOMERS.x) * h
    variance = chance_variance(LAW, 90, CUSTOMERS, ONES, 0 * ONES, LAW.p_alive(*CUSTOMERS))
    assert variance == pytest.approx((means * (1 + h)).sum(), rel=1e-6)


def test_parameter_uncertainty_by_the_delta_method():
    """Of alpha alone, of one customer: the log mean moves by -alpha / (alpha + T)."""
    covariance = np.zeros((4, 4))
    covariance[1, 1] = 0.2**2
    fit = replace(FIT, covariance=tuple(map(tuple, covariance.tolist())))
    first = CUSTOMERS.at(np.array([0]))
    assert parameter_log_variance(LAW, fit, 90, first, ONES[:1]) == pytest.approx((0.2 * 40 / 50) ** 2, rel=1e-5)
    assert parameter_log_variance(LAW, FIT, 90, first, ONES[:1]) == 0


def test_the_level_of_an_earlier_origin_counts_half():
    assert level_log_variance(None) == LEVEL_SD**2
    assert level_log_variance(1.0) == LEVEL_SD**2 / 2
    assert level_log_variance(1.5) == pytest.approx((LEVEL_SD**2 + np.log(1.5) ** 2) / 2)
