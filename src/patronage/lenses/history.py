"""What was known of every customer before a cutoff, and nothing else: the relations that lenses read.

`look_back` in `relations.py` makes them:

`order_lines`      the transactions before the cutoff, less what was refunded before it; optional columns that the
                   source lacks are NULL
`orders`           a row per order with at least one purchase line: moment, value, lines (and those with coupons),
                   place; of customers for whom a line that they paid for stands
`returns`          a row per refund before the cutoff; what it undoes is not among the lines any more
`near_orders`      the lines and refunds of customers without an order that stands: free ones, and what was sent back
`order_days`       a row per customer and day with an order, with the day before it: the unit in which BTYD counts
`category_totals`  a row per customer and category: see `category_totals.py`
`events`           the events before the cutoff, likewise; empty where a source has none
`signups`          the customers who had signed up before the cutoff, and when
`profiles`         a row per customer with the declared acquisition channel and attributes
`known_users`      the users of accounts who had signed up, where accounts are the customers
`customers`        every customer known before the cutoff: by an order, an event, or a sign-up

A history holds these under names of its own. A query imports them, by plain name, as its first CTEs; so it answers for
its own cutoff whatever other histories are open, until its history is closed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from inspect import cleandoc
from textwrap import indent
from typing import Self

import pandas as pd

from patronage.data import Tables
from patronage.engine import Engine


@dataclass(frozen=True)
class Part:
    """Every `of`-th customer, by a hash of the id: a share of the work that fits into memory.

    Features are per customer, so that the parts together equal the whole.
    """

    number: int
    of: int


WHOLE = Part(0, 1)


@dataclass(frozen=True)
class History:
    """The relations of one cutoff, and the expressions that depend on it. Close it when its queries have run.

    Attributes
    ----------
    period_days
        Length of a period of the journey.
    relations
        Plain name to the name in the engine.
    """

    tables: Tables
    cutoff: datetime
    period_days: int
    relations: Mapping[str, str]

    @property
    def engine(self) -> Engine:
        """Where the relations are."""
        return self.tables.engine

    @property
    def today(self) -> str:
        """SQL: the day on which the cutoff falls, to subtract days from."""
        return f"CAST({self.engine.timestamp(self.cutoff)} AS DATE)"

    @property
    def last_day(self) -> str:
        """SQL: the last day of which anything is known."""
        return f"CAST({self.engine.timestamp(self.cutoff - timedelta(days=1))} AS DATE)"

    def money(self, expression: str) -> str:
        """SQL: an exact sum of minor units, in units of the currency."""
        return f"CAST({expression} AS DOUBLE) / {self.tables.money_scale}.0e0"

    def age(self, day: str) -> str:
        """SQL: days from a DATE to the cutoff."""
        return self.engine.days(day, self.today)

    def has(self, table: str, column: str | None = None) -> bool:
        """Whether the source has the table, and the column."""
        return self.tables.has(table) and (column is None or column in self.tables.present[table])

    def query(self, select: str, steps: Mapping[str, str] | None = None) -> str:
        """SQL that runs alone: the relations that are named in it, then the steps, as CTEs; then the SELECT.

        Parameters
        ----------
        select, steps
            SQL over the plain names; a step, by name, may read those before it.
        """
        select, steps = cleandoc(select), {name: cleandoc(sql) for name, sql in (steps or {}).items()}
        words = set(re.findall(r"\w+", " ".join([*steps.values(), select])))
        imports = {name: f"SELECT * FROM {relation}" for name, relation in self.relations.items() if name in words}
        ctes = [f"{name} AS (\n{indent(sql, '    ')}\n)" for name, sql in (imports | steps).items()]
        return "\n".join(["WITH", ",\n".join(ctes), select]) if ctes else select

    def frame(self, select: str, steps: Mapping[str, str] | None = None) -> pd.DataFrame:
        """The result of `query`."""
        return self.engine.frame(self.query(select, steps))

    def close(self) -> None:
        """Drop the relations."""
        for name in reversed(list(self.relations.values())):
            self.engine.drop(name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
