"""Returns undo purchases: what a refund takes, when it is known, and what is left."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd
import pytest

import patronage as pt
from conftest import through_the_door
from patronage.labels import labels_at

CUTOFF = datetime(2024, 6, 1)


def log(
    *rows: tuple, columns=("order_id", "ordered_at", "product_id", "quantity", "amount"), customer="anna", **settings
):
    frame = pd.DataFrame(rows, columns=list(columns)).assign(customer_id=customer)
    others = pd.DataFrame(
        [("x1", "2024-01-01", "other", 1, 1.0)], columns=["order_id", "ordered_at", "product_id", "quantity", "amount"]
    )
    frame = pd.concat([frame, others[list(columns)].assign(customer_id="ben")])
    return through_the_door(
        frame.assign(ordered_at=pd.to_datetime(frame["ordered_at"], format="ISO8601")),
        on_duplicate_rows="keep",
        max_staleness_days=3650,
        **settings,
    )


def standing(tables, cutoff=CUTOFF) -> list[tuple]:
    """Anna's lines as they stand: order, quantity, amount."""
    lines = tables.engine.frame(
        f"SELECT order_id, quantity, amount FROM transactions WHERE customer_id = 'anna' AND {tables.known(cutoff)} "
        "ORDER BY ordered_at, order_id, amount"
    )
    return [(order, units, amount / tables.money_scale) for order, units, amount in lines.itertuples(index=False)]


BUY, AGAIN = ("o1", "2024-01-10", "tea", 12, 24.0), ("o2", "2024-02-10", "tea", 6, 12.0)


@pytest.mark.parametrize(
    ("rows", "left"),
    [
        # all of it, some of it, more than there was
        ([BUY, ("C1", "2024-01-11", "tea", -12, -24.0)], []),
        ([BUY, ("C1", "2024-01-11", "tea", -3, -6.0)], [("o1", 9, 18.0)]),
        ([BUY, ("C1", "2024-01-11", "tea", -15, -30.0)], [("C1", -3, -6.0)]),
        # one of just its amount before the latest; its own order before both
        ([BUY, AGAIN, ("C1", "2024-03-01", "tea", -12, -24.0)], [("o2", 6, 12.0)]),
        ([BUY, AGAIN, ("C1", "2024-03-01", "tea", -2, -4.0)], [("o1", 12, 24.0), ("o2", 4, 8.0)]),
        ([BUY, AGAIN, ("o1", "2024-03-01", "tea", -2, -4.0)], [("o1", 10, 20.0), ("o2", 6, 12.0)]),
        # over several lines, the latest first
        ([BUY, AGAIN, ("C1", "2024-03-01", "tea", -10, -20.0)], [("o1", 8, 16.0)]),
        # its price before a later line of another price
        ([BUY, ("o2", "2024-02-10", "tea", 6, 6.0), ("C1", "2024-03-01", "tea", -2, -4.0)],
         [("o1", 10, 20.0), ("o2", 6, 6.0)]),
        # what nothing in the log was bought for stays, and so does what is bought later
        ([("C1", "2024-01-09", "tea", -12, -24.0), BUY], [("C1", -12, -24.0), ("o1", 12, 24.0)]),
        ([BUY, ("C1", "2024-01-11", "gin", -12, -24.0)], [("o1", 12, 24.0), ("C1", -12, -24.0)]),
        # without a product: a line of just the amount, else the latest that is at least as dear
        ([BUY, AGAIN, ("C1", "2024-03-01", None, -1, -24.0)], [("o2", 6, 12.0)]),
        ([BUY, AGAIN, ("C1", "2024-03-01", None, -1, -20.0)], [("o1", 2, 4.0), ("o2", 6, 12.0)]),
        ([BUY, AGAIN, ("C1", "2024-03-01", None, -1, -99.0)], [("o1", 12, 24.0), ("o2", 6, 12.0), ("C1", -1, -99.0)]),
        # a whole order before a line that is as dear; an order of several lines; the latest orders together
        ([BUY, ("o1", "2024-01-10", "gin", 1, 6.0), ("o2", "2024-02-10", "rum", 1, 50.0),
          ("C1", "2024-03-01", None, -1, -30.0)], [("o2", 1, 50.0)]),
        ([BUY, ("o1", "2024-01-10", "gin", 1, 6.0), ("C1", "2024-03-01", None, -1, -28.0)], [("o1", 1, 2.0)]),
        ([BUY, AGAIN, ("C1", "2024-03-01", None, -1, -30.0)], [("o1", 3, 6.0)]),
        # twice in parts; and what was free
        ([BUY, ("C1", "2024-01-11", "tea", -3, -6.0), ("C2", "2024-01-12", "tea", -9, -18.0)], []),
        ([BUY, ("C1", "2024-01-11", "tea", -12, 0.0)], [("o1", 12, 24.0)]),
    ],
)  # fmt: skip
def test_a_refund_takes_what_it_refunds(rows, left):
    assert standing(log(*rows)) == [pytest.approx(line) for line in left]


def test_a_log_of_amounts_alone_matches_by_amount():
    columns = ("ordered_at", "amount")
    tables = log(("2024-01-10", 24.0), ("2024-02-10", 12.0), ("2024-03-01", -24.0), columns=columns)
    (left,) = tables.engine.row(
        f"SELECT sum(amount) FROM transactions WHERE customer_id = 'anna' AND {tables.known(CUTOFF)}"
    )
    assert left == 12 * tables.money_scale


def test_a_part_is_known_from_its_own_refund_on():
    parts = [BUY, ("C1", "2024-02-01", "tea", -3, -6.0), ("C2", "2024-03-01", "tea", -9, -18.0)]
    tables = log(*parts)
    assert standing(tables, datetime(2024, 1, 15)) == [("o1", 12, 24.0)]
    assert standing(tables, datetime(2024, 2, 1)) == [("o1", 12, 24.0)]
    assert standing(tables, datetime(2024, 2, 2)) == [("o1", 9, 18.0)]
    assert standing(tables, datetime(2024, 3, 2)) == []


@pytest.mark.slow
def test_what_comes_later_changes_nothing_that_was_known():
    """A log that ends at the cutoff gives the same features as the whole one."""
    rows = [
        BUY, AGAIN, ("C1", "2024-03-01", "tea", -10, -20.0), ("o3", "2024-03-05", "gin", 1, 30.0),
        ("C2", "2024-04-02", "tea", -8, -16.0), ("o3", "2024-04-03", "gin", -1, -30.0),
        ("C4", "2024-05-01", "tea", -6, -12.0),
    ]  # fmt: skip
    whole, short = log(*rows), log(*rows[:4])
    for cutoff in ("2024-02-20", "2024-03-02", "2024-04-01"):
        pd.testing.assert_frame_equal(pt.features(whole, cutoff), pt.features(short, cutoff))


def test_labels_are_net_of_what_was_undone_when_the_window_ended():
    rows = [
        ("o0", "2024-05-20", "tea", 5, 50.0),
        ("o1", "2024-06-02", "tea", 5, 50.0), ("C1", "2024-06-03", "tea", -5, -50.0),  # undone in the window
        ("o2", "2024-06-10", "gin", 2, 40.0), ("C2", "2024-06-12", "gin", -1, -20.0),  # half of it
        ("o3", "2024-06-20", "rum", 1, 30.0), ("C3", "2024-07-20", "rum", -1, -30.0),  # after it
        ("C4", "2024-06-15", "tea", -5, -50.0),  # of an order before the cutoff: the past is corrected
        ("C5", "2024-06-16", "salt", -1, -3.0),  # of nothing in the log
    ]  # fmt: skip
    labels = labels_at(log(*rows), CUTOFF, 30, None, pd.Index(["anna"]))
    assert labels.loc["anna", ["orders", "spend", "churned"]].tolist() == [2, 20 + 30 - 3, 0]


@pytest.mark.slow
@pytest.mark.parametrize(
    "rows",
    [
        [BUY, ("C1", "2024-01-10 10:05", "tea", -12, -24.0)],
        [("C1", "2024-01-10", "tea", -12, -24.0)],
        [("o1", "2024-01-10", "tea", 12, 0.0)],
        [("o1", "2024-01-10", "tea", 12, 0.0), ("C1", "2024-01-12", "gin", -12, -24.0)],
    ],
    ids=["cancelled", "refunds alone", "free alone", "free and refunds"],
)
def test_who_has_no_order_that_stands_is_the_same_everywhere(rows, lens_settings):
    from patronage import lenses

    tables = log(*rows)
    features = pt.features(tables, CUTOFF)
    segments = lenses.segments(features, lenses.fit(features, lens_settings))
    assert features.loc["anna", ["n_orders", "revenue", "active_days"]].tolist() == [0, 0, 0]
    assert segments.loc["anna", "status_segment"] == "prospect"
    assert segments.loc["anna", "rfm_segment"] == "unknown"
    assert set(features.loc["anna", "journey_path"]) == {"e", "."}


def test_the_door_reports_what_it_matched():
    tables = log(BUY, ("C1", "2024-01-11", "tea", -3, -6.0), ("C2", "2024-01-12", "gin", -1, -4.0))
    assert tables.notes == (
        "1 of 2 refunds undo earlier lines (60% of the money refunded); "
        "4.00 that matches no earlier line lowers net revenue",
    )


def test_what_is_matched_in_full_leaves_nothing_to_tell():
    tables = log(BUY, ("C1", "2024-01-11", "tea", -3, -6.0))
    assert tables.notes == ("1 of 1 refunds undo earlier lines (100% of the money refunded)",)


def test_a_log_without_refunds_is_left_alone():
    tables = log(BUY, AGAIN)
    assert not tables.revised
    assert "known_at" not in tables.engine.types("transactions")


def test_refunds_that_are_settled_at_once_are_matched_as_one_by_one(monkeypatch):
    """Of any log: the loop over all refunds is the definition."""
    from patronage.data import returns

    rng = np.random.default_rng(3)

    def lines(rows: int) -> pd.DataFrame:
        amount = rng.choice(
            [0, 100, 200, 250, -50, -100, -200, -400], rows, p=[0.05, 0.25, 0.25, 0.1, 0.1, 0.1, 0.1, 0.05]
        )
        quantity = np.where(rng.uniform(size=rows) < 0.1, np.nan, rng.integers(-3, 4, rows))
        frame = pd.DataFrame(
            {
                "customer_id": rng.choice(["a", "b", "c"], rows),
                "ordered_at": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 40, rows), unit="D"),
                "amount": amount,
                "product_id": rng.choice(["p", "q", "r", None], rows, p=[0.4, 0.3, 0.25, 0.05]),
                "order_id": rng.choice(["1", "2", "3", None], rows),
                "quantity": quantity,
                "is_refund": (amount < 0) | ((amount == 0) & (quantity < 0)),
            }
        )
        ordered = frame.sort_values(
            ["customer_id", "ordered_at", "amount"], ascending=[True, True, False], kind="stable"
        )
        return ordered.reset_index(drop=True).assign(line=range(rows))

    logs = [lines(int(rows)) for rows in rng.integers(0, 60, 20)]
    at_once = [returns._match(log) for log in logs]
    assert any(returns._settle_alone(log)[0].any() for log in logs)
    none = pd.DataFrame({name: pd.Series(dtype="int64") for name in ("row", "refund", "money")})
    monkeypatch.setattr(returns, "_settle_alone", lambda log: (np.zeros(len(log), dtype=bool), none))
    for log, (versions, matched) in zip(logs, at_once, strict=True):
        one_by_one, same = returns._match(log)
        pd.testing.assert_frame_equal(versions, one_by_one)
        assert matched == same
