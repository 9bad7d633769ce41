"""Logs as a stranger brings them: each analysis gives a result or says in a line what it lacks, and never fails."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from conftest import through_the_door
from patronage.analyses import (
    cohorts,
    companions,
    obstacles,
    policies,
    pressure,
    products,
    rituals,
    sequences,
    voice,
    ways,
)
from patronage.analyses.contract import Population, View
from patronage.config import AnalyseConfig, CompanionsConfig, LensesConfig, ProductsConfig
from patronage.errors import DataError
from patronage.lenses import look_back

N = 120
ROOMS = (cohorts, companions, obstacles, policies, pressure, products, rituals, sequences, voice, ways)


def orders() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    rows = [
        (
            f"c{n:03d}",
            pd.Timestamp("2023-01-01 09:00") + pd.Timedelta(days=int(day)),
            10.0,
            f"{n}-{k}",
            "tea",
            "p",
            "north",
        )
        for n in range(N)
        for k, day in enumerate(rng.integers(0, 330, 4))
    ]
    columns = ["customer_id", "ordered_at", "amount", "order_id", "category", "product_id", "location"]
    return pd.DataFrame(rows, columns=columns).astype({"ordered_at": "datetime64[us]"})


def events(*kinds: str) -> pd.DataFrame:
    rows = [
        (f"c{n:03d}", pd.Timestamp("2023-02-01 08:00") + pd.Timedelta(days=7 * k + n % 5), kind, 5.0)
        for n in range(N)
        for k in range(6)
        for kind in kinds
    ]
    columns = ["customer_id", "occurred_at", "event", "value"]
    return pd.DataFrame(rows, columns=columns).astype({"occurred_at": "datetime64[us]"})


NOTHING = {"category": None, "product_id": None, "location": None}
LOGS = {
    "no labels": (orders().assign(**NOTHING), events("visit")),
    "one of everything": (orders(), events("visit")),
    "everything for free": (orders().assign(amount=0.0), events("visit")),
    "messages alone": (orders(), events("message_sent")),
    "unsubscribing alone": (orders(), events("unsubscribed")),
    "the same answer": (orders(), events("nps", "csat", "ticket_opened")),
    "one customer": (orders().head(4), events("visit").head(6)),
    "one order each": (orders().drop_duplicates("customer_id"), events("visit")),
    "three days": (orders().assign(ordered_at=pd.Timestamp("2023-11-28 10:00")), events("visit")),
    "no events": (orders(), None),
}


@pytest.mark.parametrize("name", LOGS)
@pytest.mark.filterwarnings("error")
def test_each_analysis_gives_a_result_or_says_what_it_lacks(name):
    tables = through_the_door(*LOGS[name])
    ids = tables.engine.frame("SELECT DISTINCT customer_id FROM transactions ORDER BY customer_id")["customer_id"]
    now = Population(pd.DataFrame(index=ids), pd.DataFrame({"value_tier": "gold"}, index=ids))
    settings, told = AnalyseConfig(), []
    with look_back(tables, datetime(2023, 12, 1), LensesConfig(), 7) as history:
        view = View(history, now, None, 91, 0)
        for room in ROOMS:
            if room.ANALYSIS.lacks(history):
                continue
            try:
                result = room.run(view, getattr(settings, room.ANALYSIS.name, settings))
            except DataError as error:
                told.append(str(error))
            else:
                told += [result.finding, *result.notes]
                assert result.finding or result.notes or result.tables
    assert all(line.strip() for line in told if line)
    assert not any("nan" in line for line in told)


def test_a_log_that_names_no_goods_is_told_so():
    now = Population(pd.DataFrame(), pd.DataFrame({"value_tier": []}))
    with look_back(through_the_door(orders().assign(**NOTHING)), datetime(2023, 12, 1), LensesConfig(), 7) as history:
        view = View(history, now, None, 91, 0)
        for room, settings in ((products, ProductsConfig()), (companions, CompanionsConfig())):
            with pytest.raises(DataError, match="category"):
                room.run(view, settings)
