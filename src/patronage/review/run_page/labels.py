"""Which labels hold: each held against what its customers went on to do."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.evaluation.segment_trial import HOLDS, NAME_FAILS, SAYS_NOTHING, TOO_FEW
from patronage.names import Artifact
from patronage.review.page import charts
from patronage.review.page.blocks import Block, Chart, More, Section, Table, Text
from patronage.review.page.html import percent
from patronage.review.run_page.inputs import RunView, count, plain

GROUPS = {
    "highest CLV": "the fifth of the highest value",
    "lowest CLV": "the fifth of the lowest value",
    "left": "those who left",
}
SHARE, NUMBER = ".0%", ",.2f"
PICTURED = (c.PERSONA, c.JOURNEY_STAGE, c.CHURN_BAND, c.STATUS_SEGMENT, c.VALUE_TIER, c.USAGE_SEGMENT)
MARKS = {HOLDS: "good", NAME_FAILS: "bad", SAYS_NOTHING: "odd", TOO_FEW: "odd"}


def labels(view: RunView) -> Section:
    """The verdicts, and the questions that they answer."""
    table = view.table(Artifact.SEGMENTS)
    if table is None:
        return Section("Which labels hold", "The log shows no horizon after a cutoff, so no label could be tried.")
    tried = table[table["verdict"] != ""]
    verdicts = tried["verdict"].value_counts()
    wrong = tried[tried["verdict"] == NAME_FAILS]
    few, same = (int(verdicts.get(verdict, 0)) for verdict in (TOO_FEW, SAYS_NOTHING))
    further = [f"{few} {'has' if few == 1 else 'have'} too few customers to tell"] * (few > 0)
    further += [f"the customers of {same} did as the others did"] * (same > 0)
    finding = f"{'; '.join([f'{verdicts.get(HOLDS, 0)} of {len(tried)} labels hold on later time', *further])}. "
    if len(wrong):
        do = "names do" if len(wrong) > 1 else "name does"
        finding += f"{len(wrong)} {do} not hold: {', '.join(map(plain, wrong['label'].head(5)))}."
    else:
        finding += "No name promises what did not come."
    first = table.iloc[0]
    how = (
        f"Held against the {int(first['days'])} days from {first['from']} on, of all {count(first['of_customers'])} "
        "customers who were known at that day. A label holds if its customers differ from the others as its name "
        "claims, or at all where it claims nothing; of the labels that hold, 5% are expected to do so by chance. "
        "Too few: so many customers could not have shown a difference of a quarter."
    )
    named = tried[tried["column"] != c.RFM_SCORE]  # forty cells of a grid, which no reader reads one by one
    verdicts_in_full = More("Every verdict, and what the customers of each label went on to do", [_verdicts(named)])
    blocks: list[Block] = [Text(how), *_orders_by_label(named, view.personas), verdicts_in_full, *_answers(view)]
    return Section("Which labels hold", finding, blocks)


def _orders_by_label(tried: pd.DataFrame, personas: Sequence[str]) -> list[Chart]:
    """Who ordered, by label: of the columns that a reader meets first, without labels of too few customers.

    Personas stand in the order in which all of the page has them, other labels by who ordered most.
    """
    shown = tried[tried["column"].isin(PICTURED) & (tried["verdict"] != TOO_FEW)]
    if shown.empty:
        return []
    order = shown["column"].map(PICTURED.index)
    numbers = {name: number for number, name in enumerate(personas)}
    place = (-shown["bought"]).where(shown["column"] != c.PERSONA, shown["label"].map(numbers))
    shown = shown.assign(order=order, place=place).sort_values(["order", "place"])
    named = shown["column"].map(plain) + ": " + shown["label"].map(plain)
    everyone = float((tried["bought"] / tried["bought_lift"]).replace(np.inf, np.nan).median())
    low, high = shown.loc[shown["bought"].idxmin()], shown.loc[shown["bought"].idxmax()]
    rows = pd.DataFrame({
        "label": named, "low": shown["bought_low"], "ordered": shown["bought"], "high": shown["bought_high"],
    })  # fmt: skip
    return [
        Chart(
            f"From {percent(low['bought'])} ({named[low.name]}) to {percent(high['bought'])} ({named[high.name]}) "
            "ordered",
            charts.intervals(
                rows, "label", "low", "ordered", "high", "customers who ordered", percent=True,
                reference=None if np.isnan(everyone) else everyone, row=21,
            ),
            "Customers of each label who ordered in the horizon; bars are 95% intervals, the dotted line is everyone; "
            f"n = {count(shown['of_customers'].iloc[0])}.",
        )
    ]  # fmt: skip


def _verdicts(tried: pd.DataFrame) -> Table:
    shown = tried[["column", "label", "customers", "churn_predicted", "bought", c.ORDERS, c.SPEND, "orders_lift",
                   "verdict"]]  # fmt: skip
    shown = shown.assign(column=shown["column"].map(plain), label=shown["label"].map(plain))
    ends = [f"{percent(low)} to {percent(high)}" for low, high in tried[["bought_low", "bought_high"]].to_numpy(float)]
    shown.insert(5, "95% interval", ends)
    names = {"bought": "ordered", c.ORDERS: "orders each", c.SPEND: "spend each", "orders_lift": "times everyone's",
             "churn_predicted": "predicted churn"}  # fmt: skip
    formats = {"ordered": SHARE, "predicted churn": SHARE, "times everyone's": NUMBER}
    return Table(shown.rename(columns=names), "What the customers of each label went on to do", formats, MARKS, 60)


def _answers(view: RunView) -> list[Block]:
    questions = {
        Artifact.SEGMENT_PROFITS: "Which segments are profitable",
        Artifact.SEGMENT_BENEFITS: "Which benefits the highest and the lowest value seek, and those who left",
        Artifact.SEGMENTS_ALIKE: "Which labels say the same",
        Artifact.SEGMENTS_NARROW: "Which labels are too narrow, and how many customers they would need",
        Artifact.SEGMENT_COLUMNS: "Whether names that have an order are in order, and whether two halves agree",
    }
    blocks: list[Block] = []
    for artifact, question in questions.items():
        table = view.table(artifact)
        if table is None:  # of what the log does not hold nothing is asked
            if artifact in (Artifact.SEGMENTS_ALIKE, Artifact.SEGMENTS_NARROW):
                blocks.append(Text(f"{question}: none."))
        else:
            blocks.append(More(question, [Table(_readable(table).rename(columns=plain), most=40)]))
    benefits = view.table(Artifact.SEGMENT_BENEFITS)
    if benefits is not None:
        best = benefits.sort_values("lift", ascending=False).groupby("group").head(1).set_index("group")
        words = [
            f"{percent(row['share'])} of {GROUPS[str(group)]} seek {plain(row['benefit'])} "
            f"({percent(row['everyone'])} of everyone)"
            for group, row in best.iterrows() if row["lift"] > 1
        ]  # fmt: skip
        if words:  # where everyone seeks the same there is nothing to tell
            blocks.insert(0, Text("Benefits: " + "; ".join(words) + "."))
    return blocks


def _readable(table: pd.DataFrame) -> pd.DataFrame:
    """The table with labels and columns in words; without the cells of the RFM grid."""
    if "column" in table:
        table = table[table["column"] != c.RFM_SCORE]
    words = {
        name: table[name].map(plain) for name in ("column", "label", "other column", "other label") if name in table
    }
    return table.assign(**words)
