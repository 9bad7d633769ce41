"""Where the customers are: the stages, how they moved over the last horizon, and where they wait or are lost."""

from __future__ import annotations

import pandas as pd

from patronage import names as c
from patronage.models.journey import STAGES
from patronage.names import Artifact, Tag
from patronage.review.page import charts
from patronage.review.page.blocks import Block, Chart, Section, Table, Text
from patronage.review.page.html import percent
from patronage.review.run_page.inputs import RunView, by_group, count, labelled, plain

LOST = ("at_risk", c.CHURNED)
ACTIVE = ("first_time", "regular", "loyal")


def journey(view: RunView) -> Section:
    """Stages, flows and waiting times."""
    stages = view.assignments[c.JOURNEY_STAGE]
    shares = stages.value_counts(normalize=True)
    active, lost = (sum(shares.get(stage, 0.0) for stage in group) for group in (ACTIVE, LOST))
    finding = f"{percent(active)} of the customers are active, {percent(lost)} at risk or gone."
    calibration = view.report.tags.get(Tag.JOURNEY_CALIBRATION)
    told = (
        [Text(f"Correction of the journey's probabilities by earlier horizons: {calibration}.")] if calibration else []
    )
    blocks: list[Block] = [_sizes(view), *_flows(view), *_stays(view), *told]
    return Section("Where they are", finding, blocks)


def _sizes(view: RunView) -> Chart:
    rows = []
    for group, own in by_group(view.assignments, view.personas):
        counts = own[c.JOURNEY_STAGE].value_counts().reindex(STAGES, fill_value=0)
        rows.append(
            labelled(pd.DataFrame({"stage": [plain(s) for s in STAGES], "customers": counts.to_numpy()}), group)
        )
    counts = view.assignments[c.JOURNEY_STAGE].value_counts(normalize=True)
    spec = charts.bars(pd.concat(rows), "stage", "customers", "customers")
    title = f"The largest stage is {plain(str(counts.index[0]))}: {percent(counts.iloc[0])} of the customers"
    description = (
        f"Customers by their stage of the journey; n = {count(len(view.assignments))}; follows the choice above."
    )
    return Chart(title, spec, description, view.picture(Artifact.JOURNEY_MAP_FIGURE))


def _flows(view: RunView) -> list[Block]:
    """From the stage one horizon ago to that of today."""
    flows = view.table(Artifact.JOURNEY_FLOWS)
    if flows is None:
        return []
    order = [plain(stage) for stage in STAGES if stage in set(flows["from"]) | set(flows["to"])]
    rows = flows.assign(**{end: flows[end].map(plain) for end in ("from", "to")})[["from", "to", "share", "customers"]]
    lost = flows[flows["from"].isin(ACTIVE) & flows["to"].isin(LOST)]
    known = flows[flows["from"].isin(ACTIVE)]["customers"].sum()
    share = lost["customers"].sum() / known if known else 0.0
    title = f"Of the customers who were active one horizon ago, {percent(share)} are at risk or gone today"
    spec = charts.heat(rows, "to", "from", "share", order, "stage today", "stage one horizon ago")
    description = f"Share of each row; n = {count(flows['customers'].sum())} customers who were known one horizon ago."
    return [Chart(title, spec, description)]


def _stays(view: RunView) -> list[Block]:
    """How long customers stay in each stage."""
    stages = view.table(Artifact.JOURNEY_STAGES)
    if stages is None:
        return []
    stages, days = stages[stages["customers"] > 0], view.bundle.period_days
    table = pd.DataFrame(
        {
            "stage": stages["stage"].map(plain),
            "customers": stages["customers"],
            "of all": stages["share"],
            "days in it": (days * stages["shown_periods"]).to_numpy(),
        }
    )
    formats = {"customers": ",.0f", "of all": ".0%", "days in it": ",.0f"}
    return [Table(table, "Where customers wait: mean days in a stage until they leave it", formats)]
