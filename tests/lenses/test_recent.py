"""Recent: windows that end at the cutoff, by hand."""

from __future__ import annotations

import pytest

from patronage.lenses.recent import WINDOWS

ORDERS = [  # the cutoff is 2024-03-01; the year has a 29th of February
    ("anna", "2024-03-01", 99.0, "after"),
    ("anna", "2024-02-29", 10.0, "a"),
    ("anna", "2024-02-29", 2.5, "b"),
    ("anna", "2024-02-23", 5.0, "c"),
    ("anna", "2024-02-22", 7.0, "d"),
    ("anna", "2024-02-22", -7.0, "d"),
    ("anna", "2023-07-21", 1.0, "e"),
    ("anna", "2023-07-20", 1.0, "f"),
    ("ben", "2023-01-01", 3.0, "g"),
]


@pytest.fixture
def features(ask):
    return ask(ORDERS, [("cleo", "2024-02-28", "login")], ["order_id"])[0]


@pytest.mark.slow
def test_a_window_holds_its_days_and_no_other(features):
    anna = features.loc["anna"]
    # 2024-02-23 is seven days before the cutoff, the 22nd eight; 2023-07-21 is 224, the 20th one more
    assert [anna[f"n_orders_{days}d"] for days in WINDOWS] == [3, 3, 3, 3, 3, 4]  # d was sent back
    assert [anna[f"revenue_{days}d"] for days in WINDOWS] == [17.5, 17.5, 17.5, 17.5, 17.5, 18.5]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ben", "cleo"])  # bought long ago; never bought
def test_nothing_lately_is_none_and_not_missing(features, name):
    assert {features.loc[name, f"{what}_{days}d"] for what in ("n_orders", "revenue") for days in WINDOWS} == {0}
