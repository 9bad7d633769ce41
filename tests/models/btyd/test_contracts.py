"""The sBG has the published numbers of Fader and Hardie (2007), and its values are those of the same distribution."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import patronage as pt
from patronage.errors import DataError, FitError
from patronage.models.btyd.contracts import ShiftedBetaGeometric, fit_contracts

# % of customers who survive seven years, and years 8 to 12, which are not fitted (Fader and Hardie 2007, Table 1)
REGULAR = [63.1, 46.8, 38.2, 32.6, 28.9, 26.2, 24.1], [22.3, 20.7, 19.4, 18.3, 17.3]
HIGH_END = [86.9, 74.3, 65.3, 59.3, 55.1, 51.7, 49.1], [46.8, 44.5, 42.7, 40.9, 39.4]


def customers(survivors: list[float]) -> tuple[np.ndarray, np.ndarray]:
    """A thousand customers: how often each renewed, and whether the contract was cancelled then."""
    left = -np.diff([1000, *(10 * share for share in survivors)])
    counts = np.round([*left, 10 * survivors[-1]]).astype(int)
    renewed = np.repeat(np.arange(len(counts)), counts)
    return renewed, renewed < len(survivors)


@pytest.mark.parametrize(
    ("survivors", "alpha", "beta"), [(REGULAR, 0.704, 1.182), (HIGH_END, 0.668, 3.806)], ids=["regular", "high_end"]
)
def test_fader_and_hardie_2007(survivors, alpha, beta):
    fitted, later = survivors
    law = fit_contracts(*customers(fitted))
    assert (round(law.alpha, 3), round(law.beta, 3)) == (alpha, beta)
    ahead = 100 * law.survival(np.arange(8, 13))
    assert ahead == pytest.approx(later, abs=2.5)  # the paper's forecast runs a little high, and close


def test_survival_is_the_product_of_retentions():
    law = ShiftedBetaGeometric(0.7, 1.2)
    assert law.survival(4) == pytest.approx(np.prod(law.retention(np.arange(4))))
    assert law.survival(3, 5) == pytest.approx(law.survival(8) / law.survival(5))
    ended = np.exp(law.log_likelihood(np.arange(2000), np.ones(2000, dtype=bool))).sum()
    assert ended + law.survival(2000) == pytest.approx(1)


def test_values_are_those_of_the_renewals():
    renewed, cancelled = customers(REGULAR[0])
    X = pd.DataFrame({"renewals": renewed, "period_payment": 10.0})
    model = pt.Contracts(period_days=365, horizon_periods=3, discount_rate=0.1).fit(X, cancelled)
    running = pd.DataFrame({"renewals": [0, 7], "period_payment": [10.0, 20.0]}, ["new", "old"])
    predicted = model.predict(running)
    survival = model.law_.survival([1, 2, 3], 0)
    assert predicted.loc["new", "expected_renewals"] == pytest.approx(survival.sum())
    assert predicted.loc["new", "expected_remaining_months"] == pytest.approx(12 * survival.sum())
    assert predicted.loc["new", "contract_value"] == pytest.approx(10 * survival @ [1 / 1.1, 1 / 1.21, 1 / 1.331])
    assert predicted.loc["old", "p_renewal"] > predicted.loc["new", "p_renewal"]
    low, high = predicted["contract_value_low"], predicted["contract_value_high"]
    assert (low <= predicted["median_contract_value"]).all()
    assert (predicted["median_contract_value"] <= high).all()
    assert list(model.predict(running[["renewals"]])) == list(predicted)[:5]


def test_intervals_cover_simulated_contracts():
    rng = np.random.default_rng(1)
    leaves = rng.beta(0.9, 6, 20_000)
    life = rng.geometric(leaves) - 1  # renewals before the cancellation
    renewed, cancelled = np.minimum(life, 6), life < 6
    model = pt.Contracts(horizon_periods=24).fit(pd.DataFrame({"renewals": renewed}), cancelled)
    predicted = model.predict(pd.DataFrame({"renewals": [6]})).iloc[0]
    later = np.minimum(life[~cancelled] - 6, 24)
    inside = (later >= predicted["expected_renewals_low"]) & (later <= predicted["expected_renewals_high"])
    assert inside.mean() >= 0.79
    assert predicted["expected_renewals"] == pytest.approx(later.mean(), rel=0.03)


def test_what_cannot_be_fitted_is_refused():
    with pytest.raises(FitError, match="0 cancellations and 2 renewals among 2"):
        fit_contracts([1, 2], [False, False])
    with pytest.raises(DataError, match="Contracts: X lacks renewals; expected a frame of contracts"):
        pt.Contracts().fit(pd.DataFrame({"age": [1]}), [True])
    with pytest.raises(DataError, match="1 values of renewals"):
        pt.Contracts().fit(pd.DataFrame({"renewals": [1.5, 2]}), [True, False])
    for y, what in ((["True", "False"], "what is no number"), ([2, 1], r"\[1. 2.\]; expected 1 \(cancelled\)")):
        with pytest.raises(DataError, match=f"y holds {what}"):
            pt.Contracts().fit(pd.DataFrame({"renewals": [1, 2]}), y)
