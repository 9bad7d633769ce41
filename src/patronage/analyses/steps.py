"""The steps of customers on the way to their next order, to the second: relations that `obstacles` reads.

A step is an arrival: the first time of a day that a customer does a named act; every order is one too. Its window is
`pass_days` long, that of an order `again_days`. Customers and acts are numbers here, which the engine joins and sorts
for a fraction of what their texts cost.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.analyses.acts import ORDER, keep, sampled
from patronage.config import ObstaclesConfig
from patronage.data.contract import NO_ACTIVITY
from patronage.engine import text, texts
from patronage.lenses import History

DAY = 86_400  # seconds
REACH = 7 * DAY  # an act so many seconds after a step is met there
# Seconds after a step at which a cell of time begins: short beside the time so far, so that who meets an act in a cell
# and who does not have waited alike. Up to its beginning nobody of either has ordered.
CELLS = (0, *(int(1.5**power) for power in range(2, 40) if 1.5**power < REACH))
ACT, OTHER = "act", "other"  # columns whose numbers are names again in a frame
BUCKETS = 20  # of customers, for intervals by leaving one out
RECORDS = 4  # first time at the step; orders so far beside earlier times at it: below a quarter, three quarters, more
BANDS = ("0 orders", "1 order", "2 to 4 orders", "5 orders or more")


@dataclass(frozen=True)
class Steps:
    """SQL of the arrivals and of what followed each.

    Attributes
    ----------
    relations
        `people` (customer_id, customer, bucket): the customers and their numbers; `timeline` (customer, act, moment,
        channel) with the last and next order and the orders before; `episodes`, those whose window is over.
    codes
        Act to its number, by the order of the names.
    tables
        The tables of what is read again and again, until the steps are closed.
    """

    history: History
    settings: ObstaclesConfig
    relations: dict[str, str] = field(default_factory=dict)
    codes: dict[str, int] = field(default_factory=dict)
    tables: list[str] = field(default_factory=list)

    def frame(self, select: str, **steps: str) -> pd.DataFrame:
        """Run a query over the relations and further steps; acts come by their names."""
        rows = self.history.frame(select, {**self.relations, **steps})
        names = {code: act for act, code in self.codes.items()}
        for column in rows.columns.intersection([ACT, OTHER]):
            rows[column] = rows[column].map(names)
        return rows

    def code(self, act: str) -> int:
        """SQL: the number of an act; 0, which no act has, where nobody did it."""
        return self.codes.get(act, 0)

    def among(self, acts: Iterable[str]) -> str:
        """SQL: the numbers of acts, to stand in IN (...)."""
        return ", ".join(str(self.code(act)) for act in acts)

    def keep(self, name: str, select: str, **steps: str) -> None:
        """Run a query once, and give its result a name among the relations."""
        table = keep(self.history, name, select, {**self.relations, **steps})
        self.tables.append(table)
        self.relations[name] = f"SELECT * FROM {table}"

    def close(self) -> None:
        """Drop the tables."""
        while self.tables:
            self.history.engine.drop(self.tables.pop())

    def span(self, act: str = "act") -> str:
        """SQL: the seconds within which the next order counts as passing."""
        return (
            f"CASE WHEN {act} = {self.code(ORDER)} THEN {self.settings.again_days * DAY} "
            f"ELSE {self.settings.pass_days * DAY} END"
        )


BAND = "CASE WHEN orders_before = 0 THEN 0 WHEN orders_before = 1 THEN 1 WHEN orders_before < 5 THEN 2 ELSE 3 END"


def seconds(history: History, moment: str) -> str:
    """SQL: seconds from a moment to the cutoff's day, as a negative number: later is larger."""
    clock = f"extract(hour FROM {moment}) * 3600 + extract(minute FROM {moment}) * 60"
    return (
        f"(CAST({clock} + floor(extract(second FROM {moment})) AS INTEGER) "
        f"- {DAY} * {history.age(f'CAST({moment} AS DATE)')})"
    )


@contextmanager
def steps_of(history: History, settings: ObstaclesConfig) -> Iterator[Steps]:
    """The arrivals at each named act of the customers, and the next order after each; kept as long as they are read."""
    steps = Steps(history, settings)
    try:
        _keep_numbers(steps)
        _keep_timeline(steps)
        span = steps.span()
        steps.relations["episodes"] = (
            f"SELECT *, {BAND} AS band, CASE WHEN next_order - moment <= {span} THEN 1 ELSE 0 END AS passed "
            f"FROM timeline WHERE moment <= -{span}"
        )
        yield steps
    finally:
        steps.close()


def _keep_numbers(steps: Steps) -> None:
    """Number the customers and the acts."""
    history = steps.history
    steps.keep(
        "people",
        f"SELECT customer_id, CAST(row_number() OVER (ORDER BY customer_id) AS INTEGER) AS customer, "
        f"CAST({history.engine.bucket(c.CUSTOMER_ID, BUCKETS)} AS INTEGER) AS bucket "
        f"FROM customers WHERE {sampled(history, c.CUSTOMER_ID, steps.settings.most_customers)}",
    )
    steps.keep(
        "kinds",
        "SELECT name, CAST(row_number() OVER (ORDER BY name) AS INTEGER) AS code FROM names",
        names=f"SELECT event AS name FROM events WHERE event NOT IN ({texts(NO_ACTIVITY)}) "
        f"UNION SELECT {text(ORDER)} AS name",
    )
    kinds = steps.frame("SELECT name, code FROM kinds ORDER BY code")
    steps.codes.update(zip(kinds["name"], kinds["code"].astype(int), strict=True))


def _keep_timeline(steps: Steps) -> None:
    history, order = steps.history, steps.code(ORDER)
    window = f"PARTITION BY customer ORDER BY moment, CASE WHEN act = {order} THEN 1 ELSE 0 END, act ROWS BETWEEN"
    before = f"OVER ({window} UNBOUNDED PRECEDING AND 1 PRECEDING)"
    order_at = f"CASE WHEN act = {order} THEN moment END"
    steps.keep(
        "timeline",
        f"""
        SELECT *, min({order_at}) OVER ({window} 1 FOLLOWING AND UNBOUNDED FOLLOWING) AS next_order,
               max({order_at}) {before} AS last_order, count({order_at}) {before} AS orders_before
        FROM arrivals""",
        first_of_day="""
            SELECT customer, bucket, code AS act, min(occurred_at) AS moment, max(channel) AS channel
            FROM events JOIN people ON people.customer_id = events.customer_id JOIN kinds ON kinds.name = event
            GROUP BY customer, bucket, code, CAST(occurred_at AS DATE)""",
        arrivals=f"""
            SELECT customer, bucket, act, {seconds(history, "moment")} AS moment, channel FROM first_of_day
            UNION ALL
            SELECT customer, bucket, {order} AS act, {seconds(history, c.ORDERED_AT)} AS moment, channel
            FROM orders JOIN people ON people.customer_id = orders.customer_id""",
    )


def cell(elapsed: str) -> str:
    """SQL: the number of the last cell of `CELLS` that begins at or before so many seconds."""
    cases = " ".join(f"WHEN {elapsed} < {begin} THEN {number}" for number, begin in enumerate(CELLS[1:]))
    return f"CASE {cases} ELSE {len(CELLS) - 1} END"


def left_out_sums(numbers: pd.DataFrame, buckets: pd.Series) -> np.ndarray:
    """(BUCKETS, K) sums of the columns without each bucket of customers."""
    sums = numbers.groupby(buckets).sum().reindex(range(BUCKETS), fill_value=0)
    return np.asarray(sums.sum(axis=0).to_numpy() - sums.to_numpy(), np.float64)


def jackknife_error(values: np.ndarray) -> float:
    """The standard error of a value by what it is without each bucket."""
    known = values[np.isfinite(values)]
    n = len(known)
    return float(np.sqrt((n - 1) / n * ((known - known.mean()) ** 2).sum())) if n > 1 else np.nan
