from __future__ import annotations

from datetime import datetime

import pandas as pd
import pytest

import patronage as pt
from conftest import BY_HAND, through_the_door
from patronage.config.target import ChosenAct
from patronage.errors import ConfigError
from patronage.labels import (
    LabelledSnapshot,
    Snapshot,
    act_labels,
    acts_after,
    actual_totals,
    bought_in,
    buyers,
    check_acts,
    first_order_days,
    habits_in,
    held_out,
    labels_at,
    weekly_orders,
)

EVERYONE = pd.Index(["anna", "ben", "cleo"], name="customer_id")


def test_labels_by_hand():
    tables = through_the_door(BY_HAND)
    labels = labels_at(tables, datetime(2024, 2, 20), 10, None, EVERYONE)
    assert labels["orders"].tolist() == [0, 1, 1]  # Cleo's two orders are one day, her refund is none
    assert labels["spend"].tolist() == [0, 99.99, 2.0]  # and is taken off
    assert labels["churned"].fillna(-1).tolist() == [1, -1, -1]  # asked only of those who had bought before


def test_totals_are_of_those_who_had_bought_before():
    tables = through_the_door(BY_HAND)
    # of Anna alone: Ben and Cleo came later, and Dora's order is no customer's who was known
    assert actual_totals(tables, datetime(2024, 2, 10), 30) == (2.0, 12.25)


def test_the_window_is_half_open():
    tables = through_the_door(BY_HAND)
    assert labels_at(tables, datetime(2024, 2, 10), 20, None, EVERYONE)["orders"]["anna"] == 1
    assert labels_at(tables, datetime(2024, 2, 11), 19, None, EVERYONE)["orders"]["anna"] == 0
    assert labels_at(tables, datetime(2024, 2, 11), 20, None, EVERYONE)["orders"]["anna"] == 1


def test_churn_is_asked_only_of_those_with_an_order_in_the_lookback():
    labels = labels_at(through_the_door(BY_HAND), datetime(2024, 3, 1), 30, 10, EVERYONE)
    assert labels["churned"].isna().tolist() == [True, False, False]  # Anna's last order is 20 days old


CONTRACTS = pd.DataFrame(
    [
        ("anna", "2024-01-01", "subscribed"),
        ("anna", "2024-02-25", "cancelled"),
        ("ben", "2024-01-01", "subscribed"),
        ("ben", "2024-01-20", "cancelled"),
        ("cleo", "2024-01-01", "subscribed"),
        ("cleo", "2024-01-10", "cancelled"),
        ("cleo", "2024-02-01", "subscribed"),
        ("dora", "2024-02-26", "subscribed"),
        ("dora", "2024-03-20", "view"),
    ],
    columns=["customer_id", "occurred_at", "event"],
).astype({"occurred_at": "datetime64[us]"})


def test_of_a_contract_churned_is_who_cancels_it():
    people = EVERYONE.append(pd.Index(["dora"]))
    tables = through_the_door(BY_HAND, CONTRACTS)
    labels = labels_at(tables, datetime(2024, 2, 20), 10, None, people, contractual=True)
    # Ben had left before, Cleo had not ordered yet, so that nothing is predicted of the contract; Dora had not come yet
    assert labels["churned"].fillna(-1).tolist() == [1, -1, -1, -1]
    assert labels["orders"].tolist() == [0, 1, 1, 0]
    later = labels_at(tables, datetime(2024, 3, 1), 10, None, people, contractual=True)
    # Anna has left, Cleo had come back, Dora never ordered
    assert later["churned"].fillna(-1).tolist() == [-1, -1, 0, -1]


def test_a_window_that_events_do_not_reach_the_end_of_is_censored():
    labels = labels_at(
        through_the_door(BY_HAND, CONTRACTS), datetime(2024, 2, 20), 60, None, EVERYONE, contractual=True
    )
    assert labels["churned"].isna().all()


def test_churn_of_contracts_needs_some():
    views = CONTRACTS.assign(event="view")
    with pytest.raises(ConfigError, match="no contract runs at 2024-02-20; expected events `subscribed`"):
        labels_at(through_the_door(BY_HAND, views), datetime(2024, 2, 20), 10, None, EVERYONE, contractual=True)


def test_a_customer_is_on_one_side_at_every_origin_whoever_else_is_there():
    many = pd.Index([f"c{n}" for n in range(5000)])
    aside = held_out(many, 0.3, seed=0, purpose="unseen")
    assert abs(aside.mean() - 0.3) < 0.02
    assert held_out(many[::-7], 0.3, seed=0, purpose="unseen").equals(aside[many[::-7]])
    assert not held_out(many, 0.3, seed=1, purpose="unseen").equals(aside)


def test_who_is_kept_out_for_one_purpose_says_nothing_about_another():
    """Else the customers of the inner validation are all among the unseen ones, and the inner fit has none."""
    many = pd.Index([f"c{n}" for n in range(5000)])
    unseen, rounds = (held_out(many, 0.3, 0, purpose) for purpose in ("unseen", "rounds"))
    assert abs((unseen & rounds).mean() - 0.09) < 0.02


def test_a_refund_is_no_order_of_the_lookback():
    refunded = pd.concat(
        [BY_HAND, pd.DataFrame([("eva", pd.Timestamp("2024-02-26"), -5.0, "e1")], columns=BY_HAND.columns)]
    )
    tables = through_the_door(refunded)
    customers = EVERYONE.append(pd.Index(["eva"]))
    # Cleo's last five days hold a refund alone, Ben's order is six days old
    assert labels_at(tables, datetime(2024, 3, 1), 30, 5, customers)["churned"].isna().all()
    assert labels_at(tables, datetime(2024, 3, 1), 30, 6, customers)["churned"].notna().tolist() == [
        False, True, False, False,
    ]  # fmt: skip
    assert labels_at(tables, datetime(2024, 3, 1), 30, None, customers)["churned"].notna().tolist() == [
        True, True, True, False,
    ]  # fmt: skip


def test_a_contract_that_ends_and_begins_at_one_moment_runs():
    rows = [("anna", "2024-01-01", "subscribed"), ("anna", "2024-02-01 12:00:00", "cancelled"),
            ("anna", "2024-02-01 12:00:00", "subscribed"), ("ben", "2024-01-01", "subscribed"),
            ("ben", "2024-02-01 12:00:00", "subscribed"), ("ben", "2024-02-01 12:00:01", "cancelled")]  # fmt: skip
    contracts = pd.DataFrame(rows, columns=["customer_id", "occurred_at", "event"])
    tables = through_the_door(BY_HAND, contracts.astype({"occurred_at": "datetime64[us]"}))
    labels = labels_at(tables, datetime(2024, 2, 20), 10, None, EVERYONE, contractual=True)
    assert labels["churned"].fillna(-1).tolist() == [0, -1, -1]


def test_one_stray_event_is_not_the_end_of_the_contracts():
    """All events but one end within the window: who has not cancelled yet still may."""
    days = pd.date_range("2023-06-01", "2024-02-24").astype("datetime64[us]")
    visits = pd.DataFrame({"customer_id": "anna", "occurred_at": days, "event": "visit"})
    stray = pd.DataFrame({"customer_id": ["anna"], "occurred_at": [datetime(2026, 1, 1)], "event": ["visit"]})
    begun = pd.DataFrame({"customer_id": ["anna"], "occurred_at": [datetime(2024, 1, 1)], "event": ["subscribed"]})
    events = pd.concat([visits, stray, begun], ignore_index=True).astype({"occurred_at": "datetime64[us]"})
    tables = through_the_door(BY_HAND, events)
    assert labels_at(tables, datetime(2024, 2, 20), 60, None, EVERYONE, contractual=True)["churned"].isna().all()


def test_a_snapshot_of_some_keeps_their_features_and_labels():
    features = pd.DataFrame({"n_orders": [0.0, 1.0, 2.0]}, index=EVERYONE)
    snapshot = Snapshot(datetime(2024, 3, 1), 30, features)
    assert buyers(snapshot).features.index.tolist() == ["ben", "cleo"]
    labelled = LabelledSnapshot(datetime(2024, 3, 1), 30, features, features.rename(columns={"n_orders": "orders"}))
    kept = labelled.select(pd.Series([True, False, False], index=["cleo", "ben", "anna"]))  # in another order
    assert kept.features.index.tolist() == kept.labels.index.tolist() == ["cleo"]
    assert (kept.cutoff, kept.horizon_days) == (datetime(2024, 3, 1), 30)


def test_the_day_of_the_first_order_counts_from_one_and_by_days():
    days = first_order_days(through_the_door(BY_HAND), datetime(2024, 2, 10), 21, EVERYONE)
    assert days.index.tolist() == EVERYONE.tolist()
    assert days.tolist() == [1, 15, 11]  # Anna's is on the day of the cutoff, Cleo's two are of the eleventh day
    days = first_order_days(through_the_door(BY_HAND), datetime(2024, 2, 11), 18, EVERYONE)
    assert days.fillna(-1).tolist() == [-1, 14, 10]  # Anna's next is at the end of the window, which is not in it


def test_repeat_orders_by_whole_weeks_from_the_cutoff():
    """Anna's second to fourth order are of 11 and 31 January and 10 February; Cleo's two are one day, the first."""
    weeks = weekly_orders(through_the_door(BY_HAND), datetime(2024, 2, 1), 30, EVERYONE)
    assert weeks.to_dict() == {-4: 0, -3: 1, -2: 0, -1: 1, 0: 0, 1: 1, 2: 0, 3: 0}  # from the first whole week on
    weeks = weekly_orders(through_the_door(BY_HAND), datetime(2024, 2, 1), 28, pd.Index(["ben", "cleo"]))
    assert (weeks.sum(), len(weeks)) == (0, 8)


def test_what_was_bought_by_item_in_the_horizon_as_money():
    """Cleo sent back what was bought for 40: of 42 the two stay."""
    log = BY_HAND.assign(product_id=["p", "p", "q", "p", "r", "q", "q", "q", "p", None])
    bought = bought_in(through_the_door(log), datetime(2024, 2, 1), 30, "product_id")
    assert bought.to_numpy().tolist() == [["anna", "p", 12.25, 2], ["ben", "r", 99.99, 1], ["cleo", "q", 2.0, 1]]


def test_habits_of_the_days_with_an_order_in_the_horizon():
    log = pd.DataFrame(
        [
            ("anna", "2024-03-02 17:59", 5.0),  # a Saturday, before the evening
            ("anna", "2024-03-04 18:00", 5.0),  # a Monday evening
            ("anna", "2024-03-08 09:00", 5.0),  # a Friday: no weekend
            ("anna", "2024-03-08 23:00", 5.0),  # the same day, late: an evening
            ("ben", "2024-03-02 12:00", 5.0),
            ("ben", "2024-03-03 12:00", -5.0),  # undoes the order of the day before
            ("cleo", "2024-03-03 12:00", 5.0),
            ("cleo", "2024-03-31 12:00", 5.0),  # at the end of the window
        ],
        columns=["customer_id", "ordered_at", "amount"],
    ).astype({"ordered_at": "datetime64[us]"})
    habits = habits_in(through_the_door(log), datetime(2024, 3, 1), 30, EVERYONE)
    assert list(habits) == ["weekend_share", "evening_share"]
    assert habits["weekend_share"].fillna(-1).tolist() == pytest.approx([1 / 3, -1, 1])
    assert habits["evening_share"].fillna(-1).tolist() == pytest.approx([2 / 3, -1, 0])
    offers = pd.DataFrame(
        [
            ("anna", "2024-03-01", "offer_received"),
            ("anna", "2024-03-05", "offer_received"),
            ("anna", "2024-03-06", "offer_redeemed"),
            ("ben", "2024-03-05", "offer_received"),
            ("ben", "2024-03-06", "offer_redeemed"),
            ("ben", "2024-03-07", "offer_redeemed"),  # of an offer that came before: no more than all
            ("cleo", "2024-03-06", "offer_redeemed"),
            ("cleo", "2024-03-31", "offer_received"),
        ],
        columns=["customer_id", "occurred_at", "event"],
    ).astype({"occurred_at": "datetime64[us]"})
    habits = habits_in(through_the_door(log, offers), datetime(2024, 3, 1), 30, EVERYONE)
    assert habits["offer_response"].fillna(-1).tolist() == [0.5, 1.0, -1]


def test_without_events_there_is_no_contract_to_cancel():
    with pytest.raises(
        ConfigError, match=r"^churn.contractual needs events \(subscribed, cancelled\); map data.events"
    ):
        labels_at(through_the_door(BY_HAND), datetime(2024, 2, 20), 10, None, EVERYONE, contractual=True)


def test_a_long_purpose_is_told_by_its_beginning():
    customers = pd.Index([f"c{number}" for number in range(500)])
    assert held_out(customers, 0.3, 1, "holdouts").equals(held_out(customers, 0.3, 1, "holdou"))
    assert held_out(customers, 0.3, 1, "hold").sum() not in (0, 500)


ACTS = (ChosenAct("event", "upgrade"), ChosenAct("category", "tea"))
UPGRADES = pd.DataFrame(
    [
        ("anna", "2024-02-19 23:59:59", "upgrade"),
        ("ben", "2024-02-20 00:00", "upgrade"),
        ("cleo", "2024-02-29 23:59:59", "upgrade"),
        ("dora", "2024-03-01 00:00", "upgrade"),
    ],
    columns=["customer_id", "occurred_at", "event"],
).astype({"occurred_at": "datetime64[us]"})


def test_an_act_counts_in_the_half_open_window():
    people = pd.Index(["anna", "ben", "cleo", "dora"])
    teas = BY_HAND.assign(category=["tea", "soap", "tea", "tea", "tea", "tea", "soap", "tea", "tea", "tea"])
    labels = act_labels(through_the_door(teas, UPGRADES), datetime(2024, 2, 20), 10, ACTS, people)
    assert labels["did_event_upgrade"].tolist() == [0, 1, 1, 0]
    assert labels["did_category_tea"].tolist() == [0, 1, 0, 0]  # what Cleo bought was sent back within the window


def test_an_act_is_unknown_where_no_event_was_recorded():
    tables = through_the_door(BY_HAND, UPGRADES)
    unknown = act_labels(tables, datetime(2024, 1, 1), 10, ACTS[:1], EVERYONE)
    assert unknown.isna().all(axis=None)
    assert unknown.index.equals(EVERYONE)
    assert unknown["did_event_upgrade"].dtype == float
    assert act_labels(tables, datetime(2024, 1, 1), 10, (), EVERYONE).index.equals(EVERYONE)


class TestActsAfter:
    """What came in the half-open window of a contact, a row each."""

    def test_orders_with_their_worth(self):
        rows = acts_after(through_the_door(BY_HAND), datetime(2024, 2, 10), 20, "order")
        assert rows.columns.tolist() == ["customer_id", "moment", "value"]
        # Cleo's order for 40 was sent back within the window; Anna's of 1 March is at its end
        assert rows["value"].tolist() == [5.25, 99.99, 2.0]
        assert rows["customer_id"].tolist() == ["anna", "ben", "cleo"]
        assert rows["moment"].tolist()[0] == datetime(2024, 2, 10, 18, 30)

    def test_contacts_with_what_the_log_has_of_them(self):
        contacts = pd.DataFrame(
            [
                ("ben", "2024-02-20", "mail", 0.5),
                ("anna", "2024-02-21", "control", 0.25),
                ("anna", "2024-02-20", "mail", 0.75),
                ("cleo", "2024-02-19", "mail", 0.5),
                ("cleo", "2024-03-01", "mail", 0.5),
            ],
            columns=["customer_id", "contacted_at", "arm", "propensity"],
        ).astype({"contacted_at": "datetime64[us]"})
        with pt.read(BY_HAND, contacts=contacts) as tables:
            rows = acts_after(tables, datetime(2024, 2, 20), 10, "contact")
        assert rows.columns.tolist() == ["customer_id", "moment", "arm", "propensity"]
        assert rows["arm"].tolist() == ["mail", "control", "mail"]
        assert rows["propensity"].tolist() == [0.75, 0.25, 0.5]

    def test_events_of_one_name(self):
        events = pd.concat([UPGRADES, UPGRADES.assign(event="view")]).assign(value=2.5, subject="plan")
        rows = acts_after(through_the_door(BY_HAND, events), datetime(2024, 2, 20), 10, "upgrade")
        assert rows.columns.tolist() == ["customer_id", "moment", "value", "subject"]
        assert rows["customer_id"].tolist() == ["ben", "cleo"]
        assert rows["value"].tolist() == [2.5, 2.5]
        assert list(acts_after(through_the_door(BY_HAND, UPGRADES), datetime(2024, 2, 20), 10, "upgrade")) == [
            "customer_id",
            "moment",
        ]


class TestChosenActs:
    """A log that does not know an act says so, with the nearest names of what it knows."""

    # Ink stands at Cleo's refund alone, which is of what it undoes
    TEAS = BY_HAND.assign(
        category=["Green tea", "Soap", "Green tea", "Bread", "Soap", "Soap", "Oil", "Ink", "A", "Zinc"]
    )

    def test_what_is_known_passes(self):
        check_acts(through_the_door(self.TEAS, UPGRADES), (ACTS[0], ChosenAct("category", "Green tea")))

    @pytest.mark.parametrize(
        ("act", "line"),
        [
            (ACTS[0], "target=event:upgrade needs events.event, which the log lacks; map it, or leave the target out"),
            (
                ChosenAct("brand", "x"),
                "target=brand:x needs transactions.brand, which the log lacks; map it, or leave the target out",
            ),
            (
                ChosenAct("category", "GREEN TEAS"),
                "target=category:GREEN TEAS: the log holds no category of that name; the nearest are Green tea",
            ),
            (
                ChosenAct("category", "12345"),
                "target=category:12345: the log holds no category of that name; the most frequent are Soap, Green tea, "
                "A, Bread, Oil",
            ),
        ],
    )
    def test_what_is_not_known_is_refused(self, act, line):
        with pytest.raises(ConfigError) as caught:
            check_acts(through_the_door(self.TEAS), (ChosenAct("category", "Soap"), act))
        assert str(caught.value) == line

    def test_three_of_the_near_names_are_enough(self):
        teas = BY_HAND.assign(category=[f"tea {letter}" for letter in "abcde" * 2])
        with pytest.raises(ConfigError, match=r"the nearest are tea \w, tea \w, tea \w$"):
            check_acts(through_the_door(teas), (ChosenAct("category", "tea x"),))
        with pytest.raises(ConfigError, match=r"the most frequent are"):  # less than half of the letters are the same
            check_acts(through_the_door(teas), (ChosenAct("category", "soap"),))
