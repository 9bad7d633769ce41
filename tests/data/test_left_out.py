"""Rows that the user leaves out, and what is counted."""

from __future__ import annotations

import pytest

from conftest import BY_HAND
from patronage.data import read
from patronage.errors import ConfigError, DataError


@pytest.mark.parametrize(
    ("where", "rows", "note"),
    [
        ("amount > 0", 9, "1 of 10 rows of transactions were left out (where): not amount > 0 1"),
        (["amount > 0", "customer_id <> 'ben'"], 8, "not amount > 0 1, not customer_id <> 'ben' 1"),
        ({"test": "customer_id = 'ben'", "refund": "amount < 0"}, 8, "left out (where): test 1, refund 1"),
        ({"test": "customer_id = 'cleo'", "refund": "amount < 0"}, 7, "left out (where): test 3"),
        ({"unknown": "order_id IS NULL"}, 10, "0 of 10"),
        (None, 10, ""),
    ],
)
def test_rows_are_left_out_and_counted_by_their_first_reason(where, rows, note):
    log = read(BY_HAND, where=where)
    assert log.rows == {"transactions": rows}
    assert note in log.summary() if rows < 10 else "left out" not in log.summary()


def test_a_condition_reads_numbers_in_a_file_of_text(tmp_path):
    BY_HAND.to_csv(tmp_path / "orders.csv", index=False)
    assert read(tmp_path / "orders.csv", where="amount >= 30").rows == {"transactions": 4}


def test_a_header_inside_a_file_is_a_reason(tmp_path):
    text = BY_HAND.to_csv(index=False)
    (tmp_path / "orders.csv").write_text(text + text.splitlines()[0] + "\n")
    log = read(tmp_path / "orders.csv", where={"header inside": "customer_id = 'customer_id'"})
    assert "1 of 11 rows of transactions were left out (where): header inside 1" in log.notes


@pytest.mark.parametrize(
    ("where", "error", "message"),
    [
        (7, ConfigError, r"^where=7: expected SQL that holds for the rows to keep"),
        ({"test": None}, ConfigError, r"mapping of reasons"),
        ("amont > 0", ConfigError, r"^where: .*amont > 0.*: neither a column nor SQL over the columns customer_id"),
        ({"kept": "amount IS NOT NULL"}, DataError, r"leaves out all 10 rows of transactions \(kept 10\); a text or a"),
    ],
)
def test_what_is_no_condition_is_refused(where, error, message):
    with pytest.raises(error, match=message):
        read(BY_HAND, where=where)


def test_each_table_has_its_own():
    events = BY_HAND.rename(columns={"ordered_at": "occurred_at"}).assign(event="visit")
    log = read(BY_HAND, events=events, where={"events": "amount > 50"})
    assert log.rows == {"transactions": 10, "events": 1}


@pytest.mark.slow
def test_money_given_back_in_rows_left_out_is_named():
    """A credit under a code that is no product, without which its customer counts as a buyer."""
    frame = BY_HAND.assign(sku=["p"] * 7 + ["M"] + ["p"] * 2)
    log = read(frame, where={"no product": "sku = 'M'"})
    (finding,) = log.findings
    assert finding.what == "1 rows that where leaves out give customers 40.00 back (15.1% of the revenue)"
    assert finding.weight == pytest.approx(40 / 264.74)
    assert finding.remedy == "name fees, manual corrections and the like by charges in place of where"
    assert read(frame, charges="sku = 'M'").findings == ()
    assert (
        read(frame.assign(customer_id=frame["customer_id"].where(frame["sku"] == "p")), where="sku = 'p'").findings
        == ()
    )
