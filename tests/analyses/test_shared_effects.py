"""What leads to another act keeps its own effect; what only comes with one is told to go along with it."""

from __future__ import annotations

import numpy as np
import pytest

from patronage.analyses.rule_search import search_rules
from patronage.analyses.rules import Rules
from patronage.analyses.shared_effects import SharedEffect, _with_the_surest

N = 6000


def verdicts(acts, days, y):
    """The verdict of each act, and what it goes along with."""
    names = list(acts)
    rules = Rules(
        np.column_stack(list(acts.values())).astype(float), names, [f"{name} 1+" for name in names],
        days={name: np.where(acts[name], day, np.nan) for name, day in days.items()}, day_of=names if days else (),
    )  # fmt: skip
    search = search_rules(rules, y, np.zeros((N, 1)), np.zeros(N, bool), least=30, shuffles=0, seed=0)
    table = search.table.set_index("family")
    return table["verdict"].to_dict(), table["goes_along_with"].to_dict()


@pytest.fixture
def shop():
    """A tour raises the rate of orders, which carts and visits measure; a banner comes with it; the days of each."""
    rng = np.random.default_rng(3)
    tour = rng.random(N) < 0.3
    banner = rng.random(N) < np.where(tour, 0.7, 0.1)
    rate = rng.gamma(1.5, 0.6, N) * (1 + 2 * tour)
    carts, visits = rng.poisson(2 * rate) >= 3, rng.poisson(2 * rate) >= 3
    y = (rng.random(N) < 1 - np.exp(-rate)).astype(float)
    days = {"tour": rng.integers(1, 6, N), "banner": rng.integers(1, 6, N), "carts": rng.integers(4, 30, N)}
    days["visits"] = days["carts"]
    return {"tour": tour, "banner": banner, "carts": carts, "visits": visits}, days, y


def test_what_leads_to_another_act_is_not_held_beside_it(shop):
    acts, days, y = shop
    found, along = verdicts(acts, days, y)
    assert found == {"tour": "found", "banner": "goes along", "carts": "found", "visits": "found"}
    assert along["banner"] == "tour 1+"


def test_where_no_days_are_known_what_leads_to_another_act_goes_along_with_it(shop):
    acts, _, y = shop
    found, along = verdicts(acts, {}, y)
    assert (found["carts"], found["tour"]) == ("found", "goes along")
    assert along["tour"] in {"carts 1+", "visits 1+"}


def test_what_follows_from_an_act_that_is_found_goes_along_with_it(shop):
    acts, days, y = shop
    thanks = acts["carts"] & (np.random.default_rng(1).random(N) < 0.6)
    found, along = verdicts({**acts, "thanks": thanks}, {**days, "thanks": days["carts"] + 1}, y)
    assert (found["carts"], found["thanks"], along["thanks"]) == ("found", "goes along", "carts 1+")


def test_an_earlier_companion_of_which_next_to_nothing_is_left_goes_along(shop):
    acts, days, y = shop
    found, along = verdicts(acts, {**days, "banner": np.zeros(N)}, y)
    assert (found["tour"], found["banner"], along["banner"]) == ("found", "goes along", "tour 1+")


def test_a_cause_part_of_which_goes_another_way_is_found_beside_that_way():
    """Without days: the cause keeps its own part beside the act that it leads to; the companion keeps none."""
    rng = np.random.default_rng(4)
    cause = rng.random(N) < 0.3
    companion = rng.random(N) < np.where(cause, 0.7, 0.1)
    way = rng.random(N) < np.where(cause, 0.5, 0.2)
    y = (rng.random(N) < 0.2 + 0.15 * cause + 0.2 * way).astype(float)
    found, along = verdicts({"cause": cause, "companion": companion, "way": way}, {}, y)
    assert found == {"cause": "found", "companion": "goes along", "way": "found"}
    assert along["companion"] == "cause 1+"


def test_of_rules_that_go_along_with_each_other_only_the_surest_is_found():
    shared = [SharedEffect(0.1, 1), SharedEffect(0.1, 0), SharedEffect(0.1, 1), SharedEffect(0.2, None)]
    assert [one.partner for one in _with_the_surest(shared)] == [None, 0, 1, None]
