"""
The assumptions of a CLV model, checked against its data and its fit.

A law predicts whether or not its assumptions hold. Each assumption is checked here, and a finding has its size, why it
matters, and two lines of Python that show it, which run where `clv` and `features` are at hand.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.models.btyd.bg_nbd import BgNbd
from patronage.models.btyd.clv import CLVModel
from patronage.models.btyd.spend import GammaGamma

NOTE, WARNING, UNACCEPTABLE = "note", "warning", "unacceptable"
RANK = {UNACCEPTABLE: 0, WARNING: 1, NOTE: 2}
DATA, LAW, SPEND = "data", "law of orders", "law of order values"

SHAPES = (1e-3, 1e3)  # beyond, a Gamma or Beta is a point or a pair of extremes, not a heterogeneity
AGES = 1e3  # scales of time beyond so many times the oldest customer
VAGUE = 2.0  # standard error of a log-parameter: its interval then spans a factor of some thousand
NO_LEAVING = 1e-4  # mean chance of leaving at an order
FEW, TOO_FEW = 100, 30  # customers with repeat orders
MANY_ONCE = 0.1  # share of customers
SIGNIFICANT = 3.0  # standard errors of a rank correlation
MATTERS = 0.05  # relative effect on a third's CLV
SOME_REFUNDS, MANY_REFUNDS = 0.01, 0.05  # share of what was paid
CENTURY_DAYS = 36_525.0
WIDE, WILD = 1.25, 2.0  # a law's repeat orders, as a multiple of those observed
FAR = 3.0  # a horizon so many times longer than the oldest customer's age


@dataclass(frozen=True)
class Finding:
    """
    Something to know before relying on the model.

    Parameters
    ----------
    finding
        Its name, a tag on the run.
    severity
        note, warning, or unacceptable: the predictions should not be used.
    observed
        What was observed, with its size.
    size
        The size alone.
    why
        What it does to the predictions, and what to do.
    show
        Two lines that show it; the second is an expression.
    about
        The data, the law of orders or the law of order values: another law helps against what is its own.
    """

    finding: str
    severity: str
    observed: str
    size: float
    why: str
    show: str
    about: str = DATA


def examine(
    clv: CLVModel, features: pd.DataFrame, *, left_censored: bool = False, refund_share: float = 0.0
) -> tuple[Finding, ...]:
    """
    Check a fitted model and its data against what it assumes.

    Parameters
    ----------
    clv
        The model.
    features
        The customers that it was fitted on.
    left_censored
        Whether customers bought before the log begins.
    refund_share
        Refunded amounts as a share of what was paid.

    Returns
    -------
    tuple of Finding
        The gravest first; empty where every assumption holds.
    """
    findings = [
        *_time_unit(clv, features),
        *_repeat_orders(features),
        *_parameters(clv, features),
        *_tracking(clv, features),
        *_order_values(clv, features),
        *_one_time(clv, features),
        *_dependence(clv, features),
        *_refunds(refund_share),
        *_left_truncated(features, left_censored=left_censored),
        *_calibration(clv),
    ]
    return tuple(sorted(findings, key=lambda finding: RANK[finding.severity]))


def table(findings: tuple[Finding, ...]) -> pd.DataFrame:
    """A row per finding."""
    return pd.DataFrame([asdict(finding) for finding in findings], columns=list(Finding.__dataclass_fields__))


def _time_unit(clv: CLVModel, features: pd.DataFrame) -> Iterator[Finding]:
    x, age = features[c.FREQUENCY], features[c.T]
    oldest = float(age.max())
    crowded = int((x > age).sum())
    show = (
        f'crowded = features.query("{c.FREQUENCY} > {c.T}")\n'
        f'crowded, features["{c.T}"].max(), clv.settings.horizon_days'
    )
    why = "horizons are in days: in another unit every forecast is of another horizon; give ages in days"
    if crowded or oldest > CENTURY_DAYS:
        observed = f"{crowded} customers with more days of repeat orders than days of age" if crowded else ""
        yield Finding(
            "time_unit",
            UNACCEPTABLE,
            observed or f"a customer aged {oldest:g} days",
            float(crowded or oldest),
            why,
            show,
        )
    elif clv.settings.horizon_days > FAR * oldest:
        observed = f"a horizon of {clv.settings.horizon_days:g} days from a log of {oldest:g}"
        why = "so far ahead the law is extrapolated, not tested; check that ages are in days, or shorten the horizon"
        yield Finding("far_horizon", WARNING, observed, clv.settings.horizon_days / max(oldest, 1), why, show)


def _repeat_orders(features: pd.DataFrame) -> Iterator[Finding]:
    repeaters = int((features[c.FREQUENCY] > 0).sum())
    if repeaters < FEW:
        yield Finding(
            "few_repeat_customers",
            UNACCEPTABLE if repeaters < TOO_FEW else WARNING,
            f"{repeaters} of {len(features)} customers ordered again",
            float(repeaters),
            "rates of ordering and leaving are estimated from repeat orders; wait, widen the log, or pool markets",
            f'again = features["{c.FREQUENCY}"] > 0\nagain.sum(), len(features)',
        )


def _parameters(clv: CLVModel, features: pd.DataFrame) -> Iterator[Finding]:
    show = "law, fit = clv.law, clv.orders_fit\nlaw, fit.covariance"
    if clv.orders_fit.covariance is None:
        yield Finding(
            "no_covariance",
            WARNING,
            "the likelihood is flat around the estimate",
            float(clv.orders_fit.newton_decrement),
            "the data do not determine the parameters: intervals leave out parameter uncertainty",
            show,
        )
    extreme = _extreme(clv, float(features[c.T].max()))
    if extreme:
        yield Finding(
            "extreme_parameters",
            WARNING,
            f"{', '.join(f'{key} = {size:.3g}' for key, size in extreme)}, at the edge of what is possible",
            extreme[0][1],
            "the law has shrunk to a simpler one, such as nobody leaves or all customers are alike; forecasts inside "
            "the horizon may hold, those beyond need another model or a longer log",
            show,
        )
    if clv.orders_fit.newton_gain:
        yield Finding(
            "search_stopped_short",
            NOTE,
            f"{clv.orders_fit.newton_gain:.3g} of log-likelihood was left where lifetimes' search ended",
            clv.orders_fit.newton_gain,
            "its likelihood cannot be computed further on; the last steps are our own, on the same likelihood",
            "law, fit = clv.law, clv.orders_fit\nlaw, fit.newton_gain",
            LAW,
        )


def _tracking(clv: CLVModel, features: pd.DataFrame) -> Iterator[Finding]:
    """The repeat orders that the law expects of new customers by their age, beside those that it was fitted on."""
    observed = float(features[c.FREQUENCY].sum())
    expected = float(clv.law.expected_orders(features[c.T], 0, 0, 0).sum())
    ratio = expected / max(observed, 1.0)
    if not 1 / WIDE <= ratio <= WIDE:
        yield Finding(
            "does_not_track",
            WARNING if 1 / WILD <= ratio <= WILD else UNACCEPTABLE,
            f"the law gives {ratio:.2f} times the repeat orders that it was fitted on",
            ratio,
            "customers do not order and leave as the law has it; try another: clv=mbg_nbd, clv=pareto_nbd, clv=abe",
            f'expected = clv.law.expected_orders(features["{c.T}"], 0, 0, 0)\n'
            f'expected.sum() / features["{c.FREQUENCY}"].sum()',
            LAW,
        )


def _order_values(clv: CLVModel, features: pd.DataFrame) -> Iterator[Finding]:
    law = clv.spend_law
    if isinstance(law, GammaGamma) and law.q <= 1:
        yield Finding(
            "no_mean_order_value",
            UNACCEPTABLE,
            f"q = {law.q:.3g} of Gamma-Gamma is at most 1",
            law.q,
            "the mean order value of the population is infinite by this fit; look for outliers among the amounts",
            f'spend = clv.spend_law\nspend, features["{c.MONETARY_VALUE}"].describe()',
            SPEND,
        )


def _extreme(clv: CLVModel, oldest: float) -> list[tuple[str, float]]:
    """Parameters at a boundary, exploding, or unknown to within a factor of thousands."""
    parameters = {name: float(value) for name, value in vars(clv.law).items()}
    times = {name: value for name, value in parameters.items() if name in ("alpha", "beta")}
    times |= {name: 1 / value for name, value in parameters.items() if name in ("rate", "leaving")}
    errors = [0.0] * len(parameters)
    if clv.orders_fit.covariance is not None:
        errors = np.sqrt(np.diag(np.asarray(clv.orders_fit.covariance))).tolist()
    extreme = [
        (name, value)
        for (name, value), error in zip(parameters.items(), errors, strict=True)
        if (times[name] > AGES * oldest if name in times else not SHAPES[0] <= value <= SHAPES[1]) or error > VAGUE
    ]
    if not extreme and "a" in parameters and parameters["a"] / (parameters["a"] + parameters["b"]) < NO_LEAVING:
        extreme = [("a", parameters["a"])]
    return extreme


def _one_time(clv: CLVModel, features: pd.DataFrame) -> Iterator[Finding]:
    if type(clv.law) is not BgNbd:
        return
    one_time = features[features[c.FREQUENCY] == 0]
    share = len(one_time) / max(len(features), 1)
    if share:
        yield Finding(
            "one_time_customers_never_leave",
            WARNING if share >= MANY_ONCE else NOTE,
            f"{share:.0%} of the customers ordered once, half of them {one_time[c.T].median():g} days ago or more, "
            "and all of them count as alive",
            share,
            "under BG/NBD a customer can leave at a repeat order only: p_alive is 1 for them and no churn score; "
            "clv=mbg_nbd lets them leave after the first order, clv=pareto_nbd or clv=abe at any time",
            f'once = features[features["{c.FREQUENCY}"] == 0]\nclv.predict(once)["{c.P_ALIVE}"].min()',
        )


def _dependence(clv: CLVModel, features: pd.DataFrame) -> Iterator[Finding]:
    """Gamma-Gamma assumes that the value of orders is independent of their number."""
    again = features[(features[c.FREQUENCY] > 0) & (features[c.MONETARY_VALUE] > 0)]
    x, value = again[c.FREQUENCY], again[c.MONETARY_VALUE]
    if len(again) < TOO_FEW or x.nunique() < 2 or value.nunique() < 2:
        return
    rho = float(x.corr(value, method="spearman"))
    if abs(rho) * np.sqrt(len(again) - 1) < SIGNIFICANT:
        return
    third = np.ceil(x.rank(method="max", pct=True) * 3).astype(int)
    effects = [
        _relative_error(clv, x[third == group], value[third == group], float(value.mean()))
        for group in sorted(set(third))
    ]
    largest = max(effects, key=abs)
    yield Finding(
        "frequency_and_value_depend",
        WARNING if abs(largest) >= MATTERS else NOTE,
        f"rank correlation {rho:+.2f} of frequency and order value; CLV is off by {min(effects):+.1%} to "
        f"{max(effects):+.1%} across thirds of the repeat customers by frequency",
        rho,
        "Gamma-Gamma shrinks each customer's order value towards one mean, whatever the frequency; "
        "value one-time and frequent customers separately where the sizes above matter to you",
        f'again = features.query("{c.FREQUENCY} > 0")\n'
        f'again["{c.FREQUENCY}"].corr(again["{c.MONETARY_VALUE}"], method="spearman")',
    )


def _relative_error(clv: CLVModel, x: pd.Series, value: pd.Series, mean: float) -> float:
    """By how much a group's order values, and so its CLV, are too high: shrunk to the mean of all, not to its own."""
    law = clv.spend_law
    expected = law.expected_spend(x, value)
    error = law.weight_of_mean(x) * (mean - value.mean())
    return float((x * error).sum() / max((x * (expected - error)).sum(), 1e-12))


def _refunds(share: float) -> Iterator[Finding]:
    if share >= SOME_REFUNDS:
        yield Finding(
            "refunds",
            WARNING if share >= MANY_REFUNDS else NOTE,
            f"{share:.1%} of what was paid was refunded",
            share,
            "order values are of purchases, so CLV is gross of refunds: lower clv.margin by that share",
            f'gross, net = features["{c.REVENUE}"].sum(), features["{c.NET_REVENUE}"].sum()\n1 - net / gross',
        )


def _left_truncated(features: pd.DataFrame, *, left_censored: bool) -> Iterator[Finding]:
    if left_censored:
        share = float((features[c.T] >= 0.9 * features[c.T].max()).mean())
        yield Finding(
            "left_truncated",
            WARNING,
            f"customers bought before the log begins; {share:.0%} have their first order in its first tenth",
            share,
            "their age is too low and the loyal among them are over-represented: leaving is underestimated; "
            "fit on customers who began within the log where there are enough",
            f'oldest = features["{c.T}"].max()\n(features["{c.T}"] >= 0.9 * oldest).mean()',
        )


def _calibration(clv: CLVModel) -> Iterator[Finding]:
    if clv.calibration.refused:
        level = clv.calibration.level
        yield Finding(
            "intervals_not_recalibrated",
            NOTE if level is None else WARNING,
            clv.calibration.refused,
            float("nan") if level is None else level,
            "intervals are the law's own: too short where customers' rates drift, as in dense logs",
            "calibration = clv.calibration\ncalibration.refused, calibration.level",
        )
