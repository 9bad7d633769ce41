from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from patronage.models.contracts.contract_model import ContractModel, ContractValue
from patronage.models.contracts.renewals import RenewalLaw
from patronage.models.ensemble.encoding import Encoding

PLANS = {"periods": (30.44, 365.25), "payments": (10.0, 90.0), "alphas": (0.8, 1.5), "betas": (8.0, 3.0), "usual": 0}
MODEL = ContractModel(
    law=RenewalLaw(**PLANS),
    encoding=Encoding((), {}),
    booster=None,
    level=0.0,
    slope=1.0,
    window_days=90,
    horizon_days=90,
    usual=-2.0,
    medians={"days_since_payment": 15.0},
    value=ContractValue(horizon_days=365, discount_rate=0.1, margin=1.0, level=0.8),
)
# A monthly contract renewed six times and due in 20.44 days, a yearly one due in 200.25 days, and none.
FEATURES = pd.DataFrame(
    {
        "contract_days": [192.64, 165.0, np.nan],
        "contract_gap_days": [30.44, np.nan, np.nan],
        "days_since_payment": [10.0, 165.0, np.nan],
        "contract_payment": [10.0, 90.0, np.nan],
    },
    index=["monthly", "yearly", "none"],
)


def test_value_by_hand():
    columns = MODEL.columns(FEATURES)
    assert all(np.isnan(values[2]) for values in columns.values())
    yearly = 3.0 / 4.5  # beta / (alpha + beta)
    assert columns["p_renewal"][1] == pytest.approx(yearly)
    assert columns["clv"][1] == pytest.approx(90 * yearly * 1.1 ** (-200.25 / 365))
    months = (200.25 + yearly * (365 - 200.25)) / (365 / 12)
    assert columns["expected_remaining_months"][1] == pytest.approx(months)
    assert columns["churn_probability"][1] == pytest.approx(1e-4)  # no renewal within 90 days
    assert (columns["clv_low"][:2] <= columns["clv"][:2]).all()
    assert (columns["clv"][:2] <= columns["clv_high"][:2]).all()


def test_intervals_hold_simulated_futures():
    rng = np.random.default_rng(0)
    theta = rng.beta(0.8, 8.0 + 6, 20_000)  # of a customer who renewed six times
    due = 20.44 + 30.44 * np.arange(12)
    due = due[due < 365]
    stays = rng.uniform(size=(len(theta), len(due))) > theta[:, None]
    paid = np.cumprod(stays, axis=1)
    worth = 10 * (paid * 1.1 ** (-due / 365)).sum(axis=1)
    columns = MODEL.columns(FEATURES)
    assert columns["clv"][0] == pytest.approx(worth.mean(), rel=0.02)
    inside = (worth >= columns["clv_low"][0] - 1e-6) & (worth <= columns["clv_high"][0] + 1e-6)
    assert inside.mean() >= 0.79
    assert columns["median_clv"][0] == pytest.approx(np.median(worth), rel=0.02)


def test_only_contracts_that_run_are_replaced_and_reasons_are_words():
    forecast = {
        "churn_probability": np.full(3, 0.5),
        "clv": np.full(3, 7.0),
        "churn_reasons": np.array(["x"] * 3, object),
    }
    columns = MODEL.replace_in(forecast, FEATURES, reasons=True)
    assert columns["clv"][2] == 7.0
    assert columns["churn_probability"][2] == 0.5
    assert columns["churn_reasons"][2] == "x"
    assert columns["churn_reasons"][0].startswith(("+", "-", "nothing"))


def test_saved_and_loaded_it_is_equal(tmp_path):
    MODEL.save(tmp_path)
    assert ContractModel.load(tmp_path) == MODEL
