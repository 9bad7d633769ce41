"""The search finds what was planted, tells what only goes along, and finds nothing in noise."""

from __future__ import annotations

import numpy as np
import pytest

from patronage.analyses.rule_search import EarlierPeriod, search_rules
from patronage.analyses.rules import Rules
from patronage.errors import DataError

N = 3000


@pytest.fixture(scope="module")
def planted():
    """`matters` raises the outcome, `along` only comes with it, thirty others do nothing."""
    rng = np.random.default_rng(0)
    activity = rng.normal(size=(N, 1))
    matters = rng.random(N) < 0.3
    along = np.where(rng.random(N) < 0.8, matters, rng.random(N) < 0.3)
    noise = rng.random((N, 60)) < 0.2
    rules = Rules(
        np.column_stack([matters, along, noise]).astype(float),
        ["matters", "along", *(f"noise {k // 2}" for k in range(60))],
        ["matters 1+", "along 1+", *(f"noise {k // 2} {k % 2 + 1}+" for k in range(60))],
    )
    y = (rng.random(N) < 0.2 + 0.15 * matters + 0.05 * (activity[:, 0] > 0)).astype(float)
    return rules, y, activity, np.arange(N) % 3 == 0


def test_what_matters_is_found_and_what_goes_along_is_told(planted):
    search = search_rules(*planted, least=30, shuffles=5, seed=0)
    rows = search.table.set_index("family")
    assert search.holding["family"].tolist()[0] == "matters"
    assert rows.loc["matters", "low"] < 0.15 < rows.loc["matters", "high"]
    assert rows.loc["matters", "held_out_low"] > 0
    assert rows.loc["along", "verdict"] == "goes along"
    assert rows.loc["along", "goes_along_with"] == "matters 1+"
    assert (rows["verdict"] == "found").sum() <= 2
    assert search.by_chance < 1


def test_of_two_acts_of_the_same_customers_one_speaks_for_both(planted):
    rules, y, adjust, held_out = planted
    again = rules.matrix[:, 0].copy()
    again[:10] = 1 - again[:10]
    both = Rules(np.column_stack([rules.matrix, again]), [*rules.families, "again"], [*rules.wordings, "again 1+"])
    rows = search_rules(both, y, adjust, held_out, least=30, shuffles=1, seed=0).table.set_index("family")
    assert sorted(rows.loc[["matters", "again"], "verdict"]) == ["found", "goes along"]


def test_a_shuffled_outcome_shows_nothing(planted):
    rules, y, adjust, held_out = planted
    shuffled = np.random.default_rng(1).permutation(y)
    assert len(search_rules(rules, shuffled, adjust, held_out, least=30, shuffles=2, seed=0).holding) <= 1


def test_what_only_goes_along_is_told_where_each_act_is_held_beside_all_others():
    rng = np.random.default_rng(6)
    tour = rng.random(N) < 0.3
    banner = rng.random(N) < np.where(tour, 0.6, 0.15)
    other = rng.poisson(0.1, N)
    rules = Rules(
        np.column_stack([tour, banner]).astype(float), ["tour", "banner"], ["tour 1+", "banner 1+"],
        {"tour": np.log1p(other + 2 * banner), "banner": np.log1p(other)}, ["tour", "banner"],
    )  # fmt: skip
    y = (rng.random(N) < 0.4 + 0.3 * tour).astype(float)
    search = search_rules(rules, y, np.zeros((N, 1)), np.zeros(N, bool), least=30, shuffles=0, seed=0)
    assert search.table.set_index("family")["verdict"].to_dict() == {"tour": "found", "banner": "goes along"}


@pytest.mark.parametrize(
    ("before", "others", "verdict"),
    [
        (0.15, 0.0, "found"),
        (0.0, 0.0, "not clear in the time before"),
        (-0.1, 0.0, "not clear in the time before"),
        (0.15, 0.2, "no more than chance"),
    ],
)
def test_what_the_period_before_shows_counts(planted, before, others, verdict):
    rules, y, activity, held_out = planted
    rng = np.random.default_rng(2)
    matters, noise = rng.random(N) < 0.3, rng.random((N, 61)) < 0.2
    then = Rules(np.column_stack([matters, noise]).astype(float), rules.families, rules.wordings)
    outcome = rng.normal(0.3, 0.4, N) + before * matters + noise @ rng.choice([-others, others], 61)
    search = search_rules(
        rules, y, activity, held_out, least=30, shuffles=0, seed=0, earlier=EarlierPeriod(then, outcome, activity)
    )
    row = search.table.set_index("family").loc["matters"]
    alone = search_rules(rules, y, activity, held_out, least=30, shuffles=0, seed=0).table.set_index("family")
    width, narrower = (one["high"] - one["low"] for one in (row, alone.loc["matters"]))
    assert width == pytest.approx(narrower * search.periods_differ)
    assert row["verdict"] == verdict
    assert (search.periods_differ > 1.5) == (others > 0)


def test_too_little_is_told(planted):
    rules, y, adjust, held_out = planted
    with pytest.raises(DataError, match="2,000 customers; 10 differ from the others; to compare them"):
        search_rules(rules, np.where(np.cumsum(~held_out) <= 10, 1.0, 0.0), adjust, held_out,
                     least=30, shuffles=1, seed=0)  # fmt: skip
    with pytest.raises(DataError, match="no behaviour"):
        search_rules(rules, y, adjust, held_out, least=1500, shuffles=1, seed=0)


def test_a_rule_in_other_words_and_its_opposite_are_dropped():
    first = np.array([0, 0, 1, 1, 1, 0] * 20, np.float64)
    other = np.array([1, 0, 1, 0, 1, 0] * 20, np.float64)
    rules = Rules(np.column_stack([first, first, 1 - first, other]), ["a", "b", "c", "d"], ["a", "b", "not a", "d"])
    assert rules.without_doubles().wordings == ["a", "d"]
    thresholds = Rules(np.column_stack([first, first]), ["a", "a"], ["a 1+", "a 2+"])
    assert thresholds.without_doubles().wordings == ["a 1+", "a 2+"]  # of one family the search chooses


def test_of_rules_that_the_same_customers_fulfil_the_first_is_told(planted):
    rules, y, adjust, held_out = planted
    matters = rules.matrix[:, :1]
    twice = Rules(
        np.column_stack([matters, matters, rules.matrix[:, 2:]]),
        ["matters", "matters", *rules.families[2:]],
        ["matters 1+", "matters 2+", *rules.wordings[2:]],
    )
    search = search_rules(twice, y, adjust, held_out, least=30, shuffles=0, seed=0)
    assert search.table.set_index("family").loc["matters", "rule"] == "matters 1+"
    assert search.by_chance == 0


def test_a_rule_that_is_part_of_what_effects_are_beside_is_no_rule(planted):
    rules, y, _, held_out = planted
    beside = np.column_stack([rules.matrix[:, 0], rules.matrix[:, 5]])
    table = search_rules(rules, y, beside, held_out, least=30, shuffles=0, seed=0).table
    assert "matters" not in set(table["family"])
    assert table["effect"].abs().max() < 1
