"""The one door: every table of a source becomes a canonical table, or one line says why not."""

from __future__ import annotations

from dataclasses import dataclass, replace

from patronage import names as c
from patronage.config import DataConfig
from patronage.data.columns import Column, IncomingTable, check_zones, resolve
from patronage.data.contract import TRANSACTIONS, Contract
from patronage.data.duplicates import treat_duplicates
from patronage.data.finding import DataFindings
from patronage.data.keys import CONF, Keys
from patronage.data.left_out import leave_out
from patronage.data.row_rules import Rule, finding_of, rules_of
from patronage.data.source import SourceTable
from patronage.engine import Engine, shortage, text
from patronage.errors import DataError


@dataclass(frozen=True)
class LoadedTable:
    """A table behind the door: its canonical columns, its rows, what was done to it, and how many rows were bad."""

    present: frozenset[str]
    rows: int
    notes: tuple[str, ...]
    quarantined: int


def load_table(
    engine: Engine,
    contract: Contract,
    source: SourceTable,
    config: DataConfig,
    keys: Keys = CONF,
    findings: DataFindings | None = None,
) -> LoadedTable:
    """Check a source's table, and keep it in the engine as the canonical table of the contract's name.

    A table that the engine cannot read (rows of another width than the header, a broken file) is reported likewise.

    Parameters
    ----------
    keys
        How messages name the settings.
    findings
        Where findings go; without it, the first that training refuses is an error.

    Raises
    ------
    DataError
        One line: the column, how many rows, an example, the remedy.
    ConfigError
        The mapping names columns that do not exist, or one column twice.
    """
    try:
        table = IncomingTable(engine, contract, source, config, keys, findings or DataFindings())
        table, notes = leave_out(table)
        loaded = _load(table)
        return replace(loaded, notes=(*notes, *loaded.notes))
    except engine.failure as error:
        if short := shortage(error):
            raise short from error
        reason = next((line for line in str(error).splitlines() if "rror" in line), "").strip()
        raise DataError(
            f"{config.name}: the {contract.name} cannot be read: {reason[:300]}; "
            "expected files of one form, every row with as many fields as the header"
        ) from error


def _load(table: IncomingTable) -> LoadedTable:
    columns = resolve(table)
    (total,) = table.engine.row(f"SELECT count(*) FROM {table.source.relation}")
    if total == 0:
        raise DataError(f"{table.config.name}: the {table.name} are empty; expected {table.contract.what}")
    check_zones(table, columns)
    rules = [rule for column in columns for rule in rules_of(table, column)]
    quarantined = _treat_bad_rows(table, rules)
    good = " AND ".join(f"NOT {rule.bad}" for rule in rules) or "true"
    notes = _rounding_notes(table, columns, good)
    _write(table, columns, good)
    notes += treat_duplicates(table, total)
    (rows,) = table.engine.row(f"SELECT count(*) FROM {table.name}")
    present = frozenset(column.name for column in columns)
    return LoadedTable(present, rows, tuple(notes), quarantined)


def _treat_bad_rows(table: IncomingTable, rules: list[Rule]) -> int:
    """Count the rows that break a rule; refuse each such rule, or put the rows into quarantine."""
    counts = [f"count(*) FILTER (WHERE {rule.test})" for rule in rules]
    examples = [f"min(CAST({rule.column.raw} AS STRING)) FILTER (WHERE {rule.test})" for rule in rules]
    total, *results = table.engine.row(f"SELECT count(*), {', '.join(counts + examples)} FROM {table.source.relation}")
    bad_rows, values = results[: len(rules)], results[len(rules) :]
    if not any(bad_rows):
        return 0
    for rule, bad, value in zip(rules, bad_rows, values, strict=True):
        if bad:
            table.findings.add(finding_of(table, rule, bad, total, value))
    return _quarantine(table, rules, total)


def _quarantine(table: IncomingTable, rules: list[Rule], total: int) -> int:
    """Keep the bad rows in a table of their own, each with the first rule that it breaks; gives their number."""
    reasons = " ".join(f"WHEN {rule.bad} THEN {text(f'{rule.column.name}: {rule.what}')}" for rule in rules)
    any_bad = " OR ".join(rule.bad for rule in rules)
    quarantine = f"quarantine_{table.name}"
    table.engine.table(
        quarantine, f"SELECT CASE {reasons} END AS reason, * FROM {table.source.relation} WHERE {any_bad}"
    )
    (rows,) = table.engine.row(f"SELECT count(*) FROM {quarantine}")
    if rows == total:
        fail = table.keys.setting("on_bad_rows", "fail")
        raise DataError(f"{table.name}: all {total} rows are bad; {fail} shows the first reason")
    return int(rows)


def _rounding_notes(table: IncomingTable, columns: list[Column], good: str) -> list[str]:
    """A note for each column of money with values finer than a minor unit."""
    decimals = table.config.money_decimals
    finer = {}
    for column in columns:
        if column.kind == "money":
            exact = f"{column.parsed} * {10**decimals}"
            finer[column.name] = f"abs({exact} - round({exact})) > 1e-6 + 1e-12 * abs({exact})"
    if not finer:
        return []
    counts = ", ".join(f"count(*) FILTER (WHERE {test})" for test in finer.values())
    rounded = table.engine.row(f"SELECT {counts} FROM {table.source.relation} WHERE {good}")
    return [
        f"{rows:,} values of {name} were rounded to {decimals} decimals ({table.keys.setting('money_decimals')})"
        for name, rows in zip(finer, rounded, strict=True)
        if rows
    ]


def _write(table: IncomingTable, columns: list[Column], good: str) -> None:
    """Write the canonical table: the good rows, money in minor units, an order id on every transaction."""
    unit = 10**table.config.money_decimals
    selected = {
        column.name: f"CAST(round({column.parsed} * {unit}) AS BIGINT)" if column.kind == "money" else column.parsed
        for column in columns
    }
    if table.contract is TRANSACTIONS and c.ORDER_ID not in selected:
        selected[c.ORDER_ID] = _order_id(table, columns, selected)
    named = ", ".join(f"{expression} AS {table.engine.quote(name)}" for name, expression in selected.items())
    table.engine.table(table.name, f"SELECT {named} FROM {table.source.relation} WHERE {good}")


def _order_id(table: IncomingTable, columns: list[Column], selected: dict[str, str]) -> str:
    """SQL: an id where the source has none. A customer's rows of one moment are one order.

    Equal rows that the user keeps are orders of their own.
    """
    order_id = f"{selected[c.CUSTOMER_ID]} || '@' || CAST({selected[c.ORDERED_AT]} AS STRING)"
    if table.config.on_duplicate_rows == "keep":
        twin = f"row_number() OVER (PARTITION BY {', '.join(column.raw for column in columns)} ORDER BY 1)"
        order_id += f" || '#' || CAST({twin} AS STRING)"
    return order_id
