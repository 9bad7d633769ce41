from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from patronage import names as c
from patronage.errors import FitError
from patronage.models.btyd import clv
from patronage.models.btyd.law import BgNbd, ParetoNbd
from patronage.training.choice import ranked

SETTINGS = {"horizon_days": 180, "value_horizon_days": 365, "discount_rate": 0.1, "margin": 1.0, "level": 0.8}


def customers(law, live, size=4000):
    lives = live(law, size, 400.0, 180.0, np.random.default_rng(2))
    features = pd.DataFrame(
        {c.FREQUENCY: lives.x, c.RECENCY: lives.t_x, c.T: 400.0, c.MONETARY_VALUE: np.where(lives.x > 0, 10.0, 0.0)}
    )
    return features, pd.Series(lives.later)


@pytest.mark.parametrize(
    ("truth", "law"), [("pareto_nbd", ParetoNbd(0.6, 40, 0.4, 20)), ("bg_nbd", BgNbd(0.6, 15, 0.3, 0.5))]
)
def test_finds_the_law_that_the_customers_live_by(truth, law, live):
    features, orders = customers(law, live)
    found = ranked(
        lambda name: clv.fit(features, model=name, **SETTINGS), ("mbg_nbd", "pareto_nbd", "bg_nbd"), features, orders
    )
    assert found[0].model == truth
    assert (found[0].behind, found[0].standard_error) == (0, 0)
    assert found[1].behind == pytest.approx(found[1].log_score - found[0].log_score)


def test_the_score_is_the_log_of_the_mass(cdnow):
    """Two customers by hand."""
    model = clv.fit(cdnow, model="bg_nbd", **SETTINGS)
    certain = replace(model, orders_fit=replace(model.orders_fit, covariance=None))
    two, orders = cdnow.iloc[:2], pd.Series([0, 2], index=cdnow.index[:2])
    (found,) = ranked(lambda name: certain, ("bg_nbd",), two, orders)
    mass = certain.law.pmf(orders, 180, *(two[name] for name in model.columns[:3]))
    assert found.log_score == pytest.approx(-np.log(mass).mean(), rel=1e-9)


def test_one_without_a_fit_comes_last_and_says_why(cdnow):
    model = clv.fit(cdnow, model="bg_nbd", **SETTINGS)

    def fit(name):
        if name == "pareto_nbd":
            raise FitError("pareto_nbd: found no optimum")
        return model

    found = ranked(fit, ("pareto_nbd", "bg_nbd", "mbg_nbd"), cdnow, pd.Series(0, index=cdnow.index))
    assert [one.model for one in found] == ["bg_nbd", "mbg_nbd", "pareto_nbd"]
    assert found[-1].refused == "pareto_nbd: found no optimum"
