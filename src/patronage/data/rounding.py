"""Money that is finer than the unit in which it is added."""

from __future__ import annotations

from patronage.data.columns import Column, IncomingTable
from patronage.data.finding import DataFinding, Severity

MOST_DECIMALS = 9
NOISE = 1e-12  # below, a value is the error of a sum in floating point, and 0
LOST = 0.01  # share of the amounts that may round to nothing


def rounding_notes(table: IncomingTable, columns: list[Column], good: str) -> list[str]:
    """A note for each column of money with values finer than a minor unit; amounts that round to nothing are refused.

    Raises
    ------
    DataError
        More than one amount in a hundred would become 0; the message has the right `money_decimals`.
    """
    decimals, notes = table.config.money_decimals, []
    money = [column for column in columns if column.kind == "money"]
    if not money:
        return []
    tests = [test for column in money for test in (_finer(column, decimals), _lost(column, decimals), _amount(column))]
    counts = ", ".join(f"count(*) FILTER (WHERE {test})" for test in tests)
    values = table.engine.row(f"SELECT {counts} FROM {table.source.relation} WHERE {good}")
    for number, column in enumerate(money):
        finer, lost, amounts = values[3 * number : 3 * number + 3]
        if lost > LOST * amounts:
            table.findings.add(_finding(table, column, lost, amounts, good))
        if finer:
            setting = table.keys.setting("money_decimals")
            notes.append(f"{finer:,} values of {column.name} were rounded to {decimals} decimals ({setting})")
    return notes


def _finer(column: Column, decimals: int) -> str:
    exact = f"{column.parsed} * {10**decimals}"
    return f"abs({exact} - round({exact})) > 1e-6 + 1e-12 * abs({exact})"


def _amount(column: Column) -> str:
    return f"abs({column.parsed}) > {NOISE}"


def _lost(column: Column, decimals: int) -> str:
    return f"{_amount(column)} AND round({column.parsed} * {10**decimals}) = 0"


def _finding(table: IncomingTable, column: Column, lost: int, amounts: int, good: str) -> DataFinding:
    """Amounts that would be nothing, and the decimals that keep them."""
    tests = [f"{_finer(column, n)} OR ({_lost(column, n)})" for n in range(MOST_DECIMALS + 1)]
    counts = ", ".join(f"count(*) FILTER (WHERE {test})" for test in tests)
    finer = table.engine.row(f"SELECT {counts} FROM {table.source.relation} WHERE {good}")
    enough = next((decimals for decimals, rows in enumerate(finer) if not rows), MOST_DECIMALS)
    return DataFinding(
        where=f"{table.name}.{column.name} (column {column.source})",
        what=f"{lost:,} of {amounts:,} amounts become 0 at {table.config.money_decimals} decimals",
        effect="their customers would be worth nothing",
        remedy=f"keep them by {table.keys.setting('money_decimals', enough)}",
        severity=Severity.REFUSED,
        weight=lost / amounts,
    )
