"""Sessions and their orders, by hand and on the border of half an hour."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
import pytest

from patronage import names as c
from patronage.models.sessions import session_table
from patronage.models.sessions.clickstream import build_clickstream
from patronage.models.sessions.session_table import NEVER

CUTOFF = datetime(2024, 3, 1)


def test_an_order_belongs_to_the_session_before_it(sessions):
    assert sessions["session"].tolist() == ["s1", "s2", "s3", "s4"]
    assert (sessions["bought_at"] > NEVER).tolist() == [False, True, False, False]
    assert sessions["abandoned"].tolist() == [False, False, True, True]
    assert sessions["buying_share"].tolist() == [0, 0, 1 / 4, 0]
    assert sessions["days_since_order"][2] == pytest.approx((8 * 24 - 3 - 13 / 60) / 24)
    assert sessions["days_since_order"].isna().tolist() == [True, True, False, True]


@pytest.mark.parametrize(
    ("ordered", "belongs"), [("10:00:00", True), ("09:59:59", False), ("10:35:00", True), ("10:35:01", False)]
)
def test_an_order_belongs_to_a_session_until_half_an_hour_after_it(ordered, belongs):
    touchpoints = pd.DataFrame(
        [("anna", f"2024-02-20 10:{minute}", "s1", "view") for minute in ("00", "05")],
        columns=[c.CUSTOMER_ID, c.OCCURRED_AT, c.SESSION_ID, c.EVENT],
    ).astype({c.OCCURRED_AT: "datetime64[us]"})
    orders = pd.DataFrame({c.CUSTOMER_ID: ["anna"], c.ORDERED_AT: [pd.Timestamp(f"2024-02-20 {ordered}")], "paid": 1.0})
    sessions = session_table(build_clickstream(touchpoints, orders, CUTOFF))
    assert (sessions["bought_at"] > NEVER).tolist() == [belongs]


def test_the_order_of_the_rows_changes_nothing(random_log):
    touchpoints, orders, _ = random_log(300, seed=3)
    shuffled = touchpoints.sample(frac=1, random_state=0)
    pd.testing.assert_frame_equal(
        session_table(build_clickstream(touchpoints, orders, CUTOFF)),
        session_table(build_clickstream(shuffled, orders.iloc[::-1], CUTOFF)),
    )
