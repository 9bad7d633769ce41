from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from patronage import names as columns
from patronage.models.btyd import clv
from patronage.models.btyd.assumptions import Finding, examine, table
from patronage.models.btyd.intervals import UNTAUGHT
from patronage.models.btyd.law import BgNbd, MbgNbd, ParetoNbd

SETTINGS = {"horizon_days": 90, "value_horizon_days": 365, "discount_rate": 0.1, "margin": 1.0, "level": 0.8}


@pytest.fixture(scope="module")
def model(cdnow):
    """MBG/NBD on CDNOW, taught by an earlier origin: little speaks against it."""
    fitted = clv.fit(cdnow, model="mbg_nbd", **SETTINGS)
    return replace(fitted, calibration=replace(UNTAUGHT, refused="", level=1.0))


@pytest.fixture(scope="module")
def features(cdnow):
    return cdnow.assign(**{columns.REVENUE: 100.0, columns.NET_REVENUE: 92.0})


@pytest.fixture(scope="module")
def independent(features):
    """The same customers, with order values dealt out anew among those with repeat orders."""
    again = features[columns.FREQUENCY] > 0
    dealt = features[columns.MONETARY_VALUE].copy()
    dealt[again] = np.random.default_rng(1).permutation(dealt[again])
    return features.assign(**{columns.MONETARY_VALUE: dealt})


def found(model, features, **known) -> dict[str, Finding]:
    return {finding.finding: finding for finding in examine(model, features, **known)}


def shown(finding: Finding, model, features):
    """What the two lines of a finding give."""
    first, second = finding.show.splitlines()
    names = {"clv": model, "features": features}
    exec(first, names)
    return eval(second, names)


def test_nothing_to_say_of_a_good_fit(model, independent):
    assert examine(model, independent) == ()
    assert list(table(())) == ["finding", "severity", "found", "figure", "why", "show", "about"]


def test_one_time_customers_are_alive_for_sure_under_bg_nbd(model, features, independent):
    finding = found(replace(model, law=BgNbd(0.24, 30.9, 0.79, 2.43)), independent)["one_time_customers_never_leave"]
    assert finding.severity == "warning"
    assert finding.figure == pytest.approx(1411 / 2357)
    assert "clv=mbg_nbd" in finding.why
    plain = clv.fit(features, model="bg_nbd", **SETTINGS)
    assert shown(finding, plain, features)["min"] == 1
    assert "one_time_customers_never_leave" not in found(model, features)


def test_few_repeat_customers(model, independent):
    again = independent[columns.FREQUENCY] > 0
    for repeaters, severity in ((99, "warning"), (29, "unfit")):
        some = pd.concat([independent[again].head(repeaters), independent[~again]])
        finding = found(model, some)["few_repeat_customers"]
        assert (finding.severity, finding.figure) == (severity, repeaters)
        assert shown(finding, model, some) == (repeaters, len(some))


def test_a_fit_without_covariance(model, independent):
    flat = replace(model, orders_fit=replace(model.orders_fit, covariance=None))
    finding = found(flat, independent)["no_covariance"]
    assert shown(finding, flat, independent) == (flat.law, None)


@pytest.mark.parametrize(
    ("law", "named"),
    [
        (MbgNbd(0.5, 30.0, 1e-5, 2.0), "a = 1e-05"),
        (MbgNbd(0.5, 30.0, 5.0, 5e5), "b = 5e"),
        (MbgNbd(2e3, 30.0, 0.5, 2.0), "r = 2e"),
        (MbgNbd(0.5, 30.0, 0.02, 900.0), "a = 0.02"),  # nobody leaves
        (ParetoNbd(0.5, 30.0, 0.5, 1e6), "beta = 1e"),
    ],
)
def test_extreme_parameters_are_named(model, independent, law, named):
    finding = found(replace(model, law=law), independent)["extreme_parameters"]
    assert named in finding.found
    assert finding.severity == "warning"


def test_a_parameter_known_to_a_factor_of_thousands(model, independent):
    covariance = np.diag([0.01, 0.01, 9.0, 0.01])
    vague = replace(model, orders_fit=replace(model.orders_fit, covariance=tuple(map(tuple, covariance.tolist()))))
    assert found(vague, independent)["extreme_parameters"].found.startswith("a = ")


def test_a_population_without_a_mean_order_value(model, independent):
    heavy = replace(model, spend_law=replace(model.spend_law, q=0.8))
    finding = found(heavy, independent)["no_mean_order_value"]
    assert (finding.severity, finding.figure) == ("unfit", 0.8)
    assert shown(finding, heavy, independent)[0] == heavy.spend_law


@pytest.mark.parametrize(("r", "severity"), [(0.75, "warning"), (1.5, "unfit")])
def test_a_law_that_does_not_give_back_its_orders(model, independent, r, severity):
    """Repeat orders grow with r; the fit has .53."""
    astray = replace(model, law=replace(model.law, r=r))
    finding = found(astray, independent)["does_not_track"]
    assert finding.severity == severity
    assert shown(finding, astray, independent) == pytest.approx(finding.figure)


def test_a_search_that_stopped_short_is_a_note(model, independent):
    climbed = replace(model, orders_fit=replace(model.orders_fit, climbed=0.8))
    finding = found(climbed, independent)["search_stopped_short"]
    assert (finding.severity, finding.figure) == ("note", 0.8)
    assert shown(finding, climbed, independent) == (climbed.law, 0.8)


def test_dependence_has_a_size_and_says_what_it_does(model, independent):
    """Those who order more often pay more for each order: CLV is too low for them and too high for the others."""
    x = independent[columns.FREQUENCY]
    richer = independent.assign(**{columns.MONETARY_VALUE: independent[columns.MONETARY_VALUE] * (1 + x / 3)})
    finding = found(model, richer)["frequency_and_value_depend"]
    assert finding.severity == "warning"
    assert 0.3 < finding.figure < 0.9
    assert "CLV is off by -" in finding.found
    assert " to +" in finding.found
    assert shown(finding, model, richer) == pytest.approx(finding.figure)


def test_dependence_of_cdnow_is_known(model, features):
    finding = found(model, features)["frequency_and_value_depend"]
    assert finding.figure == pytest.approx(0.2, abs=0.06)


@pytest.mark.parametrize(("share", "severity"), [(0.02, "note"), (0.08, "warning")])
def test_refunds(model, independent, share, severity):
    finding = found(model, independent, refund_share=share)["refunds"]
    assert (finding.severity, finding.figure) == (severity, share)
    assert shown(finding, model, independent) == pytest.approx(0.08)
    assert "refunds" not in found(model, independent, refund_share=0.001)


def test_ages_in_another_unit_are_unfit(model, independent):
    years = independent.assign(**{columns.T: independent[columns.T] / 365})
    finding = examine(model, years)[0]  # the gravest comes first
    assert (finding.finding, finding.severity) == ("time_unit", "unfit")
    crowded, oldest, horizon = shown(finding, model, years)
    assert len(crowded) == finding.figure > 900
    assert (oldest, horizon) == (years[columns.T].max(), 90)
    seconds = independent.assign(**{columns.T: independent[columns.T] * 86_400})
    assert found(model, seconds)["time_unit"].severity == "unfit"


def test_a_horizon_out_of_reach(model, independent):
    young = independent.assign(**{columns.T: 29.0, columns.FREQUENCY: independent[columns.FREQUENCY].clip(upper=29)})
    finding = found(model, young)["far_horizon"]
    assert finding.figure == pytest.approx(90 / 29)
    shown(finding, model, young)


def test_a_log_that_begins_too_late(model, independent):
    finding = found(model, independent, left_censored=True)["left_truncated"]
    assert finding.severity == "warning"
    assert shown(finding, model, independent) == finding.figure


def test_intervals_that_no_earlier_origin_taught(model, independent):
    untaught = replace(model, calibration=UNTAUGHT)
    assert found(untaught, independent)["intervals_not_recalibrated"].severity == "note"
    moved = replace(model, calibration=replace(UNTAUGHT, refused="the level moved", level=1.9))
    finding = found(moved, independent)["intervals_not_recalibrated"]
    assert (finding.severity, finding.figure) == ("warning", 1.9)
    assert shown(finding, moved, independent) == ("the level moved", 1.9)


def test_findings_are_a_table(model, features):
    findings = examine(model, features, left_censored=True, refund_share=0.08)
    rows = table(findings)
    assert rows["finding"].tolist() == [finding.finding for finding in findings]
    assert rows["show"].str.count("\n").eq(1).all()


def test_the_callers_frame_is_untouched(model, features):
    before = features.copy(deep=True)
    examine(model, features, left_censored=True, refund_share=0.1)
    pd.testing.assert_frame_equal(features, before, check_exact=True)
