from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from patronage.simulation.events import CODES, EventLog, Place, Subjects, poisson_rows
from patronage.simulation.lifecycle import DAY, Calendar

CALENDAR = Calendar(date(2022, 1, 1), 10, messages_per_year=365, offers_per_year=52)


def test_a_scalar_is_the_same_for_all_events_and_missing_parts_are_none():
    log = EventLog(CALENDAR)
    log.add("view", np.array([3, 1]), np.array([10, 20]), Place(channel=2, device=np.array([0, 1])), subject=5)
    events = log.events(4)
    assert events.customer.tolist() == [3, 1]
    assert events.event.tolist() == [CODES["view"]] * 2
    assert events.channel.tolist() == [2, 2]
    assert events.device.tolist() == [0, 1]
    assert events.subject.tolist() == [5, 5]
    assert events.session.tolist() == [-1, -1]
    assert np.isnan(events.value).all()


def test_events_outside_the_log_are_left_out_at_its_borders():
    log = EventLog(CALENDAR)
    at = np.array([-1, 0, 10 * DAY - 1, 10 * DAY])
    log.add("visit", np.arange(4), at)
    assert log.events(4).customer.tolist() == [1, 2]


def test_events_of_further_customers_are_left_out():
    log = EventLog(CALENDAR)
    log.add("visit", np.array([2, 0, 1]), np.zeros(3))
    assert log.events(2).customer.tolist() == [0, 1]


def test_an_empty_log_has_its_columns():
    assert len(EventLog(CALENDAR).events(4).at) == 0


def test_sessions_are_numbered_on():
    log = EventLog(CALENDAR)
    assert log.new_sessions(2).tolist() == [0, 1]
    assert log.new_sessions(0).tolist() == []
    assert log.new_sessions(3).tolist() == [2, 3, 4]


def test_the_places_of_some_events_keep_what_is_the_same_for_all():
    place = Place(session=np.array([7, 8, 9]), channel=1)
    part = place.of(np.array([2, 0]))
    assert (part.session.tolist(), part.channel, part.device) == ([9, 7], 1, -1)


def test_subjects_know_where_their_parts_begin():
    subjects = Subjects(CALENDAR)
    first = [subjects.category, subjects.feature, subjects.topic, subjects.campaign, subjects.offer]
    assert [subjects.names[code] for code in first] == [
        "groceries", "order_history", "reviews", "campaign 1", "offer 1",
    ]  # fmt: skip


def test_rows_are_repeated_a_poisson_number_of_times():
    rows = poisson_rows(np.random.default_rng(0), np.repeat([0.0, 2.0], 5000))
    assert rows.min() >= 5000
    assert len(rows) / 5000 == pytest.approx(2, abs=0.1)
