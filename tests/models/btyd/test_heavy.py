"""One customer cannot move the others: limits by hand, and fits that stay what they were."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from patronage import names as c
from patronage.config import ClvConfig
from patronage.models.btyd import clv
from patronage.models.btyd.heavy import Ordinary, limit, ordinary
from patronage.models.btyd.mean import fit_btyd


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1.0] * 99 + [50.0], 3.0),  # the second largest, three times; the others have 99 in all
        ([1.0] * 999 + [50.0], 9.99),  # a hundredth of what the others have
        ([0.0, 5.0], np.inf),  # one customer is not many
        ([2.0, 5.0], 6.0),
    ],
)
def test_the_limit_by_hand(values, expected):
    assert limit(values) == pytest.approx(expected)


def test_nobody_stands_out_of_a_common_law():
    assert not ordinary(simulated()).outweighing(simulated()).any()
    assert not Ordinary().outweighing(simulated()).any()


@pytest.mark.parametrize(("heavy", "outweighs", "leads"), [((30.0, 400.0), False, True), ((30.0, 4000.0), True, False)])
def test_who_brings_much_by_orders_and_their_value_together_leads(heavy, outweighs, leads):
    """A wholesaler of usual orders and usual values, but of many dear ones."""
    row = {c.FREQUENCY: heavy[0], c.RECENCY: 695.0, c.T: 699.0, c.MONETARY_VALUE: heavy[1]}
    n = 1500
    others = pd.DataFrame({c.FREQUENCY: 2.0, c.RECENCY: 100.0, c.T: 699.0, c.MONETARY_VALUE: 40.0}, index=range(n))
    others.iloc[: n // 50, 0], others.iloc[n // 50 : n // 25, 3] = 20.0, 200.0  # some order often, some order dear
    features = pd.concat([others, pd.DataFrame([row])], ignore_index=True)
    limits = ordinary(features)
    assert limits.revenue == pytest.approx(3 * 800)  # 20 orders of 40: the 99 % quantile of revenue
    assert limits.outweighing(features)[-1] == outweighs
    assert limits.leading(features)[-1] == leads
    assert not limits.leading(features)[:-1].any()


@pytest.mark.slow
@pytest.mark.parametrize("heavy", [(690.0, 30.0), (5.0, 4000.0)], ids=["20,000 orders", "a wholesaler"])
def test_one_heavy_customer_moves_no_fit_of_the_others(heavy):
    features = simulated()
    row = {c.FREQUENCY: heavy[0], c.RECENCY: 695.0, c.T: 699.0, c.MONETARY_VALUE: heavy[1]}
    with_it = pd.concat([features, pd.DataFrame([row])], ignore_index=True)
    config = ClvConfig()
    models = [clv.fit(frame, config, model="bg_nbd", horizon_days=90) for frame in (features, with_it)]
    alone, beside = (pd.DataFrame(model.predict(with_it)) for model in models)
    pd.testing.assert_frame_equal(alone, beside)
    assert np.isfinite(beside.iloc[-1]).all()
    assert beside.iloc[-1][c.CLV] > beside.iloc[:-1][c.CLV].max()
    assert fit_btyd(features, ("bg_nbd",)) == fit_btyd(with_it, ("bg_nbd",))


def simulated() -> pd.DataFrame:
    rng = np.random.default_rng(2)
    n = 400
    age = rng.integers(60, 700, n).astype(float)
    x = rng.poisson(rng.gamma(0.8, 1 / 60, n) * age).astype(float)
    recency = np.where(x > 0, np.floor(age * rng.beta(np.maximum(x, 1), 1)), 0.0)
    value = np.where(x > 0, rng.gamma(6, 5, n).round(2), 0.0)
    return pd.DataFrame({c.FREQUENCY: x, c.RECENCY: recency, c.T: age, c.MONETARY_VALUE: value})
