"""
What is done where a CLV model is unfit: another takes its place, or nothing is said.

The gate (`gate.py`) finds; this acts on what it calls unfit, and keeps a record that the model carries: the run and
each customer's `flags` say it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from patronage import names as c
from patronage.errors import FitError
from patronage.models.btyd.assumptions import DATA, LAW, SPEND, UNFIT, Finding, examine
from patronage.models.btyd.decisions import ABSTAINED, SWITCHED, Decision
from patronage.models.btyd.fit import shrunken_mean

if TYPE_CHECKING:
    from patronage.models.btyd.clv import CLVModel

SWITCH, ABSTAIN, FAIL = "switch", "abstain", "fail"
OF_VALUE = (c.EXPECTED_SPEND, c.CLV, c.CLV_LOW, c.CLV_HIGH)
# p_order is still given: the churn model stands on it, and is measured beside it
OF_ORDERS = (c.P_ALIVE, c.EXPECTED_ORDERS, c.EXPECTED_ORDERS_LOW, c.EXPECTED_ORDERS_HIGH, *OF_VALUE)


def believed(fit: Callable[[str], CLVModel], features: pd.DataFrame, models: Sequence[str], on_unfit: str) -> CLVModel:
    """
    Fit the first law that can be believed.

    Parameters
    ----------
    fit
        Fits the law of a name to `features`.
    models
        Names of laws: the one asked for, and what may take its place, in this order.
    on_unfit
        - switch: the next law, and a shrunken mean in the place of Gamma-Gamma; where no other would help, abstain;
        - abstain: the model stays, and gives no value where it is unfit;
        - fail: a FitError.

    Raises
    ------
    FitError
        Where no law can be fitted, or `on_unfit` is fail and the gate calls the model unfit.
    """
    deeds: list[Decision] = []
    for name, after in zip(models, [*models[1:], ""], strict=True):
        may_switch = on_unfit == SWITCH and after != ""
        try:
            fitted = fit(name)
        except FitError as error:
            if not may_switch:
                raise
            deeds.append(Decision("no_fit", SWITCHED, f"{after} in the place of {name}, which has no fit: {error}"))
            continue
        unfit = {finding.about: finding for finding in examine(fitted, features) if finding.severity == UNFIT}
        if unfit and on_unfit == FAIL:
            worst = next(iter(unfit.values()))
            raise FitError(f"{name} is unfit: {worst.found}; {worst.why}; or let it abstain: clv.on_unfit=abstain")
        if LAW in unfit and DATA not in unfit and may_switch:
            finding = unfit[LAW]
            deeds.append(Decision(finding.finding, SWITCHED, f"{after} in the place of {name}: {finding.found}"))
            continue
        return _acted(fitted, features, unfit, on_unfit, deeds)
    raise ValueError("no law was named")


def _acted(
    fitted: CLVModel, features: pd.DataFrame, unfit: dict[str, Finding], on_unfit: str, deeds: list[Decision]
) -> CLVModel:
    for about, finding in unfit.items():
        if about == SPEND and on_unfit == SWITCH:
            mean = shrunken_mean(features[c.FREQUENCY], features[c.MONETARY_VALUE])
            fitted = replace(fitted, spend_law=mean)
            said = f"a shrunken mean in the place of Gamma-Gamma: {finding.found}"
            deeds.append(Decision(finding.finding, SWITCHED, said))
        else:
            silent = OF_VALUE if about == SPEND else OF_ORDERS
            deeds.append(Decision(finding.finding, ABSTAINED, f"no value: {finding.found}", silent))
    return replace(fitted, deeds=tuple(deeds))
