"""Money that is finer than the unit in which it is added."""

from __future__ import annotations

import pandas as pd
import pytest

from conftest import through_the_door
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
