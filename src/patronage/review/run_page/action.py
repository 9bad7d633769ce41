"""What to do: whom to contact, what it is expected to bring, what is assumed, and what it would have brought."""

from __future__ import annotations

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.config.actions import LEAVE_ALONE
from patronage.decisions.catalogue import ASSUMED, LEARNED
from patronage.decisions.offer import CONTACT, HOLDOUT, profit_curve
from patronage.names import Artifact
from patronage.review.offer_report import implied_acceptance, learned_arm, placeholder_figures
from patronage.review.page import charts
from patronage.review.page.blocks import Block, Chart, Section, Table, Text
from patronage.review.run_page.inputs import RunView, count, money, percent, plain

POINTS = 50  # of a curve


def action(view: RunView) -> Section:
    """Whom to contact, and the profit of it."""
    profit, actions = view.assignments[c.EXPECTED_PROFIT], view.assignments[c.ACTION]
    contact = actions == CONTACT
    total = float(profit[contact].sum())
    if not contact.any():
        finding = "No contact is expected to pay for itself."
    else:
        finding = (
            f"Contact {count(contact.sum())} customers ({percent(contact.mean())}): {money(total)} of profit are "
            f"expected; {count((actions == HOLDOUT).sum())} more are held out by lot, so that what contacts change can "
            "be measured."
        )
    learned = learned_arm(view.bundle)
    curves = _curves(view) if learned is None else _learned_curves(view, learned)
    blocks: list[Block] = [_basis(view, learned), _by_persona(view), *curves, *_next_actions(view)]
    return Section("What to do", finding, blocks)


def _basis(view: RunView, learned: str | None) -> Text:
    """What the profit stands on."""
    offer, effects = view.bundle.offer, view.bundle.effects
    if learned is None or effects is None:
        return Text(
            f"Assumed, not learned: {percent(offer.acceptance_rate)} of those who would leave accept an offer of "
            f"{money(offer.offer_cost)}, a contact costs {money(offer.contact_cost)}, and who accepts is worth "
            f"{percent(offer.value_saved)} of the expected value. Give your own figures in decision.*; "
            "the profit is no better than they are.",
            warning=True,
        )
    mean, low, high = effects.average(learned)
    rate = implied_acceptance(view.bundle, view.assignments)
    acceptance = (
        f" An acceptance of {percent(rate)} would bring as much; {percent(offer.acceptance_rate)} was assumed before."
        if rate is not None
        else ""
    )
    costs = (
        " The cost is the shipped placeholder: give decision.contact_cost."
        if placeholder_figures(offer, learned=True)
        else ""
    )
    return Text(
        f"Learned from contacts by lot: {learned} changes {mean:+.3g} per customer on average, with 95 % certainty "
        f"{low:+.3g} to {high:+.3g}. A contact costs {money(offer.contact_cost)}.{acceptance}{costs}",
        warning=bool(costs),
    )


def _by_persona(view: RunView) -> Table:
    own = view.assignments.assign(contact=view.assignments[c.ACTION] == CONTACT)
    grouped = own.groupby(c.PERSONA)
    table = pd.DataFrame(
        {
            "customers": grouped.size(),
            "to contact": grouped["contact"].sum(),
            "expected profit": own[own["contact"]].groupby(c.PERSONA)[c.EXPECTED_PROFIT].sum(),
        }
    ).fillna({"expected profit": 0.0})
    table = table.sort_values("expected profit", ascending=False).rename_axis(c.PERSONA).reset_index()
    formats = {"customers": ",.0f", "to contact": ",.0f", "expected profit": ",.0f"}
    return Table(table, "By persona", formats)


def _next_actions(view: RunView) -> list[Block]:
    """What the catalogue recommends for the customers of each persona; nothing where a run has no catalogue."""
    table = view.table(Artifact.ACTIONS_BY_SEGMENT)
    if table is None:
        return []
    own = table[(table["labels"] == c.PERSONA) & (table[c.ACTION] != LEAVE_ALONE)]
    if own.empty:
        return [Text("No action of the catalogue is expected to pay for itself.")]
    by_action = own.groupby(c.ACTION)[["customers", c.EXPECTED_PROFIT]].sum().sort_values(c.EXPECTED_PROFIT)[::-1]
    named = by_action.rename(index=plain).rename_axis(c.ACTION).reset_index()
    best = by_action.index[0]
    title = f"Of the catalogue, {plain(best)} brings the most: {money(by_action.loc[best, c.EXPECTED_PROFIT])}"
    description = (
        f"Expected profit of the next actions of {count(by_action['customers'].sum())} customers, without those held "
        "out by lot."
    )
    shown = own.assign(action=own[c.ACTION].map(plain)).sort_values(c.EXPECTED_PROFIT, ascending=False)
    shown = shown[["label", c.ACTION, "customers", c.HOLDOUT, c.EXPECTED_PROFIT, c.EXPECTED_COST]]
    formats = {c.EXPECTED_PROFIT: ",.0f", c.EXPECTED_COST: ",.0f", "customers": ",.0f", c.HOLDOUT: ",.0f"}
    return [
        Text(
            "The offer above is the same for everybody. Where several actions are possible, each customer gets at most "
            f"one of the catalogue, the one that is expected to bring most.{_learned_actions(view)}"
        ),
        Chart(title, charts.bars(named, c.ACTION, c.EXPECTED_PROFIT, "expected profit"), description),
        Table(shown.rename(columns={"label": c.PERSONA}), "Next actions by persona", formats),
    ]


def _learned_actions(view: RunView) -> str:
    """Which of the catalogue stand on contacts by lot."""
    frame = view.report.frames.get(Artifact.ACTIONS)
    if frame is None:
        return ""
    some = frame[frame[c.ACTION] != LEAVE_ALONE]
    learned, assumed = (
        ", ".join(plain(name) for name in sorted(some.loc[some[c.BASIS] == basis, c.ACTION].unique()))
        for basis in (LEARNED, ASSUMED)
    )
    return f" Learned from contacts by lot: {learned or 'none'}; assumed: {assumed or 'none'}."


def _learned_curves(view: RunView, arm: str) -> list[Block]:
    """Profit promised and realised by the share contacted, among the customers of the lot."""
    effects, cost = view.bundle.effects, view.bundle.offer.contact_cost
    if effects is None or not effects.curves:
        return []
    curve = effects.curves[effects.arms.index(arm) - 1]
    share = np.array(curve.share)
    profits = {
        "promised": np.array(curve.promised) - cost * share,
        "realised by the lot": np.array(curve.realised) - cost * share,
    }
    best = int(np.argmax(profits["promised"]))
    promised, realised = (1000 * values[best] for values in profits.values())
    half = 1000 * curve.half_width[best]
    title = (
        f"At the best share {money(promised)} per 1,000 customers were promised, and {money(realised)} "
        f"[{money(realised - half)}, {money(realised + half)}] came"
    )
    rows = pd.concat(
        pd.DataFrame({"share": share, c.PROFIT: 1000 * values, "of": name}) for name, values in profits.items()
    )
    spec = charts.lines(
        rows, "share", c.PROFIT, "of", "share of the customers contacted", f"{c.PROFIT} per 1,000 customers"
    )
    spec["encoding"]["x"]["axis"]["format"] = "%"
    description = "Customers of the lot whom the models had not seen, in the order of their predicted effect."
    return [Chart(title, spec, description)]


def _curves(view: RunView) -> list[Block]:
    """Profit promised and realised by the share contacted, on the holdout."""
    if view.measurement is None:
        return []
    churned = view.measurement.holdout.evaluated.labels[c.CHURNED].dropna()
    forecasts = view.measurement.assignments.loc[churned.index]
    offer, value = view.measurement.bundle.offer, forecasts[c.CLV].fillna(0).to_numpy(float)
    expected = offer.profit(forecasts[c.CHURN_PROBABILITY].fillna(0).to_numpy(float), value)
    actual = offer.profit(churned.to_numpy(float), value)
    promised, realised = profit_curve(expected), profit_curve(expected, actual)
    places = np.unique(np.linspace(0, len(expected), POINTS).round().astype(int))
    rows = pd.concat(
        pd.DataFrame({"share": curve.share[places], c.PROFIT: len(expected) * curve.profit[places], "of": name})
        for name, curve in (("promised", promised), ("with the actual churn", realised))
    )
    best = int(np.argmax(promised.profit))
    at_best = len(expected) * np.array([promised.profit[best], realised.profit[best]])
    title = (
        f"Last time {money(at_best[0])} were promised at the best share, and {money(at_best[1])} came under the same "
        "assumptions"
    )
    spec = charts.lines(rows, "share", c.PROFIT, "of", "share of the customers contacted", c.PROFIT)
    spec["encoding"]["x"]["axis"]["format"] = "%"
    description = f"Customers in the order of their expected profit; n = {count(len(expected))}."
    return [Chart(title, spec, description, view.picture(Artifact.PROFIT_FIGURE))]
