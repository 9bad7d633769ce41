from __future__ import annotations

import numpy as np
import pytest

from patronage.models.btyd.bg_nbd import BgNbd, MbgNbd

LAWS = (BgNbd(0.6, 20.0, 0.8, 2.5), MbgNbd(0.9, 25.0, 0.7, 1.8))
each_law = pytest.mark.parametrize("law", LAWS, ids=lambda law: type(law).__name__)


@each_law
def test_a_multiplier_stretches_the_horizon(law):
    """A customer leaves at orders only."""
    x, t_x, T = np.array([0, 1, 7]), np.array([0, 20, 90]), 100
    for n in (1, 2, 9):
        np.testing.assert_allclose(law.survival(n, 60, x, t_x, T, 2.5), law.survival(n, 150, x, t_x, T), rtol=1e-12)
    np.testing.assert_allclose(law.expected_orders(60, x, t_x, T, 2.5), law.expected_orders(150, x, t_x, T), rtol=1e-12)


def test_p_alive_by_hand():
    """Fader, Hardie and Lee (2008): 1 / (1 + a / (b + x - 1) ((alpha + T) / (alpha + t_x))^(r + x))."""
    odds = 0.8 / (2.5 + 3 - 1) * (120 / 60) ** 3.6
    assert LAWS[0].p_alive(3, 40, 100) == pytest.approx(1 / (1 + odds), rel=1e-12)


def test_without_a_repeat_order_bg_nbd_takes_every_customer_for_alive_and_mbg_nbd_does_not():
    assert LAWS[0].p_alive(0, 0, [1, 1000]).tolist() == [1, 1]
    odds = 0.7 / 1.8 * (125 / 25) ** 0.9
    assert LAWS[1].p_alive(0, 0, 100) == pytest.approx(1 / (1 + odds), rel=1e-12)


def test_the_likelihood_of_one_order_by_hand():
    """Equation 6 without a repeat order: (alpha / (alpha + T))^r."""
    assert LAWS[0].log_likelihood(0, 0, 100) == pytest.approx(0.6 * np.log(20 / 120), rel=1e-12)


@each_law
def test_listed_tails_are_the_tail(law):
    x, T = np.array([0.0, 5.0, 60.0]), np.array([10.0, 100.0, 100.0])
    given = np.full(3, 90.0), x, T, np.full(3, 1.3), np.array([0.0, 0.2, 0.4])
    listed = law.tails(12, np.zeros(3), *given)
    for n in range(1, 13):
        np.testing.assert_allclose(listed[:, n - 1], law.tail(np.full(3, float(n)), *given), rtol=1e-9, atol=1e-14)


def test_bg_nbd_predicts_the_published_total_of_cdnow(cdnow_summary):
    law = BgNbd(0.243, 4.414 * 7, 0.793, 2.426)
    customers = (cdnow_summary[name] for name in ("frequency", "recency", "T"))
    assert law.expected_orders(39 * 7, *customers).sum() == pytest.approx(1653, abs=1)
