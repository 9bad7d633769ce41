"""The cards of the personas: what a label says alone."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import pytest

from patronage import names as c
from patronage.evaluation.intervals import Interval
from patronage.evaluation.later_behaviour import SHUFFLED, TWO_BY_TWO
from patronage.evaluation.scorecard import Headline
from patronage.review.run_page.personas import best_rules, doubts, label_in_words, without_persona


@pytest.mark.parametrize(
    ("column", "label", "words"),
    [
        ("profile_household_size", "3", "household size 3"),  # alone it would be a mere number
        ("profile_age", "55-64", "age 55-64"),
        (c.TOP_INTEREST, "beef", "top interest beef"),
        (c.STATUS_SEGMENT, "at_risk", "at risk"),
    ],
)
def test_a_label_is_understood_alone(column, label, words):
    assert label_in_words(column, label) == words


@pytest.mark.parametrize(
    ("baseline", "value", "high", "stable", "words"),
    [
        (TWO_BY_TWO, 0.1, -0.01, True, ""),
        (
            TWO_BY_TWO,
            0.1,
            0.01,
            True,
            " They tell no more of later behaviour than four groups by frequency and recency.",
        ),
        (
            TWO_BY_TWO,
            -0.1,
            0.01,
            True,
            " They tell no more of later behaviour than four groups by frequency and recency;",
        ),
        (SHUFFLED, 0.1, 0.01, True, " They tell no more of later behaviour than shuffled personas; this data holds no"),
        (SHUFFLED, 0.1, -0.01, False, " They are not stable: a fit on other customers gives others."),
    ],
)
def test_what_speaks_against_the_personas_stands_above_their_cards(baseline, value, high, stable, words):
    line = Headline("personas", "later_behaviour", value, baseline, 0.1, Interval(high - 0.02, high - 0.04, high))
    later = SimpleNamespace(later=SimpleNamespace(headline=line))
    choice = SimpleNamespace(choice=SimpleNamespace(stable=stable))
    told = doubts(SimpleNamespace(measurement=later, bundle=SimpleNamespace(personas=choice)))
    assert told.startswith(words)
    assert bool(told) == bool(words)


@pytest.mark.parametrize(
    ("ids", "words"),
    [
        ([0, 1, 1], ""),
        ([0, -1, -1], " Without a persona: 2 customers with no order yet."),
        (
            [-2, -1, -2],
            " Without a persona: 1 customer with no order yet, 2 customers with nothing known that the personas see.",
        ),
    ],
)
def test_customers_without_a_persona_are_told(ids, words):
    assert without_persona(SimpleNamespace(assignments=pd.DataFrame({c.PERSONA_ID: ids}))) == words


def test_the_rule_that_is_shown_is_right_about_most_customers():
    """A rule that holds for many and is right about few stood there as the one that almost gives the persona."""
    rules = pd.DataFrame({c.PERSONA: ["a", "a", "b"], "share": [0.42, 0.16, 0.1], "right": [0.33, 0.90, float("nan")]})
    assert list(best_rules(rules)) == [False, True, True]
