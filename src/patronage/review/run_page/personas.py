"""Who the customers are: a card for each persona, and how much each brings."""

from __future__ import annotations

import pandas as pd

from patronage import names as c
from patronage.names import Artifact
from patronage.review.measurement_report import tell_no_more
from patronage.review.page import charts
from patronage.review.page.blocks import Block, Card, Cards, Chart, Fact, More, Section, Table
from patronage.review.page.html import percent
from patronage.review.run_page.inputs import RunView, count, plain

# Parts of a card's data, and how the page heads them
PARTS = {"differs": "how they differ", "buys more": "buy more", "ways": "reached", "moved": "moved", "do": "what to do"}
LIFTED = 3  # labels named on a card
CLEAR_LIFT = 1.25  # times the share of all customers


def personas(view: RunView) -> Section:
    """A card for each persona."""
    table = view.table(Artifact.PERSONAS)
    if table is None:
        return Section("Who they are", "This data has no personas.")
    largest = table.loc[table["share"].idxmax()]
    richest = table.loc[table["clv_share"].fillna(0).idxmax()]
    finding = (
        f'{len(table)} personas. The largest is "{largest[c.PERSONA]}" ({percent(largest["share"])} of the customers); '
        f'"{richest[c.PERSONA]}" holds {percent(richest["clv_share"])} of the expected value with '
        f"{percent(richest['share'])} of the customers.{without_persona(view)}{doubts(view)}"
    )
    rows = table.melt([c.PERSONA], ["share", "revenue_share", "clv_share"], "part", "of all")
    rows["part"] = rows["part"].map(
        {"share": "customers", "revenue_share": "revenue so far", "clv_share": "expected value"}
    )
    description = f"Share of each persona in all customers, revenue and value; n = {count(len(view.assignments))}."
    spec = charts.paired_bars(rows, c.PERSONA, "of all", "part", "% of all", percent=True)
    title = f'"{richest[c.PERSONA]}" brings the most'
    blocks: list[Block] = [
        Cards([_card(row, view) for _, row in table.iterrows()]),
        Chart(title, spec, description, view.picture(Artifact.PERSONA_PROFILE_FIGURE)),
    ]
    if (rules := view.table(Artifact.PERSONA_RULES)) is not None:
        names = {"share": "customers with it", "right": "of the persona"}
        shown, formats = rules.rename(columns=names), dict.fromkeys(names.values(), ".0%")
        first = best_rules(rules)
        blocks.append(Table(shown[first], "The rule that finds most customers of each persona", formats))
        if not first.all():
            more = [Table(shown[~first], "For customers whom these rules miss; rules may overlap", formats)]
            blocks.append(More("Further rules", more))
    return Section("Who they are", finding, blocks)


def best_rules(rules: pd.DataFrame) -> pd.Series:
    """(N,) whether a rule is the one of its persona that is right about most customers, not the one of most."""
    right = (rules["share"] * rules["right"]).fillna(0.0)
    return pd.Series(rules.index.isin(right.groupby(rules[c.PERSONA]).idxmax()), rules.index)


def without_persona(view: RunView) -> str:
    """How many customers have no persona, and why, in words; empty where everyone has one."""
    ids = view.assignments[c.PERSONA_ID]
    reasons = {c.NO_ORDER_ID: "with no order yet", c.UNKNOWN_ID: "with nothing known that the personas see"}
    counted = [
        f"{count(n)} customer{'' if n == 1 else 's'} {reason}"
        for number, reason in reasons.items()
        if (n := int((ids == number).sum()))
    ]
    return f" Without a persona: {', '.join(counted)}." if counted else ""


def doubts(view: RunView) -> str:
    """What speaks against these personas, as sentences; empty where nothing does."""
    later = view.measurement.later if view.measurement else None
    no_more = tell_no_more(later) if later else ""
    doubts = [
        f"They tell no more {no_more}." if no_more else "",
        "" if view.bundle.personas.choice.stable else "They are not stable: a fit on other customers gives others.",
    ]
    return "".join(f" {doubt}" for doubt in doubts if doubt)


def label_in_words(column: str, label: str) -> str:
    """A label as a reader understands it alone: of an attribute or an interest, with what it is of."""
    if column.startswith(c.PROFILE):
        return f"{plain(column.removeprefix(c.PROFILE))} {plain(label)}"
    interest = column in (c.TOP_INTEREST, c.SECOND_INTEREST, c.ADJACENT_INTEREST)
    return f"{plain(column)} {plain(label)}" if interest else plain(label)


def _card(row: pd.Series, view: RunView) -> Card:
    segments = view.table(Artifact.PERSONA_SEGMENTS)
    lines: dict[str, str | list[str]] = {}
    if segments is not None:
        own = segments[(segments[c.PERSONA_ID] == row[c.PERSONA_ID]) & (segments["label"] != c.UNKNOWN)]
        own = own[own["times share of all"] >= CLEAR_LIFT].sort_values("times share of all", ascending=False)
        own = own.drop_duplicates("label")  # two columns may use one word, such as "at risk"
        named = [
            f"{label_in_words(column, label)} ({lift:.1f} times)"
            for column, label, lift in own[["lens", "label", "times share of all"]].values
        ]
        if named:
            lines["more often than others"] = ", ".join(named[:LIFTED])
    cards = view.table(Artifact.PERSONA_CARDS)
    told = cards[cards[c.PERSONA_ID] == row[c.PERSONA_ID]] if cards is not None else pd.DataFrame(columns=["part"])
    for part, head in PARTS.items():
        if (told["part"] == part).any():
            lines[head] = list(told.loc[told["part"] == part, "text"])
    typical = told[told["part"] == "typical"]
    if len(typical):  # without their ids, which a page does not hold
        lines["typical customers"] = [
            text.removeprefix(f"{customer}: ") for customer, text in typical[["what", "text"]].itertuples(index=False)
        ]
    own = view.assignments[view.assignments[c.PERSONA_ID] == row[c.PERSONA_ID]]
    stage = own[c.JOURNEY_STAGE].value_counts(normalize=True)
    if len(stage):
        lines["most are at the stage"] = f"{plain(str(stage.index[0]))} ({percent(stage.iloc[0])})"
    everyone, bought = view.assignments, view.buyers
    facts = [
        Fact("customers", count(row["customers"]), percent(row["share"])),
        Fact("value each", view.money(row[c.CLV]), f"everyone {view.money(everyone[c.CLV].mean())}"),
        Fact("orders expected", f"{row[c.EXPECTED_ORDERS]:.2f}", f"everyone {bought[c.EXPECTED_ORDERS].mean():.2f}"),
        Fact(
            "risk of leaving",
            percent(row[c.CHURN_PROBABILITY]),
            f"everyone {percent(bought[c.CHURN_PROBABILITY].mean())}",
        ),
    ]
    sentence = "; ".join(told.loc[told["part"] == "sentence", "text"]) if len(told) else str(row["sets_apart"])
    return Card(
        str(row[c.PERSONA]), "" if sentence == row[c.PERSONA] else sentence, facts, lines, group=str(row[c.PERSONA])
    )
