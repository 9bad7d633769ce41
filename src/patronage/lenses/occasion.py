"""Occasion and timing: when the customer buys, when to contact the customer, and when the next order is due.

Kotler and Keller's occasions as behavioural variables. Universal occasions are windows of a calendar that everyone of a
country shares (conf): more of the customer's days than tenure and the population's habit give, by a binomial test. A
recurring occasion is a rhythm of the customer's own, bound to the week, the month or the year: the dates, laid round a
circle of that length, lean to one side (the mean direction's length, with Rayleigh's test in the form of Wilkie 1983,
which holds for few dates; Bonferroni for the three periods). A rare one is neither. Too few gaps: `unknown`.

The best contact window is the part of the day with most of the customer's own moments per hour; at the weekend where
most of them fall on days of the weekend, else on weekdays. It is named only where so many would rarely fall into it by
chance, were every hour of the week alike.

The next order is expected at the median of its conditional distribution, given the time waited so far: gamma gaps
around the customer's own mean, which is drawn to the typical gap by how few there are (Buehlmann 1967), and which is
itself uncertain: a long silence shows a slow customer. Beyond the rhythm the wait grows with the silence, as that of a
customer without a rhythm does (Lomax 1954). It takes for granted that the customer returns; whether that is so is the
churn model's question.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import bdtrc, betaincc, betainccinv

from patronage import names as c
from patronage.config import LensesConfig
from patronage.engine import number, text, texts
from patronage.lenses.calendar_windows import covered, windows
from patronage.lenses.history import History
from patronage.lenses.lens import ONE_DAY, Feature, Labels, Lens
from patronage.lenses.week import countries, day_parts, is_weekend

PERIODS = {"year": 365.25, "month": 365.25 / 12, "week": 7.0}  # of a rhythm, in days
SPANNED = 0.9  # of a period at least must lie between the first date and the last
SCALE = 10_000  # cosines are summed as integers
EVENING = 18
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def _select(history: History, config: LensesConfig) -> str:
    gap = history.engine.days("previous", "day")
    weekday = history.engine.weekday("day")
    tests = windows(history, config.occasion)
    in_windows = [f"count(*) FILTER (WHERE {test}) AS window_{k}" for k, test in enumerate(tests.values())]
    until_today, until_first = (covered(day, history, config.occasion) for day in (history.today, "first_day"))
    by_calendar = f"({until_today} - {until_first}) * 1.0e0"
    mean = "(total * 1.0e0 / n)"
    parts = day_parts(config.occasion)
    days_off = " + ".join(f"CASE WHEN {is_weekend(str(day), history, config.occasion)} THEN 1 ELSE 0 END"
                          for day in range(1, 8))  # fmt: skip
    weekdays = {name: f"day_{k}" for k, name in enumerate(WEEKDAYS, 1)}
    return f"""
        WITH countries AS ({countries(history, config.occasion)}
        ),
        date_counts AS (
            SELECT customer_id, max(country) AS country, count(*) AS dates, count(previous) AS n,
                   min(day) AS first_day, max(day) AS last_day,
                   sum({gap}) AS total, sum({gap} * {gap}) AS squares,
                   count(*) FILTER (WHERE {is_weekend(weekday, history, config.occasion)}) AS at_weekends,
                   count(*) FILTER (WHERE {" OR ".join(tests.values()) or "false"}) AS festive,
                   {", ".join([*in_windows, *_direction_sums(weekday)])}
            FROM order_days LEFT JOIN countries USING (customer_id) GROUP BY customer_id
        ),
        rhythms AS (
            SELECT customer_id, n AS n_gaps, {history.engine.days("first_day", "last_day")} AS dates_span,
                   at_weekends * 1.0e0 / dates AS weekend_share, festive * 1.0e0 / dates AS occasion_share,
                   {by_calendar} / {history.age("first_day")} AS occasion_chance,
                   {_top({name: f"window_{k}" for k, name in enumerate(tests)}, 2)} AS main_occasion,
                   CASE WHEN n > 0 THEN {mean} END AS mean_gap_days,
                   CASE WHEN n > 1 THEN sqrt((n * squares - total * total) / (n * (n - 1.0e0))) / {mean} END
                       AS gap_variation,
                   CASE WHEN n > 0 THEN {history.age("last_day")} * n * 1.0e0 / total END AS lateness,
                   {", ".join(_direction_lengths())}
            FROM date_counts
        ),
        moments AS (
            SELECT customer_id, ordered_at AS moment FROM orders
            UNION ALL
            SELECT customer_id, occurred_at FROM events WHERE event IN ({texts(config.occasion.contact_events)})
        ),
        hours AS ({_hours(history, config, days_off)}
        ),
        hour_counts AS ({_hour_counts(config)}
        ),
        day_parts AS (
            SELECT *, {_top({part: f"part_{k} * 24.0e0 / {hours}" for k, (part, _, hours) in enumerate(parts)}, 0)}
                       AS part
            FROM hour_counts
        ),
        windows AS (
            SELECT *, {_of_part(parts, "part_{k}")} AS in_part, {_of_part(parts, "off_{k}")} AS off_in_part,
                   {_of_part(parts, "{hours}")} AS part_hours
            FROM day_parts
        ),
        contacts AS (
            SELECT customer_id, late * 1.0e0 / n AS evening_share, n AS contact_acts,
                   CASE WHEN 2 * off_in_part > in_part THEN 'weekend ' ELSE 'weekday ' END || part AS contact_window,
                   greatest(off_in_part, in_part - off_in_part) * 1.0e0 / n AS contact_share,
                   part_hours / 24.0e0 * CASE WHEN 2 * off_in_part > in_part THEN days_off ELSE 7 - days_off END / 7.0e0
                       AS contact_chance,
                   {_top(weekdays, 0)} AS contact_weekday,
                   greatest({", ".join(weekdays.values())}) * 1.0e0 / n AS contact_weekday_share
            FROM windows
        )
        SELECT * FROM rhythms FULL JOIN contacts USING (customer_id)"""


def _direction_sums(weekday: str) -> list[str]:
    """SQL: sums of the dates' cosines and sines on a circle of each length.

    Sums of integers, and one expression over them: the same bits on every engine, in every order of the rows.
    """
    turns = {
        "week": f"{weekday} * {number(2 * math.pi / 7)}",
        "month": f"extract(day FROM day) * {number(2 * math.pi / 31)}",
        "year": f"extract(doy FROM day) * {number(2 * math.pi / 366)}",
    }
    return [
        f"CAST(sum(CAST(round({f}({turn}) * {SCALE}) AS BIGINT)) AS DOUBLE) AS {name}_{f}"
        for name, turn in turns.items()
        for f in ("cos", "sin")
    ]


def _direction_lengths() -> list[str]:
    """SQL: the length of the mean direction, 0 to 1."""
    return [
        f"least(sqrt({name}_cos * {name}_cos + {name}_sin * {name}_sin) / (dates * {SCALE}.0e0), 1.0e0)"
        f" AS {name}_rhythm"
        for name in ("week", "month", "year")
    ]


def _hours(history: History, config: LensesConfig, days_off: str) -> str:
    """SQL: the hours of orders and of the customer's events; a midnight is a date without a clock time."""
    clock = "extract(hour FROM moment) + extract(minute FROM moment) + extract(second FROM moment)"
    return f"""
            SELECT customer_id, hour, weekday, {is_weekend("weekday", history, config.occasion)} AS off,
                   {days_off} AS days_off
            FROM (SELECT customer_id, extract(hour FROM moment) AS hour, {history.engine.weekday("moment")} AS weekday
                  FROM moments WHERE {clock} > 0) AS clocked LEFT JOIN countries USING (customer_id)"""


def _hour_counts(config: LensesConfig) -> str:
    """SQL: how many moments fall into the evening, each weekday, each part of the day, and of these at weekends."""
    days = ", ".join(f"count(*) FILTER (WHERE weekday = {day}) AS day_{day}" for day in range(1, 8))
    counts = ", ".join(
        f"count(*) FILTER (WHERE {test}) AS part_{k}, count(*) FILTER (WHERE {test} AND off) AS off_{k}"
        for k, (_, test, _) in enumerate(day_parts(config.occasion))
    )
    return f"""
            SELECT customer_id, count(*) AS n, count(*) FILTER (WHERE hour >= {EVENING}) AS late,
                   max(days_off) AS days_off, {days}, {counts}
            FROM hours GROUP BY customer_id"""


def _of_part(parts: list[tuple[str, str, int]], value: str) -> str:
    """SQL: the value that belongs to the part of the day that was found."""
    cases = " ".join(
        f"WHEN part = {text(part)} THEN {value.format(k=k, hours=hours)}" for k, (part, _, hours) in enumerate(parts)
    )
    return f"CASE {cases} END"


def _top(counts: dict[str, str], least: int) -> str:
    """SQL: the name of the greatest of the counts, the first of equals; empty where it is below `least`."""
    top = f"greatest({', '.join([*counts.values(), '0', '0'])})"
    cases = " ".join(f"WHEN {count} = {top} THEN {text(name)}" for name, count in counts.items())
    return f"CASE WHEN {top} < {least} THEN '' {cases} END"


@dataclass(frozen=True)
class OccasionState:
    """The population's habit and gaps, and the settings.

    Attributes
    ----------
    habit
        Days in the calendar's windows over those that the calendar alone gives.
    times_usual, min_rhythm, chance, min_gaps, contact_min_acts
        Of the configuration.
    n_windows
        How many contact windows there are to choose from.
    typical_gap
        The geometric mean of the customers' mean gaps, in days.
    gap_weight
        The weight of the typical gap against the customer's own, in gaps.
    gap_shape
        The shape of the gamma law of the gaps.
    """

    habit: float
    times_usual: float
    min_rhythm: float
    chance: float
    min_gaps: int
    contact_min_acts: int
    n_windows: int
    typical_gap: float
    gap_weight: float
    gap_shape: float


def _fit(features: pd.DataFrame, config: LensesConfig) -> OccasionState:
    settings, days = config.occasion, features[c.ACTIVE_DAYS]
    by_calendar = float((features["occasion_chance"] * days).sum())
    habit = float((features[c.OCCASION_SHARE] * days).sum()) / by_calendar if by_calendar > 0 else 1.0
    n_windows = 2 * len(settings.day_parts)
    return OccasionState(
        habit, settings.times_usual, settings.min_rhythm, settings.chance, settings.min_gaps,
        settings.contact_min_acts, n_windows, *_fit_gaps(features),
    )  # fmt: skip


def _fit_gaps(features: pd.DataFrame) -> tuple[float, float, float]:
    """The typical gap, its weight and the shape.

    Buehlmann's credibility on the logarithm of the mean gap, with the variation of gaps pooled over customers.
    """
    known = features[features[c.N_GAPS] > 0]
    gaps, means = known[c.N_GAPS], np.log(known[c.MEAN_GAP_DAYS])
    if known.empty:
        return float(features[c.TENURE_DAYS].median()), 1.0, 1.0
    free = float((gaps - 1).sum())
    within = float(((gaps - 1) * known[c.GAP_VARIATION].fillna(0) ** 2).sum()) / free if free > 0 else 1.0
    within = float(np.clip(within, 0.05, 10.0))
    between = float(np.var(means)) - float((within / gaps).mean())
    return float(np.exp(means.mean())), within / max(between, 0.05), 1 / within


def _segments(features: pd.DataFrame, state: OccasionState) -> Labels:
    gaps = features[c.N_GAPS].to_numpy()
    days, enough = gaps + 1, gaps >= state.min_gaps
    usual = np.clip(state.habit * features["occasion_chance"].to_numpy(), 0, 1)
    share = features[c.OCCASION_SHARE].to_numpy()
    p_value = bdtrc(np.rint(share * days) - 1, days.astype(np.int64), usual)  # P(at least so many)
    universal = enough & (share >= state.times_usual * usual) & (p_value < state.chance)
    period = _period(features, state)
    recurring = enough & (period != "none")
    labels = np.select([~enough, universal, recurring], [c.UNKNOWN, "universal", "recurring"], "rare")
    return {
        c.OCCASION_SEGMENT: labels,
        c.OCCASION_PERIOD: np.where(~enough, c.UNKNOWN, np.where(labels == "recurring", period, "none")),
        c.BEST_CONTACT_WINDOW: _contact_window(features, state),
        c.BEST_CONTACT_WEEKDAY: _contact_weekday(features, state),
    }


def _contact_window(features: pd.DataFrame, state: OccasionState) -> np.ndarray:
    """The window that was found, where chance would rarely put so many of the customer's moments into one."""
    acts = features["contact_acts"].fillna(0).to_numpy()
    inside = np.rint(np.nan_to_num(features["contact_share"].to_numpy()) * acts)
    chance = np.clip(np.nan_to_num(features["contact_chance"].to_numpy(), nan=1.0), 0, 1)
    p_value = state.n_windows * bdtrc(inside - 1, np.maximum(acts, 1).astype(np.int64), chance)
    enough = (acts >= state.contact_min_acts) & (inside > 0) & (p_value < state.chance)
    return np.where(enough, features["contact_window"].to_numpy(dtype=object), c.UNKNOWN)


def _contact_weekday(features: pd.DataFrame, state: OccasionState) -> np.ndarray:
    """The weekday that was found, where chance would rarely put so many of the customer's moments on one."""
    acts = features["contact_acts"].fillna(0).to_numpy()
    inside = np.rint(np.nan_to_num(features["contact_weekday_share"].to_numpy()) * acts)
    p_value = 7 * bdtrc(inside - 1, np.maximum(acts, 1).astype(np.int64), 1 / 7)
    enough = (acts >= state.contact_min_acts) & (inside > 0) & (p_value < state.chance)
    return np.where(enough, features["contact_weekday"].to_numpy(dtype=object), c.UNKNOWN)


def _period(features: pd.DataFrame, state: OccasionState) -> np.ndarray:
    """The longest period round which the dates lean to one side: one day of the year is one day of a month as well."""
    n = features[c.N_GAPS].to_numpy() + 1
    shows = []
    for name, days in PERIODS.items():
        rhythm = features[f"{name}_rhythm"].to_numpy()
        p_value = np.exp(np.sqrt(1 + 4 * n + 4 * n**2 * (1 - rhythm**2)) - (1 + 2 * n))  # Wilkie 1983
        spans = features["dates_span"].to_numpy() >= SPANNED * days
        shows.append((rhythm >= state.min_rhythm) & spans & (p_value < state.chance / len(PERIODS)))
    return np.select(shows, list(PERIODS), "none")


def _estimates(features: pd.DataFrame, state: OccasionState) -> Labels:
    """Days from the cutoff to the median of the next order; missing where nothing was ever bought.

    A gap is gamma with the population's shape; its rate is gamma too, with the evidence of the customer's own gaps and
    of the typical one. So P(gap > t) is the upper tail of a beta law at t / (t + rest).
    """
    n, shape = features[c.N_GAPS].to_numpy(), state.gap_shape
    own = np.log(features[c.MEAN_GAP_DAYS].fillna(1.0).to_numpy())
    weight = state.gap_weight
    mean = np.exp((n * own + weight * np.log(state.typical_gap)) / (n + weight))
    evidence = (n + weight) * shape
    rest = mean * (n + weight)
    waited = features[c.DAYS_SINCE_LAST_ORDER].to_numpy()
    left = betaincc(shape, evidence, waited / (waited + rest))
    with np.errstate(invalid="ignore", divide="ignore"):
        odds = betainccinv(shape, evidence, left / 2)
        rhythmic = rest * odds / (1 - odds) - waited
    without_rhythm = (rest + waited) * np.expm1(math.log(2) / (n + weight))
    # A rhythm of which only one order is known is nobody's own.
    days = np.where((n > 0) & (left > 1e-200), np.fmax(rhythmic, without_rhythm), without_rhythm)
    return {c.EXPECTED_NEXT_ORDER_DAYS: days}


LENS = Lens(
    name="occasion",
    question="When does the customer buy, when is the best time to contact, and when is the next order due?",
    source="Kotler and Keller, Marketing Management; Wilkie 1983; Buehlmann 1967",
    features={
        c.N_GAPS: Feature("gaps between days with an order", absent=0, reason="{} gaps between orders"),
        "dates_span": Feature(
            "days from the first day with an order to the last",
            reason="{} days from the first order to the last", none="all orders on one day",
        ),
        c.WEEKEND_SHARE: Feature(
            "share of days with an order at the weekend", "weekend", "weekday",
            reason="{:.0%} of the orders at the weekend",
        ),
        c.OCCASION_SHARE: Feature(
            "share of days with an order in a universal occasion", "festive", "everyday",
            reason="{:.0%} of the orders at an occasion of the calendar",
        ),
        "occasion_chance": Feature(
            "share of all days since the first order that lie in one",
            reason="a time with more occasions than most|a time with fewer occasions than most",
        ),
        "main_occasion": Feature("occasion of most such days, of two or more", text=True, reason="orders around {}"),
        c.MEAN_GAP_DAYS: Feature(
            "mean gap between days with an order, in days", "slow", "quick",
            reason="{} days between orders", missing=ONE_DAY,
        ),
        c.GAP_VARIATION: Feature(
            "how uneven the gaps between orders are (standard deviation over mean)", "irregular", "regular",
            reason="orders less regularly than most|orders more regularly than most", missing=ONE_DAY
        ),
        c.LATENESS: Feature(
            "days since the last order over the mean gap", "overdue", "on time",
            reason="later with the next order than most|earlier for the next order than most", missing=ONE_DAY
        ),
        "week_rhythm": Feature(
            "how much the dates keep to one weekday, 0 to 1", "weekly",
            reason="keeps to a weekday more than most|keeps to a weekday less than most",
        ),
        "month_rhythm": Feature(
            "how much they keep to one time of the month, 0 to 1", "monthly",
            reason="keeps to a time of the month more than most|keeps to a time of the month less than most",
        ),
        "year_rhythm": Feature(
            "how much they keep to one time of the year, 0 to 1", "seasonal", "all-year",
            reason="keeps to a time of the year more than most|keeps to a time of the year less than most",
        ),
        c.EVENING_SHARE: Feature(
            "share of orders and events by the customer from 18 hours on", "evening", "daytime",
            reason="{:.0%} of the orders and visits after 18 hours",
        ),
        "contact_window": Feature("when most of the orders and events come", text=True, reason="most active: {}"),
        "contact_acts": Feature(
            "orders and events of the customer with a time", reason="{} orders and visits of known hour", absent=0,
        ),
        "contact_share": Feature(
            "share of the customer's orders and events in the usual window",
            reason="keeps to the usual hours more than most|keeps to the usual hours less than most",
        ),
        "contact_chance": Feature(
            "share of the hours of a week in the usual window",
            reason="usual hours that are wider than most|usual hours that are narrower than most",
        ),
        "contact_weekday": Feature("the weekday with most orders and events", text=True, reason="most active: {}"),
        "contact_weekday_share": Feature(
            "share of the customer's orders and events on the usual weekday",
            reason="keeps to a weekday more than most|keeps to a weekday less than most",
        ),
    },
    reads=(c.ACTIVE_DAYS, c.TENURE_DAYS, c.DAYS_SINCE_LAST_ORDER),
    labels={
        c.OCCASION_SEGMENT: {
            "universal": "the days fall into the calendar's windows far more often than tenure and habit give",
            "recurring": "the days keep to one time of the week, the month or the year",
            "rare": "neither, with at least `min_gaps` gaps to see it",
        },
        c.OCCASION_PERIOD: {
            "week": "one weekday",
            "month": "one time of the month",
            "year": "one time of the year",
            "none": "no rhythm bound to the calendar",
        },
        c.BEST_CONTACT_WINDOW: {
            "<window>": "weekday or weekend, and the part of the day with most orders and events by the customer an "
            "hour, beyond chance"
        },
        c.BEST_CONTACT_WEEKDAY: {"<weekday>": "the weekday with most orders and events by the customer, beyond chance"},
    },
    select=_select,
    state=OccasionState,
    fit=_fit,
    segments=_segments,
    estimates=_estimates,
)  # fmt: skip
