from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from patronage import names as c
from patronage.errors import FitError
from patronage.models.btyd import mean
from patronage.models.btyd.covariates import fit_effects
from patronage.models.btyd.fit import fit_orders
from patronage.models.btyd.heavy import among_ordinary
from patronage.models.btyd.mean import BTYD_COLUMNS, BtydMean, fit_btyd
from patronage.models.btyd.summary import Summary

NAMES = ("bg_nbd", "mbg_nbd")


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


@pytest.mark.slow
def test_predicts_the_mean_of_its_laws(btyd, customers):
    predicted = btyd.predict(customers, 60, 1.2)
    assert tuple(predicted) == BTYD_COLUMNS
    by_law = [BtydMean({name: law}, btyd.spend_law).predict(customers, 60, 1.2) for name, law in btyd.laws.items()]
    for name in BTYD_COLUMNS:
        np.testing.assert_allclose(predicted[name], (by_law[0][name] + by_law[1][name]) / 2, rtol=1e-12)


def test_a_rate_is_a_factor_on_every_order_rate(btyd, customers):
    assert (btyd.predict(customers, 60, 1.2)[c.P_ORDER] > btyd.predict(customers, 60)[c.P_ORDER]).all()
    assert (btyd.predict(customers, 60, 0.0)[c.EXPECTED_ORDERS] == 0).all()


@pytest.mark.slow
def test_saved_and_loaded_is_equal(btyd, tmp_path):
    btyd.save(tmp_path)
    assert BtydMean.load(tmp_path) == btyd


def test_without_any_law_the_message_is_the_first_ones(customers):
    with pytest.raises(FitError, match=r"^bg_nbd: found 800 customers and no repeat order"):
        fit_btyd(customers.assign(**{c.FREQUENCY: 0.0}), ("bg_nbd", "mbg_nbd"))


@pytest.fixture(scope="module")
def branches(customers) -> pd.DataFrame:
    """Customers of two branches, of whom one orders more; the last outweighs all others."""
    branch = np.where(customers[c.FREQUENCY] > np.random.default_rng(2).uniform(0, 6, len(customers)), "a", "b")
    frame = customers.assign(branch=branch)
    frame.loc[len(frame) - 1, [c.FREQUENCY, c.RECENCY, c.MONETARY_VALUE]] = 5000.0, 300.0, 10.0
    return frame


@pytest.fixture(scope="module")
def with_effects(branches) -> BtydMean:
    return fit_btyd(branches, NAMES, covariates=("branch",))


class TestWithCovariates:
    """Each law has effects of its own, of the customers who do not outweigh the others."""

    @pytest.mark.slow
    def test_laws_and_effects_are_those_of_each_law_alone(self, with_effects, branches):
        ordinary = among_ordinary(branches, ["branch"])
        assert len(ordinary[c.T]) == len(branches) - 1
        for name in NAMES:
            alone, _ = fit_orders(name, *Summary.of(ordinary))
            law, effects = fit_effects(name, alone, ordinary, ("branch",))
            assert with_effects.laws[name] == law
            assert with_effects.effects[name] == effects
        assert with_effects.effects["bg_nbd"] != with_effects.effects["mbg_nbd"]

    @pytest.mark.slow
    def test_a_customer_is_predicted_by_the_law_of_the_branch(self, with_effects, branches):
        some = branches.iloc[[5, 1, 3, 8, 2]].assign(branch=["a", "b", "a", "b", "c"])
        predicted = with_effects.predict(some, 30)
        for at, branch in enumerate(some["branch"]):
            expected, orders = [], []
            for name in NAMES:
                rate, leaving = (float(np.exp(each[at])) for each in with_effects.effects[name].log_factors(some))
                law = with_effects.laws[name].moved(rate, leaving)
                customer = [some[each].iloc[at] for each in (c.FREQUENCY, c.RECENCY, c.T)]
                expected.append(law.p_order(30, *customer))
                orders.append(law.expected_orders(30, *customer))
            assert predicted[c.P_ORDER][at] == pytest.approx(np.mean(expected), rel=1e-9), branch
            assert predicted[c.EXPECTED_ORDERS][at] == pytest.approx(np.mean(orders), rel=1e-9), branch

    def test_saved_and_loaded_is_equal(self, with_effects, tmp_path):
        with_effects.save(tmp_path)
        assert BtydMean.load(tmp_path) == with_effects


def test_the_spend_is_that_of_the_own_orders(btyd, customers):
    """Who ordered often is nearly worth the own mean, who ordered once nearly that of all."""
    two = customers.iloc[[0, 0]].assign(**{c.FREQUENCY: [1.0, 200.0], c.RECENCY: 300.0, c.MONETARY_VALUE: 400.0})
    predicted = btyd.predict(two, 60)
    once, often = predicted[c.EXPECTED_SPEND] / predicted[c.EXPECTED_ORDERS]
    assert once < 300 < 380 < often < 400


def test_a_law_without_an_optimum_is_left_out_and_named(customers, monkeypatch, caplog):
    def fit(name, *summary):
        if name == "mbg_nbd":
            raise FitError("mbg_nbd ran away")
        return fit_orders(name, *summary)

    monkeypatch.setattr(mean, "fit_orders", fit)
    with caplog.at_level("WARNING"):
        assert list(fit_btyd(customers, ("mbg_nbd", "bg_nbd")).laws) == ["bg_nbd"]
    assert caplog.messages == ["left out of the mean of BTYD laws: mbg_nbd ran away"]
