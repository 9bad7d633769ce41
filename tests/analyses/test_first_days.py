"""The first days of the planted shop: who saves a favourite early, stays."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
import pytest

from conftest import through_the_door
from patronage.analyses import first_days
from patronage.analyses.contract import Population, View
from patronage.analyses.first_days import _behaviour
from patronage.config import Behaviour, FirstDaysConfig, LensesConfig, StayTarget
from patronage.data.simulated import simulate
from patronage.errors import DataError
from patronage.lenses import look_back
from patronage.simulation.practice import BANNER, TOUR

STAYS = {"stays": StayTarget("order", 1, 30, 120)}


@pytest.mark.slow
def test_the_early_act_that_matters_is_told(planted):
    result = first_days.run(planted, FirstDaysConfig(STAYS, shuffles=2, within_days=[7, 30]))
    table = result.tables["first_days_stays"].set_index("family")
    assert table.loc["wishlist", "verdict"] == "found"
    assert table.loc["wishlist", "low"] > 0
    assert "wishlist" in result.finding
    cohorts = result.tables["cohorts_proposed"]
    assert cohorts["behaviour"].str.startswith("wishlist").any()


@pytest.mark.slow
def test_what_nobody_does_is_too_little(planted):
    result = first_days.run(planted, FirstDaysConfig({"stays": StayTarget("login", 1, 30, 120)}, shuffles=0))
    assert result.notes == ["first days and stays: nobody has the event login in the days 30 to 120"]


def test_a_wording_gives_its_behaviour_back():
    assert _behaviour("ordered by web 2+ in 7 days") == Behaviour("ordered by web", 2, 7)


@pytest.mark.slow
def test_too_short_a_log_is_told(planted):
    with pytest.raises(DataError, match="nobody began 4000 days before"):
        first_days._search(planted, FirstDaysConfig(), StayTarget("order", 1, 30, 4000),
                           *first_days.counts_by_act(planted.history, [7], [1], [], 10**6))  # fmt: skip


def test_on_a_log_of_orders_alone_who_orders_more_early_stays_more(shop):
    """An act is never held beside itself: of heavy and light buyers the heavy order more early, and stay more."""
    tables = through_the_door(shop)
    now = Population(pd.DataFrame(), pd.DataFrame())
    view = View(look_back(tables, datetime(2023, 12, 1), LensesConfig(), 7), now, None, 91, 0)
    table = first_days.run(view, FirstDaysConfig(STAYS, shuffles=1, within_days=[30], least=20)).tables
    row = table["first_days_stays"].set_index("family").loc["order"]
    assert row["low"] > 0.1
    assert row["with_it"] > row["without_it"]


@pytest.mark.slow
def test_an_act_is_not_held_beside_the_orders_that_follow_it():
    """Who finishes a simulated tour orders more; beside the carts of the weeks after it little of that is left."""
    simulated = simulate(3000, 0, planted={"early_act": 1.0})
    tables = through_the_door(
        simulated.transactions, simulated.events, simulated.customers, on_duplicate_rows="keep"
    )  # fmt: skip
    nobody = Population(pd.DataFrame(), pd.DataFrame())
    view = View(look_back(tables, datetime(2024, 1, 1), LensesConfig(), 7), nobody, None, 91, 0)
    settings = FirstDaysConfig({"orders": StayTarget("order")}, shuffles=0)
    table = first_days.run(view, settings).tables["first_days_orders"].set_index("family")
    assert table.loc[TOUR, "verdict"] == "found"
    assert table.loc[TOUR, "together"] > table.loc[TOUR, "effect"] / 2
    assert table.loc[BANNER, "verdict"] != "found"
