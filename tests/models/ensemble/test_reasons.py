"""Reasons add up to the score, and are words."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd
import pytest
from scipy.special import logit

from patronage.config import ChurnConfig
from patronage.labels import LabelledSnapshot
from patronage.models.ensemble.ensemble import Ensemble
from patronage.models.ensemble.fitting import fit_ensemble
from patronage.models.ensemble.reasons import RHYTHM

COLUMNS = ["lateness", "weekend_share", "mean_gap_days"]


def snapshot(day: int, n: int = 1200, days: int = 30) -> LabelledSnapshot:
    """Customers who are late churn."""
    rng = np.random.default_rng(day)
    index = pd.Index([f"c{i}" for i in range(n)], name="customer_id")
    features = pd.DataFrame({"lateness": rng.gamma(2, 1, n), "weekend_share": rng.uniform(size=n)}, index=index)
    features["mean_gap_days"] = 11.0
    p = 1 / (1 + np.exp(2 - features["lateness"]))
    churned = (rng.uniform(size=n) < p).astype(float)
    orders = np.where(churned == 1, 0.0, 2.0)
    p_order = np.clip(0.7 - 0.1 * features["lateness"], 0.05, 0.95) * (days / 30) ** 0.2
    features = features.assign(p_order=p_order, expected_orders=2 * p_order, expected_spend=9 * p_order)
    return LabelledSnapshot(
        datetime(2024, 1, day),
        days,
        features,
        pd.DataFrame({"orders": orders, "spend": 5 * orders, "churned": churned}, index),
    )


@pytest.fixture(scope="module")
def fitted() -> Ensemble:
    config = ChurnConfig(members=dict.fromkeys(("btyd", "features", "offset"), True), bands={"all": 1.0})
    training = [snapshot(day) for day in (3, 2)]
    return fit_ensemble(training, snapshot(9).features, COLUMNS, config, seed=0).ensemble


@pytest.mark.parametrize("far", [None, snapshot(9, days=60).features], ids=["within the window", "beyond it"])
def test_they_add_up_to_the_mean_log_odds(fitted, far):
    features = snapshot(9).features
    contributions = fitted.contributions(features, far)
    members = [logit(prediction) for prediction in fitted.churn.predict(features, far).values()]
    np.testing.assert_allclose(contributions.score, np.mean(members, axis=0), rtol=1e-9, atol=1e-9)
    assert set(contributions.parts) == {RHYTHM, *COLUMNS}
    assert not np.allclose(contributions.parts["lateness"], 0)


def test_in_words_lateness_raises_the_risk_and_punctuality_lowers_it(fitted):
    features = snapshot(9).features
    reasons = pd.Series(fitted.churn_reasons(features), features.index)
    late, early = features["lateness"].idxmax(), features["lateness"].idxmin()
    days = features.loc[late, "lateness"] * 11
    assert f"+ {days:.0f} days since the last order against the usual 11" in reasons[late]
    assert "- " in reasons[early]
    assert reasons.str.count(r"(?:^|; )\+ ").max() <= 3
    assert reasons.str.count(r"(?:^|; )- ").max() == 1
    assert reasons.notna().all()
