"""The one door: every table of a source becomes a canonical table, or one line says why not."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import chain
from operator import itemgetter
from pathlib import Path

from patronage import names as c
from patronage.config import DataConfig
from patronage.data.charges import IS_CHARGE
from patronage.data.columns import Column, IncomingTable, check_zones, resolve
from patronage.data.contract import TRANSACTIONS, Contract
from patronage.data.currencies import find_currencies
from patronage.data.duplicates import treat_duplicates
from patronage.data.expressions import expression
from patronage.data.finding import DataFindings
from patronage.data.keys import CONF, Keys
from patronage.data.left_out import find_credits, leave_out
from patronage.data.refunds import find_cancelled
from patronage.data.rounding import rounding_notes
from patronage.data.row_rules import TEXT, Rule, finding_of, rules_of
from patronage.data.signs import find_lost_signs
from patronage.data.source import SourceTable
from patronage.data.text_files import remedy
from patronage.engine import Engine, shortage, text
from patronage.errors import DataError

# What DuckDB says of a file that it cannot read, and what to do; the first that matches holds
UNREADABLE = {
    r"Unexpected end of GZIP|[Gg][Zz]ip|ZSTD|[Zz]std": "the file is cut off or damaged: pack or copy it again",
}
NO_UTF8 = r"[Uu]nicode|[Uu][Tt][Ff]-?8|byte sequence"
IN_FILE = re.compile(r"^\s*file ?= ?(.+)$", re.M)
FORM = "expected files of one form, every row with as many fields as the header"
CLEAN = "true"  # SQL: every row is good


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
        before = table
        table, notes = leave_out(table)
        find_credits(before, table)
        loaded = _load(table)
        return replace(loaded, notes=(*notes, *loaded.notes))
    except engine.failure as error:
        if short := shortage(error):
            raise short from error
        words = str(error)
        reason = next((line for line in words.splitlines() if "rror" in line), "").strip()
        if (file := IN_FILE.search(words)) and file[1] not in reason:
            reason = f"{reason} of {Path(file[1]).name}"
        expected = next((advice for sign, advice in UNREADABLE.items() if re.search(sign, words)), FORM)
        if re.search(NO_UTF8, words) and expected is FORM:
            expected = f"a line is not UTF-8 text: {remedy(contract.name, keys)}"
        raise DataError(f"{config.name}: the {contract.name} cannot be read: {reason[:300]}; {expected}") from error


def _load(table: IncomingTable) -> LoadedTable:
    columns = resolve(table)
    (total,) = table.engine.row(f"SELECT count(*) FROM {table.source.relation}")
    if total == 0:
        raise DataError(f"{table.config.name}: the {table.name} are empty; expected {table.contract.what}")
    check_zones(table, columns)
    rules = _broken(table, [rule for column in columns for rule in rules_of(table, column)])
    quarantined = _treat_bad_rows(table, rules)
    good = " AND ".join(f"NOT {rule.bad}" for rule in rules) or CLEAN
    notes = rounding_notes(table, columns, good)
    find_cancelled(table, columns, good)
    find_lost_signs(table, columns, good)
    find_currencies(table, columns, good)
    _write(table, columns, good)
    notes += treat_duplicates(table, total)
    (rows,) = table.engine.row(f"SELECT count(*) FROM {table.name}")
    present = frozenset(column.name for column in columns)
    return LoadedTable(present, rows, tuple(notes), quarantined)


def _broken(table: IncomingTable, rules: list[Rule]) -> list[Rule]:
    """The rules, if any row breaks one: of a clean table, which most are, no later query need test them again."""
    relation, own = table.source.relation, table.engine.types(table.source.relation)
    rest: list[Rule] = []
    of_names: dict[str, list[Rule]] = {}  # ids and labels repeat: their distinct values are fewer
    for rule in rules:
        names = rule.column.type == TEXT and rule.column.kind in ("id", "label") and rule.column.source in own
        (of_names.setdefault(rule.column.raw, []) if names else rest).append(rule)
    tests = {f"(SELECT DISTINCT {raw} FROM {relation})": each for raw, each in of_names.items()} | {relation: rest}
    for rows, each in filter(itemgetter(1), tests.items()):
        broken = " OR ".join(rule.bad for rule in each)  # behind WHERE every row would be tested, and not the distinct
        (bad,) = table.engine.row(f"SELECT count(*) FILTER (WHERE {broken}) FROM {rows}")
        if bad:
            return rules
    return []


def _treat_bad_rows(table: IncomingTable, rules: list[Rule]) -> int:
    """Count the bad rows of each column at the first rule that they break; refuse the rules, or set the rows aside."""
    if not rules:
        return 0
    of_column: dict[str, list[int]] = {}
    for number, rule in enumerate(rules):
        of_column.setdefault(rule.column.name, []).append(number)
    first, counted = [], []
    for place, numbers in enumerate(of_column.values()):
        cases = " ".join(f"WHEN {rules[number].bad} THEN {number}" for number in numbers)
        raw = f"CAST({rules[numbers[0]].column.raw} AS STRING)"
        first.append(f"CASE {cases} END AS rule_{place}, {raw} AS value_{place}")
        for number in numbers:
            these = f"FILTER (WHERE rule_{place} = {number})"
            counted.append(f"count(*) {these}, min(value_{place}) {these}")
    any_broken = " OR ".join(f"rule_{place} IS NOT NULL" for place in range(len(of_column)))
    total, bad, *counts = table.engine.row(
        f"SELECT count(*), count(*) FILTER (WHERE {any_broken}), {', '.join(counted)} "
        f"FROM (SELECT {', '.join(first)} FROM {table.source.relation})"
    )
    if not bad:
        return 0
    findings = [
        finding_of(table, rules[number], int(n), int(total), None if value is None else str(value))
        for number, n, value in zip(chain(*of_column.values()), counts[::2], counts[1::2], strict=True)
        if n
    ]
    for finding in findings:
        table.findings.add(finding)
    if bad == total:
        raise DataError(
            f"{table.name}: all {total} rows are bad; {max(findings, key=lambda each: each.weight).refusal}"
        )
    return _quarantine(table, rules)


def _quarantine(table: IncomingTable, rules: list[Rule]) -> int:
    """Keep the bad rows in a table of their own, each with the first rule that it breaks; gives their number."""
    reasons = " ".join(f"WHEN {rule.bad} THEN {text(f'{rule.column.name}: {rule.what}')}" for rule in rules)
    any_bad = " OR ".join(rule.bad for rule in rules)
    quarantine = f"quarantine_{table.name}"
    table.engine.table(
        quarantine, f"SELECT CASE {reasons} END AS reason, * FROM {table.source.relation} WHERE {any_bad}"
    )
    (rows,) = table.engine.row(f"SELECT count(*) FROM {quarantine}")
    return int(rows)


def _write(table: IncomingTable, columns: list[Column], good: str) -> None:
    """Write the canonical table: the good rows, money in minor units, an order id on every transaction."""
    unit = 10**table.config.money_decimals
    selected = {
        column.name: f"CAST(round({column.parsed} * {unit}) AS BIGINT)" if column.kind == "money" else column.parsed
        for column in columns
    }
    if table.contract is TRANSACTIONS and c.ORDER_ID not in selected:
        selected[c.ORDER_ID] = _order_id(table, columns, selected)
    if table.source.charges:
        selected[IS_CHARGE] = f"coalesce(({_charges(table, table.source.charges)}), false)"
    named = ", ".join(f"{expression} AS {table.engine.quote(name)}" for name, expression in selected.items())
    keep = table.engine.view if _may_stay(table, columns, good) else table.engine.table
    keep(table.name, f"SELECT {named} FROM {table.source.relation} WHERE {good}")


def _charges(table: IncomingTable, condition: str) -> str:
    """SQL: whether a row is a charge, checked against the table's columns."""
    engine, relation = table.engine, table.source.relation
    setting = f"{table.keys.option(table.name, 'charges')}: {condition}"
    return expression(engine, relation, engine.types(relation), condition, setting, condition=True).sql


def _may_stay(table: IncomingTable, columns: list[Column], good: str) -> bool:
    """Whether the canonical table may be a view: its rows lie in files of our own, and are read in no time.

    To write rows anew costs more than all that the door looks at; the tables that the door rewrites are written.
    """
    own = table.source.own and good == CLEAN and not table.config.pseudonymise and not table.source.charges
    return own and all(
        column.raw == table.engine.quote(column.source) and not (column.kind == "time" and column.type == TEXT)
        for column in columns
    )


def _order_id(table: IncomingTable, columns: list[Column], selected: dict[str, str]) -> str:
    """SQL: an id where the source has none. A customer's rows of one moment are one order.

    Equal rows that the user keeps are orders of their own.
    """
    order_id = f"{selected[c.CUSTOMER_ID]} || '@' || CAST({selected[c.ORDERED_AT]} AS STRING)"
    if table.config.on_duplicate_rows == "keep":
        twin = f"row_number() OVER (PARTITION BY {', '.join(column.raw for column in columns)} ORDER BY 1)"
        order_id += f" || '#' || CAST({twin} AS STRING)"
    return order_id
