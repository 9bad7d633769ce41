from __future__ import annotations

import numpy as np
import pytest

from patronage.models.btyd.pareto_nbd import ParetoNbd

LAW = ParetoNbd(0.7, 20.0, 0.8, 60.0)


def test_a_multiplier_changes_orders_but_not_leaving():
    customer = 3, 40, 100
    assert LAW.expected_orders(60, *customer, 2.5) == pytest.approx(2.5 * LAW.expected_orders(60, *customer), rel=1e-14)
    assert LAW.expected_orders(60, *customer, 2.5) > LAW.expected_orders(150, *customer)


def test_p_alive_by_small_steps():
    """Of a customer silent since t_x: no order and still there, over that plus having left at some time before T."""
    x, t_x, T = 3, 40.0, 100.0
    u = np.linspace(0, T - t_x, 200_001)
    silent = (1 + u / (20 + t_x)) ** -(0.7 + x)
    stayed = (1 + u / (60 + t_x)) ** -0.8
    left = np.trapezoid(silent * 0.8 / (60 + t_x) * (1 + u / (60 + t_x)) ** -1.8, u)
    alive = silent[-1] * stayed[-1]
    assert LAW.p_alive(x, t_x, T) == pytest.approx(alive / (alive + left), rel=1e-8)


def test_a_customer_who_ordered_today_is_alive():
    assert LAW.p_alive([0, 5], [0, 100], [0, 100]).tolist() == [1, 1]


def test_the_mean_of_a_new_customer_by_hand():
    """Schmittlein, Morrison and Colombo (1987): r beta / (alpha (s - 1)) (1 - (beta / (beta + t))^(s - 1))."""
    mean = 0.7 * 60 / (20 * (0.8 - 1)) * (1 - (60 / 150) ** (0.8 - 1))
    assert LAW.expected_orders(90, 0, 0, 0) == pytest.approx(mean, rel=1e-12)


def test_predicts_the_published_total_of_cdnow(cdnow_summary):
    law = ParetoNbd(0.553, 10.578 * 7, 0.606, 11.669 * 7)
    customers = (cdnow_summary[name] for name in ("frequency", "recency", "T"))
    assert law.expected_orders(39 * 7, *customers).sum() == pytest.approx(1666, abs=1)
