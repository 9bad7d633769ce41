"""What personas tell of what unseen customers do later, beyond an RFM grid of as many cells.

Outcomes of the horizon come in themes: how much (orders, spend, churn), which goods (the mix of categories, or of
groups of products that are bought together), when (weekend, evening) and the response to offers. A grouping explains
what the means of its groups, of the customers whom the personas were learned from, explain on unseen ones at the same
later time (`patronage.models.personas.telling`). Beyond the grid means: of what the grid's means leave over. Beside the
personas stand a 2 by 2 rule (came back; ordered in the last 90 days) and the personas shuffled over the customers,
which tell nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.data import Tables
from patronage.evaluation.intervals import ENDS, Interval, Resampling, resampled_sums
from patronage.evaluation.scorecard import Headline
from patronage.labels import LabelledSnapshot, habits_in
from patronage.models.personas.telling import group_errors, group_means
from patronage.names import Metric
from patronage.training.goods import goods_of
from patronage.training.origins import Split
from patronage.typing import Array, Mask

PERSONAS, RFM_GRID, TWO_BY_TWO, SHUFFLED = "personas", "rfm_grid", "two_by_two", "shuffled"
MEASURE = "later_behaviour"
AMOUNT, GOODS, WHEN, OFFERS = "how much", "which goods", "when", "offers"
LEAST = 60  # customers with an outcome, to say anything of it
SHAPES = {2: (2, 1), 3: (3, 1), 4: (2, 2), 5: (5, 1), 6: (3, 2), 7: (7, 1), 8: (4, 2)}  # cells by orders and recency


class Outcome(NamedTuple):
    """Something that customers did later: (n, M) values of those at these rows of the evaluated customers."""

    theme: str
    name: str
    rows: np.ndarray
    values: Array


@dataclass(frozen=True)
class LaterBehaviour:
    """What each grouping tells: a row per outcome and grouping, the metrics, and the headline of the personas."""

    table: pd.DataFrame
    metrics: dict[str, float]
    headline: Headline


def evaluate_later(
    personas: pd.Series,
    tables: Tables,
    learned_from: Split,
    evaluated: LabelledSnapshot,
    resampling: Resampling,
    unseen: pd.Series | None = None,
) -> LaterBehaviour | None:
    """Measure the personas on customers whom their fit did not see; None where too few have bought.

    Parameters
    ----------
    personas
        Persona of each evaluated customer, by that fit.
    learned_from
        What it learned from: borders of the grid and groups of goods come from there.
    evaluated
        Everyone at the later time.
    unseen
        Whom the fit did not see: they are judged, by the means of the others. None judges everyone, each half of the
        customers by the means of the other.
    """
    bought = evaluated.features[c.N_ORDERS] > 0
    judged = (bought if unseen is None else bought & unseen)[bought].to_numpy()
    if judged.sum() < LEAST:
        return None
    evaluated = evaluated.select(bought)
    groups = groupings(personas[bought].to_numpy(), learned_from, evaluated, resampling.seed)
    outcomes = [
        outcome
        for outcome in later_outcomes(tables, learned_from, evaluated)
        if judged[outcome.rows].sum() >= LEAST and np.ptp(outcome.values[judged[outcome.rows]]) > 0
    ]
    errors = {
        (outcome.name, name): _errors(groups, name, outcome, resampling.seed, judged)
        for outcome in outcomes
        for name in groups
    }
    n = int(judged.sum())
    table = _table(outcomes, groups, errors, n, resampling)
    themes = [(outcome.theme, outcome.name) for outcome in outcomes]
    beyond = {
        name: _beyond(themes, {key: errors[key, name] for _, key in themes}, n, resampling)
        for name in (PERSONAS, TWO_BY_TWO, SHUFFLED)
    }
    return LaterBehaviour(table, _metrics(table, beyond), _headline(beyond))


def groupings(personas: Array, learned_from: Split, evaluated: LabelledSnapshot, seed: int) -> dict[str, Array]:
    """The personas, and what stands beside them."""
    features = evaluated.features
    repeat, recent = features[c.REPEAT_DAYS_PER_MONTH] > 0, features[c.ACTIVE_DAYS_RECENT] > 0
    return {
        PERSONAS: personas,
        RFM_GRID: rfm_grid(learned_from.current.features, features, len(np.unique(personas))),
        TWO_BY_TWO: (2 * repeat + recent).to_numpy(int),
        SHUFFLED: np.random.default_rng(seed).permutation(personas),
    }


def rfm_grid(learned: pd.DataFrame, features: pd.DataFrame, cells: int) -> Array:
    """Cells of orders and recency, at quantiles of the ranks of the customers whom the fit saw.

    Many customers have the same number of orders; among them the more recent are ranked higher.
    """
    by_orders, by_recency = SHAPES.get(cells, (max(cells // 2, 1), 2))
    recency = -features[c.DAYS_SINCE_LAST_ORDER], -learned[c.DAYS_SINCE_LAST_ORDER]
    tie = 1 / (1 + 2 * float(max(-recency[0].min(), -recency[1].min(), 1)))
    now, before = features[c.N_ORDERS] + tie * recency[0], learned[c.N_ORDERS] + tie * recency[1]
    orders = _bin(now, before.dropna(), by_orders)
    return orders * by_recency + _bin(recency[0], recency[1].dropna(), by_recency)


def _bin(values: pd.Series, learned: pd.Series, bins: int) -> Array:
    borders = np.quantile(learned, np.arange(1, bins) / bins) if bins > 1 else np.empty(0)
    return np.searchsorted(borders, values.to_numpy(float), side="right")


def later_outcomes(tables: Tables, learned_from: Split, evaluated: LabelledSnapshot) -> list[Outcome]:
    """What the evaluated customers did in the horizon, of which enough is known."""
    labels, everyone = evaluated.labels, np.arange(len(evaluated.labels))
    outcomes = [
        Outcome(AMOUNT, c.ORDERS, everyone, np.log1p(labels[c.ORDERS].to_numpy(float))),
        Outcome(AMOUNT, c.SPEND, everyone, np.log1p(labels[c.SPEND].clip(lower=0).to_numpy(float))),
        Outcome(AMOUNT, "churn", *_known(labels[c.CHURNED])),
    ]
    mix = goods_of(tables, evaluated, learned_from.lenses)
    if mix is not None:
        outcomes.append(Outcome(GOODS, "mix", *_known(mix)))
    habits = habits_in(tables, evaluated.cutoff, evaluated.horizon_days, labels.index)
    for theme, names in ((WHEN, [c.WEEKEND_SHARE, c.EVENING_SHARE]), (OFFERS, [c.OFFER_RESPONSE])):
        outcomes += [Outcome(theme, name, *_known(habits[name])) for name in names if name in habits]
    return [outcome for outcome in outcomes if len(outcome.rows) >= LEAST]


def _known(values: pd.Series | pd.DataFrame) -> tuple[np.ndarray, Array]:
    """The rows without a missing value, and their values."""
    array = values.to_numpy(float)
    rows = np.flatnonzero(~np.isnan(array.reshape(len(array), -1)).any(axis=1))
    return rows, array[rows]


class _Errors(NamedTuple):
    """Squared errors of everyone's mean, of the grouping's, of the grid's, and of the grouping beyond the grid.

    Of the judged customers with the outcome, whose places among all who are judged are `rows`.
    """

    base: Array
    own: Array
    grid: Array
    beyond: Array
    rows: np.ndarray


def _errors(groups: Mapping[str, Array], name: str, outcome: Outcome, seed: int, judged: Mask) -> _Errors:
    rows, y = outcome.rows, outcome.values.reshape(len(outcome.rows), -1)
    here, everyone = judged[rows], judged.all()
    of_others = None if everyone else here
    own, base = group_errors(groups[name][rows], y, seed, of_others)
    means = group_means(groups[RFM_GRID][rows], y, np.ones(len(y), bool) if everyone else ~here)
    beyond, left = group_errors(groups[name][rows], y - means, seed, of_others)
    places = (np.cumsum(judged) - 1)[rows[here]]
    return _Errors(base[here], own[here], left[here], beyond[here], places)


def _sums(errors: Mapping[str, _Errors], n: int, resampling: Resampling) -> dict[str, Array]:
    """By outcome, (1 + times, 4) sums of the errors: of the customers themselves, then of each resample."""
    names = list(errors)
    columns = []
    for name in names:
        for values in errors[name][:4]:
            column = np.zeros(n)
            column[errors[name].rows] = values
            columns.append(column)
    totals = np.array([column.sum() for column in columns])
    sums = np.vstack([totals, resampled_sums(columns, n, resampling)])
    return {name: sums[:, 4 * place : 4 * place + 4] for place, name in enumerate(names)}


def _share(errors: Array, base: Array) -> Array:
    return 1 - errors / np.maximum(base, 1e-12)


def _beyond(themes: list[tuple[str, str]], errors: Mapping[str, _Errors], n: int, resampling: Resampling) -> Array:
    """(1 + times,) the mean over themes of the mean over their outcomes of what is explained beyond the grid."""
    sums = _sums(errors, n, resampling)
    shares = {name: _share(values[:, 3], values[:, 2]) for name, values in sums.items()}
    by_theme = pd.Series(dict.fromkeys(theme for theme, _ in themes)).index
    return np.mean(
        [np.mean([shares[name] for theme, name in themes if theme == one], axis=0) for one in by_theme], axis=0
    )


def _table(
    outcomes: list[Outcome],
    groups: Mapping[str, Array],
    errors: Mapping[tuple[str, str], _Errors],
    n: int,
    resampling: Resampling,
) -> pd.DataFrame:
    """A row per outcome and grouping: the share that it explains, and beyond the grid, each with its interval."""
    rows = []
    for outcome in outcomes:
        for name in groups:
            (sums,) = _sums({outcome.name: errors[outcome.name, name]}, n, resampling).values()
            own, beyond = _share(sums[:, 1], sums[:, 0]), _share(sums[:, 3], sums[:, 2])
            low, high = np.quantile(own[1:], ENDS)
            beyond_low, beyond_high = np.quantile(beyond[1:], ENDS)
            rows.append(
                {
                    "theme": outcome.theme, "outcome": outcome.name, "grouping": name,
                    "groups": len(np.unique(groups[name])), "customers": len(errors[outcome.name, name].rows),
                    "explained": own[0], "explained_low": low, "explained_high": high,
                    "beyond_grid": beyond[0], "beyond_grid_low": beyond_low, "beyond_grid_high": beyond_high,
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def _metrics(table: pd.DataFrame, beyond: Mapping[str, Array]) -> dict[str, float]:
    explained = table.set_index(["outcome", "grouping"])["explained"]
    metrics = {Metric.PERSONA_LATER_BEHAVIOUR: float(beyond[PERSONAS][0])}
    metrics |= {Metric.baseline(PERSONAS, name, MEASURE): float(beyond[name][0]) for name in (TWO_BY_TWO, SHUFFLED)}
    for outcome, metric in ((c.SPEND, Metric.PERSONA_LATER_SPEND), ("mix", Metric.PERSONA_LATER_MIX)):
        if (outcome, PERSONAS) in explained:
            metrics[metric] = float(explained[outcome, PERSONAS])
            measure = metric.split("/")[1]
            metrics[Metric.baseline(PERSONAS, RFM_GRID, measure)] = float(explained[outcome, RFM_GRID])
    return metrics


def _headline(beyond: Mapping[str, Array]) -> Headline:
    """As a loss, as everywhere: a negative difference is better."""
    best = max((TWO_BY_TWO, SHUFFLED), key=lambda name: float(beyond[name][0]))
    difference = beyond[best] - beyond[PERSONAS]
    low, high = np.quantile(difference[1:], ENDS)
    interval = Interval(float(difference[0]), float(low), float(high))
    return Headline(PERSONAS, MEASURE, float(beyond[PERSONAS][0]), best, float(beyond[best][0]), interval)
