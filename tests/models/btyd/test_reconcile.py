from __future__ import annotations

import numpy as np
import pytest

from patronage.models.btyd.bg_nbd import BgNbd, MbgNbd
from patronage.models.btyd.pareto_nbd import ParetoNbd
from patronage.models.btyd.reconcile import MAX_FACTOR, reconcile, reconcile_both
from patronage.models.btyd.summary import Summary

LAWS = [BgNbd(0.5, 40.0, 0.8, 2.5), MbgNbd(0.6, 50.0, 0.6, 1.2), ParetoNbd(0.6, 80.0, 0.4, 40.0)]
CUSTOMERS = Summary(np.array([0.0, 1, 5, 40]), np.array([0.0, 30, 200, 290]), np.array([100.0, 300, 250, 300]))
each_law = pytest.mark.parametrize("law", LAWS, ids=lambda law: type(law).__name__)


@each_law
def test_with_its_factor_the_law_expects_what_is_wanted(law):
    wanted = law.expected_orders(90, *CUSTOMERS) * [0.5, 1.0, 1.3, 0.9]
    recency, factor = reconcile(law, 90, CUSTOMERS, wanted)
    np.testing.assert_allclose(law.expected_orders(90, *CUSTOMERS, factor), wanted, rtol=1e-6)
    assert factor[1] == pytest.approx(1, rel=1e-6)
    assert (recency == CUSTOMERS.t_x).all()


@each_law
def test_a_customer_who_is_gone_by_the_law_but_expected_to_order_gets_a_later_recency(law):
    """Forty orders in 100 days, then 200 of silence: no factor on a rate makes an order of a customer who is gone."""
    gone = Summary(np.array([40.0]), np.array([100.0]), np.array([300.0]))
    assert law.p_alive(*gone) * law.expected_if_alive(90, gone.x, gone.T, MAX_FACTOR) < 1
    recency, factor = reconcile(law, 90, gone, np.ones(1))
    assert factor == pytest.approx(MAX_FACTOR)
    assert 100 < recency < 300
    np.testing.assert_allclose(law.expected_orders(90, gone.x, recency, gone.T, factor), 1, rtol=1e-6)
    assert gone.t_x == 100  # the argument is untouched


@each_law
def test_no_factor_leaves_its_bounds(law):
    everything, nothing = (reconcile(law, 90, CUSTOMERS, np.full(4, wanted)) for wanted in (1e6, 0.0))
    np.testing.assert_allclose(everything.multiplier, MAX_FACTOR)
    np.testing.assert_allclose(everything.recency, CUSTOMERS.T)
    np.testing.assert_allclose(nothing.multiplier, 1 / MAX_FACTOR)
    np.testing.assert_allclose(nothing.recency, CUSTOMERS.t_x)


@each_law
def test_rows_do_not_matter_to_each_other(law):
    wanted = law.expected_orders(90, *CUSTOMERS) * [0.5, 20.0, 1.3, 0.01]
    together = reconcile(law, 90, CUSTOMERS, wanted)
    for row in range(4):
        alone = reconcile(law, 90, CUSTOMERS.at(np.array([row])), wanted[[row]])
        assert (alone.recency, alone.multiplier) == (together.recency[row], together.multiplier[row])
    nobody = reconcile(law, 90, CUSTOMERS.at(np.array([], dtype=int)), wanted[:0])
    assert nobody.recency.size == nobody.multiplier.size == 0


@each_law
def test_the_mean_and_p_order_are_both_met(law):
    """Also where a weight above 1 is needed, and for a customer whom the law takes for gone."""
    p_order, cv = np.array([0.05, 0.9, 0.3, 0.6]), np.array([0.0, 0.2, 0.1, 0.0])
    wanted = np.array([0.06, 1.2, 1.5, 0.6])
    alive, factor = reconcile_both(law, 90, CUSTOMERS, wanted, p_order, cv)
    np.testing.assert_allclose(law.survival(1, 90, *CUSTOMERS, factor, cv, alive), p_order)
    mean = alive * law.expected_if_alive(90, CUSTOMERS.x, CUSTOMERS.T, factor)
    np.testing.assert_allclose(mean, np.maximum(wanted, p_order), rtol=1e-3)
    tails = np.array([law.survival(n, 90, *CUSTOMERS, factor, cv, alive) for n in range(1, 60)])
    assert (np.diff(tails, axis=0) <= 1e-12).all()
    np.testing.assert_allclose(tails.sum(axis=0)[cv == 0], mean[cv == 0], rtol=1e-3)
