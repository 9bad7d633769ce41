"""What changed since the champion: the same customers, labelled by both models."""

from __future__ import annotations

import pandas as pd

from patronage import names as c
from patronage.review.page import charts
from patronage.review.page.blocks import Block, Chart, Section, Table
from patronage.review.page.html import percent
from patronage.review.run_page.inputs import RunView, count, some

LABELS = {
    c.PERSONA: c.PERSONA, c.JOURNEY_STAGE: "journey stage", c.VALUE_TIER: "value tier",
    c.STATUS_SEGMENT: "status", c.RFM_SEGMENT: "RFM segment", c.CHURN_BAND: "band of churn",
}  # fmt: skip
OF_THE_HORIZON = (c.CHURN_BAND, c.EXPECTED_ORDERS, c.EXPECTED_SPEND)


def changes(view: RunView) -> Section:
    """Labels that differ from those of the champion's model on the same customers, and the totals of both."""
    title = "What changed since the champion"
    if view.champion is None:
        return Section(title, "There is no champion of this log yet: nothing to compare with.")
    sample = some(view.features.index)
    before, after = view.champion.assign(view.features.loc[sample]), view.assignments.loc[sample]
    own, former = view.bundle.horizon_days, view.champion.horizon_days
    of_horizon = () if own == former else OF_THE_HORIZON  # of spans of other lengths: no two models differ by these
    rows = [
        {"label": words, "moved": float((before[name].astype(str) != after[name].astype(str)).mean())}
        for name, words in LABELS.items()
        if name in before and name in after and name not in of_horizon
    ]
    moved = pd.DataFrame(rows).sort_values("moved", ascending=False)
    most = moved.iloc[0]
    finding = (
        f"On the same customers this model and version {view.champion_version} differ most in {most['label']}: "
        f"{percent(most['moved'])} of the customers would carry another one."
    )
    if of_horizon:
        finding += f" That version looks {former} days ahead and this one {own}: what they expect then is not compared."
    spec = charts.bars(moved, "label", "moved", "% of customers with another label", percent=True)
    description = f"Both models on the same features of today; n = {count(len(before))}. patronage compare shows why."
    totals = pd.DataFrame(
        [
            {"total": words, "champion": float(before[name].sum()), "this run": float(after[name].sum())}
            for name, words in (
                (c.EXPECTED_ORDERS, "orders expected"),
                (c.EXPECTED_SPEND, "revenue expected"),
                (c.CLV, "value expected"),
            )
            if name not in of_horizon
        ]
    )
    totals["difference"] = totals["this run"] / totals["champion"] - 1
    formats = {"champion": ",.0f", "this run": ",.0f", "difference": "+.1%"}
    blocks: list[Block] = [
        Chart(f"{percent(most['moved'])} would carry another {most['label']}", spec, description),
        Table(totals, f"Totals of both models, of {count(len(sample))} customers", formats),
    ]
    return Section(title, finding, blocks)
