"""What the customers are worth: totals, who brings how much, the pyramid, and who rose and fell."""

from __future__ import annotations

import numpy as np
import pandas as pd

from patronage import lenses
from patronage import names as c
from patronage.analyses.pyramid import JOINED, movements
from patronage.names import Artifact
from patronage.review.page import charts
from patronage.review.page.blocks import Block, Chart, Fact, Facts, Section, Table, Text
from patronage.review.page.html import percent
from patronage.review.run_page.inputs import RunView, by_group, count, labelled

TOP = (0.01, 0.05, 0.2)
POINTS = 50  # of a curve


def worth(view: RunView) -> Section:
    """Value with intervals, Pareto and the pyramid."""
    value = view.buyers[c.CLV].dropna().clip(lower=0)
    if value.empty or value.sum() == 0:
        return Section("What they are worth", "No value is expected of these customers.")
    fifth = top_share_of(value, 0.2)
    days = view.config.clv.value_horizon_days
    finding = (
        f"The buyers are worth {view.money(value.sum())} in the next {days} days; the best fifth holds "
        f"{percent(fifth)} of it."
    )
    items = [Fact(f"best {share:.0%}", percent(top_share_of(value, share)), "of the expected value") for share in TOP]
    typical = Fact("a customer", view.money(value.mean()), f"half are worth less than {view.money(value.median())}")
    blocks: list[Block] = [Facts([typical, *items]), _pareto(view), *_pyramid(view), *_moved(view), *_deciles(view)]
    return Section("What they are worth", finding, blocks)


def top_share_of(value: pd.Series, share: float) -> float:
    """The part of the sum that the largest values hold."""
    ordered = np.sort(value.to_numpy(float))[::-1]
    best = ordered[: max(round(share * len(ordered)), 1)]
    return float(best.sum() / max(ordered.sum(), 1e-12))


def _pareto(view: RunView) -> Chart:
    """Cumulative share of value over the share of customers, best first."""
    rows = []
    for group, own in by_group(view.buyers, view.personas):
        for name, column in (
            ("expected value", own[c.CLV]),
            ("revenue so far", view.features.loc[own.index, c.NET_REVENUE]),
        ):
            ordered = np.sort(column.dropna().clip(lower=0).to_numpy(float))[::-1]
            if ordered.sum() > 0:
                places = np.unique(np.linspace(0, len(ordered), POINTS).round().astype(int))
                held = np.concatenate([[0.0], np.cumsum(ordered)])[places] / ordered.sum()
                curve = pd.DataFrame({"customers": places / len(ordered), "held": held, "of": name})
                rows.append(labelled(curve, group))
    spec = charts.lines(pd.concat(rows), "customers", "held", "of", "% of buyers, best first", "% held", percent=True)
    value = view.buyers[c.CLV].dropna().clip(lower=0)
    title = f"The best 5% of the buyers hold {percent(top_share_of(value, 0.05))} of the expected value"
    description = (
        f"Buyers from the best on, and the share of value that they hold together; n = {count(len(value))}; follows "
        "the choice above."
    )
    return Chart(title, spec, description)


def _pyramid(view: RunView) -> list[Block]:
    if c.VALUE_TIER not in view.assignments:
        return []
    own = view.assignments.join(view.features[[c.NET_REVENUE]])
    own = own[own[c.VALUE_TIER] != c.UNKNOWN]
    table = own.groupby(c.VALUE_TIER).agg(
        customers=(c.CLV, "size"),
        **{c.REVENUE: (c.NET_REVENUE, "sum")},
        value=(c.CLV, "sum"),
        risk=(c.CHURN_PROBABILITY, "mean"),
    )
    table.insert(1, "of customers", table["customers"] / table["customers"].sum())
    table.insert(3, "of revenue", table[c.REVENUE] / max(table[c.REVENUE].sum(), 1e-12))
    table = table.sort_values(c.REVENUE, ascending=False).rename_axis("tier").reset_index()
    formats = {
        "customers": ",.0f",
        "of customers": ".0%",
        c.REVENUE: ",.0f",
        "of revenue": ".0%",
        "value": ",.0f",
        "risk": ".0%",
    }
    return [Table(table, "The customer pyramid: tiers by cumulative share of the revenue so far", formats)]


def _moved(view: RunView) -> list[Block]:
    """Who rose and fell since the earlier cutoff that the run learned from."""
    if c.VALUE_TIER not in view.assignments or not view.split.training:
        return []
    earlier = view.split.training[0]
    lens = view.bundle.fitted_lenses.select(["value"])
    if not lens.lenses or not set(lens.lenses[0].features) <= set(earlier.features):
        return []
    then = lenses.fit(earlier.features, view.config.lenses).select(["value"])  # each cutoff has its own pyramid
    before = lenses.segments(earlier.features, then)[c.VALUE_TIER]
    after = view.assignments[c.VALUE_TIER]
    revenue_before, revenue_after = earlier.features[c.NET_REVENUE], view.features[c.NET_REVENUE]
    order = [tier for tier in view.config.lenses.value.tiers if tier in set(before) | set(after)]
    table = movements(before, after, revenue_before, revenue_after, order)
    places = {tier: place for place, tier in enumerate(order)}
    known = table[table["tier_before"].isin(places) & table["tier_after"].isin(places)]
    step = known["tier_after"].map(places) - known["tier_before"].map(places)
    rose, fell = (int(known.loc[mask, "customers"].sum()) for mask in (step < 0, step > 0))
    joined = int(table.loc[table["tier_before"] == JOINED, "customers"].sum())
    formats = {"customers": ",.0f", "revenue_before": ",.0f", "revenue_after": ",.0f"}
    moved = known[step != 0].sort_values("customers", ascending=False)
    note = (
        f"Since {earlier.cutoff:%Y-%m-%d}, {count(rose)} customers rose a tier, {count(fell)} fell, "
        f"{count(joined)} joined."
    )
    return [Text(note), Table(moved, "Who rose and fell, largest groups first", formats, most=8)]


def _deciles(view: RunView) -> list[Block]:
    """Predicted and actual spend by tenths of the predicted spend, on the holdout."""
    if view.measurement is None:
        return []
    predicted = view.measurement.assignments[c.EXPECTED_SPEND].dropna()
    actual = view.measurement.holdout.evaluated.labels.loc[predicted.index, c.SPEND]
    if len(predicted) < 10:
        return []
    ranks = predicted.rank(method="first", ascending=False)
    tenth = np.ceil(10 * ranks / len(ranks)).astype(int)
    means = pd.DataFrame({"predicted": predicted, "actual": actual}).groupby(tenth).mean()
    rows = means.rename_axis("tenth").reset_index().melt("tenth", var_name="what", value_name=c.SPEND)
    rows["tenth"] = rows["tenth"].astype(str).replace({"1": "1 (best)", "10": "10 (least)"})
    total = float(actual.sum())
    best = float(actual[tenth == 1].sum()) / total if total > 0 else np.nan
    unit = view.in_currency(f"spend per customer in {view.config.horizon_days} days")
    spec = charts.paired_bars(rows, "tenth", c.SPEND, "what", unit)
    since = f"{view.measurement.holdout.evaluated.cutoff:%Y-%m-%d}"
    description = f"Buyers of {since} in tenths by predicted spend; n = {count(len(predicted))}."
    title = f"Last time the tenth with the highest predicted spend brought {percent(best)} of the actual spend"
    return [Chart(title, spec, description, view.picture(Artifact.CLV_BY_DECILE_FIGURE))]
