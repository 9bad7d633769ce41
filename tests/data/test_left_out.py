"""Rows that the user leaves out, and what is counted."""

from __future__ import annotations

import pandas as pd
import pytest

from conftest import BY_HAND
from patronage.data import read
from patronage.data.finding import DataFinding, Severity
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
        ("", 10, ""),
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
        ("sum(amount) > 3", ConfigError, r"neither a column nor SQL over .*aggregate"),
        ("row_number() OVER () > 3", ConfigError, r"neither a column nor SQL over .*window"),
        ("Random () < 0.5", ConfigError, r"^where: .*: Random gives another value each time the log is read"),
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


@pytest.mark.parametrize(
    ("amounts", "told"),
    [
        ([996.0, -2.0, 4.0], None),  # one in five hundred of the revenue is nothing to speak of
        ([996.0, -2.1, 4.0], "1 rows that where leaves out give customers 2.10 back (0.2% of the revenue)"),
        ([1.0, -5.0, 4.0], "1 rows that where leaves out give customers 5.00 back (100.0% of the revenue)"),
        ([1000.0, -9.0, -3.0], "2 rows that where leaves out give customers 12.00 back (1.2% of the revenue)"),
        ([1000.0, 9.0, 3.0], None),  # charges give nothing back
    ],
)
def test_from_when_on_money_given_back_is_named(amounts, told):
    rows = [("a", "2024-01-01", amount, "p" if number in (0,) else "M") for number, amount in enumerate(amounts)]
    rows += [("b", "2024-01-02", 4.0, "p")] * (amounts[-1] == 4.0)
    if amounts[-1] == 4.0:
        rows.pop(2)
    frame = pd.DataFrame(rows, columns=["customer_id", "ordered_at", "amount", "sku"])
    findings = [each for each in read(frame, where="sku = 'p'").findings if "give customers" in each.what]
    assert [each.what for each in findings] == ([told] if told else [])


def test_money_given_back_in_full():
    frame = BY_HAND.assign(sku=["p"] * 7 + ["M"] + ["p"] * 2)
    (finding,) = read(frame, where={"no product": "sku = 'M'"}).findings
    assert finding == DataFinding(
        where="transactions.amount (column amount)",
        what="1 rows that where leaves out give customers 40.00 back (15.1% of the revenue)",
        effect="customers whose money was given back so count as buyers",
        remedy="name fees, manual corrections and the like by charges in place of where",
        severity=Severity.SEVERE,
        weight=pytest.approx(40 / 264.74),
    )
    events = BY_HAND.rename(columns={"ordered_at": "occurred_at"}).assign(event="visit")
    assert read(BY_HAND, events=events, where={"events": "amount > 0"}).findings == ()  # of events nothing is refunded


def test_a_table_that_loses_nothing_says_how_many_it_has(tmp_path):
    assert "left out" not in " ".join(read(BY_HAND, where={"none": "amount > 1e6"}).notes)
    reasons = {"low": "amount < 3", "ben's": "customer_id = 'ben'"}
    (note,) = read(BY_HAND, where=reasons).notes[:1]
    assert note == "3 of 10 rows of transactions were left out (where): low 2, ben's 1"
    for wrong in ([""], {"x": ""}, [7]):
        with pytest.raises(ConfigError, match=r'mapping of reasons to SQL that .* such as {no customer: "customer IS'):
            read(BY_HAND, where=wrong)
