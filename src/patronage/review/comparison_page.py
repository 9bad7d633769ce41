"""The comparison of two runs as one page."""

from __future__ import annotations

import pandas as pd

from patronage import names as c
from patronage.names import Artifact
from patronage.review.comparison import Comparison
from patronage.review.figures import png
from patronage.review.gates import FAILED, PASSED, UNMEASURED
from patronage.review.migration import JOINED, LEFT
from patronage.review.page import html
from patronage.review.page.blocks import Block, Card, Cards, Fact, More, Page, Picture, Section, Table, Text
from patronage.review.training_run import TrainingRun

MARKS = {
    "better": "good", "worse": "bad", "moved": "bad", "shifted": "odd", "no": "odd",
    PASSED: "good", FAILED: "bad", UNMEASURED: "odd",
}  # fmt: skip
LABELS = (
    (c.PERSONA, "Personas", "Pale ribbons are customers who stayed, strong ones customers who moved. A persona of the "
     "candidate has the name of the baseline's persona that it was matched to."),
    (c.JOURNEY_STAGE, "Journey stages", "The stage of each customer in the baseline and in the candidate."),
    (c.VALUE_TIER, "Value tiers", "By cumulative share of revenue so far."),
    (c.RFM_SEGMENT, "RFM segments", "By recency, frequency and monetary value."),
)  # fmt: skip
DPI = 110
SHARES = {"share": ".1%", "moved": ".1%"}


def render(comparison: Comparison) -> str:
    """The whole page as HTML."""
    baseline, candidate = comparison.baseline, comparison.candidate
    return html.render(
        Page(
            title=f"{baseline.name} → {candidate.name}",
            subtitle="Which customers moved between two runs, why, and what it is worth.",
            sections=(
                _summary(comparison),
                _migration(comparison),
                *(_labels(comparison, *label) for label in LABELS),
                _agreement(comparison),
                _quality(comparison),
                _data(comparison),
                _largest(comparison),
            ),
            footer="Every table of this page is an artifact of the comparison run.",
        )
    )


def _summary(comparison: Comparison) -> Section:
    """A sentence for each topic, and both runs."""
    runs = {"baseline": comparison.baseline, "candidate": comparison.candidate}
    gates = comparison.report.tables[Artifact.GATES]
    topics = pd.DataFrame(comparison.summary, columns=["topic", "finding"])
    blocks: list[Block] = [Text(message, warning=True) for message in comparison.report.messages]
    blocks += [
        Table(gates, _gates_sentence(gates), marks=MARKS),
        Table(topics, "What moved", most=30),
        Cards([_card(side, run) for side, run in runs.items()]),
    ]
    return Section("In short", _verdict(comparison), blocks)


def _gates_sentence(gates: pd.DataFrame) -> str:
    """Whether the candidate could be promoted, by the gates of conf/promote.yaml."""
    against = list(gates.loc[gates["verdict"].isin([FAILED, UNMEASURED]), "gate"])
    if not against:
        return f"All {len(gates)} gates of a promotion hold"
    return f"{len(gates) - len(against)} of {len(gates)} gates of a promotion hold; against it: {', '.join(against)}"


def _verdict(comparison: Comparison) -> str:
    """One sentence: which metrics differ by more than chance."""
    paired = comparison.report.tables[Artifact.PAIRED_DIFFERENCES]
    if paired.empty:
        return "Which run predicts better cannot be told: they share no evaluated customers."
    better, worse = (list(paired.loc[paired["verdict"] == verdict, "metric"]) for verdict in ("better", "worse"))
    if not better and not worse:
        return f"On none of {len(paired)} metrics do the runs differ by more than chance."
    parts = [f"better on {', '.join(better)}"] if better else []
    parts += [f"worse on {', '.join(worse)}"] if worse else []
    return f"The candidate is {' and '.join(parts)}, by more than chance; {len(paired)} metrics were compared."


def _card(side: str, run: TrainingRun) -> Card:
    evaluated = "no" if run.evaluated_from == "none" else run.evaluated_window
    span = f"{run.data.get('first', '?')[:10]} to {run.data.get('last', '?')[:10]}"
    facts = [
        Fact("customers", f"{len(run.assignments):,}"),
        Fact("as of", run.cutoff, f"{run.params['horizon_days']} days ahead"),
    ]
    lines = {
        "log": f"{run.params['data']}, {span}",
        "evaluated": evaluated,
        "model": f"version {run.model_version}",
        "run": run.run_id,
    }
    return Card(f"{side}: {run.name}", "", facts, lines)


def _migration(comparison: Comparison) -> Section:
    finding = (
        "Each customer is labelled three times: by the baseline, by the baseline's model on the candidate's features, "
        "and by the candidate. Where the first two differ, behaviour moved; where the last two differ, the model did. "
        "A model that moved back gives the customer the first label again. CLV is that of the customers concerned."
    )
    moved = comparison.report.tables[Artifact.MIGRATION]
    table = Table(moved[moved["customers"] > 0], formats=SHARES | _whole(comparison), most=30)
    shares = _picture(comparison, Artifact.MIGRATION_FIGURE, "Who moved, by reason", "Share of customers, by reason.")
    return Section("Who moved, and why", finding, [*shares, table])


def _whole(comparison: Comparison) -> dict[str, str]:
    """Formats of the columns of money in the table of reasons."""
    return {name: ",.0f" for name in comparison.report.tables[Artifact.MIGRATION] if str(name).startswith(f"{c.CLV}_")}


def _labels(comparison: Comparison, column: str, title: str, lead: str) -> Section:
    """The flows of one label, and its cross-table."""
    tables = comparison.report.tables
    square = Table(
        pivot(tables[Artifact.moves_of(column)]), "Customers: baseline in rows, candidate in columns", most=40
    )
    what = f"{title}: flows from the baseline to the candidate."
    blocks: list[Block] = [*_picture(comparison, Artifact.flows_figure_of(column), "Flows", what), square]
    if column == c.PERSONA:
        matching = Table(tables[Artifact.PERSONA_MATCHING])
        blocks.append(More("How the candidate's personas were matched", [matching]))
    return Section(title, lead, blocks)


def pivot(moves: pd.DataFrame) -> pd.DataFrame:
    """A long table of moves as a square one; `joined` and `left` last."""
    labels = list(dict.fromkeys([*moves["from"], *moves["to"]]))
    square = moves.pivot_table(index="from", columns="to", values="customers", fill_value=0)
    rows = [label for label in labels if label in square.index and label != JOINED]
    columns = [label for label in labels if label in square.columns and label != LEFT]
    rows += [JOINED] if JOINED in square.index else []
    columns += [LEFT] if LEFT in square.columns else []
    return square.reindex(index=rows, columns=columns).astype(int).rename_axis("from").reset_index()


def _agreement(comparison: Comparison) -> Section:
    finding = (
        "Whole: the labels of the two runs. Behaviour: the labels of the baseline, and those of its model on the "
        "candidate's features. Model: the labels of the two models on the same features. 1 is the same label for every "
        "customer, 0 is chance."
    )
    return Section("Agreement", finding, [Table(comparison.report.tables[Artifact.AGREEMENT], formats=SHARES)])


def _quality(comparison: Comparison) -> Section:
    """Paired losses, reliability and ranking."""
    tables = comparison.report.tables
    how = next((message for message in comparison.report.messages if message.startswith("Metrics")), "")
    finding = how
    if not tables[Artifact.PAIRED_DIFFERENCES].empty:
        finding = (
            "Losses (less is better) of both models on the same customers, with 95 % intervals of their difference by "
            f"paired bootstrap. {how}"
        )
    differences = "Differences of losses with their intervals."
    blocks: list[Block] = [
        *_picture(comparison, Artifact.METRIC_DIFFERENCES_FIGURE, "Difference of each loss", differences),
        Table(tables[Artifact.PAIRED_DIFFERENCES], marks=MARKS, most=30),
        *_picture(comparison, Artifact.RELIABILITY_FIGURE, "Calibration", "Actual against predicted churn."),
        *_picture(comparison, Artifact.LORENZ_FIGURE, "Concentration of value", "Lorenz curves of CLV."),
        More("Every metric of both runs", [Table(tables[Artifact.METRIC_DIFFERENCES], most=400)]),
    ]
    return Section("How good are they?", finding, blocks)


def _data(comparison: Comparison) -> Section:
    tables = comparison.report.tables
    blocks: list[Block] = [
        Table(tables[Artifact.DATA_DIFFERENCES]),
        *_picture(comparison, Artifact.DRIFT_FIGURE, "Drift", "Population stability index by feature."),
        Table(
            tables[Artifact.DRIFT],
            "Drift over all customers; beyond .1 shifted, beyond .25 moved",
            marks=MARKS,
            most=12,
        ),
        Table(tables[Artifact.CONFIG_DIFFERENCES], "What differs in the configuration"),
    ]
    return Section("What differs in data and configuration", "Compare the inputs before the models.", blocks)


def _largest(comparison: Comparison) -> Section:
    """Winners and losers of value, apart."""
    frame = comparison.report.tables[Artifact.LARGEST_CHANGES].drop(columns=c.CUSTOMER_ID)
    finding = (
        "By churn probability, CLV and labels together; their ids are in the artifact. The last column has the "
        "features that changed most, in standard deviations of the baseline's customers."
    )
    before, after = (next((name for name in frame if str(name).startswith(c.CLV) and word in str(name)), None)
                     for word in ("before", "after"))  # fmt: skip
    if before is None or after is None:
        return Section("The customers that changed most", finding, [Table(frame)])
    change = frame[after].fillna(0) - frame[before].fillna(0)
    parts = {"Gained value": change > 0, "Lost value": change < 0, "Kept their value": change == 0}
    tables = [Table(frame[mask], title, _money(frame), most=10) for title, mask in parts.items() if mask.any()]
    return Section("The customers that changed most", finding, tables)


def _money(frame: pd.DataFrame) -> dict[str, str]:
    return {str(name): ",.0f" for name in frame if str(name).startswith(c.CLV)}


def _picture(comparison: Comparison, name: str, title: str, description: str) -> list[Block]:
    figure = comparison.report.figures.get(name)
    return [] if figure is None else [Picture(title, png(figure, DPI), description)]
