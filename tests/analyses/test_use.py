"""Features counted by hand: one grows, the valuable use one, one fell out of use; and senders, tickets."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from conftest import through_the_door
from patronage.analyses import pressure, use, voice
from patronage.analyses.contract import Population, View
from patronage.config import LensesConfig, PressureConfig, UseConfig, VoiceConfig
from patronage.lenses import look_back

N, CUTOFF = 200, pd.Timestamp("2024-01-01")
PAID = np.random.default_rng(0).permutation(N) * 1.0


def view_of(events: list, orders: list, now: Population, before: Population | None = None) -> View:
    transactions = pd.DataFrame(orders, columns=["customer_id", "ordered_at", "amount", "order_id"])
    columns = ["customer_id", "occurred_at", "event", "subject", "sender", "channel"]
    log = pd.DataFrame(events, columns=columns).astype({"occurred_at": "datetime64[us]"})
    tables = through_the_door(transactions.astype({"ordered_at": "datetime64[us]"}), log)
    return View(look_back(tables, datetime(2024, 1, 1), LensesConfig(), 7), now, before, 90, 0)


def of(*columns: object, features: pd.DataFrame | None = None, **labels: object) -> Population:
    ids = pd.Index([f"c{number:03d}" for number in range(N)], name="customer_id")
    features = pd.DataFrame(index=ids) if features is None else features.set_index(ids)
    return Population(features, pd.DataFrame(labels, index=ids))


@pytest.fixture(scope="module")
def used():
    """Everybody uses search, now and before; half of them, the gold, export now; print was used before only."""
    events, gold = [], np.arange(N) % 2 == 0
    for number in range(N):
        for days, features in ((30, ["search", *(["export"] if gold[number] else [])]), (120, ["search", "print"])):
            at = CUTOFF - pd.Timedelta(days=days)
            events += [(f"c{number:03d}", at, "feature_used", feature, None, None) for feature in features]
    orders = [(f"c{number:03d}", CUTOFF - pd.Timedelta(days=150), 9.0, f"o{number}") for number in range(N)]
    labels = {
        "value_tier": np.where(gold, "gold", "lead"),
        "usage_segment": np.where(np.arange(N) < 80, "hollow", "medium"),
        "satisfaction_segment": np.where(np.arange(N) < 40, "low", "high"),
    }
    silent = pd.DataFrame({"days_since_last_order": np.where(np.arange(N) < 20, 150, 10), "net_revenue": PAID})
    return use.run(view_of(events, orders, of(features=silent, **labels), of(**labels)), UseConfig())


def test_features_are_counted_and_their_growth_judged(used):
    table = used.tables["use"].set_index("feature")
    assert table.loc["feature_used: search", ["users", "share", "verdict"]].tolist() == [N, 1.0, ""]
    assert table.loc["feature_used: export", ["users", "share", "verdict"]].tolist() == [N / 2, 0.5, "grows"]
    assert table.loc["feature_used: print", ["users", "users_before", "verdict"]].tolist() == [0, N, "shrinks"]


def test_the_most_and_the_least_used_are_rounded_alike(used):
    assert "search by 100.0% of the users" in used.finding
    assert "print by 0.0%;" in used.finding


def test_what_the_valuable_use_is_told(used):
    table = used.tables["use_by_label"].set_index(["label", "feature"])
    row = table.loc[("gold", "feature_used: export")]
    assert (row["share"], row["difference"], row["verdict"]) == (1.0, 1.0, "more than others")
    assert table.loc[("gold", "feature_used: search"), "verdict"] == ""


def test_the_hollow_who_are_dissatisfied_are_held_against_the_others(used):
    table = used.tables["hollow_dissatisfied"].set_index(["hollow", "dissatisfied"])
    row = table.loc[("hollow", "dissatisfied")]
    assert (row["customers"], row["left"], row["left_share"]) == (40, 20, 0.5)
    assert len(used.lists["hollow_dissatisfied"]) == 40
    usual = used.tables["hollow_dissatisfied"][["left", "customers"]].sum()
    lift = row["left_share"] / (usual["left"] / usual["customers"])
    assert used.lists["hollow_dissatisfied"]["measured_lift"].unique().tolist() == pytest.approx([lift])


def test_those_who_paid_most_come_first_on_the_list(used):
    listed = used.lists["hollow_dissatisfied"]["customer_id"].str[1:].astype(int)
    assert listed.tolist() == sorted(range(40), key=lambda number: -PAID[number])


def test_senders_who_meet_in_a_week_are_counted():
    events = []
    for number in range(N):
        for week in range(10):
            at = CUTOFF - pd.Timedelta(days=7 * week + 33)
            senders = ["sales", "service", "sales"] if (week + number) % 2 else ["sales"]
            events += [(f"c{number:03d}", at, "message_sent", None, sender, None) for sender in senders]
    orders = [(f"c{number:03d}", CUTOFF - pd.Timedelta(days=5), 9.0, f"o{number}") for number in range(N)]
    tables = pressure.run(view_of(events, orders, of()), PressureConfig()).tables
    table = tables["pressure_senders"].set_index("sender")
    assert table.loc["sales", "messages"] == N * 5 * 3
    assert table.loc["sales", "share_of_weeks_with_another"] == 0.5
    assert table.loc["service", "share_of_weeks_beyond_cap"] == 1.0
    assert set(tables["pressure_several_senders"]["outcome"]) == {"responded", "unsubscribed", "ordered"}


def test_what_goes_with_unsolved_tickets_is_told():
    """By phone no ticket is solved, by mail all in two days; who was left alone orders no more."""
    events, orders = [], []
    for number in range(N):
        customer, phone = f"c{number:03d}", number % 2 == 0
        at = CUTOFF - pd.Timedelta(days=200)
        orders.append((customer, at - pd.Timedelta(days=3), 9.0, f"a{number}"))
        events.append((customer, at, "ticket_opened", "price", None, "phone" if phone else "mail"))
        if not phone:
            events.append((customer, at + pd.Timedelta(days=2), "ticket_resolved", None, None, "mail"))
            orders.append((customer, at + pd.Timedelta(days=9), 9.0, f"b{number}"))
    tables = voice.run(view_of(events, orders, of(kind="x")), VoiceConfig(segments=["kind"])).tables
    unsolved = tables["tickets_unsolved"].set_index(["by", "label"])
    assert unsolved.loc[("channel", "phone"), ["raw", "stands_out"]].tolist() == [1.0, "above"]
    assert unsolved.loc[("channel", "mail"), ["raw", "stands_out"]].tolist() == [0.0, "below"]
    after = tables["tickets_after"].iloc[0]
    assert (after["ordered_after_unsolved"], after["ordered_after_solved"]) == (0.0, 1.0)
    tickets = tables["tickets"].iloc[0]
    assert tickets["median_days"] == 2


def test_departments_and_solvers_of_tickets_are_held_beside_each_other():
    """What goes to billing stays unsolved; of two solvers one takes a day and one nine, a third had three tickets."""
    events, orders = [], []
    for number in range(N):
        customer, at = f"c{number:03d}", CUTOFF - pd.Timedelta(days=200)
        orders.append((customer, at - pd.Timedelta(days=3), 9.0, f"a{number}"))
        department = "billing" if number % 4 == 0 else "delivery"
        events.append((customer, at, "ticket_opened", "price", department, "mail"))
        if department == "delivery":
            solver, days = ("ann", 1) if number % 2 else ("bob", 9)
            solver, days = ("new", 1) if number in (1, 3, 5) else (solver, days + number % 3 - 1)
            events.append((customer, at + pd.Timedelta(days=days), "ticket_resolved", None, solver, None))
    tables = voice.run(view_of(events, orders, of(kind="x")), VoiceConfig(segments=["kind"])).tables
    unsolved = tables["tickets_unsolved"].set_index(["by", "label"])
    assert unsolved.loc[("department", "billing"), ["raw", "stands_out"]].tolist() == [1.0, "above"]
    assert unsolved.loc[("department", "delivery"), ["raw", "stands_out"]].tolist() == [0.0, "below"]
    solvers = tables["tickets_solvers"].set_index("label")
    assert solvers["n"].to_dict() == {"ann": 97, "new": 3, "bob": 50}
    assert solvers.loc[["ann", "bob"], "stands_out"].tolist() == ["below", "above"]
    assert solvers.loc["bob", "median_days"] == 9
    assert solvers.loc["new", "raw"] < solvers.loc["new", "value"]  # three tickets do not lead
