"""A training run as one page: what a reviewer and a marketing lead read first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from patronage.bundle import Bundle
from patronage.data import Tables
from patronage.data.finding import Severity
from patronage.evaluation.run import Run
from patronage.names import Artifact
from patronage.report import Report
from patronage.review.page.blocks import Page
from patronage.review.page.html import render, words
from patronage.review.past_run import PastRun
from patronage.review.record import RunRecord
from patronage.review.run_page.action import action
from patronage.review.run_page.changes import changes
from patronage.review.run_page.expectation import expectation
from patronage.review.run_page.inputs import RunView
from patronage.review.run_page.journey import journey
from patronage.review.run_page.labels import labels
from patronage.review.run_page.leaving import leaving
from patronage.review.run_page.limits import limits
from patronage.review.run_page.over_time import over_time
from patronage.review.run_page.personas import personas
from patronage.review.run_page.targets import targets
from patronage.review.run_page.worth import worth
from patronage.training.origins import Split

DESCRIBED = 5  # sections whose finding stands in the description of the run


def with_page(
    record: RunRecord,
    run: Run,
    split: Split,
    tables: Tables,
    report: Report,
    champion: tuple[Bundle, str] | None,
    past: Sequence[PastRun] = (),
) -> RunRecord:
    """The record with the page of the run among its texts, and its first findings on top of its description.

    Parameters
    ----------
    report
        Of all parts of the run.
    champion
        The champion of the same log with its version, to compare with.
    past
        Earlier trainings of the same registered model.
    """
    log = {
        "first": tables.first.isoformat(),
        "last": tables.last.isoformat(),
        "customers": str(tables.customers),
        "rows.transactions": str(tables.rows["transactions"]),
    }
    bundle, version = champion or (None, "")
    view = RunView(
        config=run.config,
        bundle=run.bundle,
        split=split,
        features=run.features,
        assignments=run.assignments,
        measurement=run.measurement,
        log=log,
        report=replace(report, tables={**report.tables, **record.tables}),
        champion=bundle,
        champion_version=version,
        notes=tables.notes,
        findings=tuple(each for each in tables.findings if each.severity >= Severity.SEVERE),
    )
    page = run_page(view, past)
    first, *others = (f"**{part.title}**: {part.finding}" for part in page.sections[:DESCRIBED])
    # MLflow shows some four lines, and folds the rest
    head = f"`{Artifact.REPORT}` among the artifacts shows everything on one page. {first}"
    others += [f"**Wrong with the log**: {finding.fact}: {finding.effect}" for finding in view.findings]
    description = "\n\n".join([head, record.description, "\n".join(f"- {finding}" for finding in others)])
    return replace(record, description=description, texts={**record.texts, Artifact.REPORT: render(page)})


def run_page(view: RunView, past: Sequence[PastRun] = ()) -> Page:
    """The page of a training run; it holds no customer ids."""
    further = (targets,) if view.bundle.targets else ()
    parts = (expectation, personas, leaving, worth, journey, *further, labels, action, changes)
    sections = (*(part(view) for part in parts), over_time(view, past), limits(view))
    currency = view.config.data.currency or "the currency of the log"
    first, last = view.log["first"][:10], view.log["last"][:10]
    return Page(
        title=f"{words(view.config.data.name)}: who the customers are, as of {view.config.cutoff}",
        subtitle=(
            f"{int(view.log['rows.transactions']):,} transactions of {int(view.log['customers']):,} customers from "
            f"{first} to {last}; everything here rests on what was known before {view.config.cutoff}."
        ),
        sections=sections,
        choice=("Show", view.personas) if len(view.personas) > 1 else None,
        footer=f"Amounts are in {currency}. Every table of this page is an artifact of the run.",
    )
