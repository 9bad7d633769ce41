from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from patronage import names as c
from patronage.errors import FitError
from patronage.models.btyd import clv
from patronage.models.btyd.fit import shrunken_mean
from patronage.models.btyd.law import BgNbd
from patronage.models.btyd.spend import GammaGamma, ShrunkenMean
from patronage.training.fallback import OF_ORDERS, OF_VALUE, believed

LAWS = ("bg_nbd", "mbg_nbd", "pareto_nbd")


@pytest.fixture(scope="module")
def fitted(cdnow):
    """By name: the first in the place of all, as only its name matters here."""
    good = clv.fit(
        cdnow, model="mbg_nbd", horizon_days=90, value_horizon_days=365, discount_rate=0.1, margin=1.0, level=0.8
    )

    def fit(name):
        return replace(good, settings=replace(good.settings, model=name))

    return fit


@pytest.fixture(scope="module")
def astray(fitted):
    """BG/NBD foretells far too many orders."""

    def fit(name):
        return replace(fitted(name), law=BgNbd(5.0, 30.0, 0.01, 5.0)) if name == "bg_nbd" else fitted(name)

    return fit


@pytest.fixture(scope="module")
def heavy(fitted):
    """Gamma-Gamma has no mean order value."""
    return lambda name: replace(fitted(name), spend_law=GammaGamma(6.0, 0.9, 15.0))


def test_a_model_that_fits_stays(fitted, cdnow):
    for on_unfit in ("switch", "abstain", "fail"):
        assert believed(fitted, cdnow, LAWS, on_unfit) == fitted("bg_nbd")


def test_the_next_law_takes_the_place_of_one_that_does_not_track(astray, cdnow):
    found = believed(astray, cdnow, LAWS, "switch")
    assert found.settings.model == "mbg_nbd"
    (deed,) = found.deeds
    assert (deed.finding, deed.deed, deed.silent) == ("does_not_track", "switched", ())
    assert deed.said.startswith("mbg_nbd in the place of bg_nbd: the law gives ")
    (of, reason), *_ = found.flags(cdnow)
    assert of.all()
    assert reason == f"clv switched: {deed.said}"


def test_or_of_one_without_a_fit(fitted, cdnow):
    def fit(name):
        if name != "pareto_nbd":
            raise FitError(f"{name}: found no optimum")
        return fitted(name)

    found = believed(fit, cdnow, LAWS, "switch")
    assert found.settings.model == "pareto_nbd"
    assert [deed.finding for deed in found.deeds] == ["no_fit", "no_fit"]
    for on_unfit, laws in (("abstain", LAWS), ("fail", LAWS), ("switch", LAWS[:2])):
        with pytest.raises(FitError, match="found no optimum"):
            believed(fit, cdnow, laws, on_unfit)


def test_a_law_that_is_unfit_gives_no_value(astray, cdnow):
    for laws, on_unfit in ((LAWS, "abstain"), (LAWS[:1], "switch")):
        found = believed(astray, cdnow, laws, on_unfit)
        said = found.shipped(found.predict(cdnow))
        assert said[list(OF_ORDERS)].isna().all(axis=None)
        assert said[c.P_ORDER].notna().all()
        assert found.flags(cdnow)[0][1].startswith("clv abstained: no value: the law gives ")
    with pytest.raises(FitError, match=r"^bg_nbd is unfit: the law gives .*; or let it abstain: clv.on_unfit=abstain$"):
        believed(astray, cdnow, LAWS, "fail")


def test_no_other_law_helps_where_hardly_anyone_ordered_again(fitted, cdnow):
    again = cdnow[c.FREQUENCY] > 0
    few = pd.concat([cdnow[again].head(20), cdnow[~again].head(80)])
    found = believed(fitted, few, LAWS, "switch")
    assert found.settings.model == "bg_nbd"
    assert ("few_repeat_customers", "abstained") in [(deed.finding, deed.deed) for deed in found.deeds]


def test_a_shrunken_mean_takes_the_place_of_gamma_gamma(heavy, cdnow):
    found = believed(heavy, cdnow, LAWS, "switch")
    assert found.spend_law == shrunken_mean(cdnow[c.FREQUENCY], cdnow[c.MONETARY_VALUE])
    assert [deed.finding for deed in found.deeds] == ["no_mean_order_value"]
    abstained = believed(heavy, cdnow, LAWS, "abstain")
    said = abstained.shipped(abstained.predict(cdnow))
    assert said[list(OF_VALUE)].isna().all(axis=None)
    assert said.drop(columns=list(OF_VALUE)).notna().all(axis=None)


def test_what_was_done_is_saved(heavy, cdnow, tmp_path):
    for on_unfit in ("switch", "abstain"):
        found = believed(heavy, cdnow, ("mbg_nbd",), on_unfit)
        assert found.deeds
        found.save(tmp_path / on_unfit)
        assert clv.CLVModel.load(tmp_path / on_unfit) == found


def test_the_shrunken_mean_by_hand():
    law = ShrunkenMean(mean=20.0, weight=2.0)
    assert law.expected_spend([0, 2, 8], [np.nan, 40.0, -5.0]).tolist() == [20.0, 30.0, 4.0]
    assert law.pull([0, 2, 8]).tolist() == [1.0, 0.5, 0.2]


def test_the_shrunken_mean_recovers_the_variances():
    """Of customers' means 5^2, of a customer's orders 10^2: everyone's mean weighs four orders."""
    rng = np.random.default_rng(3)
    x = rng.integers(1, 15, 60_000)
    value = rng.normal(60, 5, x.size) + rng.normal(0, 10, x.size) / np.sqrt(x)
    law = shrunken_mean(np.append(x, 0), np.append(value, np.nan))
    assert law.mean == pytest.approx(60, abs=0.2)
    assert law.weight == pytest.approx(4, rel=0.1)
