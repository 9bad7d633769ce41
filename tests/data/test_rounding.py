"""Money that is finer than the unit in which it is added."""

from __future__ import annotations

import pandas as pd
import pytest

from conftest import through_the_door
from patronage.config import DataConfig
from patronage.data import load_tables
from patronage.data.finding import DataFindings
from patronage.data.source import SourceTable
from patronage.engine import DuckDB
from patronage.errors import DataError


def amounts(lost: int, rows: int = 200) -> pd.DataFrame:
    """Two hundred rows, of which so many have an amount that is nothing at two decimals."""
    moments = pd.date_range("2024-01-01", periods=rows, freq="h")
    values = [0.001] * lost + [5.25] * (rows - lost)
    return pd.DataFrame({"customer_id": "a", "ordered_at": moments, "amount": values})


def test_one_amount_in_a_hundred_may_become_nothing_and_no_more():
    tables = through_the_door(amounts(2), money_decimals=2)
    assert tables.notes == ("2 values of amount were rounded to 2 decimals (data.money_decimals)",)
    with pytest.raises(DataError, match=r"3 of 200 amounts become 0 at 2 decimals; .*data.money_decimals=3"):
        through_the_door(amounts(3), money_decimals=2)


def test_each_column_of_money_is_counted_by_itself():
    frame = amounts(0).assign(discount=0.0, cost=1.0)
    frame.loc[:4, "discount"] = 0.125
    frame.loc[:6, "cost"] = 1.234
    assert through_the_door(frame, money_decimals=2).notes == (
        "5 values of discount were rounded to 2 decimals (data.money_decimals)",
        "7 values of cost were rounded to 2 decimals (data.money_decimals)",
    )


def test_what_is_lost_in_full():
    frame = amounts(100, 200)
    frame.loc[:9, "amount"] = 0.0  # no amount at all is not lost
    with pytest.raises(DataError) as caught:
        through_the_door(frame.assign(amount=frame["amount"].replace(0.001, 0.00012)), money_decimals=2)
    assert str(caught.value) == (
        "transactions.amount (column amount): 90 of 190 amounts become 0 at 2 decimals; keep them by "
        "data.money_decimals=5"
    )
    findings = DataFindings(collect=True)
    engine = DuckDB(1)
    engine.add_frame("raw", frame)
    load_tables(engine, {"transactions": SourceTable("raw", {})}, DataConfig("x", money_decimals=2), findings=findings)
    (finding,) = findings.refused
    assert (finding.effect, finding.weight) == ("their customers would be worth nothing", 90 / 190)


@pytest.mark.parametrize(
    ("values", "decimals", "expected"),
    [
        ([1e-11, 1e-10, 5.0], 2, 9),  # finer than any: the most that there are
        ([0.0004] * 3, 0, 4),
        ([1e-13, 5.0, 5.0], 2, None),  # the error of a sum
        ([0.1 + 0.2, 1 / 3 * 3, 4.35 * 100 / 100], 2, None),
        ([1234567.005, 1.0, 1.0], 2, "1 values of amount were rounded to 2 decimals (data.money_decimals)"),
    ],
)
def test_the_decimals_that_keep_them(values, decimals, expected):
    frame = amounts(0, 3).assign(amount=values)
    if isinstance(expected, int):
        with pytest.raises(DataError, match=f"keep them by data.money_decimals={expected}$"):
            through_the_door(frame, money_decimals=decimals)
    else:
        assert through_the_door(frame, money_decimals=decimals).notes == ((expected,) if expected else ())
