"""The log that ships inside lifetimes."""

from __future__ import annotations

from datetime import datetime


def test_the_whole_log_is_read_and_every_row_is_an_order(cdnow):
    assert (cdnow.customers, cdnow.rows["transactions"]) == (23_570, 69_659)
    assert (cdnow.first, cdnow.last) == (datetime(1997, 1, 1), datetime(1998, 6, 30))
    orders = "SELECT count(*) FROM (SELECT DISTINCT customer_id, order_id FROM transactions)"
    assert cdnow.engine.row(orders) == (69_659,)


def test_money_is_exact(cdnow):
    assert cdnow.engine.row("SELECT sum(amount), max(amount) FROM transactions") == (250_031_563, 128_601)


def test_the_fingerprint_of_the_log_never_changes(cdnow):
    """By these digits a tracked run finds its data again."""
    assert cdnow.fingerprint == "87f7d13fb291d7c78874e7f61f3ff49c"


def test_the_orders_of_a_customer_and_day_are_numbered(cdnow):
    ids = "SELECT order_id FROM transactions WHERE customer_id = '00002' ORDER BY order_id"
    assert cdnow.engine.frame(ids)["order_id"].tolist() == ["19970112-1", "19970112-2"]
