"""`patronage check`: hold data against the contract, and say what it supports."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta

from patronage import data, lenses
from patronage import names as c
from patronage.config import CheckConfig
from patronage.data import Tables
from patronage.engine import connect


def run(config: CheckConfig) -> None:
    """Read the data through the door and print what was found; bad data raises as it does in training."""
    with closing(connect(config.engine)) as engine:
        _say(data.load(engine, config.data))


def _say(tables: Tables) -> None:
    print("the data keeps the contract")
    print(tables.summary())
    print()
    print(lenses.support(tables).to_string(index=False))
    print()
    print("\n".join(_models(tables)))


def _models(tables: Tables) -> list[str]:
    """What models could learn from this log."""
    per_customer = (
        f"SELECT count(*) FILTER (WHERE {c.AMOUNT} < 0) AS refunds, "
        f"count(DISTINCT CAST({c.ORDERED_AT} AS DATE)) FILTER (WHERE {c.AMOUNT} >= 0) AS days "
        f"FROM transactions GROUP BY {c.CUSTOMER_ID}"
    )
    buyers, repeaters, refunded = tables.engine.row(
        "SELECT count(*) FILTER (WHERE days > 0), count(*) FILTER (WHERE days > 1), "
        f"count(*) FILTER (WHERE refunds > 0) FROM ({per_customer})"
    )
    latest = tables.last + timedelta(days=1)
    span = (latest - tables.first).days
    return [
        f"clv      {repeaters:,} of {buyers:,} buyers bought on a second day"
        + ("" if repeaters else ": nobody, so there is no CLV"),
        f"churn    at cutoff={latest:%Y-%m-%d}, a horizon of up to {span // 2} days leaves as long a past",
        f"journey  {'orders and events' if tables.has('events') else 'orders alone: prospects cannot be seen'}",
        f"refunds  {refunded:,} customers have some",
    ]
