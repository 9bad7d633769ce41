"""Segments on trial: every label held against what its customers went on to do.

The labels of one cutoff are held against the orders and the spend of the horizon after it, of all customers who were
known at that cutoff: what came is later than all that made the labels. A label whose name claims something (`lost`,
`heavy`) is tested on that claim in its direction; another one on any difference from the other customers. All tests of
a run are one family: the share of false verdicts `holds` is kept at 5 % (Benjamini and Hochberg 1995). A difference
that so few customers could not have shown is no verdict against a name.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from scipy.stats import norm

from patronage import names as c
from patronage.evaluation.intervals import Resampling
from patronage.evaluation.segment_claims import BOUGHT, MEASURES, ORDERS_OF_NAMES, LabelClaim, claim_of
from patronage.labels import LabelledSnapshot
from patronage.statistics import false_discovery, wilson_interval
from patronage.typing import Array, Index, Mask

HOLDS, SAYS_NOTHING, TOO_FEW, NAME_FAILS = "holds", "says nothing", "too few", "name does not hold"
LEVEL = 0.05  # of the intervals, and the share of false discoveries
POWER = 0.8  # with which the smallest difference would be found
FAIR = 0.25  # of everyone's mean: a label that could show no difference of this size is too narrow
FEWEST = 20  # customers below whom no normal approximation is meant
SPLITS = 20  # random halves
MOST_LABELS = 40  # of a column; those of fewer customers are counted, not tried
Z = float(norm.isf(LEVEL / 2))
Z_POWER = Z + float(norm.isf(1 - POWER))

Sums: TypeAlias = Callable[[Array], Array]  # of a number per customer, label by label


@dataclass(frozen=True)
class SegmentTrial:
    """The verdicts.

    Attributes
    ----------
    segments
        A row per label: `column`, `label`, how many customers it has, what was predicted of them and what came, each
        with its 95 % interval (`_low`, `_high`), and the verdict.
    columns
        A row per column: how far two halves of the customers agree on its labels, and whether ordered names are in
        order.
    customers
        How many customers were held against what came.
    """

    segments: pd.DataFrame
    columns: pd.DataFrame
    customers: int


@dataclass(frozen=True)
class _Outcomes:
    """What came of N customers, and what was predicted: a vector each."""

    actual: Mapping[str, Array]
    churned: Array
    revenue: Array
    profit: Array
    clv: Array
    churn: Array


def tried_columns(assignments: pd.DataFrame, segments: Sequence[str]) -> list[str]:
    """The columns whose labels are tried: persona, churn band, stage, and those of the lenses."""
    named = [c.PERSONA, c.CHURN_BAND, c.JOURNEY_STAGE, *segments]
    return [name for name in dict.fromkeys(named) if name in assignments]


def try_segments(
    assignments: pd.DataFrame, evaluated: LabelledSnapshot, columns: Sequence[str], resampling: Resampling
) -> SegmentTrial:
    """Hold the labels of `columns` against what came.

    Parameters
    ----------
    assignments
        Of the evaluated customers, on their index, made from what was known at the cutoff alone.
    """
    outcomes = _outcomes(assignments, evaluated)
    halves = np.random.default_rng(resampling.seed).random((SPLITS, len(assignments))) < 0.5
    rows, about = [], []
    for column in columns:
        codes, labels, left_out = _coded(assignments[column])
        table = _column_rows(column, codes, labels, outcomes)
        agreement, per_label = _half_agreement(codes, len(labels), outcomes.actual[c.ORDERS], halves)
        rows.append(table.assign(split_half_agreement=per_label))
        about.append({"column": column, "labels": len(labels), "labels_left_out": left_out, "split_half": agreement})
    segments = pd.concat(rows, ignore_index=True)
    segments["p_value_adjusted"] = false_discovery(segments["p_value"].to_numpy())
    segments["verdict"] = [_verdict(row) for row in segments.to_dict("records")]
    orders = [_order(column, segments) for column in columns]
    segments = _mark_out_of_order(segments, orders)
    about_columns = pd.DataFrame(about).assign(order=[words for words, _ in orders])
    return SegmentTrial(segments, about_columns, len(assignments))


def _outcomes(assignments: pd.DataFrame, evaluated: LabelledSnapshot) -> _Outcomes:
    labels, features = evaluated.labels, evaluated.features

    def number(frame: pd.DataFrame, name: str) -> Array:
        return frame[name].to_numpy(np.float64) if name in frame else np.full(len(frame), np.nan)

    actual = {
        BOUGHT: (labels[c.ORDERS] > 0).to_numpy(np.float64),
        c.ORDERS: labels[c.ORDERS].to_numpy(np.float64),
        c.SPEND: labels[c.SPEND].to_numpy(np.float64),
    }
    return _Outcomes(
        actual,
        number(labels, c.CHURNED),
        number(features, c.REVENUE),
        number(features, c.PROFIT),
        number(assignments, c.CLV),
        number(assignments, c.CHURN_PROBABILITY),
    )


def _coded(labels: pd.Series) -> tuple[Index, list[str], int]:
    """A number per customer, -1 for a label that is not tried; the labels, the largest first; how many are not."""
    counts = labels.astype(str).value_counts()
    counts = counts.iloc[np.lexsort((counts.index, -counts.to_numpy()))]
    largest = [str(name) for name in counts.index[:MOST_LABELS]]
    codes = pd.Index(largest).get_indexer(labels.astype(str))
    return codes, largest, len(counts) - len(largest)


def _column_rows(column: str, codes: Index, labels: list[str], outcomes: _Outcomes) -> pd.DataFrame:
    """A row per label of one column, without a verdict."""
    tried, n = codes >= 0, len(codes)
    place = codes[tried]

    def sums(values: Array) -> Array:
        return np.bincount(place, values[tried], len(labels)).astype(np.float64)

    size = sums(np.ones(n))
    table = pd.DataFrame({"column": column, "label": labels, "customers": size.astype(int), "share": size / n})
    revenue = np.nan_to_num(outcomes.revenue)
    table["revenue_share"] = sums(revenue) / max(revenue.sum(), 1e-12)
    means = (("clv", outcomes.clv), ("churn_predicted", outcomes.churn), ("profit_so_far", outcomes.profit))
    for name, values in means:
        table[name], table[f"{name}_low"], table[f"{name}_high"] = _mean_known(values, sums)
    table["churn_actual"], table["churn_actual_low"], table["churn_actual_high"] = _share_known(outcomes.churned, sums)
    tests = {}
    for measure, values in outcomes.actual.items():
        ours, se = _mean_error(sums(values), sums(values**2), size)
        others, se_others = _mean_error(values.sum() - sums(values), (values**2).sum() - sums(values**2), n - size)
        everyone = max(abs(float(values.mean())), 1e-12)
        low, high = wilson_interval(ours * size, size) if measure == BOUGHT else (ours - Z * se, ours + Z * se)
        table[measure], table[f"{measure}_low"], table[f"{measure}_high"] = ours, low, high
        lift, share = ours / everyone, size / n
        # the label is a part of everyone: the delta method on the ratio of the two means
        of_others = Z * lift * (1 - share) * np.nan_to_num(se_others)
        down, up = (np.hypot((1 - share * lift) * part, of_others) / everyone for part in (ours - low, high - ours))
        table[f"{measure}_lift"] = lift
        table[f"{measure}_lift_low"], table[f"{measure}_lift_high"] = lift - down, lift + up
        difference_error = np.hypot(se, np.nan_to_num(se_others))
        table[f"{measure}_smallest_difference"] = Z_POWER * difference_error / everyone
        with np.errstate(invalid="ignore", divide="ignore"):
            tests[measure] = np.where(difference_error > 0, (ours - others) / difference_error, 0.0)
    return _with_tests(table, tests)


def _with_tests(table: pd.DataFrame, tests: Mapping[str, Array]) -> pd.DataFrame:
    """The claim of each name, and the p-value of its test: of the claim, or of any difference (Bonferroni)."""
    claims = [claim_of(column, label) for column, label in zip(table["column"], table["label"], strict=True)]
    p_values, measures, directions = [], [], []
    for k, (label, claim) in enumerate(zip(table["label"], claims, strict=True)):
        if label == c.UNKNOWN or len(table) == 1:
            p_values.append(np.nan)
        elif claim is None:
            p_values.append(min(1.0, len(tests) * min(2 * float(norm.sf(abs(z[k]))) for z in tests.values())))
        else:
            p_values.append(float(norm.sf(claim.direction * tests[claim.measure][k])))
        measures.append(_clearest(tests, k) if claim is None else claim.measure)
        directions.append("" if claim is None else _in_words(claim))
    return table.assign(claim=directions, measure=measures, p_value=p_values)


def _clearest(tests: Mapping[str, Array], k: int) -> str:
    return max(MEASURES, key=lambda measure: abs(tests[measure][k]))


def _in_words(claim: LabelClaim) -> str:
    return f"{'more' if claim.direction > 0 else 'less'} {claim.measure} than the other customers"


def _mean_known(values: Array, sums: Sums) -> tuple[Array, Array, Array]:
    """The mean of the known values of each label with its interval; missing without any."""
    known = np.isfinite(values)
    filled = np.where(known, values, 0.0)
    mean, se = _mean_error(sums(filled), sums(filled**2), sums(known.astype(np.float64)))
    return mean, mean - Z * se, mean + Z * se


def _share_known(values: Array, sums: Sums) -> tuple[Array, Array, Array]:
    known = np.isfinite(values)
    count = sums(known.astype(np.float64))
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(count > 0, sums(np.where(known, values, 0.0)) / count, np.nan)
    return (share, *wilson_interval(share * count, count))


def _mean_error(total: Array, squares: Array, count: Array) -> tuple[Array, Array]:
    """Mean and its standard error; missing for fewer than one, or two."""
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = total / count
        variance = np.maximum(squares / count - mean**2, 0) * count / (count - 1)
        return np.where(count > 0, mean, np.nan), np.where(count > 1, np.sqrt(variance / count), np.nan)


def _half_agreement(codes: Index, labels: int, orders: Array, halves: Mask) -> tuple[float, Array]:
    """Do two random halves of the customers tell the same of the labels?

    Returns
    -------
    float
        The mean correlation of the labels' mean orders in the two halves, weighted by customers.
    (labels,)
        The share of splits in which both halves put the label on the same side of everyone.
    """
    same, correlations = np.zeros(labels), []
    tried = codes >= 0
    weights = np.bincount(codes[tried], minlength=labels).astype(np.float64)
    for half in halves:
        means = []
        for side in (half & tried, ~half & tried):
            count = np.bincount(codes[side], minlength=labels)
            with np.errstate(invalid="ignore", divide="ignore"):
                means.append(np.bincount(codes[side], orders[side], labels) / count)
        first, second = means
        everyone = orders[half].mean(), orders[~half].mean()
        same += np.sign(first - everyone[0]) == np.sign(second - everyone[1])
        correlations.append(_weighted_correlation(first, second, weights))
    known = np.array(correlations)[np.isfinite(correlations)]
    return float(known.mean()) if len(known) else float("nan"), same / len(halves)


def _weighted_correlation(first: Array, second: Array, weights: Array) -> float:
    known = np.isfinite(first) & np.isfinite(second)
    if known.sum() < 2:
        return float("nan")
    table = np.cov(first[known], second[known], aweights=weights[known])
    scale = float(np.sqrt(table[0, 0] * table[1, 1]))
    return float(table[0, 1] / scale) if scale > 0 else float("nan")


def _verdict(row: Mapping[Hashable, Any]) -> str:
    """What can be said of one label; empty for `unknown`, and where there is no other label to compare with."""
    p_value = float(row["p_value_adjusted"])
    if np.isnan(p_value):
        return ""
    if int(row["customers"]) < FEWEST:
        return TOO_FEW
    if p_value < LEVEL:
        return HOLDS
    if float(row[f"{row['measure']}_smallest_difference"]) > FAIR:
        return TOO_FEW
    return NAME_FAILS if row["claim"] else SAYS_NOTHING


def _order(column: str, segments: pd.DataFrame) -> tuple[str, list[str]]:
    """Whether the ordered names of a column are in order, in words; and the labels that are not."""
    own = segments[(segments["column"] == column) & (segments["customers"] >= FEWEST)].set_index("label")
    wrong, open_, compared = [], [], 0
    for measure, names in ORDERS_OF_NAMES.get(column, ()):
        present = [name for name in names if name in own.index]
        for more, less in pairwise(present):
            compared += 1
            error = [(own.loc[n, f"{measure}_high"] - own.loc[n, f"{measure}_low"]) / (2 * Z) for n in (more, less)]
            difference = float(own.loc[more, measure] - own.loc[less, measure])
            if difference <= -Z * float(np.hypot(*error)):
                wrong.append((more, less))
            elif difference < Z * float(np.hypot(*error)):
                open_.append((more, less))
    if not compared:
        return "", []
    if wrong:
        return "not in order: " + ", ".join(f"{less} above {more}" for more, less in wrong), [a for a, _ in wrong]
    if open_:
        return "in order, but not shown: " + ", ".join(f"{more} and {less}" for more, less in open_), []
    return "in order", []


def _mark_out_of_order(segments: pd.DataFrame, orders: Sequence[tuple[str, list[str]]]) -> pd.DataFrame:
    """A name that stands above another and has clearly less of what came does not hold."""
    columns = list(dict.fromkeys(segments["column"]))
    verdict = segments["verdict"].copy()
    for column, (_, wrong) in zip(columns, orders, strict=True):
        verdict[(segments["column"] == column) & segments["label"].isin(wrong)] = NAME_FAILS
    return segments.assign(verdict=verdict)
