"""The comparison of two runs as one page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.names import Artifact
from patronage.review import comparison_charts
from patronage.review.comparison import HEADLINES, TOPICS, Comparison
from patronage.review.figures import titled
from patronage.review.gates import FAILED, PASSED, UNMEASURED
from patronage.review.metric_words import loss_in_words
from patronage.review.migration import JOINED, LEFT, UNCHANGED
from patronage.review.page import html
from patronage.review.page.blocks import Block, Card, Cards, Chart, Fact, More, Page, Picture, Section, Table, Text
from patronage.review.page.charts import Spec
from patronage.review.page.html import percent
from patronage.review.paired_losses import BETTER, UNCLEAR, WORSE
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
NO_BETTER = "neither better nor worse"
UNPAIRED = "Metrics: "  # how a message begins that tells why losses were not, or not simply, paired
UNPAIRED_TOPIC = "metrics"
PSI = "How far each feature's distribution moved; ages always do."
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
    topics = topics[topics["topic"] != UNPAIRED_TOPIC]  # the verdict above has it
    messages = [message for message in comparison.report.messages if not message.startswith(UNPAIRED)]
    blocks: list[Block] = [Text(message, warning=True) for message in messages]
    gates = gates.assign(measured=gates["measured"].replace(_not_paired(comparison), "not on the same customers"))
    blocks += [
        Table(gates, _gates_sentence(gates), marks=MARKS, verbatim=("gate",)),
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
    """One sentence: what the candidate predicts better or worse, by more than chance."""
    paired = comparison.report.tables[Artifact.PAIRED_DIFFERENCES]
    if paired.empty:
        return f"Which run predicts better cannot be told: {_not_paired(comparison) or 'no customers are shared'}."
    verdicts, told = dict(zip(paired["metric"], paired["verdict"], strict=True)), []
    for words in (BETTER, WORSE, UNCLEAR):
        topics = [topic for metric, topic in HEADLINES.items() if verdicts.get(metric) == words]
        if topics:
            told.append(f"{' and '.join(topics)} {NO_BETTER if words == UNCLEAR else words}")
    smaller, larger = (int((paired["verdict"] == words).sum()) for words in (BETTER, WORSE))
    counted = (
        f"of {len(paired)} errors on the same customers {smaller} are smaller and {larger} larger, by more than chance"
    )
    if not told:
        return f"{counted[:1].upper()}{counted[1:]}."
    return f"The candidate predicts {', '.join(told)}; {counted}."


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
        "model": f"version {run.model_version}" if run.model_version else "not registered",
        "run": run.run_id,
    }
    return Card(f"{side}: {run.name}", "", facts, lines)


def _migration(comparison: Comparison) -> Section:
    how = (
        "Each customer is labelled three times: by the baseline, by the baseline's model on the candidate's features, "
        "and by the candidate. Where the first two differ, behaviour moved; where the last two differ, the model did. "
        "A model that moved back gives the customer the first label again. CLV is that of the customers concerned."
    )
    moved = comparison.report.tables[Artifact.MIGRATION]
    table = Table(moved[moved["customers"] > 0], formats=SHARES | _whole(comparison), most=30)
    spec = comparison_charts.reasons(moved, TOPICS)
    somebody = (~moved["reason"].isin([*UNCHANGED, JOINED, LEFT]) & (moved["customers"] > 0)).any()
    told = "Share of customers with another label, by reason."
    chart = _chart(comparison, Artifact.MIGRATION_FIGURE, spec, told) if somebody else []
    return Section("Who moved, and why", _moved(moved), [*chart, Text(how), table])


def _moved(migrated: pd.DataFrame) -> str:
    """Who has another persona, and the reason of most."""
    shares = migrated[migrated["column"] == c.PERSONA].set_index("reason")["share"]
    shares = shares.drop([*UNCHANGED, JOINED, LEFT], errors="ignore")
    if not shares.sum() > 0:
        return "Nobody of both runs has another persona."
    return (
        f"{shares.sum():.1%} of the customers of both runs have another persona; the reason of most: "
        f"{shares.idxmax()} ({shares.max():.1%})."
    )


def _whole(comparison: Comparison) -> dict[str, str]:
    """Formats of the columns of money in the table of reasons."""
    return {name: ",.0f" for name in comparison.report.tables[Artifact.MIGRATION] if str(name).startswith(f"{c.CLV}_")}


def _labels(comparison: Comparison, column: str, title: str, lead: str) -> Section:
    """The flows of one label as a figure, and the largest of them as a table."""
    tables = comparison.report.tables
    moves = tables[Artifact.moves_of(column)]
    table = moved_most(moves)
    finding = f"{percent(1 - table.attrs['moved'])} of the customers in both runs keep their {title.lower()[:-1]}."
    if column == c.RFM_SEGMENT:
        finding = finding.replace("rfm", "RFM")
    spec = comparison_charts.flows(moves) if len(moves) else None
    told = f"{title}: customers from the baseline (left) to the candidate (right); who kept the label is pale."
    drawn = _chart(comparison, Artifact.flows_figure_of(column), spec, told)
    blocks: list[Block] = [Text(lead), *(replace(each, title="") for each in drawn)]
    if len(table):
        blocks.append(Table(table, "Who moved, the most first", formats={"of those": ".1%"}, most=12))
    if column == c.PERSONA:
        matching = Table(tables[Artifact.PERSONA_MATCHING])
        blocks.append(More("How the candidate's personas were matched", [matching]))
    return Section(title, finding, blocks)


def moved_most(moves: pd.DataFrame) -> pd.DataFrame:
    """The moves from one label to another, the largest first, with their share of the label that they leave.

    The attribute `moved` is the share of the customers of both runs who have another label.
    """
    table = moves.assign(**{end: moves[end].astype(str) for end in ("from", "to")})
    table["of those"] = table["customers"] / table.groupby("from")["customers"].transform("sum").clip(lower=1)
    table.loc[table["from"] == JOINED, "of those"] = np.nan
    both = table[(table["from"] != JOINED) & (table["to"] != LEFT)]
    moved = table[(table["from"] != table["to"]) & (table["customers"] > 0)]
    moved = moved.sort_values("customers", ascending=False, kind="stable")
    moved = moved[["from", "to", "customers", "of those"]].reset_index(drop=True)
    moved.attrs["moved"] = both.loc[both["from"] != both["to"], "customers"].sum() / max(both["customers"].sum(), 1)
    return moved


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
    finding = "No loss is compared: the runs were not measured on the same customers and days."
    if not tables[Artifact.PAIRED_DIFFERENCES].empty:
        finding = (
            "Losses (less is better) of both models on the same customers, with 95% intervals of their difference by "
            f"paired bootstrap. {_not_paired(comparison)}"
        )
    paired = tables[Artifact.PAIRED_DIFFERENCES]
    runs = {"baseline": comparison.baseline, "candidate": comparison.candidate}
    blocks: list[Block] = []
    if len(paired):
        spec, told = comparison_charts.losses(paired), "Differences of losses with their 95% intervals."
        blocks += _chart(comparison, Artifact.METRIC_DIFFERENCES_FIGURE, spec, told)
        blocks.append(Table(_in_words(paired), marks=MARKS, most=30))
    drawn = {
        Artifact.RELIABILITY_FIGURE: (
            comparison_charts.reliability(runs), "Actual against predicted churn, in tenths of customers."
        ),
        Artifact.LORENZ_FIGURE: (
            comparison_charts.spread(runs), "Share of the CLV that the customers of least CLV hold."
        ),
    }  # fmt: skip
    blocks += [
        *(chart for name, (spec, told) in drawn.items() for chart in _chart(comparison, name, spec, told)),
        More("Every metric of both runs", [Table(tables[Artifact.METRIC_DIFFERENCES], most=400)]),
    ]
    return Section("How good are they?", finding, blocks)


def _in_words(paired: pd.DataFrame) -> pd.DataFrame:
    return paired.assign(metric=paired["metric"].map(loss_in_words)).rename(columns={"metric": "error"})


def _not_paired(comparison: Comparison) -> str:
    """Why the runs were not, or not simply, paired; empty where they were."""
    told = (message for message in comparison.report.messages if message.startswith(UNPAIRED))
    return next(told, "").removeprefix(UNPAIRED).removesuffix(".")


def _data(comparison: Comparison) -> Section:
    tables = comparison.report.tables
    data, keys, drift = (
        tables[name] for name in (Artifact.DATA_DIFFERENCES, Artifact.CONFIG_DIFFERENCES, Artifact.DRIFT)
    )
    moved = int((drift["verdict"] == "moved").sum())
    finding = (
        f"{len(keys)} settings differ, {int((data['same'] == 'no').sum())} of {len(data)} facts of the log, and "
        f"{moved} of {len(drift)} features moved."
    )
    blocks: list[Block] = [
        Table(data, "Both logs"),
        *([Table(keys, "Settings that differ", verbatim=("key",))] if len(keys) else []),
        *_chart(comparison, Artifact.DRIFT_FIGURE, comparison_charts.drift(drift), PSI),
        Table(drift, "All customers", {name: ".1%" for name in drift if str(name).startswith("missing")}, MARKS, 12),
    ]
    return Section("What differs in data and configuration", finding, blocks)


def _largest(comparison: Comparison) -> Section:
    """Winners and losers of value, apart."""
    frame = comparison.report.tables[Artifact.LARGEST_CHANGES]
    finding = (
        "By churn probability, CLV and labels together; their ids are in the artifact. The last column has the "
        "features that changed most, in standard deviations of the baseline's customers."
    )
    if frame.empty:
        return Section("The customers that changed most", "No customer of both runs changed.")
    change = frame[f"{c.CLV} after"].fillna(0) - frame[f"{c.CLV} before"].fillna(0)
    shown, formats = changed(frame), {"CLV before": ",.0f", "CLV after": ",.0f", "churn before": ".0%",
                                      "churn after": ".0%"}  # fmt: skip
    parts = {"Gained value": change > 0, "Lost value": change < 0, "Kept their value": change == 0}
    tables = [Table(shown[mask], title, formats, most=10) for title, mask in parts.items() if mask.any()]
    return Section("The customers that changed most", finding, tables)


def changed(frame: pd.DataFrame) -> pd.DataFrame:
    """The customers that changed most, with their labels that differ in one cell, so that a row can be read."""
    labels = [column for column, *_ in LABELS if f"{column} before" in frame]

    def told(row: Mapping[str, object]) -> str:
        pairs = ((column, row[f"{column} before"], row[f"{column} after"]) for column in labels)
        return "; ".join(f"{column}: {old} → {new}" for column, old, new in pairs if old != new) or "none"

    shown = pd.DataFrame({"labels that changed": [told(row) for row in frame.to_dict("records")]}, index=frame.index)
    for name, words in ((c.CHURN_PROBABILITY, "churn"), (c.CLV, "CLV")):
        for end in ("before", "after"):
            shown[f"{words} {end}"] = frame[f"{name} {end}"]
    return shown.assign(why=frame["why"])


def _chart(comparison: Comparison, name: str, spec: Spec | None, description: str) -> list[Chart]:
    """The figure of a name as a chart, with its drawing for a reader without scripts; nothing where there is none."""
    if spec is None or name not in comparison.report.figures:
        return []
    (drawn,) = _picture(comparison, name, description)
    return [Chart(drawn.title, spec, description, drawn.png)]


def _picture(comparison: Comparison, name: str, description: str) -> list[Picture]:
    figure = comparison.report.figures.get(name)
    if figure is None:
        return []
    title, png = titled(figure, DPI)
    return [Picture(title, png, description)]
