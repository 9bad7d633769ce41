"""What can be wrong with a row, column by column, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from patronage import names as c
from patronage.data.columns import Column, IncomingTable
from patronage.data.finding import DataFinding, Severity
from patronage.data.readable import OBJECT, how_to_read, why_not
from patronage.engine import text

EARLIEST, LATEST = datetime(1900, 1, 1), datetime(2200, 1, 1)  # outside lies a parsing accident, not an order
TEXT = "VARCHAR"
NO_IDS = (
    "nan", "null", "none", "\\n", "nat", "<na>", "n/a", "#n/a", "undefined", "(null)", "nil", "<null>", "[null]",
    "#null!",
    "#ref!", "#value!", "#name?", "#num!", "#div/0!", "(none)", "(blank)", "(empty)",
)  # fmt: skip
SCIENTIFIC = r"^\s*-?\d([.,]\d+)?e\+?\d{1,3}\s*$"  # what a spreadsheet makes of a long number
EXACT = {"DOUBLE": 2**53, "FLOAT": 2**24}  # up to which whole numbers are exact in floating point
DEFAULT_DAYS = ("1900-01-01", "1904-01-01", "1969-12-31", "1970-01-01", "2099-12-31", "2100-01-01")
HARMLESS = ("money", "number", "time")  # kinds of which a message may show a value: it identifies no customer
MANY = 0.5  # share of bad rows above which it is no advice to set them aside
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
    unread
        Whether the values may be right, written in a way that nobody here reads.
    """

    column: Column
    what: str
    test: str
    remedy: str
    unread: bool = False

    @property
    def bad(self) -> str:
        """SQL: the test, never NULL."""
        return f"coalesce({self.test}, false)"


def finding_of(table: IncomingTable, rule: Rule, bad: int, total: int, value: str | None) -> DataFinding:
    """What a rule found in a table; refused, unless bad rows are set aside."""
    quarantine = table.keys.setting("on_bad_rows", "quarantine")
    refused = table.config.on_bad_rows == "fail"
    often = Severity.SEVERE if bad > OFTEN * total else Severity.NOTE
    reading = how_to_read(table, rule.column) if rule.unread else None
    remedy = f"read them by {reading}" if reading else (rule.unread and why_not(table, rule.column)) or rule.remedy
    few = refused and bad <= MANY * total
    return DataFinding(
        where=f"{table.name}.{rule.column.name} (column {rule.column.source})",
        what=f"{bad} of {total} rows are {rule.what}",
        effect=f"{bad / total:.1%} of the rows would be left out"
        if refused
        else f"{bad / total:.1%} of the rows are left out",
        remedy=f"{remedy}, or set the rows aside by {quarantine}" if few else remedy,
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
    if column.name in table.contract.required and column.type == TEXT:
        header = f"lower(trim({column.raw})) = {text(column.source.lower())}"
        again = "these are header lines of files that were put together: leave them out"
        rules.append(Rule(column, "the header again", header, again))
    if column.name in table.contract.required or column.name == c.ORDER_ID:
        number = column.computed and column.kind in ("number", "money")  # of texts that are none, nothing is computed
        rules.append(Rule(column, "missing", column.empty, f"fill them, {another}", unread=number))
    if column.kind == "id":
        rules += _id_rules(table, column, another)
    if column.kind in ("number", "money"):
        not_finite = f"NOT {table.engine.finite(column.parsed)}"
        rules += [
            Rule(column, "not a number", unreadable, f"clean the column, {another}", unread=True),
            Rule(column, "NaN or infinite", not_finite, "repair what computes them"),
        ]
    if column.name == c.PROPENSITY:
        outside = f"{column.parsed} NOT BETWEEN 0.0001 AND 1"
        rules.append(
            Rule(column, "no probability of being drawn", outside, "give the probability of this arm, above 0")
        )
    if column.kind == "money":
        rules += _money_rules(table, column)
    if column.kind == "time":
        rules += _time_rules(table, column, unreadable)
    return rules


def _id_rules(table: IncomingTable, column: Column, another: str) -> list[Rule]:
    """Ids that are words for a missing value, or numbers that have lost digits."""
    if column.type == TEXT:
        words = ", ".join(text(word) for word in NO_IDS)
        spelt = table.engine.matches(column.raw, SCIENTIFIC)
        lost = "export the column as text: a spreadsheet has cut the digits"
        return [
            Rule(column, "JSON objects", f"{column.raw} LIKE '{OBJECT}'", another, unread=True),
            Rule(
                column, "a word for a missing value", f"lower(trim({column.raw})) IN ({words})", f"fill them, {another}"
            ),
            Rule(column, "numbers such as 1.2E+11, whose last digits are lost", spelt, lost),
        ]
    if column.type.startswith(("STRUCT", "MAP")):
        return [Rule(column, "objects of several fields", f"{column.raw} IS NOT NULL", f"name the field, {another}")]
    if column.type.endswith("]"):
        return [Rule(column, "lists", f"{column.raw} IS NOT NULL", f"give a row per customer of the list, {another}")]
    if column.type in EXACT:
        large = f"abs({column.raw}) > {EXACT[column.type]}"
        lost = "export them as whole numbers or text: different ids may have become one"
        return [Rule(column, "too large to be exact in floating point", large, lost)]
    return []


def _money_rules(table: IncomingTable, column: Column) -> list[Rule]:
    decimals = table.config.money_decimals
    too_large = f"{table.engine.finite(column.parsed)} AND abs({column.parsed}) * {10**decimals} >= {LARGEST}"
    remedy = f"lower {table.keys.setting('money_decimals')}"
    if column.type == "BOOLEAN":
        another = f"map the column of the amounts by {table.keys.column(table.name, column.name)}"
        return [Rule(column, "true or false and no amount", f"{column.raw} IS NOT NULL", another)]
    rules = [Rule(column, f"too large for {decimals} decimals", too_large, remedy)]
    if column.name != c.AMOUNT:
        rules.append(Rule(column, "negative", f"{column.parsed} < 0", "give it as a positive amount"))
    return rules


def _time_rules(table: IncomingTable, column: Column, unreadable: str) -> list[Rule]:
    earliest, latest = table.engine.timestamp(EARLIEST), table.engine.timestamp(LATEST)
    example = table.keys.option(table.name, "date_format", "%d/%m/%Y")
    formats = f"write ISO 8601 (1998-01-31 or 1998-01-31 14:05:00), or say how to read them by {example}"
    defaults = ", ".join(f"CAST('{day}' AS DATE)" for day in DEFAULT_DAYS)
    outside = f"{column.parsed} NOT BETWEEN {earliest} AND {latest}"
    rules = [
        Rule(column, "not a date", unreadable, formats, unread=True),
        Rule(
            column,
            f"outside {EARLIEST.year} to {LATEST.year}",
            outside,
            f"check {table.keys.option(table.name, 'date_format')}",
        ),
    ]
    if column.name == table.contract.moment:
        default = f"CAST({column.parsed} AS DATE) IN ({defaults})"
        rules.append(Rule(column, "of a day that stands for no date", default, "fill in the true dates"))
    return rules
