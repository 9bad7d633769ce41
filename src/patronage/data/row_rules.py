"""What can be wrong with a row, column by column, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from patronage import names as c
from patronage.data.columns import Column, IncomingTable
from patronage.data.finding import DataFinding, Severity

EARLIEST, LATEST = datetime(1900, 1, 1), datetime(2200, 1, 1)  # outside lies a parsing accident, not an order
HARMLESS = ("money", "number", "time")  # kinds of which a message may show a value: it identifies no customer
OFTEN = 0.05  # a larger share of bad rows is said, even where they are set aside
LARGEST = 2**53  # minor units from which a double, which most files hold, loses the cents


@dataclass(frozen=True)
class Rule:
    """One way for a row to be bad.

    Attributes
    ----------
    what
        What such rows are, in words: "12 of 90 rows are ...".
    test
        SQL over the source's relation: true for a bad row; NULL counts as false.
    remedy
        What the user can do.
    """

    column: Column
    what: str
    test: str
    remedy: str

    @property
    def bad(self) -> str:
        """SQL: the test, never NULL."""
        return f"coalesce({self.test}, false)"


def finding_of(table: IncomingTable, rule: Rule, bad: int, total: int, value: str | None) -> DataFinding:
    """What a rule found in a table; refused, unless bad rows are set aside."""
    quarantine = table.keys.setting("on_bad_rows", "quarantine")
    refused = table.config.on_bad_rows == "fail"
    often = Severity.SEVERE if bad > OFTEN * total else Severity.NOTE
    return DataFinding(
        where=f"{table.name}.{rule.column.name} (column {rule.column.source})",
        what=f"{bad} of {total} rows are {rule.what}",
        effect=f"{bad / total:.1%} of the rows would be left out"
        if refused
        else f"{bad / total:.1%} of the rows are left out",
        remedy=f"{rule.remedy}, or set the rows aside by {quarantine}" if refused else rule.remedy,
        severity=Severity.REFUSED if refused else often,
        weight=bad / total,
        example=value,
        harmless=rule.column.kind in HARMLESS,
    )


def rules_of(table: IncomingTable, column: Column) -> list[Rule]:
    """List what can be wrong with a column, most basic first."""
    another = f"map another column by {table.keys.column(table.name, column.name)}"
    unreadable = f"NOT {column.empty} AND {column.parsed} IS NULL"
    rules = []
    if column.name in table.contract.required or column.name == c.ORDER_ID:
        rules.append(Rule(column, "missing", column.empty, f"fill them, {another}"))
    if column.kind in ("number", "money"):
        not_finite = f"NOT {table.engine.finite(column.parsed)}"
        rules += [
            Rule(column, "not a number", unreadable, f"clean the column, {another}"),
            Rule(column, "NaN or infinite", not_finite, "repair what computes them"),
        ]
    if column.kind == "money":
        rules += _money_rules(table, column)
    if column.kind == "time":
        rules += _time_rules(table, column, unreadable)
    return rules


def _money_rules(table: IncomingTable, column: Column) -> list[Rule]:
    decimals = table.config.money_decimals
    too_large = f"{table.engine.finite(column.parsed)} AND abs({column.parsed}) * {10**decimals} >= {LARGEST}"
    remedy = f"lower {table.keys.setting('money_decimals')}"
    rules = [Rule(column, f"too large for {decimals} decimals", too_large, remedy)]
    if column.name != c.AMOUNT:
        rules.append(Rule(column, "negative", f"{column.parsed} < 0", "give it as a positive amount"))
    return rules


def _time_rules(table: IncomingTable, column: Column, unreadable: str) -> list[Rule]:
    earliest, latest = table.engine.timestamp(EARLIEST), table.engine.timestamp(LATEST)
    example = table.keys.option(table.name, "date_format", "%d/%m/%Y")
    formats = f"write ISO 8601 (1998-01-31 or 1998-01-31 14:05:00), or say how to read them by {example}"
    outside = f"{column.parsed} NOT BETWEEN {earliest} AND {latest}"
    return [
        Rule(column, "not a date", unreadable, formats),
        Rule(
            column,
            f"outside {EARLIEST.year} to {LATEST.year}",
            outside,
            f"check {table.keys.option(table.name, 'date_format')}",
        ),
    ]
