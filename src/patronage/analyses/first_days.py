"""What of a customer's first days goes with staying: every act, by how often and within how many days.

A customer begins with the sign-up or the first order. The days in which the customer must act and the days in which
staying is judged do not touch: a customer who is about to stay does more of everything, so the effect of an act is
beside how often the customer did anything unrelated in the same days, and when the customer began. The customers who
began last are kept out, and every finding is held against them. What is found proposes the behavioural cohorts, whose
retention is drawn.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.analyses import cohorts
from patronage.analyses.acts import BEGINNINGS, BY_CHANNEL, IN_CATEGORY, acts, commonest, counts_by_act, is_act, sampled
from patronage.analyses.contract import Analysis, Drawing, Result, View
from patronage.analyses.rule_search import RuleSearch, search_rules
from patronage.analyses.rules import Rules
from patronage.config import Behaviour, FirstDaysConfig, StayTarget
from patronage.data.contract import BY_BUSINESS
from patronage.errors import DataError
from patronage.names import Metric
from patronage.typing import Array, Mask

LATER_SHARE = 1 / 3  # of the customers, who began last
MOST_COHORTS = 3
GOES_ALONG = 0.3  # correlation of two acts from which one is no measure of activity beside the other
RARE = 0.005  # of the customers: an act that fewer ever do makes no rule


def run(view: View, settings: FirstDaysConfig) -> Result:
    """Search for each target, and draw the retention of the cohorts that it proposes."""
    result, history = Result(), view.history
    categories = commonest(history, c.CATEGORY, settings.categories) if history.has("transactions", c.CATEGORY) else []
    known_and_counts = counts_by_act(
        history, settings.within_days, settings.counts, categories, settings.most_customers
    )
    sentences, proposed = [], dict[str, Behaviour]()
    for name, target in settings.targets.items():
        try:
            search = _search(view, settings, target, *known_and_counts)
        except DataError as error:
            result.notes.append(f"first days and {name}: {error}")
            continue
        title = f"{name}: {_told(search)}"
        drawing = Drawing(
            "forest", search.drawn, title, "share of customers who stay, with beside without; 95% interval"
        )
        result.add(f"first_days_{name}", search.table, drawing)
        sentences.append(title)
        result.metrics[Metric.driver(name, "found")] = float(len(search.holding))
        result.metrics[Metric.driver(name, "by_chance")] = search.by_chance
        if len(search.holding):
            result.metrics[Metric.driver(name, "strongest")] = float(search.holding["effect"].abs().max())
        proposed |= {rule: _behaviour(rule) for rule in search.holding["rule"].head(MOST_COHORTS)}
    result.finding = "; ".join(sentences)
    if proposed:
        table = cohorts.by_behaviour(history, proposed, period_days=30, periods=12)
        result.add("cohorts_proposed", table, Drawing("behaviours", table))
    if history.tables.left_censored and result.tables:
        result.notes.append("first days are the first in the log, not the customer's own (left_censored)")
    return result


def _told(search: RuleSearch) -> str:
    if search.holding.empty:
        return f"nothing beyond chance beside how active a customer is ({len(search.table)} behaviours searched)"
    effect, low, high = 100 * search.holding.iloc[0][["effect", "low", "high"]].to_numpy(float)
    return (
        f"customers with {search.holding['rule'].iloc[0]} stay {abs(effect):.1f} points "
        f"{'more' if effect > 0 else 'less'} often [{low:+.1f}, {high:+.1f}]; {search.counted}"
    )


def _wording(act: str, at_least: int, days: int) -> str:
    return f"{act} {at_least}+ in {days} days"


def _behaviour(rule: str) -> Behaviour:
    """The behaviour of a wording."""
    act, at_least, _, days, _ = rule.rsplit(" ", 4)
    return Behaviour(act, int(at_least.rstrip("+")), int(days))


def _search(
    view: View, settings: FirstDaysConfig, target: StayTarget, customers: pd.DataFrame, counts: pd.DataFrame
) -> RuleSearch:
    known = customers[customers["age"] >= target.until_days]
    if known.empty:
        raise DataError(f"nobody began {target.until_days} days before the cutoff; lower until_days")
    stayed = _stayed(view, settings, target)
    y = known.index.isin(stayed).astype(np.float64)
    rules = _rules(settings, target, known, counts)
    age = known["age"].to_numpy(np.float64)
    began_last = age < np.quantile(age, LATER_SHARE)
    spread = age.std() or 1.0
    adjust = ((age - age.mean()) / spread)[:, None]
    return search_rules(rules, y, adjust, began_last, least=settings.least, shuffles=settings.shuffles, seed=view.seed)


def _stayed(view: View, settings: FirstDaysConfig, target: StayTarget) -> pd.Index:
    """The customers with the event in the days that are judged."""
    history = view.history
    age = history.engine.days("start", "acts.day")
    rows = history.frame(
        f"""
        SELECT acts.customer_id FROM acts JOIN beginnings ON acts.customer_id = beginnings.customer_id
        WHERE {is_act(target.event)} AND {age} >= {target.from_days} AND {age} < {target.until_days}
              AND {sampled(history, "acts.customer_id", settings.most_customers)}
        GROUP BY acts.customer_id HAVING count(*) >= {target.at_least}""",
        {**BEGINNINGS, **acts()},
    )
    if rows.empty:
        raise DataError(f"nobody has the event {target.event} in the days {target.from_days} to {target.until_days}")
    return pd.Index(rows[c.CUSTOMER_ID])


def _rules(settings: FirstDaysConfig, target: StayTarget, known: pd.DataFrame, counts: pd.DataFrame) -> Rules:
    """The rules, each act beside how often the customer did unrelated things in the same days."""
    windows = [days for days in settings.within_days if days <= target.from_days]
    places = pd.Series(np.arange(len(known)), known.index)
    mine = counts.assign(place=counts[c.CUSTOMER_ID].map(places)).dropna(subset=["place"])
    sizes = mine.groupby("act").size()
    names = [str(act) for act in sizes.index[sizes >= max(RARE * len(known), settings.least)]]
    if not names:
        raise DataError("no act in the first days")
    beside: dict[str, Array] = {}
    columns, families, wordings, keys, day_of = [], [], [], [], []
    days: dict[str, Array] = {}
    for number in settings.counts:
        since = _times(mine, names, f"day_{number}", len(known), np.nan)
        days |= {f"{act} {number}+": since[:, place] for place, act in enumerate(names)}
    for window in windows:
        times = _times(mine, names, f"within_{window}", len(known))
        unrelated = _unrelated(times, names)
        for number, act in enumerate(names):
            others = np.log1p(times[:, unrelated[number]].sum(axis=1))
            key = f"{act} in {window}"
            beside[key] = np.column_stack([others, np.sqrt(others)])
            for at_least in settings.counts:
                columns.append(times[:, number] >= at_least)
                families.append(act)
                wordings.append(_wording(act, at_least, window))
                keys.append(key)
                day_of.append(f"{act} {at_least}+")
    return Rules(np.column_stack(columns).astype(np.float64), families, wordings, beside, keys, days, day_of)


def _times(mine: pd.DataFrame, names: list[str], column: str, n: int, missing: float = 0.0) -> Array:
    """(n, acts) a column of the counts: how often each customer did each, or since which day."""
    times = np.full((n, len(names)), missing)
    numbers = mine["act"].map({name: number for number, name in enumerate(names)})
    rows = numbers.notna().to_numpy()
    times[mine["place"].to_numpy(int)[rows], numbers.to_numpy(float)[rows].astype(int)] = mine[column].to_numpy()[rows]
    return times


def _unrelated(times: Array, names: list[str]) -> Mask:
    """(acts, acts) whether the second is counted beside the first.

    What goes along with an act, or follows from it, is no measure of how active a customer is anyway. What is bought,
    and by which channel, are the orders once more.
    """
    counted = np.array([name not in BY_BUSINESS and not name.startswith((IN_CATEGORY, BY_CHANNEL)) for name in names])
    did = (times > 0).astype(np.float64)
    spread = np.where((sd := did.std(axis=0)) > 0, sd, 1.0)
    standard = (did - did.mean(axis=0)) / spread
    return counted & (np.abs(standard.T @ standard) / len(did) < GOES_ALONG) & ~np.eye(len(names), dtype=bool)


ANALYSIS = Analysis("first_days", "Which early behaviours go with staying?", run)
