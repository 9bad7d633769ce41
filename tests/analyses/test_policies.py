"""Who lives by returns, by perks and by price: planted groups are named, chance names nobody, later time measures."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from conftest import through_the_door
from patronage.analyses import policies
from patronage.analyses.contract import Population, View
from patronage.config import LensesConfig
from patronage.errors import DataError
from patronage.lenses import look_back

N = 400


def shop(*, planted: bool) -> View:
    """400 customers with twenty orders: every fourth sends much back, every fifth orders at a discount and cheaply."""
    rng = np.random.default_rng(0)
    rows = []
    for number in range(N):
        returns, saves = planted and number % 4 == 0, planted and number % 5 == 0
        for order in range(20):
            at = pd.Timestamp("2023-01-01 10:00") + pd.Timedelta(days=int(16 * order + rng.integers(0, 16)))
            discount = 2.0 if rng.random() < (0.9 if saves else 0.2) else 0.0
            price = float(rng.uniform(1, 2) if saves and rng.random() < 0.9 else rng.uniform(1, 9))
            price = round(price, 2)
            key = (f"c{number:03d}", f"{number}-{order}", f"kind {int(rng.integers(0, 6))}")
            rows.append((key[0], at, price, key[1], key[2], discount))
            if rng.random() < (0.5 if returns else 0.1):
                rows.append((key[0], at + pd.Timedelta(days=4), -price, key[1], key[2], 0.0))
    columns = ["customer_id", "ordered_at", "amount", "order_id", "category", "discount"]
    frame = pd.DataFrame(rows, columns=columns).astype({"ordered_at": "datetime64[us]"})
    nobody = Population(pd.DataFrame(), pd.DataFrame())
    return View(look_back(through_the_door(frame), datetime(2023, 12, 1), LensesConfig(), 7), nobody, None, 120, 0)


@pytest.fixture(scope="module")
def planted():
    return policies.run(shop(planted=True), None)


def members(result: object, name: str) -> pd.Series:
    return result.lists[name]["customer_id"].str[1:].astype(int)


def test_the_planted_groups_are_named_and_do_so_again_in_later_time(planted):
    table = planted.tables["policies"].set_index("policy")
    for policy in ("returns", "coupons and discounts", "low prices"):
        assert table.loc[policy, "verdict"] == "more"
        assert table.loc[policy, "low"] > 1.5
    assert table.loc["returns", "since_share"] == pytest.approx(0.5, abs=0.06)
    assert 0.1 < table.loc["returns", "since_usual"] < 0.2  # some who send much back were not sure by then
    share = table.loc["returns", "since_share"]
    assert f"live by returns: of those who did 120 days ago, {share:.0%} of the lines since then are sent back" in (
        planted.finding
    )


def test_a_list_holds_the_members_with_their_own_numbers(planted):
    assert (members(planted, "lives_by_returns") % 4 == 0).mean() > 0.95
    assert (members(planted, "lives_by_perks") % 5 == 0).mean() > 0.95
    assert "lines sent back, " in planted.lists["lives_by_returns"]["reason"].iloc[0]
    table = planted.tables["policies"].set_index("policy")
    assert (planted.lists["lives_by_perks"]["measured_lift"] == table.loc["coupons and discounts", "value"]).all()


def test_where_customers_differ_by_chance_nobody_lives_by_a_policy():
    with pytest.raises(DataError, match="belonged to the group"):
        policies.run(shop(planted=False), None)


def test_what_happened_since_does_not_choose_the_group():
    """The share since is that of the customers chosen by the time before: by hand, of the drawn log."""
    view = shop(planted=True)
    counts = policies._counts(view.history, view.since_days)["coupons and discounts"]
    then = policies._shares(counts.xs(0, level="late"))
    inside = then.index[then["low"] > then["usual"]]
    since = counts.xs(1, level="late")
    since = since[since.index.isin(inside)]
    table = policies.run(view, None).tables["policies"].set_index("policy")
    assert table.loc["coupons and discounts", "since_share"] == pytest.approx(since["k"].sum() / since["n"].sum())
