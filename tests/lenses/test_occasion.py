"""Occasion: a rhythm bound to the calendar, windows that everyone shares, the hour to call, the next order."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy.stats import betaprime

import patronage as pt
from patronage import names as c
from patronage.config import LensesConfig, OccasionWindow
from patronage.lenses import features_of, look_back, occasion


def of(days, who="anna"):
    return [(who, pd.Timestamp(day), 10.0) for day in days]


MONTHLY = [f"2023-{month:02d}-{5 + month % 2:02d}" for month in range(3, 13)]
WEEKLY = pd.date_range("2023-11-04", periods=14, freq="7D").delete([3, 9])  # Saturdays, two of them left out
YEARLY = [f"{year}-05-{day}" for year in range(2018, 2024) for day in (10,)]
EVERY_TEN_DAYS = pd.date_range("2023-09-01", periods=16, freq="10D")


@pytest.mark.parametrize(
    ("days", "period"), [(MONTHLY, "month"), (WEEKLY, "week"), (YEARLY, "year"), (EVERY_TEN_DAYS, "none")]
)
def test_a_rhythm_is_bound_to_the_week_the_month_or_the_year(ask, days, period):
    _, labels = ask(of(days))
    found = labels.loc["anna"]
    assert found["occasion_period"] == period
    assert found["occasion_segment"] == ("rare" if period == "none" else "recurring")


def test_the_mean_direction_is_that_of_the_dates(ask):
    features, _ = ask(of(MONTHLY))
    turns = 2j * np.pi * np.array([pd.Timestamp(day).day for day in MONTHLY]) / 31
    assert features.loc["anna", "month_rhythm"] == pytest.approx(abs(np.exp(turns).mean()), abs=1e-4)


def test_few_dates_prove_no_rhythm(ask):
    _, labels = ask(of(MONTHLY[:3]) + of([*MONTHLY[:3], "2023-06-20"], "ben"))
    assert labels["occasion_segment"].to_dict() == {"anna": "unknown", "ben": "rare"}
    assert labels["occasion_period"].to_dict() == {"anna": "unknown", "ben": "none"}


def test_rhythms_are_rarely_seen_in_dates_by_chance(ask):
    rng = np.random.default_rng(4)
    orders = [
        (f"c{who}", pd.Timestamp("2023-01-01") + pd.Timedelta(days=int(day)), 5.0)
        for who in range(400)
        for day in rng.integers(0, 420, rng.integers(4, 30))
    ]
    _, labels = ask(orders)
    assert (labels["occasion_segment"] == "recurring").mean() < 0.075  # conf: 0.05


def test_a_universal_occasion_is_more_than_its_share_of_the_days(ask):
    # carnival, 10 to 20 February, is 11 of the 425 days since 1 January 2023, but for the leap day's slip
    days = ["2023-01-01", "2023-02-11", "2023-02-14", "2023-02-18", "2024-02-12", "2024-02-19"]
    others = [row for n in range(20) for row in of(pd.date_range("2023-01-01", periods=15, freq="28D"), f"c{n}")]
    features, labels = ask(of(days) + others)
    assert features.loc["anna", "occasion_share"] == pytest.approx(5 / 6)
    assert features.loc["anna", "occasion_chance"] == pytest.approx(22 / 425)
    assert features.loc["anna", "main_occasion"] == "carnival"
    assert labels.loc["anna", "occasion_segment"] == "universal"
    assert labels.loc["c0", "occasion_segment"] != "universal"


def test_a_window_may_wrap_round_the_year(ask, lens_settings, monkeypatch):
    window = OccasionWindow("12-30", "01-02")
    monkeypatch.setattr(lens_settings.occasion, "calendar", {"turn": window})
    features, _ = ask(of(["2023-12-25", "2023-12-30", "2024-01-02", "2024-01-03"]))
    assert features.loc["anna", "occasion_share"] == 0.5
    assert features.loc["anna", "occasion_chance"] == pytest.approx(4 / 67)


# When to call


def test_the_contact_window_is_where_most_moments_an_hour_are(ask):
    orders = [("anna", f"2024-01-{day:02d} 10:30", 5.0) for day in (1, 2, 3, 4)]  # Monday to Thursday, in the morning
    orders += [("anna", f"2024-01-{day:02d} 19:30", 5.0) for day in (6, 7, 13, 14, 15)]  # Saturdays, Sundays, a Monday
    acts = [("anna", f"2024-01-{day:02d} 12:00", "message_opened") for day in range(1, 29)]  # when it was sent
    features, labels = ask(orders, acts)
    anna = features.loc["anna"]
    assert labels.loc["anna", "best_contact_window"] == "weekend evening"
    assert (anna["contact_acts"], anna["contact_share"]) == (9, pytest.approx(4 / 9))
    assert anna["contact_chance"] == pytest.approx(6 / 24 * 2 / 7)
    assert anna["evening_share"] == pytest.approx(5 / 9)


def test_most_orders_on_weekdays_make_no_weekend(ask):
    orders = [("anna", f"2024-01-{day:02d} 19:30", 5.0) for day in (1, 2, 3, 4, 5, 6, 7, 8, 9, 13)]  # seven and three
    _, labels = ask(orders)
    assert labels.loc["anna", "best_contact_window"] == "weekday evening"  # three in two days beat seven in five


def test_moments_all_over_the_week_name_no_contact_window(ask):
    hours = (1, 8, 12, 16, 20)
    orders = [("anna", f"2024-01-{day:02d} {hour:02d}:30", 5.0) for day, hour in zip(range(1, 6), hours, strict=True)]
    _, labels = ask(orders)
    assert labels.loc["anna", "best_contact_window"] == "unknown"


def test_dates_without_a_clock_name_no_contact_window(ask):
    features, labels = ask(of(WEEKLY))
    assert labels.loc["anna", "best_contact_window"] == "unknown"
    assert math.isnan(features.loc["anna", "evening_share"])


# The next order


def expected_days(state, **features):
    row = {c.N_GAPS: 0, c.MEAN_GAP_DAYS: math.nan, c.DAYS_SINCE_LAST_ORDER: 0.0} | features
    (days,) = occasion.LENS.estimates(pd.DataFrame([row]), state).values()
    return days[0]


def gaps_of(**settings):
    values = {"typical_gap": 20.0, "gap_weight": 1.0, "gap_shape": 3.0} | settings
    return occasion.OccasionState(1.0, 2.0, 0.5, 0.05, 3, contact_min_acts=5, n_windows=10, **values)


def test_the_next_order_is_the_median_given_the_wait():
    # the typical gap weighs as one of ten: gaps are gamma(3), their rate is gamma(10 * 3) around 3 / mean
    mean, waited = 40**0.9 * 20**0.1, 5.0
    law = betaprime(3, 30, scale=10 * mean)
    expected = law.isf(law.sf(waited) / 2) - waited
    days = expected_days(gaps_of(), n_gaps=9, mean_gap_days=40.0, days_since_last_order=waited)
    assert days == pytest.approx(expected)
    assert math.isnan(expected_days(gaps_of(), days_since_last_order=math.nan))


def test_within_the_rhythm_the_order_comes_nearer_and_beyond_it_farther():
    days = [expected_days(gaps_of(), n_gaps=9, mean_gap_days=20.0, days_since_last_order=w) for w in (1, 10, 100, 300)]
    assert days[0] > days[1]
    assert days[1] < days[2] < days[3]


@pytest.mark.parametrize("shape", [0.7, 1.0, 4.0])
def test_the_longer_a_customer_of_one_order_is_silent_the_later_the_next(shape):
    days = [expected_days(gaps_of(gap_shape=shape), days_since_last_order=w) for w in (1.0, 30.0, 265.0, 20_000.0)]
    assert days == sorted(days)
    assert days[2] > 2 * days[0]


def test_credibility_finds_how_much_own_gaps_tell(lens_settings):
    rng = np.random.default_rng(2)
    own = np.exp(rng.normal(3, 0.5, 4000))
    n = rng.integers(1, 12, 4000)
    gaps = [rng.gamma(4, mean / 4, k) for mean, k in zip(own, n, strict=True)]
    customers = pd.DataFrame(
        {
            c.N_GAPS: n,
            c.MEAN_GAP_DAYS: [each.mean() for each in gaps],
            c.GAP_VARIATION: [each.std(ddof=1) / each.mean() if len(each) > 1 else math.nan for each in gaps],
            c.ACTIVE_DAYS: n + 1,
            c.OCCASION_SHARE: 0.0,
            "occasion_chance": 0.1,
        }
    )
    state = occasion.LENS.fit(customers, lens_settings)
    assert state.typical_gap == pytest.approx(np.exp(3), rel=0.1)
    assert state.gap_shape == pytest.approx(4, rel=0.15)
    assert state.gap_weight == pytest.approx(0.25 / 0.25, rel=0.3)


@pytest.mark.slow
def test_the_planted_occasion_and_its_period_are_found(recovered):
    truth = recovered.truth["true_occasion"].replace({"universal": "none"})
    period = recovered.segments["occasion_period"]
    known = period != "unknown"
    gap = recovered.features["mean_gap_days"]
    by_gap = np.select([gap < 10, gap < 45, gap.between(250, 450)], ["week", "month", "year"], "none")
    naive = pd.Series(by_gap, truth.index)
    ours = recovered.balanced_accuracy(truth, period, known & (truth != "year"))  # two years show no yearly rhythm
    assert ours > recovered.balanced_accuracy(truth, naive, known & (truth != "year")) + 0.05
    assert (truth[period == "week"] == "week").mean() > 0.7
    assert (truth[period == "month"] == "month").mean() > 0.7


def test_the_evening_begins_at_18_hours(ask):
    orders = [("anna", "2024-02-01 17:59:59", 9.0), ("anna", "2024-02-02 18:00:00", 9.0), ("ben", "2024-02-03", 9.0)]
    features, _ = ask(orders)
    assert features["evening_share"].fillna(-1).to_dict() == {"anna": 0.5, "ben": -1}  # a date alone has no hour


def test_a_window_of_the_calendar_has_both_ends(ask):
    days = ["02-09", "02-10", "02-20", "02-21"]
    features, _ = ask([(day, f"2024-{day} 10:00", 9.0) for day in days])
    assert features["occasion_share"].to_dict() == {"02-09": 0, "02-10": 1, "02-20": 1, "02-21": 0}


def test_the_weekday_is_named_where_moments_keep_to_one(ask):
    tuesdays = [
        ("anna", f"2024-01-{day:02d} {hour:02d}:30", 5.0)
        for day, hour in ((2, 9), (9, 13), (16, 19), (23, 21), (30, 9))
    ]
    _, labels = ask([*tuesdays, ("anna", "2024-01-05 10:30", 5.0)])
    assert labels.loc["anna", "best_contact_weekday"] == "Tuesday"


def test_the_weekend_is_that_of_the_country():
    days = [f"2024-01-{day:02d} 10:30" for day in (5, 6, 12, 13, 19, 20, 26)]  # Fridays and Saturdays
    orders = pd.DataFrame(
        {"customer_id": np.repeat(["here", "there"], len(days)), "ordered_at": [*days, *days], "amount": 5.0}
    )
    customers = pd.DataFrame({"customer_id": ["here", "there"], "country": ["France", "Israel"]})
    tables = pt.read(orders, customers=customers, attributes={"country": "geographic"})
    features = pt.features(tables, cutoff="2024-01-28")
    assert features["weekend_share"].to_dict() == pytest.approx({"here": 3 / 7, "there": 1.0})
    assert features.loc["there", "contact_window"] == "weekend morning"
    assert features.loc["there", "contact_chance"] == pytest.approx(5 / 24 * 2 / 7)


@pytest.mark.parametrize("dates", [None, ["2023-03-23/2023-04-20", "2024-03-10/2024-04-07"]])
def test_occasions_are_those_of_the_country(dates):
    ramadan = pd.date_range("2023-03-25", "2023-04-14", freq="5D")
    december = pd.date_range("2023-12-03", "2023-12-23", freq="5D")
    days = [f"{day:%Y-%m-%d} 10:30" for day in [*ramadan, *december]]
    orders = pd.DataFrame(
        {"customer_id": np.repeat(["here", "there"], len(days)), "ordered_at": [*days, *days], "amount": 5.0}
    )
    customers = pd.DataFrame({"customer_id": ["here", "there"], "country": ["France", "Qatar"]})
    tables = pt.read(orders, customers=customers, attributes={"country": "geographic"})
    settings = LensesConfig()
    if dates:
        settings.occasion.calendars["Qatar"] = {"ramadan": OccasionWindow(dates=dates)}
    with look_back(tables, pd.Timestamp("2024-01-28").to_pydatetime(), settings, 7) as history:
        features = features_of(history, settings, ["occasion"])
    assert features["main_occasion"].to_dict() == {"here": "christmas", "there": "ramadan"}
    assert features["occasion_share"].to_dict() == {"here": 0.5, "there": 0.5}
    windows = pd.date_range("2023-03-25", "2024-01-27")
    chance = features["occasion_chance"] * len(windows)
    there = 27 + (0 if dates else 3 + 6)  # Ramadan from its third day on, and both feasts
    assert chance["there"] == pytest.approx(there, abs=1)
    here = 8 + 11 + 26 + 6  # Halloween, Thanksgiving, Christmas and the New Year
    assert chance["here"] == pytest.approx(here, abs=1)
