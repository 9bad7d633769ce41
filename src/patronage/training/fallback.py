"""
What replaces an unacceptable CLV model: the next law, a shrunken mean, or empty columns.

`models/btyd/assumptions.py` examines a model; this acts on its findings, and records what it did in the model: the
run's tags and each customer's `flags` show it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pandas as pd

from patronage import names as c
from patronage.errors import FitError
from patronage.models.btyd.assumptions import DATA, LAW, SPEND, UNACCEPTABLE, Finding, examine
from patronage.models.btyd.clv import CLVModel
from patronage.models.btyd.decisions import LEFT_EMPTY, SWITCHED, Decision
from patronage.models.btyd.fit import shrunken_mean

SWITCH, LEAVE_EMPTY, FAIL = "switch", "leave_empty", "fail"  # clv.fallback
OF_VALUE = (
    c.EXPECTED_SPEND, c.EXPECTED_SPEND_LOW, c.EXPECTED_SPEND_HIGH, c.MEDIAN_SPEND,
    c.CLV, c.CLV_LOW, c.CLV_HIGH, c.MEDIAN_CLV,
)  # fmt: skip
# p_order is not left empty: the churn model is built on it, and is measured beside it
OF_ORDERS = (
    c.P_ALIVE, c.EXPECTED_ORDERS, c.EXPECTED_ORDERS_LOW, c.EXPECTED_ORDERS_HIGH, c.MEDIAN_ORDERS, *OF_VALUE,
)  # fmt: skip


def first_acceptable(
    fit: Callable[[str], CLVModel], features: pd.DataFrame, names: Sequence[str], fallback: str
) -> CLVModel:
    """
    Fit the first acceptable law.

    Parameters
    ----------
    fit
        Fits the law of a name to `features`.
    names
        The preferred law, and those that may replace it, in this order.
    fallback
        - switch: the next law, and a shrunken mean in place of Gamma-Gamma; where no other would help, leave empty;
        - leave_empty: the model stays, and the columns for which it is unacceptable are left empty;
        - fail: a FitError.

    Raises
    ------
    FitError
        Where no law can be fitted, or `fallback` is fail and the model is unacceptable.
    """
    decisions: list[Decision] = []
    for name, following in zip(names, [*names[1:], ""], strict=True):
        may_switch = fallback == SWITCH and following != ""
        try:
            model = fit(name)
        except FitError as error:
            if not may_switch:
                raise
            message = f"{following} in place of {name}, which has no fit: {error}"
            decisions.append(Decision("no_fit", SWITCHED, message))
            continue
        findings = {each.about: each for each in examine(model, features) if each.severity == UNACCEPTABLE}
        if findings and fallback == FAIL:
            worst = next(iter(findings.values()))
            raise FitError(
                f"{name} is unacceptable: {worst.observed}; {worst.why}; "
                "or leave its columns empty: clv.fallback=leave_empty"
            )
        if LAW in findings and DATA not in findings and may_switch:
            message = f"{following} in place of {name}: {findings[LAW].observed}"
            decisions.append(Decision(findings[LAW].finding, SWITCHED, message))
            continue
        return _with_decisions(model, features, findings, fallback, decisions)
    raise ValueError("no law was named")


def _with_decisions(
    model: CLVModel, features: pd.DataFrame, findings: dict[str, Finding], fallback: str, decisions: list[Decision]
) -> CLVModel:
    """The model with a shrunken mean where that helps, and with the columns that must be left empty."""
    for about, finding in findings.items():
        if about == SPEND and fallback == SWITCH:
            mean = shrunken_mean(features[c.FREQUENCY], features[c.MONETARY_VALUE])
            model = replace(model, spend_law=mean)
            message = f"a shrunken mean in place of Gamma-Gamma: {finding.observed}"
            decisions.append(Decision(finding.finding, SWITCHED, message))
        else:
            columns = OF_VALUE if about == SPEND else OF_ORDERS
            decisions.append(Decision(finding.finding, LEFT_EMPTY, f"no value: {finding.observed}", columns))
    return replace(model, decisions=tuple(decisions))
