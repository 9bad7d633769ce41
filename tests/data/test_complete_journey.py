from __future__ import annotations

from datetime import datetime

import pytest

from patronage import data
from patronage.config import CustomersConfig, DataConfig
from patronage.engine import DuckDB

pytestmark = pytest.mark.slow

KINDS = {"age": "demographic", "income": "demographic"}


@pytest.fixture(scope="module")
def groceries():
    config = DataConfig(
        name="complete_journey",
        source="complete_journey",
        on_duplicate_rows="keep",
        left_censored=True,
        timezone="America/New_York",
        naive_moments="utc",
        customers=CustomersConfig(attributes=KINDS),
    )
    return data.load(DuckDB(threads=2), config)


def test_the_whole_log_is_read(groceries):
    assert groceries.rows == {"transactions": 1_469_307, "events": 8_691, "customers": 801}
    assert groceries.customers == 2_469
    assert groceries.first == datetime(2017, 1, 1, 6, 53, 26)  # 11:53 UTC
    (baskets,) = groceries.engine.row("SELECT count(DISTINCT order_id) FROM transactions")
    assert baskets == 155_848


def test_campaigns_and_coupons_are_events_of_the_vocabulary(groceries):
    counts = groceries.engine.frame("SELECT event, count(*) AS n FROM events GROUP BY event ORDER BY event")
    assert dict(zip(counts["event"], counts["n"], strict=True)) == {"offer_received": 6_589, "offer_redeemed": 2_102}
    assert groceries.unknown_events == {}
    (apart,) = groceries.engine.row(
        "SELECT count(*) FROM events WHERE event = 'offer_redeemed' "
        "AND (customer_id, CAST(occurred_at AS DATE)) NOT IN "
        "(SELECT (customer_id, CAST(ordered_at AS DATE)) FROM transactions)"
    )
    assert apart == 0  # a coupon is redeemed on a day of shopping


def test_products_bring_category_brand_and_private_label(groceries):
    assert {"category", "brand", "private_label", "discount", "coupon"} <= groceries.present["transactions"]
    (own_label,) = groceries.engine.row("SELECT avg(CAST(private_label = 'Private' AS INTEGER)) FROM transactions")
    assert 0.2 < own_label < 0.4


def test_declared_attributes_are_columns_of_customers(groceries):
    assert groceries.attributes == KINDS
    assert groceries.engine.row("SELECT count(age) FROM customers") == (801,)
