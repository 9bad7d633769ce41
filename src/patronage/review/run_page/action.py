"""What to do: whom to contact, what it is expected to bring, what is assumed, and what it would have brought."""

from __future__ import annotations

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.config import ActionConfig
from patronage.config.actions import LEAVE_ALONE
from patronage.decisions.catalogue import ASSUMED, LEARNED
from patronage.decisions.retention import profit_curve, retention_offer, retention_profit
from patronage.names import Artifact
from patronage.review.action_report import learned_lines, placeholder_costs
from patronage.review.page import charts
from patronage.review.page.blocks import Block, Chart, Section, Table, Text
from patronage.review.page.html import percent, words
from patronage.review.run_page.inputs import RunView, count, plain

REALISED = "realised by the lot"
POINTS = 50  # of a curve


def action(view: RunView) -> Section:
    """What is recommended for whom, and the profit of it."""
    own = view.assignments
    some, holdout = own[c.ACTION] != LEAVE_ALONE, own[c.HOLDOUT].astype(bool)
    total = float(own.loc[some & ~holdout, c.EXPECTED_PROFIT].sum())
    if not view.bundle.actions.catalogue:
        finding = "The run has no catalogue of actions, so nothing is recommended."
    elif not some.any():
        finding = "No action of the catalogue is expected to pay for itself."
    else:
        finding = (
            f"An action is recommended for {count(some.sum())} customers ({percent(some.mean())}): "
            f"{view.money(total)} of profit are expected; {count((some & holdout).sum())} of these are held out by "
            "lot, so that what contacts change can be measured."
        )
    offer = retention_offer(view.bundle.actions.catalogue)
    learned = _learned_arms(view)
    blocks: list[Block] = [*_basis(view, some)]
    for arm, cost in learned.items():
        blocks += _learned_curves(view, arm, cost)
    if offer is not None and (offer[1].arm or offer[0]) not in learned:
        blocks += _curves(view, *offer)
    return Section("What to do", finding, [*blocks, *_next_actions(view)])


def _learned_arms(view: RunView) -> dict[str, float]:
    """The arms of the catalogue whose effects were learned, with the cost of the action."""
    arms = () if view.bundle.effects is None else view.bundle.effects.arms[1:]
    catalogue = view.bundle.actions.catalogue.items()
    return {arm: own.cost for name, own in catalogue if (arm := own.arm or name) in arms}


def _basis(view: RunView, some: pd.Series) -> list[Block]:
    """What the profits stand on."""
    own, catalogue = view.assignments[some], view.bundle.actions.catalogue
    learned = learned_lines(view.bundle, own, view.config.data.currency or "")
    lines: list[Block] = [Text(f"Learned from contacts by lot: {words(line)}.") for line in learned]
    assumed = sorted(own.loc[own[c.EXPECTED_PROFIT_BASIS] == ASSUMED, c.ACTION].unique())
    if assumed:
        ours = [plain(name) for name in placeholder_costs(catalogue) if name in assumed]
        costs = f" The costs of {', '.join(ours)} are the shipped placeholders." if ours else ""
        lines.append(
            Text(
                f"Assumed, not learned: what {', '.join(plain(name) for name in assumed)} would bring, by the rates of "
                f"the catalogue.{costs} Give your own figures in actions.catalogue.*; the profit is no better than "
                "they are.",
                warning=True,
            )
        )
    return lines


def _next_actions(view: RunView) -> list[Block]:
    """What the catalogue recommends for the customers of each persona; nothing where a run has no catalogue."""
    table = view.table(Artifact.ACTIONS_BY_SEGMENT)
    if table is None:
        return []
    own = table[(table["labels"] == c.PERSONA) & (table[c.ACTION] != LEAVE_ALONE)]
    if own.empty:
        return []
    by_action = own.groupby(c.ACTION)[["customers", c.EXPECTED_PROFIT]].sum().sort_values(c.EXPECTED_PROFIT)[::-1]
    named = by_action.rename(index=plain).rename_axis(c.ACTION).reset_index()
    best = by_action.index[0]
    title = f"Of the catalogue, {plain(best)} brings the most: {view.money(by_action.loc[best, c.EXPECTED_PROFIT])}"
    description = (
        f"Expected profit of the next actions of {count(by_action['customers'].sum())} customers, without those held "
        "out by lot."
    )
    shown = own.assign(action=own[c.ACTION].map(plain)).sort_values(c.EXPECTED_PROFIT, ascending=False)
    shown = shown[["label", c.ACTION, "customers", c.HOLDOUT, c.EXPECTED_PROFIT, c.EXPECTED_COST]]
    formats = {c.EXPECTED_PROFIT: ",.0f", c.EXPECTED_COST: ",.0f", "customers": ",.0f", c.HOLDOUT: ",.0f"}
    return [
        Text(
            "Where several actions are possible, each customer gets at most one: what is expected to bring most."
            f"{_learned_actions(view)}"
        ),
        Chart(title, charts.bars(named, c.ACTION, c.EXPECTED_PROFIT, view.in_currency("expected profit")), description),
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


def _learned_curves(view: RunView, arm: str, cost: float) -> list[Block]:
    """Profit promised and realised by the share contacted, among the customers of the lot."""
    effects = view.bundle.effects
    if effects is None or not effects.curves:
        return []
    curve = effects.curves[effects.arms.index(arm) - 1]
    share = np.array(curve.share)
    profits = {
        "promised": np.array(curve.promised) - cost * share,
        REALISED: np.array(curve.realised) - cost * share,
    }
    best = int(np.argmax(profits["promised"]))
    promised, realised = (1000 * values[best] for values in profits.values())
    half = 1000 * curve.half_width[best]
    title = (
        f"{arm}: at the best share {view.money(promised)} per 1,000 customers were promised, and "
        f"{view.money(realised)} [{realised - half:,.0f}, {realised + half:,.0f}] came"
    )
    width = dict.fromkeys(profits, np.zeros(len(share))) | {REALISED: 1000 * np.array(curve.half_width)}
    rows = pd.concat(
        pd.DataFrame({"share": share, "of": name, c.PROFIT: 1000 * values, "low": 1000 * values - width[name],
                      "high": 1000 * values + width[name]})
        for name, values in profits.items()
    )  # fmt: skip
    unit = view.in_currency(f"{c.PROFIT} per 1,000 customers")
    contacted = "share of the customers contacted"
    spec = charts.lines(rows, "share", c.PROFIT, "of", contacted, unit, band=("low", "high"))
    for layer in spec["layer"]:
        layer["encoding"]["x"]["axis"]["format"] = "%"
    customers = f"{count(curve.customers)} customers" if curve.customers else "Customers"
    description = (
        f"{customers} of the lot whom the models had not seen, in the order of their predicted effect; the band is the "
        "95% interval of what came."
    )
    return [Chart(title, spec, description)]


def _curves(view: RunView, name: str, offer: ActionConfig) -> list[Block]:
    """Profit of the retention offer promised and realised by the share contacted, on the holdout."""
    if view.measurement is None:
        return []
    churned = view.measurement.holdout.evaluated.labels[c.CHURNED].dropna()
    forecasts = view.measurement.assignments.loc[churned.index]
    value = forecasts[c.CLV].fillna(0).to_numpy(float)
    expected = retention_profit(offer, forecasts[c.CHURN_PROBABILITY].fillna(0).to_numpy(float), value)
    actual = retention_profit(offer, churned.to_numpy(float), value)
    promised, realised = profit_curve(expected), profit_curve(expected, actual)
    places = np.unique(np.linspace(0, len(expected), POINTS).round().astype(int))
    rows = pd.concat(
        pd.DataFrame({"share": curve.share[places], c.PROFIT: len(expected) * curve.profit[places], "of": name})
        for name, curve in (("promised", promised), ("with the actual churn", realised))
    )
    best = int(np.argmax(promised.profit))
    at_best = len(expected) * np.array([promised.profit[best], realised.profit[best]])
    title = (
        f"{plain(name)} to anyone: last time {view.money(at_best[0])} were promised at the best share, and "
        f"{view.money(at_best[1])} came under the same assumptions"
    )
    spec = charts.lines(rows, "share", c.PROFIT, "of", "share of the customers contacted", view.in_currency(c.PROFIT))
    spec["encoding"]["x"]["axis"]["format"] = "%"
    description = (
        f"All buyers, whether the catalogue's conditions leave them in or not, in the order of the profit that "
        f"{plain(name)} promises; n = {count(len(expected))}. What is recommended now stands below."
    )
    return [Chart(title, spec, description, view.picture(Artifact.PROFIT_FIGURE))]
