"""Levels of reading by hand: the border of each, and that only later orders count."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
import pytest

from conftest import through_the_door
from patronage.analyses import readers
from patronage.analyses.contract import Population, View
from patronage.config import LensesConfig
from patronage.errors import DataError
from patronage.lenses import look_back

CUTOFF = pd.Timestamp("2024-01-01")
BEFORE, SINCE = CUTOFF - pd.Timedelta(days=150), CUTOFF - pd.Timedelta(days=30)


def view(groups: dict[str, tuple[int, int, bool, bool]]) -> View:
    """Forty customers of each group: messages and responses before, whether they ordered since, and left before."""
    orders, events, names = [], [], []
    for group, (messages, responses, ordered, gone) in groups.items():
        for number in range(40):
            customer = f"{group}-{number:02d}"
            names.append(customer)
            orders.append((customer, BEFORE, 10.0, f"{customer}-1"))
            orders += [(customer, SINCE, 10.0, f"{customer}-2")] * ordered
            days = [BEFORE + pd.Timedelta(days=day) for day in range(max(messages, responses, 1))]
            events += [(customer, day, "message_sent") for day in days[:messages]]
            events += [(customer, day, "message_opened") for day in days[:responses]]
            events += [(customer, days[0], "unsubscribed")] * gone
            events += [(customer, SINCE, "message_opened")]  # later than what the level is made of
    transactions = pd.DataFrame(orders, columns=["customer_id", "ordered_at", "amount", "order_id"])
    log = pd.DataFrame(events, columns=["customer_id", "occurred_at", "event"])
    tables = through_the_door(
        transactions.astype({"ordered_at": "datetime64[us]"}), log.astype({"occurred_at": "datetime64[us]"})
    )
    nobody = Population(pd.DataFrame(index=names), pd.DataFrame(index=names))
    return View(look_back(tables, datetime(2024, 1, 1), LensesConfig(), 7), nobody, None, 91, 0)


def test_levels_are_by_the_share_of_messages_with_a_response():
    shown = readers.run(
        view({"half": (6, 3, True, False), "less": (6, 2, True, False), "none": (6, 0, False, False),
              "few": (4, 4, True, False), "gone": (6, 6, True, True)}), None
    )  # fmt: skip
    table = shown.tables["message_levels"].set_index("level")
    assert table["customers"].to_dict() == {"reads": 40, "sometimes": 40, "never": 40}  # few and gone are left out
    assert table["ordered_share"].to_dict() == {"reads": 1, "sometimes": 1, "never": 0}
    assert table.loc["never", "high"] < 0.1
    assert "33% read them, 33% sometimes do, 33% never do" in shown.finding
    assert "ordered 100% of those who read them, 100% of those who sometimes do, 0% of those who never" in shown.finding


@pytest.mark.parametrize(("groups", "known"), [({"few": (4, 4, True, False)}, 0), ({"half": (6, 3, True, False)}, 40)])
def test_too_few_messages_are_told(groups, known):
    with pytest.raises(DataError, match=f"{known} customers with 5 messages"):
        readers.run(view(groups), None)
