"""How many purchases a log has on each day, and how large they are: what two versions of a log are compared by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.data.contract import TRANSACTIONS
from patronage.data.log import Tables

DIGITS = 6  # of a sum of logarithms, which is not the same to the last one on every number of threads


@dataclass(frozen=True)
class DailyLines:
    """The lines with an amount above 0 that were known at a cutoff, by the day of the purchase.

    Attributes
    ----------
    first
        The first day, as ISO 8601; the others follow without a gap.
    lines, buyers
        Their number, and that of the customers, of each day.
    logs
        The sum of the logarithms of their amounts in units of the currency.
    """

    first: str
    lines: tuple[int, ...]
    buyers: tuple[int, ...]
    logs: tuple[float, ...]

    @classmethod
    def of(cls, state: Mapping[str, Any]) -> DailyLines:
        """What `dataclasses.asdict` made of one, and JSON kept."""
        return cls(state["first"], *(tuple(state[name]) for name in ("lines", "buyers", "logs")))

    @property
    def last(self) -> datetime:
        """The last day on which something was bought."""
        return datetime.fromisoformat(self.first) + timedelta(days=len(self.lines) - 1)

    def frame(self) -> pd.DataFrame:
        """A row per day."""
        days = pd.date_range(date.fromisoformat(self.first), periods=len(self.lines), freq="D")
        columns = {"lines": self.lines, "buyers": self.buyers, "logs": self.logs}
        return pd.DataFrame({name: np.asarray(values, dtype=float) for name, values in columns.items()}, index=days)


def daily_lines(tables: Tables, cutoff: datetime) -> DailyLines | None:
    """Count what was known at the cutoff; None where nobody had paid for anything."""
    day = f"CAST({c.ORDERED_AT} AS DATE)"
    counted = tables.engine.frame(
        f"SELECT {day} AS day, count(*) AS n, count(DISTINCT {c.CUSTOMER_ID}) AS buyers, sum(ln({c.AMOUNT})) AS logs "
        f"FROM {TRANSACTIONS.name} WHERE {c.AMOUNT} > 0 AND {tables.known(cutoff)} GROUP BY {day}"
    )
    if counted.empty:
        return None
    counted = counted.set_index(pd.to_datetime(counted.pop("day"))).sort_index()
    every = counted.reindex(pd.date_range(counted.index[0], counted.index[-1], freq="D"), fill_value=0)
    lines = every["n"].to_numpy(int)
    logs = every["logs"].to_numpy(float) - lines * np.log(tables.money_scale)
    return DailyLines(
        first=f"{every.index[0]:%Y-%m-%d}",
        lines=tuple(lines.tolist()),
        buyers=tuple(every["buyers"].astype(int).tolist()),
        logs=tuple(np.round(logs, DIGITS).tolist()),
    )
