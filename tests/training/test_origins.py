"""The period of the journey is chosen from what was known at the cutoff."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pandas as pd
import pytest

from conftest import through_the_door
from patronage.config import TrainConfig
from patronage.config.journey import JourneyConfig
from patronage.errors import ConfigError
from patronage.training.origins import period_at

CUTOFF = datetime(2023, 7, 1)
CONFIG = TrainConfig(cutoff="2023-07-01", horizon_days=90, seed=0, journey=JourneyConfig(period_days="auto"))


def shop(days_between: int, customers: int = 20):
    """Everyone orders every so many days, twice a day; after the cutoff daily."""
    days = [
        *pd.date_range("2022-01-01", "2023-06-30", freq=f"{days_between}D"),
        *pd.date_range("2023-07-01", periods=100),
    ]
    return through_the_door(
        pd.DataFrame(
            [(f"c{k}", day + pd.Timedelta(hours=hour), 5.0, f"{k}-{day:%j%Y}-{hour}")
             for k in range(customers) for day in days for hour in (9, 17)],
            columns=["customer_id", "ordered_at", "amount", "order_id"],
        )
    )  # fmt: skip


@pytest.mark.parametrize(("days_between", "period"), [(14, 7), (69, 7), (80, 30)])
def test_a_month_where_customers_wait_over_ten_weeks(days_between, period):
    tables = shop(days_between)
    assert period_at(tables, CUTOFF, CONFIG) == period
    assert period_at(tables, CUTOFF, replace(CONFIG, horizon_days=20)) == 7


def test_a_number_is_taken_as_it_is(by_hand):
    assert period_at(by_hand, CUTOFF, replace(CONFIG, journey=JourneyConfig(period_days=14))) == 14
    with pytest.raises(ConfigError, match="journey.period_days=weekly; expected one of auto, a number of days"):
        JourneyConfig(period_days="weekly").check()
