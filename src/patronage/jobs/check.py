"""`patronage check`: hold data against the contract, say what it supports, and prove that own lenses see no future."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pandas as pd

from patronage import cutoff as when
from patronage import data, lenses
from patronage import names as c
from patronage.config import CheckConfig, TrainConfig
from patronage.data import Tables
from patronage.data.contract import ANALYSED, RETURNS, TRANSACTIONS
from patronage.data.finding import DataFinding, DataFindings, Severity
from patronage.engine import connect
from patronage.errors import DataError, OutputError, PatronageError
from patronage.lenses import corruption
from patronage.review.data_page import FOOTER, DataView, data_page, findings_text, lenses_text, text_table
from patronage.review.page.html import render
from patronage.temporary import growing
from patronage.training.origins import SHORTEST_WINDOW


def run(config: CheckConfig) -> None:
    """Read the data through the door and print a report of all that is found; with `output`, write it as a page too.

    Raises
    ------
    DataError
        Training would refuse the data, or an own lens sees the future.
    OutputError
        The page cannot be written, or would replace what is none of ours.
    """
    own = lenses.own(config.lenses)
    place = None if config.output is None else _place(config.output)
    findings = DataFindings(collect=True)
    with closing(connect(config.engine)) as engine:
        try:
            tables = data.load(engine, config.data, findings, own_label=config.lenses.purchase.own_label)
            _find_too_little(tables, findings)
        except PatronageError:
            if known := list(findings):
                print(findings_text(known), end="\n\n")
            raise
        _report(tables, config, findings, place)
        if own:
            print()
            _check_own(tables, config, own)
    if refused := findings.refused:
        more = f" and {len(refused) - 1} more (see above)" if len(refused) > 1 else ""
        raise DataError(f"training would refuse this log: {refused[0].refusal}{more}")


def _report(tables: Tables, config: CheckConfig, findings: DataFindings, place: Path | None) -> None:
    """Print what is there, what is wrong and what it supports."""
    if not findings.refused:
        print("the data keeps the contract")
    print(tables.overview, end="\n\n")
    print(findings_text(list(findings)), end="\n\n")
    support, models = lenses.support(tables, config.lenses), _models(tables)
    print(lenses_text(support), end="\n\n")
    print(text_table(("model", "what it could learn"), models, (13, 85)))
    if place is not None:
        page = data_page(DataView(tables, list(findings), support, models, _months(tables)))
        with growing(place, f"output={place}") as beside:
            beside.write_text(render(page), encoding="utf-8")
        print(f"\npage         {place}")


def _find_too_little(tables: Tables, findings: DataFindings) -> None:
    """Find a log of fewer customers or days than a training with its shipped settings expects."""
    expected, name = TrainConfig(), TRANSACTIONS.name
    days = (tables.last - tables.first).days + 1
    shortest = expected.origins.min_history_days + SHORTEST_WINDOW
    for column, has, number, least, setting in (
        (c.CUSTOMER_ID, "has", tables.customers, expected.min_customers, "min_customers"),
        (c.ORDERED_AT, "covers", days, shortest, "origins.min_history_days and labels"),
    ):
        noun = "customer" if column == c.CUSTOMER_ID else "day"
        if number < least:
            finding = DataFinding(
                where=f"{name}.{column}",
                what=f"the log {has} {number:,} {noun}{'s' * (number != 1)}; training expects {least} ({setting})",
                effect="as it is, training refuses it: nothing that is learned from so little would mean anything",
                remedy=f"load the whole log, and see whether {column} is mapped to the right column",
                severity=Severity.SEVERE,
                weight=1.0,
            )
            findings.add(finding)


def _place(output: str) -> Path:
    """Where the page goes.

    Raises
    ------
    OutputError
        Something stands there that is no such page.
    """
    place = Path(output).expanduser().resolve()
    if place.suffix.lower() not in (".html", ".htm"):
        raise OutputError(f"output={output}: expected the name of a page, such as report.html")
    if place.exists() and not (place.is_file() and FOOTER in place.read_text(encoding="utf-8", errors="replace")):
        raise OutputError(f"output={output}: what stands there was not written by patronage check; give another name")
    if not place.parent.is_dir():
        raise OutputError(f"output={output}: there is no folder {place.parent}")
    return place


def _months(tables: Tables) -> pd.DataFrame:
    """How many transactions there are in each month."""
    month = f"strftime(CAST({c.ORDERED_AT} AS DATE), '%Y-%m')"
    if tables.engine.cluster is not None:
        month = f"date_format({c.ORDERED_AT}, 'yyyy-MM')"
    counted = f"SELECT {month} AS month, count(*) AS rows FROM transactions GROUP BY month ORDER BY month"
    return tables.engine.frame(counted)


def _check_own(tables: Tables, config: CheckConfig, own: dict[str, lenses.Lens]) -> None:
    """Hold each own lens against an altered future."""
    cutoff = when.parse(config.cutoff) if config.cutoff else corruption.cutoff_inside(tables)
    when.check_inside(cutoff, tables.first, tables.last, config.data.max_staleness_days)
    usable = lenses.available(tables, config.lenses)
    leaking = []
    for path, lens in own.items():
        if lens.name not in usable:
            print(f"lens {lens.name:<12} not checked: the data has none of {', '.join(lens.requires)}")
            continue
        try:
            leaks = corruption.future_leaks(tables, cutoff, config.lenses, [lens.name])
        except tables.engine.failure as error:
            raise DataError(f"lenses.own={path}: its SQL fails: {str(error).splitlines()[0]}") from error
        changed = ", ".join(f"{row.feature} of {row.customers:,} customers" for row in leaks.itertuples())
        print(f"lens {lens.name:<12} " + (f"sees the future: {changed} changed" if changed else "sees no future"))
        if changed:
            leaking.append(f"lenses.own={path} sees the future: {changed}")
    if leaking:
        raise DataError(
            f"{'; '.join(leaking)} changed when rows at or after {cutoff:%Y-%m-%d} were altered; read order_lines, "
            "orders, order_days, events, ... of the history in place of the tables themselves"
        )


def _models(tables: Tables) -> list[tuple[str, str]]:
    """What models could learn from this log."""
    per_customer = (
        f"SELECT count(DISTINCT CAST({c.ORDERED_AT} AS DATE)) FILTER (WHERE {c.AMOUNT} >= 0) AS days "
        f"FROM transactions GROUP BY {c.CUSTOMER_ID}"
    )
    buyers, repeaters = tables.engine.row(
        f"SELECT count(*) FILTER (WHERE days > 0), count(*) FILTER (WHERE days > 1) FROM ({per_customer})"
    )
    refunded = 0
    if tables.has(RETURNS):
        (refunded,) = tables.engine.row(f"SELECT count(DISTINCT {c.CUSTOMER_ID}) FROM {RETURNS}")
    latest = tables.last + timedelta(days=1)
    span = (latest - tables.first).days
    analysed = sorted(tables.present[TRANSACTIONS.name] & ANALYSED)
    second_day = f"{repeaters:,} of {buyers:,} buyers bought on a second day"
    return [
        ("clv", second_day + ("" if repeaters else ": no CLV can be fitted")),
        ("churn", f"at cutoff={latest:%Y-%m-%d}, a horizon of up to {span // 2} days leaves as long a history"),
        ("journey", "orders and events" if tables.has("events") else "orders alone: prospects are not visible"),
        ("refunds", f"{refunded:,} customers have some"),
        *([("analyse", f"{', '.join(analysed)}: read by analyses and by lenses of your own")] if analysed else []),
    ]
