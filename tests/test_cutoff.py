from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from patronage import cutoff as when
from patronage.engine import DuckDB
from patronage.errors import ConfigError

DAY = datetime(2024, 3, 1)


@pytest.mark.parametrize(
    ("moment", "is_before", "is_within"),
    [
        ("2024-02-29 23:59:59.999999", True, False),
        ("2024-03-01 00:00:00", False, True),
        ("2024-03-30 23:59:59.999999", False, True),
        ("2024-03-31 00:00:00", False, False),
    ],
)
def test_a_moment_is_before_the_cutoff_or_within_the_horizon_and_never_both(moment, is_before, is_within):
    engine = DuckDB(threads=1)
    rows = f"(SELECT TIMESTAMP '{moment}' AS moment)"
    (before,) = engine.row(f"SELECT {when.before('moment', DAY, engine)} FROM {rows}")
    (within,) = engine.row(f"SELECT {when.within('moment', DAY, 30, engine)} FROM {rows}")
    assert (before, within) == (is_before, is_within)


def test_a_cutoff_is_a_date_without_a_zone():
    assert when.parse("2024-03-01") == DAY
    assert when.parse("2024-03-01 00:00:00") == DAY
    with pytest.raises(ConfigError, match=r"cutoff=2024-03-01 12:30 has a time of day; expected a date"):
        when.parse("2024-03-01 12:30")
    with pytest.raises(ConfigError, match="cutoff=soon is not a date; expected YYYY-MM-DD"):
        when.parse("soon")
    with pytest.raises(ConfigError, match="carries a time zone"):
        when.parse("2024-03-01T00:00:00+02:00")


def test_origins_end_at_the_cutoff_and_leave_history_before_them():
    origins = when.origins(
        datetime(1998, 1, 1), 180, datetime(1997, 1, 1), spacing_days=30, most=9, min_history_days=60
    )
    assert origins == (
        datetime(1997, 7, 5),
        datetime(1997, 6, 5),
        datetime(1997, 5, 6),
        datetime(1997, 4, 6),
        datetime(1997, 3, 7),
    )
    assert all(when.window_end(origin, 180) <= datetime(1998, 1, 1) for origin in origins)


def test_a_horizon_as_long_as_the_log_leaves_no_origin():
    assert (
        when.origins(datetime(1998, 1, 1), 365, datetime(1997, 1, 1), spacing_days=30, most=4, min_history_days=60)
        == ()
    )


@pytest.mark.parametrize(("horizon", "window"), [(90, 90), (305, 305), (306, 152), (365, 152)])
def test_labels_are_as_long_as_the_horizon_or_half_of_what_the_log_leaves(horizon, window):
    assert when.label_window(datetime(1998, 1, 1), horizon, datetime(1997, 1, 1), min_history_days=60) == window


def test_the_day_of_the_last_row_counts_as_observed():
    last = datetime(1998, 6, 30, 0, 0)
    assert when.is_observed(datetime(1998, 1, 1), 180, last)
    assert when.is_observed(datetime(1998, 1, 1), 181, last)
    assert not when.is_observed(datetime(1998, 1, 1), 182, last)


@pytest.mark.parametrize("cutoff", [datetime(1996, 12, 31), datetime(1997, 1, 1), datetime(2030, 1, 1)])
def test_a_cutoff_outside_the_log_is_refused_with_the_span(cutoff):
    with pytest.raises(ConfigError, match=r"lies outside the data \(1997-01-01 to 1998-06-30\)"):
        when.check_inside(cutoff, datetime(1997, 1, 1), datetime(1998, 6, 30), max_staleness_days=7)


@pytest.mark.parametrize(("max_staleness_days", "latest"), [(0, datetime(1998, 7, 1)), (7, datetime(1998, 7, 8))])
def test_the_latest_cutoff_is_the_day_after_the_last_row_and_the_staleness_that_is_allowed(max_staleness_days, latest):
    first, last = datetime(1997, 1, 1), datetime(1998, 6, 30)
    when.check_inside(latest, first, last, max_staleness_days)
    with pytest.raises(ConfigError, match="data.max_staleness_days allows more"):
        when.check_inside(latest + timedelta(days=1), first, last, max_staleness_days)


def test_a_model_fitted_at_the_cutoff_itself_is_past():
    assert when.is_past(DAY, DAY)
    assert when.is_past(DAY - timedelta(seconds=1), DAY)
    assert not when.is_past(DAY + timedelta(seconds=1), DAY)


def test_history_may_be_exactly_as_long_as_the_least():
    first = datetime(2024, 1, 1)
    assert when.has_history(DAY, first, 60)
    assert not when.has_history(DAY, first, 61)
    assert not when.has_history(DAY - timedelta(seconds=1), first, 60)


def test_days_are_counted_from_1970():
    assert when.days_since_epoch(datetime(1970, 1, 2)) == 1


def test_a_log_of_yesterday_is_not_stale():
    cutoff = datetime(2024, 3, 10)
    assert when.days_stale(cutoff, datetime(2024, 3, 9, 23)) == 0
    assert when.days_stale(cutoff, datetime(2024, 3, 9, 0)) == 1
    assert when.days_stale(cutoff, datetime(2024, 3, 1)) == 9
    assert when.days_stale(cutoff, datetime(2024, 4, 1)) == 0


def test_only_too_late_a_cutoff_is_to_be_tried_again():
    first, last = datetime(2024, 1, 1), datetime(2024, 2, 29)
    with pytest.raises(ConfigError, match=r"not after 2024-03-01$") as early:
        when.check_inside(first, first, last, 0)
    assert early.value.exit_code == 2
    with pytest.raises(
        ConfigError, match=r"\(data.max_staleness_days allows more\), or try again when the log"
    ) as late:
        when.check_inside(datetime(2024, 3, 2), first, last, 0)
    assert late.value.exit_code == 75


def test_a_line_without_versions_is_known_by_its_order():
    engine = DuckDB(1)
    moment = datetime(2024, 3, 1)
    assert when.line_known(moment, engine, revised=False) == when.before("ordered_at", moment, engine)
    versions = when.line_known(moment, engine, revised=True)
    rows = engine.frame(
        "SELECT n FROM (VALUES (1, TIMESTAMP '2024-02-29', NULL), (2, TIMESTAMP '2024-03-01', NULL), "
        "(3, TIMESTAMP '2024-01-01', TIMESTAMP '2024-02-29'), (4, TIMESTAMP '2024-01-01', TIMESTAMP '2024-03-01')) "
        f"AS lines (n, known_at, refunded_at) WHERE {versions}"
    )
    assert rows["n"].tolist() == [1, 4]
