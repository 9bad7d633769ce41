from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from patronage import names as columns
from patronage.config import ClvConfig
from patronage.models.btyd import clv
from patronage.models.btyd.assumptions import Finding, examine, table
from patronage.models.btyd.bg_nbd import BgNbd, MbgNbd
from patronage.models.btyd.intervals import UNCALIBRATED
from patronage.models.btyd.pareto_nbd import ParetoNbd

CONFIG = ClvConfig()


@pytest.fixture(scope="module")
def model(cdnow_summary):
    """MBG/NBD on CDNOW, calibrated at an earlier origin: its assumptions hold."""
    fitted = clv.fit(cdnow_summary, CONFIG, model="mbg_nbd", horizon_days=90)
    return replace(fitted, calibration=replace(UNCALIBRATED, refused="", level=1.0))


@pytest.fixture(scope="module")
def features(cdnow_summary):
    return cdnow_summary.assign(**{columns.REVENUE: 100.0, columns.NET_REVENUE: 92.0})


@pytest.fixture(scope="module")
def independent(features):
    """The same customers, with order values permuted among those with repeat orders."""
    again = features[columns.FREQUENCY] > 0
    permuted = features[columns.MONETARY_VALUE].copy()
    permuted[again] = np.random.default_rng(1).permutation(permuted[again])
    return features.assign(**{columns.MONETARY_VALUE: permuted})


def findings(model, features, **known) -> dict[str, Finding]:
    return {finding.finding: finding for finding in examine(model, features, **known)}


def shown(finding: Finding, model, features):
    """What the two lines of a finding give."""
    first, second = finding.show.splitlines()
    names = {"clv": model, "features": features}
    exec(first, names)
    return eval(second, names)


def test_a_good_fit_has_no_findings(model, independent):
    assert examine(model, independent) == ()
    assert list(table(())) == ["finding", "severity", "observed", "size", "why", "show", "about"]


def test_one_time_customers_are_certainly_alive_under_bg_nbd(model, features, independent):
    finding = findings(replace(model, law=BgNbd(0.24, 30.9, 0.79, 2.43)), independent)["one_time_customers_never_leave"]
    assert finding.severity == "warning"
    assert finding.size == pytest.approx(1411 / 2357)
    assert "clv=mbg_nbd" in finding.why
    plain = clv.fit(features, CONFIG, model="bg_nbd", horizon_days=90)
    assert shown(finding, plain, features) == 1
    assert "one_time_customers_never_leave" not in findings(model, features)


def test_few_repeat_customers(model, independent):
    again = independent[columns.FREQUENCY] > 0
    for repeaters, severity in ((99, "warning"), (30, "warning"), (29, "unacceptable")):
        some = pd.concat([independent[again].head(repeaters), independent[~again]])
        finding = findings(model, some)["few_repeat_customers"]
        assert (finding.severity, finding.size) == (severity, repeaters)
        assert shown(finding, model, some) == (repeaters, len(some))


def test_a_fit_without_covariance(model, independent):
    flat = replace(model, orders_fit=replace(model.orders_fit, covariance=None))
    finding = findings(flat, independent)["no_covariance"]
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
    finding = findings(replace(model, law=law), independent)["extreme_parameters"]
    assert named in finding.observed
    assert finding.severity == "warning"


def test_a_parameter_known_to_a_factor_of_thousands(model, independent):
    covariance = np.diag([0.01, 0.01, 9.0, 0.01])
    vague = replace(model, orders_fit=replace(model.orders_fit, covariance=tuple(map(tuple, covariance.tolist()))))
    assert findings(vague, independent)["extreme_parameters"].observed.startswith("a = ")


def test_a_population_without_a_mean_order_value(model, independent):
    heavy = replace(model, spend_law=replace(model.spend_law, q=0.8))
    finding = findings(heavy, independent)["no_mean_order_value"]
    assert (finding.severity, finding.size) == ("unacceptable", 0.8)
    assert shown(finding, heavy, independent)[0] == heavy.spend_law


@pytest.mark.parametrize(("r", "severity"), [(0.75, "warning"), (1.5, "unacceptable")])
def test_a_law_that_does_not_reproduce_its_orders(model, independent, r, severity):
    """Repeat orders grow with r; the fit has .53."""
    astray = replace(model, law=replace(model.law, r=r))
    finding = findings(astray, independent)["does_not_track"]
    assert finding.severity == severity
    assert shown(finding, astray, independent) == pytest.approx(finding.size)


def test_a_search_that_stopped_short_is_a_note(model, independent):
    stuck = replace(model, orders_fit=replace(model.orders_fit, newton_gain=0.8))
    finding = findings(stuck, independent)["search_stopped_short"]
    assert (finding.severity, finding.size) == ("note", 0.8)
    assert shown(finding, stuck, independent) == (stuck.law, 0.8)


def test_dependence_has_a_size_and_an_effect(model, independent):
    """Customers who order more often pay more for each order: CLV is too low for them and too high for the others."""
    x = independent[columns.FREQUENCY]
    richer = independent.assign(**{columns.MONETARY_VALUE: independent[columns.MONETARY_VALUE] * (1 + x / 3)})
    finding = findings(model, richer)["frequency_and_value_depend"]
    assert finding.severity == "warning"
    assert 0.3 < finding.size < 0.9
    assert "CLV is off by -" in finding.observed
    assert " to +" in finding.observed
    assert shown(finding, model, richer) == pytest.approx(finding.size)


def test_dependence_of_cdnow_is_known(model, features):
    finding = findings(model, features)["frequency_and_value_depend"]
    assert finding.size == pytest.approx(0.2, abs=0.06)


@pytest.mark.parametrize(("share", "severity"), [(0.02, "note"), (0.08, "warning")])
def test_refunds(model, independent, share, severity):
    finding = findings(model, independent, refund_share=share)["refunds"]
    assert (finding.severity, finding.size) == (severity, share)
    assert shown(finding, model, independent) == pytest.approx(0.08)
    assert "refunds" not in findings(model, independent, refund_share=0.001)


def test_ages_in_another_unit_are_unacceptable(model, independent):
    years = independent.assign(**{columns.T: independent[columns.T] / 365})
    finding = examine(model, years)[0]  # the gravest comes first
    assert (finding.finding, finding.severity) == ("time_unit", "unacceptable")
    crowded, oldest, horizon = shown(finding, model, years)
    assert len(crowded) == finding.size > 900
    assert (oldest, horizon) == (years[columns.T].max(), 90)
    seconds = independent.assign(**{columns.T: independent[columns.T] * 86_400})
    assert findings(model, seconds)["time_unit"].severity == "unacceptable"


def test_a_horizon_out_of_reach(model, independent):
    young = independent.assign(**{columns.T: 29.0, columns.FREQUENCY: independent[columns.FREQUENCY].clip(upper=29)})
    finding = findings(model, young)["far_horizon"]
    assert finding.size == pytest.approx(90 / 29)
    shown(finding, model, young)


def test_a_log_that_begins_too_late(model, independent):
    finding = findings(model, independent, left_censored=True)["left_truncated"]
    assert finding.severity == "warning"
    assert shown(finding, model, independent) == finding.size


def test_intervals_without_an_earlier_origin(model, independent):
    uncalibrated = replace(model, calibration=UNCALIBRATED)
    assert findings(uncalibrated, independent)["intervals_not_recalibrated"].severity == "note"
    moved = replace(model, calibration=replace(UNCALIBRATED, refused="the level moved", level=1.9))
    finding = findings(moved, independent)["intervals_not_recalibrated"]
    assert (finding.severity, finding.size) == ("warning", 1.9)
    assert shown(finding, moved, independent) == ("the level moved", 1.9)


def test_findings_are_a_table(model, features):
    examined = examine(model, features, left_censored=True, refund_share=0.08)
    rows = table(examined)
    assert rows["finding"].tolist() == [finding.finding for finding in examined]
    assert rows["show"].str.count("\n").eq(1).all()


def test_the_callers_frame_is_untouched(model, features):
    before = features.copy(deep=True)
    examine(model, features, left_censored=True, refund_share=0.1)
    pd.testing.assert_frame_equal(features, before, check_exact=True)


@pytest.mark.parametrize(("share", "severity"), [(0.0099, None), (0.01, "note"), (0.0499, "note"), (0.05, "warning")])
def test_the_borders_of_refunds(model, independent, share, severity):
    finding = findings(model, independent, refund_share=share).get("refunds")
    assert (finding and finding.severity) == severity


def test_a_hundred_repeat_customers_are_enough(model, independent):
    again = independent[columns.FREQUENCY] > 0
    enough = pd.concat([independent[again].head(100), independent[~again]])
    assert "few_repeat_customers" not in findings(model, enough)
