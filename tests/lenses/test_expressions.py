"""SQL that several lenses share, run on a few rows."""

from __future__ import annotations

from datetime import datetime

import pytest

from patronage.engine import DuckDB
from patronage.lenses.expressions import case, decay, effective_number, thousandths, words
from patronage.lenses.relations import look_back


@pytest.fixture(scope="module")
def engine():
    return DuckDB(threads=1)


@pytest.mark.parametrize(("number", "integer"), [("1.0005e0", 1001), ("-0.25e0", -250), ("0.0004e0", 0)])
def test_thousandths_are_rounded_integers(engine, number, integer):
    assert engine.row(f"SELECT {thousandths(number)}") == (integer,)


def test_a_vocabulary_is_compared_in_lower_case(engine):
    assert engine.row(f"SELECT 'own' IN ({words(['OWN', 'its'])}), 'x' IN ({words(['OWN'])})") == (True, False)


def test_an_empty_vocabulary_holds_nothing(engine):
    assert engine.row(f"SELECT coalesce('x' IN ({words([])}), false)") == (False,)


def test_a_case_has_a_value_for_the_other_events(engine):
    sql = f"SELECT list({case({'visit': 1, 'view': 2}, 0)}) FROM (VALUES ('visit'), ('view'), ('call')) t(event)"
    assert engine.row(sql) == ([1, 2, 0],)
    assert case({}, 7) == "7"


@pytest.mark.parametrize(("counts", "kinds"), [((5,), 1.0), ((2, 2), 2.0), ((1, 1, 1, 1), 4.0), ((3, 1), 1.6)])
def test_the_effective_number_of_kinds_is_the_inverse_simpson_index(engine, counts, kinds):
    rows = ", ".join(f"({count})" for count in counts)
    assert engine.row(f"SELECT {effective_number('n')} FROM (VALUES {rows}) t(n)") == (pytest.approx(kinds),)


def test_an_act_loses_half_its_weight_in_a_half_life(by_hand, lens_settings):
    half_life = round(lens_settings.interests.half_life_days)
    with look_back(by_hand, datetime(2024, 3, 1), lens_settings, 7) as history:
        today, earlier = (
            history.engine.row(f"SELECT {decay(history, f'{history.today} - {days}', lens_settings)}")[0]
            for days in (0, half_life)
        )
    assert (today, earlier) == (1.0, pytest.approx(0.5))
