"""The CLV model of one run: which assumptions its data break, what was decided, and its figures."""

from __future__ import annotations

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.models.btyd import assumptions
from patronage.models.btyd.calendar import CalendarClock
from patronage.models.btyd.clv import CLVModel
from patronage.names import Artifact, Tag
from patronage.report import Report
from patronage.review import clv_figures

LONGEST_TAG = 500
TWO_SD = 1.96


def clv_report(clv: CLVModel, features: pd.DataFrame, *, left_censored: bool, currency: str = "") -> Report:
    """The report of the CLV model; its messages are the findings that are more than a note, and the decisions.

    Parameters
    ----------
    features
        Of all customers at the cutoff.
    left_censored
        Whether customers bought before the log begins.
    currency
        Of the log, for the axes of its figures.
    """
    buyers = features[features[c.N_ORDERS] > 0]
    paid, net = buyers[c.REVENUE].sum(), buyers[c.NET_REVENUE].sum()
    refund_share = float(1 - net / paid) if paid > 0 else 0.0
    findings = assumptions.examine(clv, buyers, left_censored=left_censored, refund_share=refund_share)
    figures = Report(figures=clv_figures.of_model(clv, features, currency))
    return _findings(findings) | _choice(clv) | _covariates(clv) | _decisions(clv) | figures


def holidays_report(calendar: CalendarClock) -> Report:
    """The effects of known holidays, with intervals of 95% of the next time; empty without holidays."""
    if not calendar.holidays:
        return Report()
    table = pd.DataFrame(
        {
            "holiday": holiday.name,
            "factor": holiday.factor,
            "low": np.exp(holiday.log_factor - TWO_SD * holiday.sd),
            "high": np.exp(holiday.log_factor + TWO_SD * holiday.sd),
            "times": holiday.times,
        }
        for holiday in calendar.holidays
    )
    lines = [
        f"holiday      {row.holiday}: {row.factor:.2f} times the orders of like days [{row.low:.2f}, {row.high:.2f}], "
        + (f"by {row.times} of its times" if row.times else "never seen in the log")
        for row in table.itertuples()
    ]
    return Report(tables={Artifact.HOLIDAYS: table}, messages=lines)


def _findings(findings: tuple[assumptions.Finding, ...]) -> Report:
    messages = [
        f"clv          {finding.severity}: {finding.observed}\n{_indented(finding.show)}"
        for finding in findings
        if finding.severity != assumptions.NOTE
    ]
    tags = {
        Tag.clv_finding(finding.finding): f"{finding.severity}: {finding.observed}"[:LONGEST_TAG]
        for finding in findings
    }
    return Report(tables={Artifact.CLV_FINDINGS: assumptions.table(findings)}, tags=tags, messages=messages)


def _indented(code: str) -> str:
    return "\n".join(f"{'':<13}{line}" for line in code.split("\n"))


def _choice(clv: CLVModel) -> Report:
    """The laws that were compared at an earlier origin."""
    if not clv.candidates:
        return Report()
    best, *rest = clv.candidates
    behind = ", ".join(f"{law.model} +{law.behind:.4f}" for law in rest if law.behind is not None)
    chosen = f"{best.model} by log score {best.log_score:.4f} at an earlier origin; {behind or 'alone'}"
    return Report(tables={Artifact.CLV_CHOICE: pd.DataFrame(map(vars, clv.candidates))}, tags={Tag.CLV_CHOSEN: chosen})


def _covariates(clv: CLVModel) -> Report:
    """The covariates that were tried, and the effects of those in the law."""
    if not clv.covariate_trials:
        return Report()
    tables = {Artifact.CLV_COVARIATES: pd.DataFrame(map(vars, clv.covariate_trials))}
    included, effects = [trial.covariate for trial in clv.covariate_trials if trial.included], clv.effects
    if effects is None:
        return Report(tables=tables, messages=["clv          no covariate predicted better at an earlier origin"])
    tables[Artifact.CLV_EFFECTS] = table = effects.table()
    furthest = table.loc[(table["factor"].map(np.log)).abs().idxmax()]
    example = (
        f"{furthest['covariate']} ({furthest['level']}): {furthest['factor']:.2f} times the {furthest['on']} "
        f"[{furthest['low']:.2f}, {furthest['high']:.2f}]"
    )
    return Report(tables=tables, messages=[f"clv          the law knows {', '.join(included)}; {example}"])


def _decisions(clv: CLVModel) -> Report:
    """What was done about unacceptable findings."""
    if not clv.decisions:
        return Report()
    return Report(
        tables={Artifact.CLV_DECISIONS: pd.DataFrame(map(vars, clv.decisions))},
        tags={
            Tag.clv_decision(decision.action, decision.finding): decision.message[:LONGEST_TAG]
            for decision in clv.decisions
        },
        messages=[
            f"clv          {decision.action.replace('_', ' ')}: {decision.message}" for decision in clv.decisions
        ],
    )
