from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from patronage.models.targets.act_law import ActLaw, terms_of

TERMS = terms_of("event_up")


def customers(n: int, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    days = rng.poisson(1.0, n).astype(float)
    return pd.DataFrame(
        {
            "days_with_event_up": days,
            "recent_days_with_event_up": np.minimum(days, 1),
            "days_since_event_up": np.where(days > 0, rng.uniform(1, 300, n), np.nan),
            "n_orders": rng.poisson(2, n).astype(float),
            "days_since_last_order": rng.uniform(1, 300, n),
            "tenure_days": rng.uniform(1, 300, n),
        }
    )


def test_a_planted_law_is_recovered():
    features = customers(20_000)
    p = expit(-2 + 1.5 * np.log1p(features["days_with_event_up"]))
    y_true = (np.random.default_rng(1).uniform(size=len(p)) < p).astype(float)
    raw = ActLaw.fit(TERMS, features, y_true).raw(features)
    assert np.abs(expit(raw) - p).mean() < 0.02


@pytest.mark.parametrize("done", [0, 4, 496, 500])
def test_too_few_on_one_side_leave_the_rate(done):
    features, y_true = customers(500), np.zeros(500)
    y_true[:done] = 1
    law = ActLaw.fit(TERMS, features, y_true)
    np.testing.assert_allclose(expit(law.raw(features)), np.clip(done / 500, 1e-4, 1 - 1e-4))


def test_parts_add_up():
    features = customers(300)
    law = ActLaw.fit(TERMS, features, (features["n_orders"] > 2).to_numpy(float))
    total = law.intercept + np.sum(list(law.parts(features).values()), axis=0)
    np.testing.assert_allclose(total, law.raw(features))
