"""Which child of a sweep is called best: only one that is better by more than chance, by a metric that it can move."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from patronage.review.sweep_verdict import best_child, deciding_metric


def evaluation(p_churn: float, *, customers: int = 200) -> pd.DataFrame:
    """Of ten customers nine churn, and all are given one probability."""
    ids = [f"c{i}" for i in range(customers)]
    churned = (np.arange(customers) % 10 > 0).astype(float)
    return pd.DataFrame(
        {
            "customer_id": ids,
            "churned": churned,
            "churn_probability": p_churn,
            "orders": 1 - churned,
            "journey_p_order": 0.1,
            "spend": 10.0,
            "expected_spend": 10.0 + p_churn,
        }
    )


@pytest.mark.parametrize(
    ("overrides", "metric"),
    [
        (["churn=btyd"], "churn/log_loss"),
        (["personas.k=3", "personas=gmm"], "personas/later_behaviour"),
        (["+clv.covariates=[a]"], "clv/spend_rmse"),
        (["journey.period_days=7"], "journey/log_loss"),
        (["personas.k=3", "churn=btyd"], "churn/log_loss"),
        (["seed=1"], "churn/log_loss"),
        ([], "churn/log_loss"),
    ],
)
def test_a_sweep_is_judged_by_what_its_keys_can_move(overrides, metric):
    assert deciding_metric(overrides) == metric


def test_the_better_is_best_where_its_interval_excludes_zero():
    best, sentence = best_child({"a": evaluation(0.9), "b": evaluation(0.5)}, "churn/log_loss")
    assert best == "a"
    assert "by more than its 95% interval" in sentence


def test_a_tie_has_no_best():
    assert best_child({"a": evaluation(0.9), "b": evaluation(0.9)}, "churn/log_loss")[0] is None
    best, sentence = best_child({"a": evaluation(0.9), "b": evaluation(0.91)}, "churn/log_loss")
    assert best is None
    assert "differ by less than their 95% interval" in sentence


def test_other_customers_cannot_be_compared():
    best, sentence = best_child({"a": evaluation(0.9), "b": evaluation(0.5, customers=100)}, "churn/log_loss")
    assert best is None
    assert "on other customers" in sentence


def test_a_single_child_and_a_sweep_of_personas_have_no_best():
    assert best_child({"a": evaluation(0.9)}, "churn/log_loss")[0] is None
    assert best_child({"a": evaluation(0.9), "b": evaluation(0.5)}, "personas/later_behaviour")[0] is None


def test_spend_is_judged_by_its_squared_error():
    assert best_child({"a": evaluation(0.1), "b": evaluation(0.5)}, "clv/spend_rmse")[0] == "a"
