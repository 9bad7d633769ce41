from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from patronage import names as c
from patronage.config import ClvConfig
from patronage.errors import FitError
from patronage.models.btyd import clv
from patronage.models.btyd.bg_nbd import BgNbd
from patronage.models.btyd.fit import shrunken_mean
from patronage.models.btyd.spend import GammaGamma
from patronage.training.fallback import OF_ORDERS, OF_VALUE, first_acceptable

LAWS = ("bg_nbd", "mbg_nbd", "pareto_nbd")


@pytest.fixture(scope="module")
def fitted(cdnow_summary):
    """By name: the first in place of all, as only its name matters here."""
    good = clv.fit(cdnow_summary, ClvConfig(), model="mbg_nbd", horizon_days=90)

    def fit(name):
        return replace(good, settings=replace(good.settings, model=name))

    return fit


@pytest.fixture(scope="module")
def astray(fitted):
    """BG/NBD expects far too many orders."""

    def fit(name):
        return replace(fitted(name), law=BgNbd(5.0, 30.0, 0.01, 5.0)) if name == "bg_nbd" else fitted(name)

    return fit


@pytest.fixture(scope="module")
def heavy(fitted):
    """Gamma-Gamma has no mean order value."""
    return lambda name: replace(fitted(name), spend_law=GammaGamma(6.0, 0.9, 15.0))


def test_a_model_that_fits_stays(fitted, cdnow_summary):
    for fallback in ("switch", "leave_empty", "fail"):
        assert first_acceptable(fitted, cdnow_summary, LAWS, fallback) == fitted("bg_nbd")


def test_the_next_law_takes_the_place_of_one_that_does_not_track(astray, cdnow_summary):
    model = first_acceptable(astray, cdnow_summary, LAWS, "switch")
    assert model.settings.model == "mbg_nbd"
    (decision,) = model.decisions
    assert (decision.finding, decision.action, decision.columns_left_empty) == ("does_not_track", "switched", ())
    assert decision.message.startswith("mbg_nbd in place of bg_nbd: the law gives ")
    (of_customers, reason), *_ = model.flags(cdnow_summary)
    assert of_customers.all()
    assert reason == f"clv switched: {decision.message}"


def test_the_next_law_takes_the_place_of_one_without_a_fit(fitted, cdnow_summary):
    def fit(name):
        if name != "pareto_nbd":
            raise FitError(f"{name}: found no optimum")
        return fitted(name)

    model = first_acceptable(fit, cdnow_summary, LAWS, "switch")
    assert model.settings.model == "pareto_nbd"
    assert [decision.finding for decision in model.decisions] == ["no_fit", "no_fit"]
    for fallback, laws in (("leave_empty", LAWS), ("fail", LAWS), ("switch", LAWS[:2])):
        with pytest.raises(FitError, match="found no optimum"):
            first_acceptable(fit, cdnow_summary, laws, fallback)


def test_an_unacceptable_law_leaves_columns_empty(astray, cdnow_summary):
    for laws, fallback in ((LAWS, "leave_empty"), (LAWS[:1], "switch")):
        model = first_acceptable(astray, cdnow_summary, laws, fallback)
        assert model.columns_left_empty == set(OF_ORDERS)
        assert c.P_ORDER not in model.columns_left_empty
        assert model.flags(cdnow_summary)[0][1].startswith("clv left empty: no value: the law gives ")
    with pytest.raises(
        FitError,
        match=r"^bg_nbd is unacceptable: the law gives .*; or leave its columns empty: clv.fallback=leave_empty$",
    ):
        first_acceptable(astray, cdnow_summary, LAWS, "fail")


def test_no_other_law_helps_where_hardly_anyone_ordered_again(fitted, cdnow_summary):
    again = cdnow_summary[c.FREQUENCY] > 0
    few = pd.concat([cdnow_summary[again].head(20), cdnow_summary[~again].head(80)])
    model = first_acceptable(fitted, few, LAWS, "switch")
    assert model.settings.model == "bg_nbd"
    assert ("few_repeat_customers", "left_empty") in [
        (decision.finding, decision.action) for decision in model.decisions
    ]


def test_a_shrunken_mean_takes_the_place_of_gamma_gamma(heavy, cdnow_summary):
    model = first_acceptable(heavy, cdnow_summary, LAWS, "switch")
    assert model.spend_law == shrunken_mean(cdnow_summary[c.FREQUENCY], cdnow_summary[c.MONETARY_VALUE])
    assert [decision.finding for decision in model.decisions] == ["no_mean_order_value"]
    left_empty = first_acceptable(heavy, cdnow_summary, LAWS, "leave_empty")
    assert left_empty.columns_left_empty == set(OF_VALUE)
    assert left_empty.spend_law == GammaGamma(6.0, 0.9, 15.0)


def test_decisions_are_saved(heavy, cdnow_summary, tmp_path):
    for fallback in ("switch", "leave_empty"):
        model = first_acceptable(heavy, cdnow_summary, ("mbg_nbd",), fallback)
        assert model.decisions
        model.save(tmp_path / fallback)
        assert clv.CLVModel.load(tmp_path / fallback) == model
