"""Offers and pairs in time by hand."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from conftest import through_the_door
from patronage.analyses import sequences
from patronage.analyses.contract import Population, Result, View
from patronage.config import LensesConfig, SequencesConfig
from patronage.lenses import look_back


def test_offers_follow_what_goes_together():
    had = np.zeros((300, 4))
    had[:100, :2] = 1  # tea and honey
    had[100:200, 2:] = 1  # bread and jam
    had[200, 0] = had[201, 2] = 1
    scores = sequences.offer_scores(had)
    assert scores[200].argsort()[::-1][:2].tolist() == [0, 1]
    new = np.array([[0, 1.0, 0, 0], [0, 0, 0, 1.0]])
    rates = sequences.hit_rates(scores[200:202], had[200:202], new, np.array([9.0, 8, 7, 1]), 1)
    assert rates.hits == 1
    assert rates.popular == 0.5  # honey is what the first of the two took, tea is not what the second took


def test_a_pair_in_time_stands_beside_all_acts_around_it():
    counts = pd.DataFrame(
        {"act": ["a"] * 4, "other": list("bcde"), "only_after": [200, 50, 50, 50], "only_before": [50, 50, 50, 50],
         "n_after": [250, 60, 60, 60], "n": [1000] * 4, "kind": [0] * 4}
    )  # fmt: skip
    table = sequences._ratios(counts).set_index("then")
    assert table.loc["b", "verdict"] == "follows"
    assert table.loc["b", "sequence_ratio"] == pytest.approx(4, rel=0.03)
    assert table.loc["b", "low"] < 4 < table.loc["b", "high"]
    assert (table.loc[["c", "d", "e"], "verdict"] == "no order in time").all()


def test_true_pairs_of_events_do_not_let_a_doubtful_pair_of_products_through():
    pairs = pd.DataFrame(
        {"act": [f"act {k}" for k in range(40)] + ["coffee"] * 3,
         "other": [f"event {k}" for k in range(40)] + ["tea", "jam", "bread"],
         "only_after": [400] * 40 + [70, 50, 50], "only_before": [50] * 40 + [48, 50, 50],
         "n_after": [400] * 43, "n": [1000] * 43, "kind": [2] * 40 + [0] * 3}
    )  # fmt: skip
    one_family = sequences._ratios(pairs.assign(kind=0)).set_index("then")
    table = sequences._ratios(pairs).set_index("then")
    assert one_family.loc["tea", "verdict"] == "follows"
    assert table.loc["tea", "verdict"] == "no order in time"
    assert table.loc["event 0", "verdict"] == one_family.loc["event 0", "verdict"]


KINDS = ["tea", "jam", "bread", "honey", "rice"]


def purchases_and_events(**planted: tuple[int, int]) -> pd.DataFrame:
    """Pairs of five categories and four events; what is sent back comes after each purchase, and after a search."""
    rows = []
    events = ["search", "returned", "shared", "visit"]
    for act in KINDS + events:
        for other in KINDS + events:
            after, before = (90, 30) if other == "returned" and act not in ("shared", "visit") else (50, 50)
            after, before = planted.get(f"{act}_{other}", (after, before))
            if act != other:
                rows.append((act, other, after, before, after + 10, 500, (act in events) + 2 * (other in events)))
    return pd.DataFrame(rows, columns=["act", "other", "only_after", "only_before", "n_after", "n", "kind"])


def verdicts(counts: pd.DataFrame) -> dict[tuple[str, str], str]:
    table = sequences._ratios(counts)
    return dict(zip(zip(table["after"], table["then"], strict=True), table["verdict"], strict=True))


def test_what_follows_every_purchase_follows_none_of_them():
    of = verdicts(purchases_and_events())
    assert {of[kind, "returned"] for kind in KINDS} == {"no order in time"}
    assert of["search", "returned"] == "no order in time"  # a purchase lies between


def test_what_follows_one_purchase_more_than_any_other_is_told():
    of = verdicts(purchases_and_events(tea_returned=(200, 10), tea_honey=(200, 40)))
    assert of["tea", "returned"] == of["tea", "honey"] == "follows"
    assert of["jam", "returned"] == "no order in time"


def test_acts_that_each_follow_the_other_go_together():
    of = verdicts(purchases_and_events(shared_visit=(300, 0), visit_shared=(200, 0)))
    assert of["shared", "visit"] == of["visit", "shared"] == "go together"


def test_what_comes_no_more_often_than_elsewhere_goes_together():
    of = verdicts(purchases_and_events(shared_visit=(45, 0)))  # never before the first, but seldom after it, too
    assert of["shared", "visit"] == "go together"


def test_the_share_after_any_other_purchase_leaves_out_the_pair_itself():
    table = sequences._ratios(purchases_and_events(tea_honey=(200, 40))).set_index(["after", "then"])
    assert table.loc[("tea", "honey"), "after_any_purchase"] == pytest.approx(60 / 500)
    assert table.loc[("jam", "honey"), "after_any_purchase"] == pytest.approx((60 + 60 + 210) / 1500)


@pytest.mark.slow
def test_an_answer_that_was_asked_for_follows_nothing(planted):
    told = sequences.run(planted, SequencesConfig(surveys=[])).tables["sequences"]
    without = sequences.run(planted, SequencesConfig(surveys=["honey"])).tables["sequences"]
    assert "honey" in set(told["then"])
    assert "honey" not in set(without["then"])


@pytest.mark.slow
def test_honey_after_tea_is_told(planted):
    table = sequences.run(planted, SequencesConfig()).tables["sequences"]
    first = table.iloc[0]
    assert (first["after"], first["then"], first["verdict"]) == ("tea", "honey", "follows")
    assert first["low"] > 1


def orders_of_ten(item: str) -> pd.DataFrame:
    """Customers of ten items by lot."""
    rng = np.random.default_rng(0)
    rows = [
        (f"c{number:03d}", pd.Timestamp(day), 10.0, f"{number}-{day}", f"item {k}")
        for number in range(250)
        for day in ("2023-06-01 10:00", "2023-11-01 10:00")
        for k in rng.choice(10, int(rng.integers(1, 4)), replace=False)
    ]
    frame = pd.DataFrame(rows, columns=["customer_id", "ordered_at", "amount", "order_id", item])
    return frame.astype({"ordered_at": "datetime64[us]"})


def test_a_list_of_offers_begins_with_the_surest():
    """The first by name are no better than others, and a list is cut short."""
    tables = through_the_door(orders_of_ten("category"))
    nobody = Population(pd.DataFrame(), pd.DataFrame())
    with look_back(tables, datetime(2023, 12, 1), LensesConfig(), 7) as history:
        result = Result()
        sequences._judged_list(result, View(history, nobody, None, 91, 0), "category", SequencesConfig())
    listed = result.lists["cross_sell_offers"]
    assert listed["share_who_have_it"].is_monotonic_decreasing
    assert not listed["customer_id"].is_monotonic_increasing


def test_products_are_told_by_name_and_the_judged_customers_are_counted():
    first = orders_of_ten("product_id")
    later = {"ordered_at": first["ordered_at"] + pd.Timedelta("5D"), "order_id": first["order_id"] + "-later",
             "product_id": first["product_id"].sample(frac=1, random_state=0).to_numpy()}  # fmt: skip
    orders = pd.concat([first, first.assign(**later)], ignore_index=True).drop_duplicates()
    tables = through_the_door(orders.assign(product_name="Name of " + orders["product_id"]))
    nobody = Population(pd.DataFrame(), pd.DataFrame())
    with look_back(tables, datetime(2023, 12, 1), LensesConfig(), 7) as log:
        result = sequences.run(View(log, nobody, None, 91, 0), SequencesConfig(least=5, within_days=10))
    assert result.tables["replenishment"]["item"].str.startswith("Name of item ").all()
    row = result.tables["cross_sell_judged"].iloc[0]
    told = (
        f"offered 3 things each, {row['hit_rate']:.1%} of the {row['customers']:,.0f} customers who bought something "
        f"new in the last 91 days bought one of them, beside {row['hit_rate_by_popularity']:.1%} by popularity, "
        f"{100 * row['difference']:+.1f} points ["
    )
    assert told in result.finding
