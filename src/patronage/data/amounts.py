"""What is odd about the amounts of a log as a whole: most are 0, or the unit changes on the way."""

from __future__ import annotations

import numpy as np

from patronage import names as c
from patronage.config import DataConfig
from patronage.data.contract import TRANSACTIONS
from patronage.data.finding import DataFinding, DataFindings, Severity
from patronage.data.keys import Keys
from patronage.data.source import SourceTable
from patronage.engine import Engine

FREE = 0.2  # share of the rows without an amount, above which it is said
FEWEST = 30  # amounts of a month: fewer say little of its level
JUMP = 20  # times the level of the month before: prices do not move so


def examine_amounts(
    engine: Engine, source: SourceTable, config: DataConfig, findings: DataFindings, keys: Keys
) -> None:
    """Find amounts of 0 where they are many, and a month from which on they are of another size."""
    where = f"{TRANSACTIONS.name}.{c.AMOUNT}"
    free, total = engine.row(f"SELECT count(*) FILTER (WHERE {c.AMOUNT} = 0), count(*) FROM {TRANSACTIONS.name}")
    if free > FREE * total:
        leave_out = keys.option(TRANSACTIONS.name, "where", f"{source.written(engine, c.AMOUNT)} <> 0")
        findings.add(
            DataFinding(
                where=where,
                what=f"{free:,} of {total:,} amounts are 0",
                effect="customers who never paid have no forecast, and free orders of the others count as orders",
                remedy="map another column by "
                f"{keys.column(TRANSACTIONS.name, c.AMOUNT)}, or leave out what is no order by {leave_out}",
                severity=Severity.SEVERE,
                weight=free / total,
            )
        )
    _levels(engine, source, config, findings, keys)


def _levels(engine: Engine, source: SourceTable, config: DataConfig, findings: DataFindings, keys: Keys) -> None:
    """Amounts that are of another size from one month on: cents for units, a line for a pack, another currency."""
    month = f"extract(year FROM {c.ORDERED_AT}) * 12 + extract(month FROM {c.ORDERED_AT}) - 1"
    months = engine.frame(
        f"SELECT CAST({month} AS BIGINT) AS month, count(*) AS n, avg(ln({c.AMOUNT})) AS level "
        f"FROM {TRANSACTIONS.name} WHERE {c.AMOUNT} > 0 GROUP BY CAST({month} AS BIGINT) "
        f"HAVING count(*) >= {FEWEST} ORDER BY month"
    )
    if len(months) < 2:
        return
    levels = months["level"].to_numpy(float)
    number = int(np.argmax(np.abs(np.diff(levels))))
    if abs(levels[number + 1] - levels[number]) < np.log(JUMP):
        return
    before, after = (np.exp(levels[each]) / 10**config.money_decimals for each in (number, number + 1))
    when = int(months["month"].iloc[number + 1])
    begins = f"{when // 12}-{when % 12 + 1:02d}"
    n = months["n"]
    amount, moment = (source.written(engine, name) for name in (c.AMOUNT, c.ORDERED_AT))
    if source.date_format:
        moment = f"strptime({moment}, '{source.date_format}')"
    in_one_unit = f"CASE WHEN {moment} >= '{begins}-01' THEN {amount} / 100 ELSE {amount} END"
    findings.add(
        DataFinding(
            where=f"{TRANSACTIONS.name}.{c.AMOUNT}",
            what=f"a usual amount goes from {before:,.2f} to {after:,.2f} in {begins}",
            effect="if the unit changed (cents, another currency), spend and CLV are wrong for the whole log",
            remedy=f"give all amounts in one unit, as in {keys.column(TRANSACTIONS.name, c.AMOUNT, in_one_unit)}",
            severity=Severity.SEVERE,
            weight=float(min(n[: number + 1].sum(), n[number + 1 :].sum()) / n.sum()),
        )
    )
