"""The way to an order by hand: acts before it, and which of them count."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
import pytest

from conftest import through_the_door
from patronage.analyses import ways
from patronage.analyses.contract import Population, View
from patronage.config import LensesConfig
from patronage.errors import DataError
from patronage.lenses import look_back

FIRST = pd.Timestamp("2023-05-01 12:00")
EAGER = [f"c{number:02d}" for number in range(35)]  # they order something rare, too
CUSTOMERS = [f"c{number:02d}" for number in range(40)]


def shop(events: list[tuple[int, str, str]]) -> View:
    """Each customer orders a sofa in the store, and forty days later tea on the web; events by days since the sofa."""
    return _view([(customer, day, event, place) for customer in CUSTOMERS for day, event, place in events], [])


def _view(events: list[tuple[str, int, str, str]], eager: list[str]) -> View:
    orders = [
        (customer, FIRST + pd.Timedelta(days=day), 10.0, f"{customer}-{day}", category, channel)
        for customer in CUSTOMERS
        for day, category, channel in ((0, "sofa", "store"), (40, "tea", "web"))
    ]
    orders += [(customer, FIRST + pd.Timedelta(days=80), 10.0, f"{customer}-80", "rare", "web") for customer in eager]
    acts = [(customer, FIRST + pd.Timedelta(days=day), event, place) for customer, day, event, place in events]
    transactions = pd.DataFrame(
        orders, columns=["customer_id", "ordered_at", "amount", "order_id", "category", "channel"]
    ).astype({"ordered_at": "datetime64[us]"})
    log = pd.DataFrame(acts, columns=["customer_id", "occurred_at", "event", "channel"])
    tables = through_the_door(transactions, log.astype({"occurred_at": "datetime64[us]"}))
    nobody = Population(pd.DataFrame(index=CUSTOMERS), pd.DataFrame(index=CUSTOMERS))
    return View(look_back(tables, datetime(2024, 1, 1), LensesConfig(), 7), nobody, None, 91, 0)


def test_the_acts_of_the_days_before_are_counted_by_category_and_channel():
    view = shop([(-10, "search", "web"), (-2, "view", "web"), (-1, "visit", "store"), (38, "view", "web")])
    result = ways.run(view, None)
    table = result.tables["ways"].set_index(["by", "label"])
    sofa, tea = table.loc[("category", "sofa")], table.loc[("category", "tea")]
    assert (sofa["acts"], sofa["kinds"], sofa["days"], sofa["several_channels_share"]) == (3, 3, 10, 1)
    assert (tea["acts"], tea["kinds"], tea["days"], tea["several_channels_share"]) == (1, 1, 2, 0)
    assert (sofa["verdict"], tea["verdict"]) == ("more than usual", "less than usual")
    assert table.loc[("all orders", "all"), "acts"] == pytest.approx(2)
    assert (sofa["beside_usual"], tea["beside_usual"]) == (1, -1)
    assert "most for sofa: +1.00" in result.finding
    channels = result.tables["ways_channels"].set_index(["acted_in", "ordered_in"])
    assert channels.loc[("web", "store"), "share"] == 1
    assert channels.loc[("store", "store"), "share_of_all"] == pytest.approx(0.5)
    assert ("store", "web") not in channels.index


def test_what_lies_too_far_back_or_before_the_last_order_or_after_a_sale_is_no_way():
    acts = [(-1, "view", "web"), (-15, "view", "web"), (-14, "search", "web"), (41, "view", "web")]
    table = ways.run(shop([*acts, (39, "complaint", "web"), (39, "message_sent", "web")]), None).tables["ways"]
    own = table.set_index(["by", "label"])
    assert own.loc[("category", "sofa"), "acts"] == 2  # of the days 1 and 14, not 15
    assert own.loc[("category", "tea"), ["acts", "without_acts_share"]].tolist() == [0, 1]


def test_a_log_without_acts_before_orders_is_told():
    with pytest.raises(DataError, match="no 30 customers with acts"):
        ways.run(shop([(5, "view", "web")]), None)


def test_a_log_that_hardly_sees_the_way_is_told():
    """As on Complete Journey, whose till sees no browsing: one order in hundreds has an act before it."""
    view = _view([(CUSTOMERS[0], -1, "view", "web")], CUSTOMERS)  # one of 120 orders
    with pytest.raises(DataError, match="0.83% of the orders had an act in the 14 days before; expected 1%"):
        ways.run(view, None)


def test_what_eager_customers_buy_takes_no_more_than_their_usual_order():
    """Beside all customers it did: those who do much before each order also buy in every category."""
    eager = [(customer, day, "view", "web") for customer in EAGER for day in (-1, 39, 79)]
    lazy = [("c39", -1, "view", "web")]
    table = ways.run(_view([*eager, *lazy], EAGER), None).tables["ways"].set_index(["by", "label"])
    rare = table.loc[("category", "rare")]
    assert rare["acts"] > table.loc[("all orders", "all"), "acts"]
    assert (rare["beside_usual"], rare["verdict"]) == (0, "")
