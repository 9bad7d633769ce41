"""What customers did before they turned: became loyal, heavy or light, rose or fell a tier, left, or answered.

Everything that explains was known before an earlier cutoff; the turn lies between that cutoff and the present one,
among customers who could still turn.
Effects are beside recency, frequency and revenue, in steps, and the label held before, so that a rule that only repeats
how good a customer is explains nothing. A third of the customers, drawn by lot, is kept out to hold the findings
against. Where the log reaches back another period, what is found must be beyond chance there, too: a rule of one period
alone turns too often in the next one. Where it does not, the finding says that no other period was looked at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

import numpy as np
import pandas as pd

from patronage import lenses
from patronage import names as c
from patronage.analyses.acts import BY_CHANNEL, IN_CATEGORY, ORDER, acts
from patronage.analyses.contract import Analysis, Drawing, Population, Result, View
from patronage.analyses.rule_search import LEAST_CUSTOMERS, EarlierPeriod, RuleSearch, search_rules
from patronage.analyses.rules import Rules
from patronage.config import TurnsConfig, TurnTarget
from patronage.engine import text
from patronage.errors import DataError
from patronage.names import Metric
from patronage.typing import Array, Index

QUANTILES = (0.25, 0.5, 0.75, 0.9)
HELD_OUT = 1 / 3
BEFORE_ALL = (c.DAYS_SINCE_LAST_ORDER, c.N_ORDERS, c.NET_REVENUE)  # what every effect is beside
IN_COMBINATION = BEFORE_ALL[:2]
NOBODY = -2  # code of a label that no customer has
STEPS, CUSTOMERS_OF_A_STEP, LEAST_OF_A_CELL = 10, 100, 20


def run(view: View, settings: TurnsConfig) -> Result:
    """Search for each target."""
    result, sentences = Result(), []
    if view.before is None:
        raise DataError(f"the log does not reach {view.since_days} days back from the cutoff; lower movement_days")
    periods = [Period(view.before, view.now, 0)]
    if view.earlier is not None:
        periods.append(Period(view.earlier, view.before, 1))
    candidates = [_candidates(view, period, settings) for period in periods]
    for name, target in settings.targets.items():
        try:
            search = _search(view, periods, settings, target, candidates)
        except DataError as error:
            result.notes.append(f"turns, {name}: {error}")
            continue
        scale, unit = (1.0, "") if target.survey else (100.0, " points")
        title = f"{name}: {_told(search, scale, unit)}"
        table = search.table.assign(
            what=[view.meanings.get(family, "") for family in search.table["family"]],
        )
        frame = search.drawn
        frame[["value", "low", "high"]] *= scale
        axis = (
            f"difference of the {'answer' if target.survey else 'share'}{', in points' if unit else ''}; 95% interval"
        )
        result.add(f"turns_{name}", table, Drawing("forest", frame, title, axis))
        sentences.append(title)
        result.metrics[Metric.driver(name, "found")] = float(len(search.holding))
        result.metrics[Metric.driver(name, "by_chance")] = search.by_chance
    if sentences and view.earlier is None:
        sentences.append("the log has no period before to hold these rules against: another one may show others")
    result.finding = "; ".join(sentences)
    return result


def _told(search: RuleSearch, scale: float, unit: str) -> str:
    if search.holding.empty:
        nothing = f"nothing beyond chance beside recency, frequency and revenue ({len(search.table)} rules searched)"
        return nothing + search.of_this_period
    best = search.holding.iloc[0]
    effect, low, high = scale * best[["effect", "low", "high"]].to_numpy(float)
    if unit:
        told = f"did so {abs(effect):.1f}{unit} {'more' if effect > 0 else 'less'} often [{low:+.1f}, {high:+.1f}]"
    else:
        told = f"answered {abs(effect):.3f} {'higher' if effect > 0 else 'lower'} [{low:+.3f}, {high:+.3f}]"
    return f"customers with {best['rule']} {told}; {search.counted}"


class Period(NamedTuple):
    """The customers at the beginning of a period and at its end; `ago` periods end before the cutoff."""

    before: Population
    after: Population
    ago: int


def _candidates(view: View, period: Period, settings: TurnsConfig) -> pd.DataFrame:
    """What was known of each customer before a period: features, labels, and what was done in the time before it."""
    features = period.before.features
    names = [name for name in lenses.numeric(features) if name not in settings.leave_out]
    did = acts_before(view, period.ago)
    return pd.concat([features[names], did.reindex(features.index).fillna(0.0), period.before.segments], axis=1)


def acts_before(view: View, ago: int = 0) -> pd.DataFrame:
    """How often each customer did each thing in the `since_days` before the last period, or before one `ago`."""
    history = view.history
    age = history.age("day")
    first, last = (ago + 1) * view.since_days, (ago + 2) * view.since_days
    rows = history.frame(
        f"""
        SELECT customer_id, act, count(*) AS times FROM acts
        WHERE {age} > {first} AND {age} <= {last} GROUP BY customer_id, act""",
        acts(),
    )
    table = rows.pivot_table("times", c.CUSTOMER_ID, "act", aggfunc="sum", fill_value=0)
    return table.rename(columns=lambda act: f"times of {act}")


def _search(
    view: View, periods: Sequence[Period], settings: TurnsConfig, target: TurnTarget, known: Sequence[pd.DataFrame]
) -> RuleSearch:
    """Search the last period, beside the one before it where there is one."""
    candidates, y, adjust = _of_target(view, periods[0], settings, target, known[0])
    tests, matrix = _tests(candidates, settings.least, view.meanings)
    rules = Rules(matrix, [test.family for test in tests], [test.wording for test in tests])
    places = rules.distinct()
    rng = np.random.default_rng(view.seed)
    return search_rules(
        rules.of(np.ones(len(y), bool), places), y.to_numpy(np.float64), adjust, rng.random(len(y)) < HELD_OUT,
        least=settings.least, shuffles=settings.shuffles, seed=view.seed,
        earlier=_earlier(view, periods[1:], settings, target, known[1:], [tests[place] for place in places]),
    )  # fmt: skip


def _earlier(
    view: View,
    periods: Sequence[Period],
    settings: TurnsConfig,
    target: TurnTarget,
    known: Sequence[pd.DataFrame],
    tests: Sequence[Test],
) -> EarlierPeriod | None:
    """The same tests in the period before, where there is one with enough customers and both outcomes."""
    if not periods:
        return None
    candidates, y, adjust = _of_target(view, periods[0], settings, target, known[0])
    if len(y) < LEAST_CUSTOMERS or y.nunique() < 2:
        return None
    rules = Rules(_matrix(tests, candidates), [test.family for test in tests], [test.wording for test in tests])
    return EarlierPeriod(rules, y.to_numpy(np.float64), adjust)


def _of_target(
    view: View, period: Period, settings: TurnsConfig, target: TurnTarget, candidates: pd.DataFrame
) -> tuple[pd.DataFrame, pd.Series, Array]:
    """Of the customers who could turn in a period: what was known, the outcome, and what effects are beside."""
    y, own = outcome_of(view, period.before, target, period)
    y = y.dropna()
    known = candidates.loc[y.index]
    if target.column:
        known = known.drop(columns=target.column, errors="ignore")
    if len(known) > settings.most_customers:
        known = known.sample(settings.most_customers, random_state=view.seed).sort_index()
        y = y.loc[known.index]
    labels = own.reindex(known.index).fillna("")
    held = [(labels == label).to_numpy(np.float64) for label in sorted(labels.unique())[1:]]
    return known, y, np.column_stack([how_good(period.before.features.loc[known.index]), *held])


def how_good(features: pd.DataFrame) -> Array:
    """(N, A) how good a customer is, in steps: recency, frequency and revenue, and the first two in combination.

    On logarithms alone the effects of all that repeats one of them, such as a rule on revenue itself, would tell that
    the outcome follows no straight line.
    """
    n = len(features)
    steps = int(np.clip(n // CUSTOMERS_OF_A_STEP, 2, STEPS))
    columns, grid = [], np.zeros(n, np.intp)
    for name in BEFORE_ALL:
        values = features[name].clip(lower=0).fillna(0.0) if name in features else pd.Series(0.0, features.index)
        columns.append(np.log1p(values).to_numpy(np.float64))
        step = _step_of(values, steps)
        columns += [(step >= k).astype(np.float64) for k in np.unique(step)[1:]]
        if name in IN_COMBINATION:
            grid = grid * STEPS + _step_of(values, max(steps // 2, 2))
    cells, sizes = np.unique(grid, return_counts=True)
    columns += [(grid == cell).astype(np.float64) for cell in cells[sizes >= LEAST_OF_A_CELL][1:]]
    return np.column_stack(columns)


def _step_of(values: pd.Series, steps: int) -> Index:
    """(N,) the place of each value among so many steps of as many customers."""
    return np.searchsorted(np.unique(values.quantile(np.arange(1, steps) / steps)), values.to_numpy(np.float64))


def outcome_of(
    view: View, before: Population, target: TurnTarget, period: Period | None = None
) -> tuple[pd.Series, pd.Series]:
    """The outcome of the customers who could turn, missing for the others; and the label that each held before."""
    nobody = pd.Series("", before.features.index)
    if target.survey or target.event:
        return _since(view, before, target, period.ago if period else 0), nobody
    if target.column not in before.segments:
        raise DataError(f"this log does not support the segment {target.column}")
    earlier = before.segments[target.column]
    now = (period.after if period else view.now).segments[target.column].reindex(earlier.index)
    if target.became:
        could = ~earlier.isin(target.became) & now.notna()
        return now.isin(target.became).astype(float).where(could), earlier
    ranks = {label: place for place, label in enumerate(target.order)}
    rank_before, rank_now = earlier.map(ranks), now.map(ranks)
    better = rank_now < rank_before if target.move == "rose" else rank_now > rank_before
    end = 0 if target.move == "rose" else len(ranks) - 1
    return better.astype(float).where(rank_before.notna() & rank_now.notna() & (rank_before != end)), earlier


def _since(view: View, before: Population, target: TurnTarget, ago: int) -> pd.Series:
    """What the customers did, or answered, in the period."""
    wanted = target.survey or target.event
    of_orders = wanted == ORDER or wanted.startswith((IN_CATEGORY, BY_CHANNEL))
    if not of_orders and wanted not in view.history.tables.events:
        raise DataError(f"the log has no event {wanted}")
    history, first, last = view.history, ago * view.since_days, (ago + 1) * view.since_days
    buyers = before.features.index[before.features[c.N_ORDERS].fillna(0) > 0]
    if target.survey:
        day = history.age("CAST(occurred_at AS DATE)")
        rows = history.frame(
            f"SELECT customer_id, avg(value) AS answer FROM events WHERE event = {text(target.survey)} "
            f"AND value IS NOT NULL AND {day} > {first} AND {day} <= {last} GROUP BY customer_id"
        )
        return rows.set_index(c.CUSTOMER_ID)["answer"].reindex(before.features.index)
    since = f"{history.age('day')} > {first} AND {history.age('day')} <= {last}"
    rows = history.frame(f"SELECT DISTINCT customer_id FROM acts WHERE act = {text(target.event)} AND {since}", acts())
    did = pd.Series(buyers.isin(rows[c.CUSTOMER_ID]), buyers).astype(float)
    return (1 - did if target.absent else did).reindex(before.features.index)


class Test(NamedTuple):
    """A rule: a number above a border, or a label."""

    column: str
    border: float | None
    label: str
    family: str
    wording: str


def _tests(known: pd.DataFrame, least: int, meanings: Mapping[str, str]) -> tuple[list[Test], Array]:
    """Every number above its quantiles, every label, in words; those that enough fulfil, and enough do not.

    With their (N, tests) matrix of who fulfils them.
    """
    tests: list[Test] = []
    borders = known.quantile(QUANTILES, numeric_only=True)
    for name in map(str, known):
        if name in borders:
            words = lenses.short(meanings.get(name, name))
            own = sorted(set(borders[name].dropna()))
            tests += [Test(name, border, "", name, f"{words} above {_short(border)}") for border in own]
        else:
            labels = sorted(set(known[name].dropna().unique()) - {c.UNKNOWN})
            tests += [Test(name, None, label, f"{name} {label}", f"{name} {label}") for label in labels]
    matrix = _matrix(tests, known)
    sums = matrix.sum(axis=0)
    enough = np.flatnonzero((sums >= least) & (sums <= len(known) - least))
    if not len(enough):
        raise DataError(f"no candidate that {least} customers show and {least} do not")
    return [tests[place] for place in enough], matrix[:, enough]


def _matrix(tests: Sequence[Test], known: pd.DataFrame) -> Array:
    """(N, tests) 1 where the customer fulfils the test; one of a column that is not known is fulfilled by nobody."""
    matrix = np.zeros((len(known), len(tests)), order="F")
    for column, own in groupby(enumerate(tests), lambda pair: pair[1].column):
        if column not in known:
            continue
        values, labels = known[column], {}
        if not pd.api.types.is_numeric_dtype(values):
            codes, names = pd.factorize(values)
            values, labels = codes, {name: code for code, name in enumerate(names)}
        numbers = np.asarray(values, np.float64)
        for place, test in own:
            matrix[:, place] = (
                numbers == labels.get(test.label, NOBODY) if test.border is None else numbers > test.border
            )
    return np.ascontiguousarray(matrix)  # row by row, as all that is made of it


def _short(border: float) -> str:
    """Three digits that matter, and no exponent."""
    return f"{border:,.0f}" if abs(border) >= 100 else f"{border:.3g}"


ANALYSIS = Analysis("turns", "What did customers do before they turned: rose, fell, became loyal, left?", run)
