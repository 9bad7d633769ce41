"""What customers did before they turned: became loyal, heavy or light, rose or fell a tier, left, or answered.

Everything that explains was known before an earlier cutoff; the turn lies between that cutoff and the present one,
among customers who could still turn.
Effects are beside recency, frequency, revenue and the label held before, so that a rule that only repeats how good a
customer is explains nothing. A third of the customers, drawn by lot, is kept out to hold the findings against.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from patronage import lenses
from patronage import names as c
from patronage.analyses.acts import BY_CHANNEL, IN_CATEGORY, ORDER, acts
from patronage.analyses.contract import Analysis, Drawing, Population, Result, View
from patronage.analyses.rule_search import Rules, RuleSearch, search_rules
from patronage.config import TurnsConfig, TurnTarget
from patronage.engine import text
from patronage.errors import DataError
from patronage.names import Metric
from patronage.typing import Array

QUANTILES = (0.25, 0.5, 0.75, 0.9)
HELD_OUT = 1 / 3
BEFORE_ALL = (c.DAYS_SINCE_LAST_ORDER, c.N_ORDERS, c.NET_REVENUE)  # what every effect is beside


def run(view: View, settings: TurnsConfig) -> Result:
    """Search for each target."""
    result, sentences = Result(), []
    if view.before is None:
        raise DataError(f"the log does not reach {view.since_days} days back from the cutoff; lower movement_days")
    candidates = _candidates(view, view.before, settings)
    for name, target in settings.targets.items():
        try:
            search = _search(view, view.before, settings, target, candidates)
        except DataError as error:
            result.notes.append(f"turns, {name}: {error}")
            continue
        scale, unit = (1.0, "") if target.survey else (100.0, " points")
        title = f"{name}: {_told(search, scale, unit)}"
        table = search.table.assign(
            what=[view.meanings.get(family, "") for family in search.table["family"]],
        )
        frame = table.rename(columns={"rule": "label", "effect": "value"})
        frame[["value", "low", "high"]] *= scale
        axis = (
            f"difference of the {'answer' if target.survey else 'share'}{', in points' if unit else ''}; 95% interval"
        )
        result.add(f"turns_{name}", table, Drawing("forest", frame, title, axis))
        sentences.append(title)
        result.metrics[Metric.driver(name, "found")] = float(len(search.holding))
        result.metrics[Metric.driver(name, "by_chance")] = search.by_chance
    result.finding = "; ".join(sentences)
    return result


def _told(search: RuleSearch, scale: float, unit: str) -> str:
    if search.holding.empty:
        return f"nothing beside recency, frequency and revenue ({len(search.table)} candidates)"
    best = search.holding.iloc[0]
    effect, low, high = scale * best[["effect", "low", "high"]].to_numpy(float)
    if unit:
        told = f"did so {abs(effect):.1f}{unit} {'more' if effect > 0 else 'less'} often [{low:+.1f}, {high:+.1f}]"
    else:
        told = f"answered {abs(effect):.3f} {'higher' if effect > 0 else 'lower'} [{low:+.3f}, {high:+.3f}]"
    return f"customers with {best['rule']} {told}; {search.counted}"


def _candidates(view: View, before: Population, settings: TurnsConfig) -> pd.DataFrame:
    """What was known of each customer at the earlier cutoff: features, labels, and what was done in the time before."""
    features = before.features
    names = [name for name in lenses.numeric(features) if name not in settings.leave_out]
    did = acts_before(view)
    return pd.concat([features[names], did.reindex(features.index).fillna(0.0), before.segments], axis=1)


def acts_before(view: View) -> pd.DataFrame:
    """How often each customer did each thing in the `since_days` before the earlier cutoff."""
    history = view.history
    age = history.age("day")
    rows = history.frame(
        f"""
        SELECT customer_id, act, count(*) AS times FROM acts
        WHERE {age} > {view.since_days} AND {age} <= {2 * view.since_days} GROUP BY customer_id, act""",
        acts(),
    )
    table = rows.pivot_table("times", c.CUSTOMER_ID, "act", aggfunc="sum", fill_value=0)
    return table.rename(columns=lambda act: f"times of {act}")


def _search(
    view: View, before: Population, settings: TurnsConfig, target: TurnTarget, candidates: pd.DataFrame
) -> RuleSearch:
    y, own = outcome_of(view, before, target)
    y = y.dropna()
    known = candidates.loc[y.index]
    if target.column:
        known = known.drop(columns=target.column, errors="ignore")
    if len(known) > settings.most_customers:
        known = known.sample(settings.most_customers, random_state=view.seed).sort_index()
        y = y.loc[known.index]
    rules = _rules(known, settings.least, view.meanings)
    features = before.features.loc[known.index]
    adjust = [np.log1p(features[name].clip(lower=0).fillna(0.0)) for name in BEFORE_ALL if name in features]
    labels = own.reindex(known.index).fillna("")
    adjust += [(labels == label).astype(float) for label in sorted(labels.unique())[1:]]
    rng = np.random.default_rng(view.seed)
    return search_rules(
        rules, y.to_numpy(np.float64), np.column_stack(adjust), rng.random(len(y)) < HELD_OUT,
        least=settings.least, shuffles=settings.shuffles, seed=view.seed,
    )  # fmt: skip


def outcome_of(view: View, before: Population, target: TurnTarget) -> tuple[pd.Series, pd.Series]:
    """The outcome of the customers who could turn, missing for the others; and the label that each held before."""
    nobody = pd.Series("", before.features.index)
    if target.survey or target.event:
        return _since(view, before, target), nobody
    if target.column not in before.segments:
        raise DataError(f"this log does not support the segment {target.column}")
    earlier = before.segments[target.column]
    now = view.now.segments[target.column].reindex(earlier.index)
    if target.became:
        could = ~earlier.isin(target.became) & now.notna()
        return now.isin(target.became).astype(float).where(could), earlier
    ranks = {label: place for place, label in enumerate(target.order)}
    rank_before, rank_now = earlier.map(ranks), now.map(ranks)
    better = rank_now < rank_before if target.move == "rose" else rank_now > rank_before
    end = 0 if target.move == "rose" else len(ranks) - 1
    return better.astype(float).where(rank_before.notna() & rank_now.notna() & (rank_before != end)), earlier


def _since(view: View, before: Population, target: TurnTarget) -> pd.Series:
    """What the customers did, or answered, since the earlier cutoff."""
    wanted = target.survey or target.event
    of_orders = wanted == ORDER or wanted.startswith((IN_CATEGORY, BY_CHANNEL))
    if not of_orders and wanted not in view.history.tables.events:
        raise DataError(f"the log has no event {wanted}")
    history, since = view.history, f"{view.history.age('day')} <= {view.since_days}"
    buyers = before.features.index[before.features[c.N_ORDERS].fillna(0) > 0]
    if target.survey:
        day = history.age("CAST(occurred_at AS DATE)")
        rows = history.frame(
            f"SELECT customer_id, avg(value) AS answer FROM events WHERE event = {text(target.survey)} "
            f"AND value IS NOT NULL AND {day} <= {view.since_days} GROUP BY customer_id"
        )
        return rows.set_index(c.CUSTOMER_ID)["answer"].reindex(before.features.index)
    rows = history.frame(f"SELECT DISTINCT customer_id FROM acts WHERE act = {text(target.event)} AND {since}", acts())
    did = pd.Series(buyers.isin(rows[c.CUSTOMER_ID]), buyers).astype(float)
    return (1 - did if target.absent else did).reindex(before.features.index)


def _rules(known: pd.DataFrame, least: int, meanings: Mapping[str, str]) -> Rules:
    """Every number above its quantiles, every label, in words."""
    columns: list[Array] = []
    families: list[str] = []
    wordings: list[str] = []

    def add(values: Array, family: str, wording: str) -> None:
        if least <= values.sum() <= len(values) - least:
            columns.append(values.astype(np.float64))
            families.append(family)
            wordings.append(wording)

    for name in known:
        values = known[name]
        if pd.api.types.is_numeric_dtype(values):
            for border in _borders(values):
                add(
                    (values > border).to_numpy(),
                    str(name),
                    f"{lenses.short(meanings.get(str(name), str(name)))} above {_short(border)}",
                )
        else:
            for label in sorted(set(values.dropna()) - {c.UNKNOWN}):
                add((values == label).to_numpy(), f"{name} {label}", f"{name} is {label}")
    if not columns:
        raise DataError(f"no candidate that {least} customers show and {least} do not")
    return Rules(np.column_stack(columns), families, wordings).without_doubles()


def _short(border: float) -> str:
    """Three digits that matter, and no exponent."""
    return f"{border:,.0f}" if abs(border) >= 100 else f"{border:.3g}"


def _borders(values: pd.Series) -> Sequence[float]:
    return sorted(set(values.quantile(QUANTILES).dropna())) if values.notna().any() else ()


ANALYSIS = Analysis("turns", "What did customers do before they turned: rose, fell, became loyal, left?", run)
