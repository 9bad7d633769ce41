"""Covariates move the rate and the leaving of a law as they did in the truth, and nothing moves where there is none."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from patronage import names as c
from patronage.config import ClvConfig
from patronage.errors import DataError
from patronage.models.btyd import clv
from patronage.models.btyd.clv import CLVModel
from patronage.models.btyd.covariates import LEAVING, RATE, fit_effects
from patronage.models.btyd.fit import fit_orders
from patronage.models.btyd.mean import BtydMean, fit_btyd


def simulate_customers(size: int, rate: float, leaving: float, seed: int = 1) -> pd.DataFrame:
    """BG/NBD customers of two channels: those of the web order at exp(rate), and leave with exp(leaving) the odds."""
    rng = np.random.default_rng(seed)
    web = rng.integers(0, 2, size)
    age = rng.integers(60, 400, size).astype(float)
    orders_a_day = rng.gamma(0.8, 1 / 40, size) * np.exp(rate * web)
    leaves = rng.beta(0.8 * np.exp(leaving * web), 2.5)
    x, t_x, now, alive = np.zeros(size), np.zeros(size), np.zeros(size), np.ones(size, dtype=bool)
    while alive.any():
        now = now + rng.exponential(1 / np.maximum(orders_a_day, 1e-9))
        ordered = alive & (now < age)
        x[ordered] += 1
        t_x[ordered] = now[ordered]
        alive = ordered & (rng.uniform(size=size) > leaves)
    return pd.DataFrame(
        {
            c.FREQUENCY: x, c.RECENCY: np.floor(t_x), c.T: age, c.MONETARY_VALUE: np.where(x > 0, 20.0, 0.0),
            "channel": np.where(web == 1, "web", "shop"), "zero": 0.0, "noise": rng.normal(size=size),
            "declared": [f"site\t{'a' if one else 'b'}\n" for one in web],
        }
    )  # fmt: skip


@pytest.fixture(scope="module")
def customers() -> pd.DataFrame:
    return simulate_customers(4000, 0.7, 0.8)


def effect(table: pd.DataFrame, covariate: str, on: str) -> pd.Series:
    (row,) = (one for _, one in table.iterrows() if one["covariate"] == covariate and one["on"] == on)
    return row


def web_beside_shop(table: pd.DataFrame, on: str) -> tuple[float, float, float]:
    row = effect(table, "channel", on)
    low, value, high = (np.log(row[name]) for name in ("low", "factor", "high"))
    return (low, value, high) if row["level"].startswith("web") else (-high, -value, -low)


def test_simulated_effects_are_recovered(customers):
    model = clv.fit(customers, ClvConfig(), model="bg_nbd", horizon_days=90, covariates=["channel", "noise"])
    table = model.effects.table()
    for on, truth in ((RATE, 0.7), (LEAVING, 0.8)):
        low, value, high = web_beside_shop(table, on)
        assert value == pytest.approx(truth, abs=0.2)
        assert low < truth < high
        assert effect(table, "noise", on)["p"] > 0.01
        assert abs(np.log(effect(table, "noise", on)["factor"])) < 0.1


def test_a_covariate_of_zeros_gives_the_plain_fit(customers):
    plain = clv.fit(customers, ClvConfig(), model="bg_nbd", horizon_days=90)
    assert clv.fit(customers, ClvConfig(), model="bg_nbd", horizon_days=90, covariates=["zero"]) == plain


def test_an_attribute_that_was_declared_is_a_covariate_too(customers):
    law, _ = fit_orders("bg_nbd", *(customers[name] for name in (c.FREQUENCY, c.RECENCY, c.T)))
    by_column, by_attribute = (fit_effects("bg_nbd", law, customers, [name])[1] for name in ("channel", "site"))
    assert np.abs(by_attribute.rate) == pytest.approx(np.abs(by_column.rate))
    with pytest.raises(DataError, match="declared attribute colour"):
        fit_effects("bg_nbd", law, customers, ["colour"])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["bg_nbd", "mbg_nbd"])
def test_each_customer_has_the_law_of_its_effects(customers, name, tmp_path):
    some = customers.head(300)
    model = clv.fit(customers, ClvConfig(), model=name, horizon_days=90, covariates=["channel"])
    predicted = model.predict(some)
    for channel in ("web", "shop"):
        rows = np.flatnonzero(some["channel"] == channel)
        rate, leaving = (np.exp(factor[rows[0]]) for factor in model.effects.log_factors(some))
        law = model.law.moved(rate, leaving)
        summary = some.iloc[rows][[c.FREQUENCY, c.RECENCY, c.T]].to_numpy().T
        assert predicted[c.EXPECTED_ORDERS][rows] == pytest.approx(law.expected_orders(90, *summary))
        assert predicted[c.P_ALIVE][rows] == pytest.approx(law.p_alive(*summary))
    assert model.survival(some)(1, slice(None)) == pytest.approx(predicted[c.P_ORDER])
    assert model.total(some).expected == pytest.approx(predicted[c.EXPECTED_ORDERS].sum())
    unknown = model.predict(some.assign(channel=None))
    assert np.isfinite(unknown[c.EXPECTED_ORDERS]).all()
    model.save(tmp_path)
    assert CLVModel.load(tmp_path) == model


@pytest.mark.slow
def test_the_mean_of_laws_knows_effects_and_keeps_them(customers, tmp_path):
    mean = fit_btyd(customers, ("bg_nbd", "mbg_nbd"), covariates=["channel"])
    mean.save(tmp_path)
    expected, again = mean.predict(customers, 90), BtydMean.load(tmp_path).predict(customers, 90)
    assert all((expected[name] == again[name]).all() for name in expected)
    web = (customers["channel"] == "web").to_numpy()
    plain = fit_btyd(customers, ("bg_nbd", "mbg_nbd")).predict(customers, 90)
    assert expected[c.EXPECTED_ORDERS][web].sum() != pytest.approx(plain[c.EXPECTED_ORDERS][web].sum(), rel=0.01)


@pytest.mark.slow
def test_first_spend_on_cdnow_acts_as_abe_2009_published(cdnow_summary):
    """Abe (2009), Table 3: 6.04 [.04, 9.39] of log(rate) and 1.73 [-9.02, 7.90] of log(leaving), per 1,000 dollars."""
    thousands = cdnow_summary[c.FIRST_ORDER_VALUE] / 1000
    features = cdnow_summary.assign(first_spend=thousands)
    table = clv.fit(features, ClvConfig(), model="pareto_nbd", horizon_days=270, covariates=["first_spend"])
    table = table.effects.table()
    rate, leaving = (effect(table, "first_spend", on) for on in (RATE, LEAVING))
    assert 0.04 < rate["coefficient"] < 9.39
    assert rate["coefficient_low"] > 0
    assert -9.02 < leaving["coefficient"] < 7.90
    assert leaving["coefficient_low"] < 0 < leaving["coefficient_high"]
