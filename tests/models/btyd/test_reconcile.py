"""The rate that a law must have to expect the orders, and the mean of several laws."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import elementwise

from patronage.models.btyd.law import BgNbd, MbgNbd, ParetoNbd
from patronage.models.btyd.mean import BtydMean, fit_btyd
from patronage.models.btyd.reconcile import MOST, reconcile
from patronage.models.btyd.roots import TOLERANCE, End, roots

LAWS = [BgNbd(0.5, 40.0, 0.8, 2.5), MbgNbd(0.6, 50.0, 0.6, 1.2), ParetoNbd(0.6, 80.0, 0.4, 40.0)]
PEOPLE = pd.DataFrame(
    {"frequency": [0.0, 1, 5, 40], "recency": [0.0, 30, 200, 290], "T": [100.0, 300, 250, 300]}, index=list("abcd")
)


def expected(law, people: pd.DataFrame = PEOPLE, factor: pd.Series | float = 1.0) -> np.ndarray:
    return law.expected_orders(90, *(people[name].to_numpy() for name in PEOPLE), np.asarray(factor, float))


@pytest.mark.parametrize("law", LAWS, ids=lambda law: type(law).__name__)
def test_with_its_factor_the_law_expects_what_is_wanted(law):
    wanted = expected(law) * [0.5, 1.0, 1.3, 0.9]
    read, factor = reconcile(law, 90, PEOPLE, wanted)
    np.testing.assert_allclose(expected(law, read, factor), wanted, rtol=1e-6)
    assert factor["b"] == pytest.approx(1, rel=1e-6)
    assert read is PEOPLE


@pytest.mark.parametrize("law", LAWS, ids=lambda law: type(law).__name__)
def test_who_is_gone_by_the_law_but_orders_is_likelier_alive(law):
    """Forty orders in 100 days, then 200 of silence: no factor on a rate makes one order of somebody who is gone."""
    gone = PEOPLE.loc[["d"]].assign(recency=100.0)
    was = law.p_alive(*(gone[name].to_numpy() for name in gone))
    assert was[0] * law.expected_if_alive(90, gone["frequency"], gone["T"], MOST)[0] < 1
    read, factor = reconcile(law, 90, gone, np.ones(1))
    assert factor["d"] == pytest.approx(MOST)
    assert 100 < read.loc["d", "recency"] < 300
    np.testing.assert_allclose(expected(law, read, factor), 1, rtol=1e-6)


def test_roots_are_scipys_to_the_last_bit():
    rng = np.random.default_rng(0)
    bend, target = rng.uniform(0.1, 3, 300), rng.uniform(-3, 3, 300)

    def excess(x, bend, target):
        return np.sinh(bend * x) - target

    low, high = np.full(300, -20.0), np.full(300, 20.0)
    tolerances = {"xatol": TOLERANCE, "fatol": 0.0}
    asked = elementwise.find_root(excess, (low, high), args=(bend, target), tolerances=tolerances)
    ends = (End(end, excess(end, bend, target)) for end in (low, high))
    found = roots(lambda x, rows: excess(x, bend[rows], target[rows]), *ends)
    assert (found == asked.x).all()


@pytest.mark.parametrize("law", LAWS, ids=lambda law: type(law).__name__)
def test_no_factor_leaves_its_bounds(law):
    everything, nothing = (reconcile(law, 90, PEOPLE, np.full(4, wanted)) for wanted in (1e6, 0.0))
    np.testing.assert_allclose(everything.multiplier, MOST)
    np.testing.assert_allclose(everything.features["recency"], PEOPLE["T"])
    np.testing.assert_allclose(nothing.multiplier, 1 / MOST)
    np.testing.assert_allclose(nothing.features["recency"], PEOPLE["recency"])


def test_btyd_is_the_mean_of_its_laws_and_comes_back_from_disk(tmp_path):
    rng = np.random.default_rng(1)
    x = rng.negative_binomial(0.7, 0.3, 800).astype(float)
    recency = np.where(x > 0, rng.uniform(0.3, 1, 800) * 300, 0.0)
    people = pd.DataFrame({"frequency": x, "recency": recency, "T": 320.0})
    people["monetary_value"] = np.where(x > 0, rng.gamma(4, 10, 800), 0.0)
    both = fit_btyd(people, ("bg_nbd", "mbg_nbd"))
    singles = [BtydMean({name: law}, both.spend_law).expect(people, 60) for name, law in both.laws.items()]
    said = both.expect(people, 60)
    np.testing.assert_allclose(said, (singles[0] + singles[1]) / 2, rtol=1e-12)
    both.save(tmp_path)
    pd.testing.assert_frame_equal(BtydMean.load(tmp_path).expect(people, 60), said, check_exact=True)
