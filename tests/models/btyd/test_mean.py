from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from patronage import names as c
from patronage.errors import FitError
from patronage.models.btyd.mean import BTYD_COLUMNS, BtydMean, fit_btyd


@pytest.fixture(scope="module")
def customers() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    x = rng.negative_binomial(0.7, 0.3, 800).astype(float)
    recency = np.where(x > 0, rng.uniform(0.3, 1, 800) * 300, 0.0)
    value = np.where(x > 0, rng.gamma(4, 10, 800), 0.0)
    return pd.DataFrame({c.FREQUENCY: x, c.RECENCY: recency, c.T: 320.0, c.MONETARY_VALUE: value})


@pytest.fixture(scope="module")
def btyd(customers) -> BtydMean:
    return fit_btyd(customers, ("bg_nbd", "mbg_nbd"))


def test_predicts_the_mean_of_its_laws(btyd, customers):
    predicted = btyd.predict(customers, 60, 1.2)
    assert tuple(predicted) == BTYD_COLUMNS
    by_law = [BtydMean({name: law}, btyd.spend_law).predict(customers, 60, 1.2) for name, law in btyd.laws.items()]
    for name in BTYD_COLUMNS:
        np.testing.assert_allclose(predicted[name], (by_law[0][name] + by_law[1][name]) / 2, rtol=1e-12)


def test_a_rate_is_a_factor_on_every_order_rate(btyd, customers):
    assert (btyd.predict(customers, 60, 1.2)[c.P_ORDER] > btyd.predict(customers, 60)[c.P_ORDER]).all()
    assert (btyd.predict(customers, 60, 0.0)[c.EXPECTED_ORDERS] == 0).all()


def test_saved_and_loaded_is_equal(btyd, tmp_path):
    btyd.save(tmp_path)
    assert BtydMean.load(tmp_path) == btyd


def test_without_any_law_the_message_is_the_first_ones(customers):
    with pytest.raises(FitError, match=r"^bg_nbd: found 800 customers and no repeat order"):
        fit_btyd(customers.assign(**{c.FREQUENCY: 0.0}), ("bg_nbd", "mbg_nbd"))
