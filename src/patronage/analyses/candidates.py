"""Lists of customers to act on: who may become loyal, royal or an advocate, who may complain, whom to ask, who is due.

Each list is ranked by what was known at an earlier cutoff of the customers who did it since, so that its lift is
measured, not assumed; look-alikes of any label are its next members. The sample to ask is drawn by lot among those who
never answered, more where few answer, and weighted so that it stands for all of them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.analyses.contract import Analysis, Drawing, Population, Result, View
from patronage.analyses.ranking import Lift, lift_of, rank_customers
from patronage.analyses.turns import outcome_of
from patronage.config import CandidatesConfig, TurnTarget
from patronage.engine import texts
from patronage.errors import DataError
from patronage.names import Metric

FIRST_ORDER, DUE, TO_ASK = "first_order", "near_cycle_end", "whom_to_ask"
PHASE = (0.8, 1.25)  # of the customer's own usual gap
DUE_DAYS = 14
MOST_RETURNED = 0.2  # of what was bought: more is no good credit
LEAST_GAPS = 2
LEAST_SHARE = 0.05  # of those who answer: the smallest that sizes the sample of a group


def run(view: View, settings: CandidatesConfig) -> Result:
    """A list for each target, the prospects near a first order, the customers who are due, and whom to ask."""
    if view.before is None:
        raise DataError(f"the log does not reach {view.since_days} days back from the cutoff; lower movement_days")
    result, lifts = Result(), dict[str, Lift]()
    for name, target in settings.targets.items():
        try:
            y, _ = outcome_of(view, view.before, target)
            lifts[f"{name}_candidates"] = _listed(
                result, view, view.before, f"{name}_candidates", y, _can(view, target)
            )
        except DataError as error:
            result.notes.append(f"list {name}: {error}")
    try:
        y, can = _first_orders(view, view.before)
        lifts[FIRST_ORDER] = _listed(result, view, view.before, FIRST_ORDER, y, can)
    except DataError as error:
        result.notes.append(f"list {FIRST_ORDER}: {error}")
    if (lift := _due(result, view, view.before)) is not None:
        lifts[DUE] = lift
    _to_ask(result, view, settings)
    _measured(result, lifts)
    return result


def _measured(result: Result, lifts: dict[str, Lift]) -> None:
    """The table of lifts, its figure and the finding."""
    if not lifts:
        return
    rows = [
        (name, lift.customers, lift.events, lift.share, lift.base, lift.value, lift.low, lift.high, lift.by_revenue)
        for name, lift in lifts.items()
    ]
    columns = ["list", "customers", "did_it", "share", "usual_share", "lift", "low", "high", "lift_by_revenue"]
    table = pd.DataFrame(rows, columns=columns)
    holds = table[table["low"] > 1]
    result.finding = f"{len(holds)} of {len(table)} lists hold more of those who did it since than chance"
    if len(holds):
        best = holds.loc[holds["lift"].idxmax()]
        result.finding += (
            f"; best {best['list']}: {best['share']:.1%} beside {best['usual_share']:.1%}, "
            f"{best['lift']:.1f} times [{best['low']:.1f}, {best['high']:.1f}]"
        )
    frame = table.rename(columns={"list": "label", "lift": "value"})
    axis = "times the usual share who did it, on customers not fitted on; 95% interval"
    result.add("lists_measured", table, Drawing("forest", frame, result.finding, axis, 1.0))
    for name, lift in lifts.items():
        result.metrics[Metric.list_lift(name)] = lift.value


def _can(view: View, target: TurnTarget) -> pd.Index:
    """The customers who can still do it."""
    features, segments = view.now.features, view.now.segments
    if target.column:
        labels = segments[target.column]
        if target.became:
            return labels.index[~labels.isin(target.became)]
        end = target.order[0 if target.move == "rose" else -1]
        return labels.index[labels.isin(target.order) & (labels != end)]
    return features.index[features[c.N_ORDERS].fillna(0) > 0]


def _listed(result: Result, view: View, before: Population, name: str, y: pd.Series, can: pd.Index) -> Lift:
    y = y.dropna()
    now = view.now.features.loc[can]
    ranking = rank_customers(before.features.loc[y.index], y, now, view.meanings, seed=view.seed)
    result.lists[name] = ranking.customers.assign(measured_lift=ranking.lift.value)
    return ranking.lift


def _orders_since(view: View, days: int) -> pd.Index:
    """The customers with an order in the first `days` after the earlier cutoff."""
    age = view.history.age("day")
    rows = view.history.frame(
        f"SELECT DISTINCT customer_id FROM order_days "
        f"WHERE {age} <= {view.since_days} AND {age} > {view.since_days - days}"
    )
    return pd.Index(rows[c.CUSTOMER_ID])


def _first_orders(view: View, before: Population) -> tuple[pd.Series, pd.Index]:
    """Of the contacts who had not ordered: whether they did since; and those who have not now."""
    then = before.features.index[before.features[c.N_ORDERS].fillna(0) == 0]
    y = pd.Series(then.isin(_orders_since(view, view.since_days)).astype(float), then)
    return y, view.now.features.index[view.now.features[c.N_ORDERS].fillna(0) == 0]


def _phase(features: pd.DataFrame) -> pd.Series:
    """How far customers of a known rhythm and good credit are in their usual gap; missing for the others."""
    phase = features[c.DAYS_SINCE_LAST_ORDER] / features[c.MEAN_GAP_DAYS].where(features[c.MEAN_GAP_DAYS] > 0)
    known = (features[c.N_GAPS] >= LEAST_GAPS) & (features[c.NET_REVENUE] > 0)
    if c.RETURN_SHARE in features:
        known &= ~(features[c.RETURN_SHARE] > MOST_RETURNED)
    return phase.where(known)


def _due(result: Result, view: View, before: Population) -> Lift | None:
    """Customers near the end of their own cycle, judged on those who were at the earlier cutoff."""
    needs = {c.DAYS_SINCE_LAST_ORDER, c.MEAN_GAP_DAYS, c.N_GAPS, c.NET_REVENUE}
    if lacks := sorted(needs - set(view.now.features)):
        result.notes.append(f"list {DUE}: no feature {', '.join(lacks)}; add the lenses that give them")
        return None
    then, now = _phase(before.features).dropna(), _phase(view.now.features).dropna()
    y = then.index.isin(_orders_since(view, min(DUE_DAYS, view.since_days))).astype(np.float64)
    lift = lift_of(then.between(*PHASE).to_numpy(), y)
    due = now[now.between(*PHASE)]
    gap = view.now.features.loc[due.index, c.MEAN_GAP_DAYS]
    table = pd.DataFrame({c.CUSTOMER_ID: due.index, "phase": due.to_numpy()})
    table["reason"] = [
        f"at {100 * part:.0f} % of the usual gap of {days:.0f} days" for part, days in zip(due, gap, strict=True)
    ]
    table["distance"] = (table["phase"] - 1).abs()
    table = table.sort_values(["distance", c.CUSTOMER_ID], ignore_index=True).drop(columns="distance")
    result.lists[DUE] = table.assign(measured_lift=lift.value)
    return lift if lift.customers else None


def _answered(view: View, surveys: Sequence[str]) -> pd.Index:
    rows = view.history.frame(f"SELECT DISTINCT customer_id FROM events WHERE event IN ({texts(surveys)})")
    return pd.Index(rows[c.CUSTOMER_ID])


def _to_ask(result: Result, view: View, settings: CandidatesConfig) -> None:
    """A sample of the silent by lot in each group, more where few answer; `weight`: how many each stands for."""
    segments = view.now.segments
    names = [name for name in settings.strata if name in segments]
    buyers = view.now.features.index[view.now.features[c.N_ORDERS].fillna(0) > 0]
    if not names or len(buyers) < settings.ask:
        result.notes.append(f"list {TO_ASK}: {len(buyers)} customers; expected {settings.ask}, and one of the strata")
        return
    groups = segments.loc[buyers, names].fillna(c.UNKNOWN).agg(", ".join, axis=1)
    answered = _answered(view, settings.surveys)
    silent = ~buyers.isin(answered)
    answers = 1 - pd.Series(silent, buyers).groupby(groups).mean()
    quiet = groups[silent]
    sizes = quiet.value_counts().sort_index()
    need = sizes / answers.reindex(sizes.index).clip(lower=LEAST_SHARE)
    sizes_drawn = np.minimum((settings.ask * need / need.sum()).round().clip(lower=1), sizes).astype(int)
    rng = np.random.default_rng(view.seed)
    frames = []
    for label, number in sizes_drawn.items():
        members = quiet.index[quiet == label]
        drawn = members[np.sort(rng.permutation(len(members))[:number])]
        frames.append(pd.DataFrame({c.CUSTOMER_ID: drawn, "group_of": label, "weight": len(members) / number}))
    sample = pd.concat(frames, ignore_index=True)
    sample = sample.iloc[rng.permutation(len(sample))].reset_index(drop=True)  # a list that is cut short stays a sample
    sample["reason"] = [f"never answered; stands for {weight:.0f} customers ({label})"
                        for weight, label in zip(sample["weight"], sample["group_of"], strict=True)]  # fmt: skip
    result.lists[TO_ASK] = sample.drop(columns="group_of")
    table = pd.DataFrame({"group": sizes.index, "silent": sizes.to_numpy(), "asked": sizes_drawn.to_numpy()})
    if len(answered):  # where nobody was ever asked, a share of nothing would look like silence
        table["answered_share"] = answers.reindex(sizes.index).to_numpy()
    result.add("whom_to_ask_groups", table.assign(weight=table["silent"] / table["asked"]))


ANALYSIS = Analysis(
    "candidates", "Whom to turn to: the next loyal, the next to order, the next to complain, the silent?", run
)
