"""What contacts changed, as tables, metrics and one sentence; a null is told as a null."""

from __future__ import annotations

import re

import pandas as pd

from patronage import names as c
from patronage.evaluation.effects import (
    FALSE_DISCOVERIES,
    GAINS,
    HARMS,
    TREND,
    effects_by_days,
    effects_by_label,
    effects_by_pressure,
    ranking,
    separation,
)
from patronage.evaluation.simple_policies import beside, constant, simple
from patronage.models.effects.estimator import BY_EFFECT, ContactEffects
from patronage.models.effects.policy import LEVEL, best_arm, profits
from patronage.names import Artifact, Metric
from patronage.report import Report
from patronage.review.page.html import words
from patronage.statistics import false_discovery
from patronage.typing import Array

NO_AVERAGE = "no average effect is found beyond chance"
MOST_HARMED = 5  # groups that have a line of their own
MEASURES = {  # of a ranking by the predicted effect
    "qini": "what is gained beyond contacting as many by chance; 0 is chance",
    "auuc": "what is gained over all shares contacted, the best first",
    "rate": "what the best gain beyond the average, over all shares; 0 is chance",
}


def effect_report(
    model: ContactEffects,
    labels: pd.DataFrame,
    features: pd.DataFrame | None = None,
    *,
    by_days: pd.DataFrame | None = None,
    contacts_before: pd.Series | None = None,
) -> Report:
    """The report of a fitted estimator.

    Parameters
    ----------
    labels
        A column per labelling of the customers of the fit, in their order; it may have none.
    features
        Of the same customers: policies by churn risk and by value are made of them, as far as they tell these.
    by_days
        Of the same customers: the outcome in spans of days since the contact.
    contacts_before
        Of the same customers: how many contacts they had before.
    """
    differences = model.cross_fit_.scores[:, 1:] - model.cross_fit_.scores[:, [0]]
    ranked = _ranking(model, differences)
    policies = all_policies(model, labels, features)
    control, *sent = _customers(model)
    tables = {
        Artifact.EFFECTS_AVERAGE: model.average_.assign(customers=sent, in_control=control).reset_index(),
        Artifact.EFFECT_POLICIES: policies.reset_index(),
        Artifact.EFFECT_RANKING: ranked,
        Artifact.EFFECT_BALANCE: _largest_first(model.randomness_.balance),
    }
    messages = [*_not_surely_better(policies, model)]
    if by_days is not None and len(by_days.columns):
        tables[Artifact.EFFECTS_BY_DAYS] = faded = effects_by_days(by_days, model.arms_, model.cross_fit_.weights)
        messages += _fading(faded)
    if contacts_before is not None:
        pressure = effects_by_pressure(contacts_before, model.arms_, model.cross_fit_.scores)
        tables[Artifact.EFFECTS_BY_PRESSURE] = pressure
        messages += _under_pressure(pressure)
    if len(labels.columns):
        by_label = effects_by_label(labels, model.arms_, model.cross_fit_.scores)
        tables |= {
            Artifact.EFFECTS_BY_LABEL: by_label,
            Artifact.EFFECT_SEPARATION: separation(labels, model.arms_, model.cross_fit_.scores),
        }
        messages += _harmed(by_label)
        if not by_label["finding"].isin([GAINS, HARMS]).any():
            messages.append("no label is found to gain or to be harmed, with one false finding in twenty allowed")
    return Report(metrics=_metrics(model, ranked), tables=tables, messages=messages)


def all_policies(model: ContactEffects, labels: pd.DataFrame, features: pd.DataFrame | None) -> pd.DataFrame:
    """The policy by effect beside contacting nobody and everybody, by churn risk, by value and by the best label."""
    profit, learned = profits(model.cross_fit_.scores, model.costs_), best_arm(model.effects_, model.costs_)
    return beside({BY_EFFECT: learned, **constant(model), **simple(model, labels, features)}, learned, profit)


def _not_surely_better(policies: pd.DataFrame, model: ContactEffects) -> list[str]:
    """The best policy without a model of effects, where the one by effect does not surely earn more."""
    others = policies.drop(index=BY_EFFECT)
    name = others["profit_per_1000"].idxmax()
    row = others.loc[name]
    gain, low, high = (row[f"learned_gain{end}"] for end in ("", "_low", "_high"))
    if low > 0 or (name == model.best_simple_ and model.learned_.rule is None):  # the finding tells the latter
        return []
    policy, simple_one = words(model.policy_), words(str(name))
    if model.learned_.rule is not None:
        surely = "surely earns" if model.confidence >= LEVEL else f"earns, with a confidence of {model.confidence:.0%},"
        followed = f"; it {surely} more than contacting nobody or everybody, so {policy!r} is followed"
    else:
        followed = f"; {policy!r} is followed, since {simple_one!r} does not surely earn more than contacting nobody"
    return [
        f"of the policies without a model of effects {simple_one!r} earns most: contacting by effect earns "
        f"{_interval(gain, low, high)} per 1,000 customers beside it, which is not surely more"
        + (followed if name != model.policy_ else "")
    ]


def _largest_first(balance: pd.DataFrame) -> pd.DataFrame:
    """The features that differ most between the arms first: a page shows the first rows."""
    return balance.loc[balance["z"].abs().sort_values(ascending=False, kind="stable").index].reset_index(drop=True)


def _harmed(by_label: pd.DataFrame) -> list[str]:
    """Who is harmed: a line each, or the worst of many in one line."""
    lines = []
    for arm, rows in by_label[by_label["finding"] == HARMS].groupby(c.ARM, sort=False):
        worst = rows.sort_values("effect", kind="stable") if len(rows) > MOST_HARMED else rows
        names = [f"{row['label']} ({row['labels']})" for row in worst.to_dict("records")]
        if len(names) <= MOST_HARMED:
            lines += [f"{name} is harmed by {arm}" for name in names]
            continue
        groups = int((by_label[c.ARM] == arm).sum())
        lines.append(
            f"{len(names)} of {groups} groups are harmed by {arm}, most {', '.join(names[:MOST_HARMED])}; "
            f"{Artifact.EFFECTS_BY_LABEL} has all of them"
        )
    return lines


def _fading(faded: pd.DataFrame) -> list[str]:
    """How long each arm goes on changing something, and whether that stays."""
    lines = []
    for arm, rows in faded.groupby(c.ARM, sort=False):
        sure = rows[rows["p_adjusted"] < FALSE_DISCOVERIES]
        last = rows.iloc[-1]
        total = f"{_interval(last['so_far'], last['so_far_low'], last['so_far_high'])} in all {last['until_day']} days"
        if sure.empty:
            lines.append(f"{arm}: no span of days since the contact shows an effect; the outcome changes by {total}")
            continue
        until = sure["until_day"].max()
        turned = rows[(rows["effect"] * sure["effect"].iloc[0] < 0) & rows.index.isin(sure.index)]
        back = (
            f"; it turns in the days {turned['from_day'].iloc[0]} to {turned['until_day'].iloc[0]}"
            if len(turned)
            else ""
        )
        lines.append(
            f"{arm}: an effect is seen until day {until} of {last['until_day']} since the contact{back}; "
            f"the outcome changes by {total}"
        )
    return lines


def _under_pressure(pressure: pd.DataFrame) -> list[str]:
    """Whether the effect changes with how many contacts a customer had before."""
    trends = pressure[(pressure["contacts_before"] == TREND) & (pressure["p_adjusted"] < FALSE_DISCOVERIES)]
    return [
        f"{row[c.ARM]}: the effect {'grows' if row['effect'] > 0 else 'falls'} by {abs(row['effect']):.3g} "
        f"[{row['low']:+.3g}, {row['high']:+.3g}] with each doubling of the contacts before"
        for row in trends.to_dict("records")
    ]


def effect_finding(model: ContactEffects) -> str:
    """One sentence: the average effects that are more than chance, and the policy that may be followed."""
    sure = model.average_[false_discovery(model.average_["p"].to_numpy(float)) < FALSE_DISCOVERIES]
    effects = [
        f"{arm} changes the outcome by {_interval(row['effect'], row['low'], row['high'])} per customer"
        for arm, row in sure.iterrows()
    ]
    average = "; ".join(effects) if effects else NO_AVERAGE
    gain, low, high = model.gain_
    best = f"contacting by effect earns {_interval(gain, low, high)} per 1,000 customers beside"
    verdict = "" if model.policy_ == BY_EFFECT else ", which is not surely more, so the simple policy stays"
    if model.policy_ == BY_EFFECT and low <= 0:
        verdict = f", which is not surely more, but enough for a confidence of {model.confidence:.0%}: it is followed"
    if model.policy_ not in (BY_EFFECT, model.best_simple_):
        verdict = ", which is not surely more; nor does that one surely pay, so nobody is contacted"
    if model.learned_.rule is not None:
        followed = f"the simple policy {words(model.policy_)!r} is followed"
        verdict = f"; {followed}, since by effect does not surely earn more than it"
    sizes = ", ".join(f"{n:,} {arm}" for arm, n in zip(model.arms_, _customers(model), strict=True))
    return f"in a lot of {len(model.effects_):,} ({sizes}) {average}; {best} {words(model.best_simple_)!r}{verdict}."


def _customers(model: ContactEffects) -> list[int]:
    """How many were drawn into each arm, control first."""
    return [int(n) for n in (model.cross_fit_.weights > 0).sum(axis=0)]


def _ranking(model: ContactEffects, differences: Array) -> pd.DataFrame:
    rows = [
        (arm, measure, *values)
        for number, arm in enumerate(model.arms_[1:])
        for measure, values in ranking(model.effects_[:, number], differences[:, number]).items()
    ]
    table = pd.DataFrame(rows, columns=[c.ARM, "measure", "value", "low", "high"])
    return table.assign(what=table["measure"].map(MEASURES))


def _metrics(model: ContactEffects, ranked: pd.DataFrame) -> dict[str, float]:
    metrics = {Metric.EFFECT_GAIN: float(model.gain_[0])}
    for arm, row in model.average_.iterrows():
        metrics[Metric.effect(_plain(arm), "average")] = float(row["effect"])
    for row in ranked.to_dict("records"):
        metrics[Metric.effect(_plain(row[c.ARM]), row["measure"])] = float(row["value"])
    return metrics


def _interval(value: float, low: float, high: float) -> str:
    """A value with its ends and their signs, to three digits that matter, and no exponent."""
    middle, *ends = (f"{number:+,.0f}" if abs(number) >= 100 else f"{number:+.3g}" for number in (value, low, high))
    return f"{middle} [{', '.join(ends)}]"


def _plain(arm: object) -> str:
    """The name of an arm with the characters that MLflow takes."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", str(arm))
