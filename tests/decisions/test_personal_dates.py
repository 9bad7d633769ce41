"""Birthdays and other dates that come back: when they come next, and what the next action makes of them."""

from datetime import datetime

import pandas as pd

import patronage as pt
from patronage.config import ActionConfig, ActionsConfig
from patronage.decisions.catalogue import ActionPlan
from patronage.decisions.contact_state import contact_state
from patronage.decisions.next_action import next_actions
from patronage.decisions.personal_dates import in_year, personal_dates, upcoming

CUTOFF = datetime(2025, 2, 20)


def log() -> pt.Tables:
    orders = pd.DataFrame(
        [
            ("ann", "2023-03-01", 5.0),
            ("ann", "2025-02-18", 5.0),
            ("ben", "2024-08-01", 5.0),
            ("cleo", "2024-02-25", 5.0),
        ],
        columns=["customer_id", "ordered_at", "amount"],
    ).astype({"ordered_at": "datetime64[us]"})
    customers = pd.DataFrame(
        {
            "customer_id": ["ann", "ben", "cleo"],
            "birthday": ["1990-07-01", "1984-02-29", "no date"],
            "city": ["a", "b", "a"],
        }
    )
    return pt.read(orders, customers=customers, attributes={"birthday": "date", "city": "geographic"})


def test_dates_come_back_and_the_29th_of_february_is_kept():
    dates = personal_dates(log(), CUTOFF)
    firsts = {(name, "first_order") for name in ("ann", "ben", "cleo")}
    known = set(zip(dates["customer_id"], dates["personal_date"], strict=True))
    assert known == {("ann", "birthday"), ("ben", "birthday")} | firsts
    rows = upcoming(dates, CUTOFF)
    assert list(zip(rows["customer_id"], rows["personal_date"], rows["day"].dt.strftime("%Y-%m-%d"), strict=True)) == [
        ("cleo", "first_order", "2025-02-25"), ("ben", "birthday", "2025-02-28"), ("ann", "first_order", "2025-03-01")
    ]  # fmt: skip
    assert in_year(pd.Series(pd.to_datetime(["1984-02-29"])), 2028).dt.day.tolist() == [28]
    third = pd.DataFrame({"customer_id": ["x"], "personal_date": ["b"], "day": pd.to_datetime(["2000-01-03"])})
    turned = upcoming(third, datetime(2024, 12, 20))
    assert turned["day"].dt.strftime("%Y-%m-%d").tolist() == ["2025-01-03"]


def test_a_birthday_is_no_label_and_gives_an_action_its_day():
    tables = log()
    state = contact_state(tables, CUTOFF, 7)
    greeting = ActionConfig(
        conditions={"personal_date": ["birthday"]}, gain="fixed", worth=5.0, rate=0.5, rate_high=1.0
    )
    assignments = pd.DataFrame(index=pd.Index(["ann", "ben", "cleo"], name="customer_id"))
    config = ActionsConfig(holdout_share=0.0, catalogue={"greeting": greeting})
    plan = ActionPlan.of(config, margin=0.5, order_margin=10.0, seed=0)
    rows = next_actions(assignments, state, plan).frame.set_index("customer_id")
    assert rows["action"].to_dict() == {"ann": "leave_alone", "ben": "greeting", "cleo": "leave_alone"}
    assert rows.loc["ben", "when"] == "on 2025-02-28"
    assert rows.loc["ben", "why"] == "personal_date is birthday"
    assert "birthday" not in "".join(pt.features(tables, cutoff="2025-02-20")["declared"])
