"""Sessions by hand, sessions whose truth is known, and a future that changes nothing."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from conftest import through_the_door
from patronage import names as c
from patronage.models import sessions
from patronage.models.sessions.reading import clicks
from patronage.models.sessions.visits import NEVER

CUTOFF = datetime(2024, 3, 1)
EVENTS = [
    # anna looks, comes back two hours later and buys; the order belongs to the session that began last
    ("anna", "2024-02-20 10:00", "s1", "visit"),
    ("anna", "2024-02-20 10:05", "s1", "view"),
    ("anna", "2024-02-20 12:00", "s2", "visit"),
    ("anna", "2024-02-20 12:10", "s2", "add_to_cart"),
    ("anna", "2024-02-20 12:12", "s2", "checkout_started"),
    # and leaves a cart, which stands at the cutoff
    ("anna", "2024-02-28 09:00", "s3", "add_to_cart"),
    # ben left one, and ordered in another way two days later
    ("ben", "2024-02-10 08:00", "s4", "add_to_cart"),
    ("ben", "2024-02-10 08:01", "s4", "view"),
    # no session, no customer's doing, not yet known
    ("ben", "2024-02-10 09:00", None, "view"),
    ("ben", "2024-02-10 09:00", "s5", "message_sent"),
    ("ben", "2024-03-01 00:00", "s6", "visit"),
]
ORDERS = [
    ("anna", "2024-02-20 12:13", 20.0, "o1"),
    ("ben", "2024-02-12 08:00", 30.0, "o2"),
    ("ben", "2024-03-02 08:00", 99.0, "o3"),
]


@pytest.fixture
def tables():
    orders = pd.DataFrame(ORDERS, columns=[c.CUSTOMER_ID, c.ORDERED_AT, c.AMOUNT, c.ORDER_ID])
    events = pd.DataFrame(EVENTS, columns=[c.CUSTOMER_ID, c.OCCURRED_AT, c.SESSION_ID, c.EVENT])
    return through_the_door(orders, events)


@pytest.fixture
def known(tables):
    return sessions.read(tables, CUTOFF)


class TestByHand:
    def test_only_sessions_of_customers_before_the_cutoff(self, known):
        assert known.customers.tolist() == ["anna", "ben"]
        assert known.touches["session"].unique().tolist() == ["s1", "s2", "s3", "s4"]
        assert known.orders["paid"].tolist() == [20.0, 30.0]
        assert (known.touches["at"] < 0).all()

    def test_nothing_without_sessions(self, by_hand):
        assert sessions.read(by_hand, CUTOFF) is None

    def test_an_order_belongs_to_the_session_before_it(self, known):
        visits = sessions.visits(known)
        assert visits["session"].tolist() == ["s1", "s2", "s3", "s4"]
        assert (visits["bought_at"] > NEVER).tolist() == [False, True, False, False]
        assert visits["left"].tolist() == [False, False, True, True]
        assert visits["buying_share"].tolist() == [0, 0, 1 / 4, 0]
        assert visits["days_since_order"][2] == pytest.approx((8 * 24 - 3 - 13 / 60) / 24)
        assert visits["days_since_order"].isna().tolist() == [True, True, False, True]

    def test_every_touchpoint_knows_its_past(self, known):
        kinds = ("view", "visit", "add_to_cart")
        features, truth = sessions.touchpoints(known, sessions.visits(known), kinds)
        assert truth["later"].tolist() == [0, 0, 1, 1, 1, 0, 0, 0]
        assert features["position"].tolist() == [1, 2, 1, 2, 3, 1, 1, 2]
        assert features["minutes"].tolist() == [0, 5, 0, 10, 12, 0, 0, 1]
        assert features["last"].tolist() == [1, 0, 1, 2, 3, 2, 2, 0]  # 3: a kind that is not told apart
        assert features["before"].tolist() == [-1, 1, -1, 1, 2, -1, -1, 2]
        assert features["n_add_to_cart"].tolist() == [0, 0, 0, 1, 1, 1, 1, 1]
        assert sessions.paths(features, truth, kinds)[4] == "visit > add_to_cart > other"

    def test_a_cart_is_asked_about_daily_until_its_owner_orders(self, known):
        features, truth = sessions.asked(known, sessions.visits(known), recent_days=7, return_days=1)
        # anna's is left for two days before the cutoff, ben's until his order 48 hours later
        assert known.customers[truth["who"]].tolist() == ["anna"] * 2 + ["ben"] * 2
        assert features["cart_age_days"].tolist() == pytest.approx([1 / 48, 1 + 1 / 48, 31 / 1440, 1 + 31 / 1440])
        assert truth["back"].iloc[[0, 2, 3]].tolist() == [0, 0, 1]
        assert np.isnan(truth["back"].iloc[1])  # the day has not passed at the cutoff

    def test_whose_cart_stands_now(self, tables):
        lately = sessions.read(tables, CUTOFF, carts_of_days=7)
        features, truth = sessions.standing(lately, sessions.visits(lately), 7)
        assert lately.customers[truth["who"]].tolist() == ["anna"]
        assert features["n_orders"].tolist() == [1]
        assert features["visits_lately"].tolist() == [3]


def log(n: int, seed: int, customers: int = 400) -> tuple[pd.DataFrame, pd.DataFrame, pd.Series]:
    """Sessions of three touchpoints; whether an order follows depends on the order of the first two."""
    rng = np.random.default_rng(seed)
    first = rng.choice(["view", "search"], n)
    second = np.where(first == "view", "search", "view")
    chance = np.where(first == "view", 0.7, 0.2)  # the same counts, the same last touchpoint
    begun = pd.Timestamp("2023-06-01") + pd.to_timedelta(np.sort(rng.choice(200 * 24, n)), unit="h")
    who = rng.permutation(np.arange(n) % customers).astype(str)
    name = np.arange(n).astype(str)
    rows = [
        pd.DataFrame(
            {c.CUSTOMER_ID: who, c.OCCURRED_AT: begun + pd.Timedelta(minutes=k), c.SESSION_ID: name, c.EVENT: kind}
        )
        for k, kind in enumerate((first, second, "visit"))
    ]
    buys = rng.random(n) < chance
    orders = pd.DataFrame({c.CUSTOMER_ID: who, c.ORDERED_AT: begun + pd.Timedelta(minutes=10), "paid": 1.0})[buys]
    return pd.concat(rows), orders, pd.Series(chance, name)


def test_the_planted_chances_are_found():
    touches, orders, chance = log(8_000, seed=1)
    known = clicks(touches, orders, CUTOFF)
    visits, kinds = sessions.visits(known), sessions.common(known)
    features, truth = sessions.touchpoints(known, visits, kinds)
    past = (truth["visit"] % 2 == 0).to_numpy()
    chances = sessions.learn_orders(
        features[past], truth["later"].to_numpy()[past], truth["who"].to_numpy()[past], seed=0
    )
    at_last = ~past & (features["position"] == 3).to_numpy()
    planted = chance[visits["session"].to_numpy()[truth["visit"][at_last]]].to_numpy()
    said = chances.of(features[at_last])
    assert abs(said[planted == 0.7].mean() - 0.7) < 0.05
    assert abs(said[planted == 0.2].mean() - 0.2) < 0.05


def test_what_comes_later_changes_nothing_before():
    touches, orders, _ = log(2_000, seed=2, customers=50)
    middle = pd.Timestamp("2023-09-01")
    kinds = ("view", "search", "visit")

    def features(touches, orders):
        known = clicks(touches, orders, CUTOFF)
        rows, truth = sessions.touchpoints(known, sessions.visits(known), kinds)
        moment = (middle - pd.Timestamp(CUTOFF)).total_seconds()
        return rows[(truth["at"] < moment).to_numpy()].reset_index(drop=True), known.customers

    whole, everyone = features(touches, orders)
    cut, known = features(touches[touches[c.OCCURRED_AT] < middle], orders[orders[c.ORDERED_AT] < middle])
    assert known.equals(everyone)
    pd.testing.assert_frame_equal(cut, whole)


def test_the_order_of_the_rows_changes_nothing():
    touches, orders, _ = log(300, seed=3)
    one = sessions.visits(clicks(touches, orders, CUTOFF))
    other = sessions.visits(clicks(touches.sample(frac=1, random_state=0), orders.iloc[::-1], CUTOFF))
    pd.testing.assert_frame_equal(one, other)
