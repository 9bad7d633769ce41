"""Raw scores, units and losses of the three targets, by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from patronage.models.ensemble.target import AMOUNT_FLOOR, CHURN, ORDERS, RATE_FLOOR, SPEND, TARGETS

LABELS = pd.DataFrame({"orders": [0.0, 1.0, 3.0], "spend": [-5.0, 10.0, 30.0], "churned": [1.0, 0.0, np.nan]})


def test_refunds_beyond_sales_count_as_no_spend():
    assert SPEND.y_true(LABELS).tolist() == [0.0, 10.0, 30.0]


def test_spend_is_counted_in_orders_of_mean_value():
    assert SPEND.unit(LABELS) == 10.0  # 40 in the currency over 4 orders
    assert ORDERS.unit(LABELS) == CHURN.unit(LABELS) == 1.0
    assert SPEND.unit(LABELS.assign(orders=0.0)) == 1.0  # no order gives no unit


def test_a_label_is_known_where_it_is_there():
    assert CHURN.is_known(LABELS).tolist() == [True, True, False]
    assert ORDERS.is_known(LABELS).all()


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.label)
def test_the_mean_of_a_raw_score_is_what_the_score_was_made_of(target):
    means = np.array([0.01, 0.3, 0.9])
    np.testing.assert_allclose(target.mean(target.raw(means)), means, rtol=1e-12)


def test_certainty_and_nothing_are_held_at_the_floors():
    np.testing.assert_allclose(CHURN.mean(CHURN.raw(np.array([0.0, 1.0]))), [RATE_FLOOR, 1 - RATE_FLOOR])
    np.testing.assert_allclose(ORDERS.mean(ORDERS.raw(np.array([0.0]))), [AMOUNT_FLOOR])


def test_a_start_is_the_complement_for_churn_and_the_expectation_for_amounts():
    features = pd.DataFrame({"p_order": [0.75], "expected_orders": [2.0], "expected_spend": [50.0]})
    np.testing.assert_allclose(CHURN.start(features), np.log(0.25 / 0.75))
    np.testing.assert_allclose(ORDERS.start(features), np.log(2.0))
    np.testing.assert_allclose(SPEND.start(features), np.log(50.0))


def test_losses_are_those_of_lightgbm():
    np.testing.assert_allclose(CHURN.losses(np.array([1.0, 0.0]), np.array([0.0, 0.0])), np.log(2))
    np.testing.assert_allclose(ORDERS.losses(np.array([3.0]), np.array([np.log(2.0)])), 2 - 3 * np.log(2.0))
