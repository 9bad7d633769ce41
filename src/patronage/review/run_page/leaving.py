"""Who is leaving, and why: the risk of everyone, how well it was told last time, and its reasons as groups."""

from __future__ import annotations

import numpy as np
import pandas as pd

from patronage import lenses
from patronage import names as c
from patronage.models.ensemble.reasons import RHYTHM
from patronage.names import Artifact
from patronage.review.page import charts
from patronage.review.page.blocks import Block, Chart, Section, Table, Text
from patronage.review.page.html import percent
from patronage.review.run_page.inputs import RunView, by_group, calibration_rows, count, labelled, some
from patronage.statistics import calibration_error

BINS = np.linspace(0, 1, 11)
LIKELY = 0.5  # a customer above it is more likely to leave than to stay
REASONS = 8


def leaving(view: RunView) -> Section:
    """Risk and reasons."""
    bought = view.buyers
    risk = bought[c.CHURN_PROBABILITY].dropna()
    if risk.empty:
        return Section("Who is leaving, and why", "Nobody has bought yet, so nobody can leave.")
    likely = bought.loc[risk.index[risk > LIKELY]]
    at_stake = float(likely[c.CLV].sum())
    words, otherwise = ("cancel", "to stay") if view.config.churn.contractual else ("place no order", "to place one")
    finding = (
        f"{count(len(likely))} of {count(len(risk))} buyers ({percent(len(likely) / len(risk))}) are more likely to "
        f"{words} in {view.config.horizon_days} days than {otherwise}; {view.money(at_stake)} of expected value is "
        "with them."
    )
    blocks: list[Block] = [
        _histogram(view, bought),
        *_bands(view, bought),
        *_calibration(view),
        *_reasons(view, likely),
    ]
    return Section("Who is leaving, and why", finding, blocks)


def _histogram(view: RunView, bought: pd.DataFrame) -> Chart:
    rows = []
    for group, own in by_group(bought, view.personas):
        counts, _ = np.histogram(own[c.CHURN_PROBABILITY].dropna(), BINS)
        bars = pd.DataFrame({"from": BINS[:-1], "to": BINS[1:], "customers": counts})
        rows.append(labelled(bars, group))
    risk = f"predicted risk of {'cancelling' if view.config.churn.contractual else 'no order'}"
    spec = charts.histogram(pd.concat(rows), "from", "to", "customers", risk, "customers")
    mean = float(bought[c.CHURN_PROBABILITY].mean())
    description = f"Buyers by their {risk} in the horizon; n = {count(len(bought))}; follows the choice above."
    return Chart(f"The mean risk is {percent(mean)}", spec, description)


def _bands(view: RunView, bought: pd.DataFrame) -> list[Block]:
    grouped = bought.groupby(c.CHURN_BAND, observed=True)
    table = grouped.agg(
        customers=(c.CLV, "size"),
        risk=(c.CHURN_PROBABILITY, "mean"),
        value=(c.CLV, "sum"),
        orders=(c.EXPECTED_ORDERS, "sum"),
    ).sort_values("risk", ascending=False)
    formats = {"customers": ",.0f", "risk": ".0%", "value": ",.0f", "orders": ",.0f"}
    return [Table(table.rename_axis("band").reset_index(), "Bands of risk", formats)]


def _calibration(view: RunView) -> list[Block]:
    """Predicted beside actual churn, by tenths, on the holdout."""
    if view.measurement is None:
        return []
    labels = view.measurement.holdout.evaluated.labels[c.CHURNED].dropna()
    y_true = labels.to_numpy(float)
    y_pred = view.measurement.assignments.loc[labels.index, c.CHURN_PROBABILITY].to_numpy(float)
    rows = calibration_rows(y_true, y_pred)
    error = calibration_error(y_true, y_pred)
    spec = charts.calibration(rows, "predicted", "actual", "low", "high", "predicted risk", "actual share that left")
    since = f"{view.measurement.holdout.evaluated.cutoff:%Y-%m-%d}"
    left = "cancelled" if view.config.churn.contractual else "placed no order"
    description = (
        f"Tenths of the buyers of {since} by predicted risk, beside the share that {left}; bars are 95% "
        f"intervals; on the dotted line both are equal; n = {count(len(y_true))}."
    )
    picture = view.picture(Artifact.CHURN_CALIBRATION_FIGURE)
    return [Chart(f"Last time the risk was off by {100 * error:.1f} points on average", spec, description, picture)]


def _reasons(view: RunView, likely: pd.DataFrame) -> list[Block]:
    """What raises the risk of those who are likely to leave, added up over them."""
    if likely.empty:
        return []
    sample = some(likely.index)
    features = view.features.loc[sample]
    inputs = view.bundle.forecast.inputs(features)
    parts = view.bundle.forecast.ensemble.contributions(inputs.features, inputs.btyd_at_horizon, inputs.matrices).parts
    strongest = np.array(list(parts.values()))
    main = np.array(list(parts))[strongest.argmax(axis=0)]
    described = lenses.described(view.bundle.lenses)
    rows = []
    for name, customers in pd.Series(main).value_counts().head(REASONS).items():
        own = likely.loc[sample[main == name]]
        words = "how often and how recently they ordered" if name == RHYTHM else lenses.short(described[str(name)].what)
        share = customers / len(main)
        rows.append(
            {
                "main reason": words,
                "share": share,
                "customers": share * len(likely),
                "value": own[c.CLV].mean() * share * len(likely),
                "risk": own[c.CHURN_PROBABILITY].mean(),
            }
        )
    frame = pd.DataFrame(rows)
    formats = {"share": ".1%", "customers": ",.0f", "value": ",.0f", "risk": ".0%"}
    spec = charts.bars(frame, "main reason", "share", "% of those likely to leave", percent=True)
    title = f"The most common reason: {frame['main reason'].iloc[0]}"
    description = (
        "What raises each customer's predicted risk most, as groups of the customers likely to leave: what goes along "
        f"with leaving, not what causes it; n = {count(len(likely))}."
    )
    note = Text("Each customer's own reasons stand in the column churn_reasons of the assignments.")
    return [Chart(title, spec, description), Table(frame, formats=formats), note]
