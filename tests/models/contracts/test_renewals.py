from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from json import dumps, loads

import numpy as np
import pandas as pd
import pytest

from patronage.errors import FitError
from patronage.labels import LabelledSnapshot
from patronage.models.btyd.contracts import ShiftedBetaGeometric
from patronage.models.contracts.renewals import RenewalLaw

PLANS = {30.44: (10.0, 0.8, 8.0), 365.25: (90.0, 1.5, 3.0)}
DAYS = 90


def contracts(seed: int = 0, n: int = 8000, *, any_day: bool = False) -> LabelledSnapshot:
    """Contracts that run at a cutoff, of two plans with known alpha and beta, and who cancels in the window."""
    rng = np.random.default_rng(seed)
    parts = []
    for period, (payment, alpha, beta) in PLANS.items():
        theta, age = rng.beta(alpha, beta, n), rng.uniform(1, 1200, n)
        renewed = np.floor(age / period)
        alive = rng.uniform(size=n) < (1 - theta) ** renewed
        due = period - age % period
        met = np.maximum(np.ceil((DAYS - due) / period), 0)
        left = rng.uniform(size=n) < 1 - (1 - theta) ** (DAYS / period if any_day else met)
        features = pd.DataFrame(
            {
                "contract_days": age,
                "contract_payments": renewed + 1,
                "contract_gap_days": np.where(renewed > 0, period, np.nan),
                "days_since_payment": age % period,
                "contract_payment": payment,
            }
        )
        parts.append(features.assign(churned=left.astype(float))[alive])
    frame = pd.concat(parts, ignore_index=True)
    return LabelledSnapshot(datetime(2024, 1, 1), DAYS, frame.drop(columns="churned"), frame[["churned"]])


@pytest.fixture(scope="module")
def law() -> RenewalLaw:
    return RenewalLaw.fit([contracts()])


def test_the_planted_law_of_each_plan_is_recovered(law):
    assert law.periods == tuple(PLANS)
    assert not law.any_day
    for (_, alpha, beta), *fitted in zip(PLANS.values(), law.alphas, law.betas, strict=True):
        renewed = np.arange(3)
        true, found = ShiftedBetaGeometric(alpha, beta), ShiftedBetaGeometric(*fitted)
        np.testing.assert_allclose(found.retention(renewed), true.retention(renewed), atol=0.03)


def test_the_risk_is_that_of_the_renewals_in_the_window(law):
    later = contracts(1)
    p, churned = law.p_cancel(later.features, DAYS), later.labels["churned"]
    met = law.renewals(later.features).within(DAYS)
    yearly = law.plan(later.features) == 1
    assert p[met == 0].max(initial=0) < 1e-3
    for rows in (yearly & (met == 1), ~yearly):
        assert abs(p[rows].mean() - churned[rows].mean()) < 0.03
    assert law.p_cancel(later.features, 30).sum() < p.sum() < law.p_cancel(later.features, 180).sum()


def test_a_contract_that_was_paid_once_has_the_plan_of_its_payment(law):
    once = pd.DataFrame(
        {
            "contract_days": [10.0, 10.0],
            "contract_gap_days": np.nan,
            "days_since_payment": [10.0, 10.0],
            "contract_payment": [11.0, 80.0],
        }
    )
    assert law.renewals(once).due.round().tolist() == [20, 355]
    assert law.renewals(once).within(90).tolist() == [3, 0]


def test_cancellations_on_any_day_are_told_from_those_at_renewals():
    law = RenewalLaw.fit([contracts(any_day=True)])
    later = contracts(1, any_day=True)
    assert law.any_day
    assert abs(law.p_cancel(later.features, DAYS).mean() - later.labels["churned"].mean()) < 0.02


def test_json_holds_it_and_without_a_second_payment_there_is_none(law):
    assert RenewalLaw.of(loads(dumps(asdict(law)))) == law
    one = contracts(n=50)
    unpaid = LabelledSnapshot(one.cutoff, DAYS, one.features.assign(contract_gap_days=np.nan), one.labels)
    with pytest.raises(FitError, match="no contract was paid twice"):
        RenewalLaw.fit([unpaid])
