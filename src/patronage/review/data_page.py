"""What a log holds, supports, lacks and costs: as text for a terminal, and as a page for the owner of the data."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from patronage.data import Tables
from patronage.data.finding import DataFinding, Severity
from patronage.review.page.blocks import Block, Card, Cards, Chart, Fact, Facts, Page, Section, Table, Text
from patronage.review.page.charts import bars

WIDTH = 100  # of a terminal
LEVELS = {Severity.REFUSED: "refused", Severity.SEVERE: "severe", Severity.NOTE: "note"}
MARKS = {"refused": "bad", "severe": "odd", "absent": "bad", "partial": "odd", "available": "good"}
FOOTER = "Written by patronage check. Examples that could identify a customer are left out."
MONTHS = 36  # shown


@dataclass(frozen=True)
class DataView:
    """What the page of a log shows.

    Attributes
    ----------
    findings
        Those first that do most to the answers.
    lenses
        As `lenses.support` gives them.
    models
        A line for each model: its name, and what it could learn.
    months
        `month` and `rows`: how many transactions there are in each month.
    """

    tables: Tables
    findings: Sequence[DataFinding]
    lenses: pd.DataFrame
    models: Sequence[tuple[str, str]]
    months: pd.DataFrame


def findings_text(findings: Sequence[DataFinding]) -> str:
    """The findings as a table for a terminal."""
    if not findings:
        return "nothing is wrong with the log, as far as can be seen"
    rows = [
        (LEVELS[each.severity], each.where, f"{each.fact}\n> {each.effect}\nto do: {each.remedy}") for each in findings
    ]
    return text_table(("", "where", "what, > its effect, and what to do"), rows, (8, 24, WIDTH - 36))


def lenses_text(lenses: pd.DataFrame) -> str:
    """What each lens finds in the log, as a table for a terminal."""
    rows = lenses[["lens", "state", "question", "would need"]].astype(str).to_numpy().tolist()
    return text_table(("lens", "state", "question", "would need"), rows, (13, 10, 37, 34))


def text_table(header: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[int]) -> str:
    """Columns of fixed widths, two blanks apart; long cells go on below."""
    lines = []
    for row in (header, *rows):
        cells = [_wrapped(cell, width) for cell, width in zip(row, widths, strict=True)]
        for number in range(max(map(len, cells))):
            parts = (cell[number] if number < len(cell) else "" for cell in cells)
            lines.append("  ".join(part.ljust(width) for part, width in zip(parts, widths, strict=True)).rstrip())
        if row is header:
            lines.append("  ".join("-" * width for width in widths))
    return "\n".join(lines)


def _wrapped(cell: str, width: int) -> list[str]:
    return [part for line in cell.splitlines() for part in textwrap.wrap(line, width) or [""]] or [""]


def data_page(view: DataView) -> Page:
    """The page of a log; it holds no customer ids."""
    tables = view.tables
    return Page(
        title=f"{tables.source}: what the data holds, and what it is good for",
        subtitle=f"{tables.customers:,} customers, {tables.first:%Y-%m-%d} to {tables.last:%Y-%m-%d}.",
        sections=(_content(view), _wrong(view), _support(view)),
        footer=FOOTER,
    )


def _content(view: DataView) -> Section:
    """What is there."""
    tables = view.tables
    facts = [Fact("customers with a purchase or refund", f"{tables.customers:,}")]
    facts += [Fact(f"rows of {name}", f"{rows:,}") for name, rows in tables.rows.items()]
    facts += [Fact(f"rows of {name} set aside", f"{rows:,}") for name, rows in tables.quarantined.items()]
    blocks: list[Block] = [Facts(facts)]
    if len(view.months) > 1:
        shown = view.months.tail(MONTHS)
        blocks.append(
            Chart(
                f"Transactions by month, {shown['month'].iloc[0]} to {shown['month'].iloc[-1]}",
                bars(shown, "month", "rows", "transactions"),
                "How many rows of transactions lie in each month; a missing or short month shows a load that failed.",
            )
        )
    blocks += [Text(note) for note in tables.notes]
    columns = pd.DataFrame(
        [{"table": name, "columns": ", ".join(sorted(columns))} for name, columns in tables.present.items()]
    )
    blocks.append(Table(columns, "What was recognised", verbatim=("columns",)))
    return Section("What is there?", tables.summary().splitlines()[0], blocks)


def _wrong(view: DataView) -> Section:
    """What is wrong, and what it costs."""
    refused = sum(each.severity is Severity.REFUSED for each in view.findings)
    if not view.findings:
        return Section("What is wrong?", "Nothing, as far as can be seen.")
    cards = [
        Card(f"{LEVELS[each.severity]}: {each.fact}", each.effect, (), {"where": each.where, "what to do": each.remedy})
        for each in view.findings
    ]
    mend = f"; {refused} must be mended before anything is learned." if refused else "."
    verdict = f"{len(cards)} findings, those first that do most to the answers{mend}"
    return Section("What is wrong, and what does it cost?", verdict, [Cards(cards)])


def _support(view: DataView) -> Section:
    """Which questions the data answers."""
    states = view.lenses["state"].value_counts()
    counted = ", ".join(f"{states[state]} {state}" for state in ("available", "partial", "absent") if state in states)
    models = pd.DataFrame(view.models, columns=["model", "what it could learn"])
    looked = Table(
        view.lenses, "Lenses: ways of looking at a customer", marks=MARKS, verbatim=("would need",), most=200
    )
    blocks = [Table(models, "Models"), looked]
    return Section("What does it support?", f"Of {len(view.lenses)} lenses: {counted}.", blocks)
