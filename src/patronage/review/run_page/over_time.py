"""The same log over time: what earlier models expected and what came, and where the customers were then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from patronage import names as c
from patronage.labels import buyers
from patronage.models.journey import STAGES
from patronage.names import Tag
from patronage.review.page import charts
from patronage.review.page.blocks import Block, Chart, Section, Table
from patronage.review.page.html import percent
from patronage.review.past_run import PastRun, carried_from
from patronage.review.run_page.inputs import RunView, count, plain

PERIOD = "as of"
PREDICTED, ACTUAL = "predicted", "actual"


def over_time(view: RunView, past: Sequence[PastRun]) -> Section:
    """Champions, totals predicted and actual, shares of stages and personas, and drift, by cutoff."""
    title = "Over time"
    if not past:
        return Section(title, "This is the first model of this log: from the second on, its history stands here.")
    runs = [*sorted(past, key=lambda run: (run.cutoff, int(run.version))), _this(view)]
    table = pd.DataFrame(
        [
            {
                PERIOD: run.cutoff,
                "version": run.version,
                "state": run.state,
                "customers": run.customers,
                "orders predicted": run.expected_orders,
                "orders actual": run.actual_orders,
                "revenue predicted": run.expected_revenue,
                "revenue actual": run.actual_revenue,
                "largest PSI": run.psi,
            }
            for run in runs
        ]
    )
    table = table.dropna(axis="columns", how="all")
    formats = {name: ",.0f" for name in table if str(name).endswith((PREDICTED, ACTUAL))} | {"largest PSI": ".2f"}
    blocks: list[Block] = [Table(table, "Every version of this log's model", formats, most=30)]
    blocks += _totals(runs, c.ORDERS, "orders in the horizon")
    blocks += _totals(runs, c.REVENUE, view.in_currency("revenue in the horizon"))
    blocks += _chart(runs, "stages", "journey stage", STAGES)
    blocks += _chart(_renamed(runs), "personas", c.PERSONA, view.personas)
    return Section(title, _finding(runs), blocks)


def _this(view: RunView) -> PastRun:
    """This run; with the actual totals where it was measured on the horizon after its own cutoff."""
    named = view.assignments[[c.PERSONA, c.PERSONA_ID]].drop_duplicates()
    actual: dict[str, float] = {}
    if view.measurement is not None and view.measurement.holdout.evaluated.cutoff == view.split.current.cutoff:
        labels = buyers(view.measurement.holdout.evaluated).labels  # the totals are expected of these alone
        totals = (float(labels[name].sum()) for name in (c.ORDERS, c.SPEND))
        actual = dict(zip(("actual_orders", "actual_revenue"), totals, strict=True))
    return PastRun(
        **actual,
        version="",
        cutoff=view.config.cutoff,
        horizon_days=view.config.horizon_days,
        state="this run",
        customers=len(view.features),
        expected_orders=float(view.assignments[c.EXPECTED_ORDERS].sum()),
        expected_revenue=float(view.assignments[c.EXPECTED_SPEND].sum()),
        stages=_shares(view.assignments[c.JOURNEY_STAGE]),
        personas=_shares(view.assignments[c.PERSONA].where(view.assignments[c.PERSONA_ID] >= 0)),
        persona_ids=dict(zip(named[c.PERSONA].astype(str), named[c.PERSONA_ID].astype(int), strict=True)),
        carried_from=carried_from(view.report.tags.get(Tag.PERSONAS_FORMER, "")),
    )


def _renamed(runs: Sequence[PastRun]) -> list[PastRun]:
    """The runs whose personas the last one carries on, by the names that it gives them."""
    names = {number: name for name, number in runs[-1].persona_ids.items()}
    renamed, version = list(runs), runs[-1].carried_from
    places = {run.version: place for place, run in enumerate(runs[:-1])}
    while version in places:
        place = places.pop(version)
        own = runs[place]
        new = {name: names.get(own.persona_ids.get(name, -1), name) for name in own.personas}
        renamed[place] = replace(own, personas={new[name]: share for name, share in own.personas.items()})
        version = own.carried_from
    return renamed


def _shares(labels: pd.Series) -> dict[str, float]:
    """The share of each label in all customers; a missing one has none."""
    return {str(label): count / len(labels) for label, count in labels.astype(object).value_counts().items()}


def _finding(runs: Sequence[PastRun]) -> str:
    over = [run for run in runs if run.actual_orders == run.actual_orders and run.expected_orders > 0]
    if not over:
        return f"{len(runs)} models of this log; the horizon of none of them is over yet."
    last = over[-1]
    actual = f"{last.actual_orders:,.0f} came"
    if last.actual_orders:
        share = last.expected_orders / last.actual_orders - 1  # of what came, as everywhere on the page
        actual += f" (predicted {percent(abs(share))} too {'many' if share > 0 else 'few'})"
    expected = f"{last.expected_orders:,.0f} orders in {last.horizon_days} days"
    return f"The model as of {last.cutoff} expected {expected}; {actual}."


def _totals(runs: Sequence[PastRun], name: str, unit: str) -> list[Block]:
    """Predicted beside actual, the last run of each cutoff; nothing where no horizon is over."""
    last = {run.cutoff: run for run in runs}.values()
    pairs = [
        (f"{run.cutoff}, {run.horizon_days} days", getattr(run, f"expected_{name}"), getattr(run, f"actual_{name}"))
        for run in last
    ]
    table = pd.DataFrame(pairs, columns=[PERIOD, PREDICTED, ACTUAL])
    over = table[table[ACTUAL] > 0].dropna()
    if over.empty:
        return []
    off = (over[PREDICTED] / over[ACTUAL] - 1).abs().max()
    rows = table.melt(PERIOD, var_name="of", value_name=name).dropna()
    title = f"The predicted total of {name} was off by {percent(off)} of the actual one"
    if len(over) > 1:
        title = (
            f"Over {len(over)} horizons, the predicted total of {name} was off by {percent(off)} of the actual one at "
            "most"
        )
    fewest, most = (count(end([run.customers for run in last])) for end in (min, max))
    description = (
        f"All customers of each cutoff together, n = {fewest if fewest == most else f'{fewest} to {most}'}; a horizon "
        "that is not over yet has no actual bar."
    )
    return [Chart(title, charts.paired_bars(rows, PERIOD, name, "of", unit), description)]


def _chart(runs: Sequence[PastRun], name: str, words: str, order: Sequence[str]) -> list[Block]:
    """The share of each label by cutoff, the last run of each; nothing of a single cutoff.

    Labels stand in the order that the rest of the page has; those that only earlier runs had come after them.
    """
    rows = {
        (run.cutoff, label): share for run in runs for label, share in dict(getattr(run, name)).items()
    }  # a later version of the same cutoff takes the place of an earlier one
    frame = pd.DataFrame([(cutoff, label, share) for (cutoff, label), share in rows.items()])
    if frame.empty or frame[0].nunique() < 2:
        return []
    frame.columns = pd.Index([PERIOD, "label", "share"])
    places = {label: place for place, label in enumerate(order)}
    frame = frame.iloc[frame["label"].map(lambda label: places.get(label, len(places))).argsort(kind="stable")]
    frame = frame.assign(label=frame["label"].map(plain))
    spec = charts.over_time(frame, PERIOD, "label", "share", "% of customers", percent=True)
    description = f"Share of the customers by {words}, at the cutoff of each version; the last version of each day."
    return [Chart(_most_changed(frame, words), spec, description)]


def _most_changed(frame: pd.DataFrame, words: str) -> str:
    """The label whose share changed most from the first cutoff to the last."""
    table = frame.pivot_table("share", PERIOD, "label").fillna(0.0).sort_index()
    label = (table.iloc[-1] - table.iloc[0]).abs().idxmax()
    first, last = table[label].iloc[0], table[label].iloc[-1]
    return f"By {words}, {label} changed most: from {percent(first)} to {percent(last)} of the customers"
