"""Effects by label, with multiplicity controlled; how a ranking of customers does; how large an experiment must be."""

from __future__ import annotations

from math import ceil

import numpy as np
import pandas as pd
from scipy.stats import norm

from patronage import names as c
from patronage.models.effects.policy import mean_interval
from patronage.statistics import false_discovery, two_sided
from patronage.typing import Array

FEWEST = 30  # customers of a label
FALSE_DISCOVERIES = 0.05
BANDS = (("0", 0, 0), ("1", 1, 1), ("2 to 3", 2, 3), ("4 to 7", 4, 7), ("8 and more", 8, np.inf))
TREND = "each doubling"
GAINS, HARMS, NOTHING = "gains", "is harmed", "no effect found"


def effects_by_label(labels: pd.DataFrame, arms: list[str], scores: Array) -> pd.DataFrame:
    """The mean effect of each arm on the customers of each label, by doubly robust scores.

    Parameters
    ----------
    labels
        A column per labelling, a row per customer.
    arms
        Control first.
    scores
        (N, A + 1) doubly robust scores in the order of the rows.

    Returns
    -------
    DataFrame
        `effect`, `low`, `high` (95 %), `p_adjusted` by Benjamini and Hochberg over all rows, and `finding`: gains, is
        harmed or no effect found, where at most one in twenty of those that are named is false.
    """
    rows = []
    for column in labels:
        for label, group in pd.Series(np.arange(len(labels))).groupby(labels[column].astype(str).to_numpy()):
            if len(group) < FEWEST:
                continue
            for number, arm in enumerate(arms[1:], 1):
                interval = mean_interval(scores[group, number] - scores[group, 0])
                rows.append((column, label, arm, len(group), *interval))
    names = ["labels", "label", c.ARM, "customers", "effect", "low", "high", "p"]
    table = pd.DataFrame(rows, columns=names)
    table["p_adjusted"] = false_discovery(table["p"].to_numpy(np.float64))
    sure = table["p_adjusted"] < FALSE_DISCOVERIES
    table["finding"] = np.select([sure & (table["effect"] > 0), sure & (table["effect"] < 0)], [GAINS, HARMS], NOTHING)
    return table.drop(columns="p")


def effects_by_days(outcomes: pd.DataFrame, arms: list[str], weights: Array) -> pd.DataFrame:
    """How the effect of each arm fades: what it changes in each span of days since the contact, and until then in all.

    Parameters
    ----------
    outcomes
        A row per customer, a column per span: the days from and until which it counts, and what came then.
    weights
        (N, A + 1) 1 over the probability of the arm that was given; 0 of the others.

    Returns
    -------
    DataFrame
        `effect` of the span with `low` and `high`, and `so_far`, since the contact, with its ends; 95 % intervals;
        `p_adjusted` of the span by Benjamini and Hochberg over all rows: of several spans one is seldom 0 by chance.
        Orders that only came earlier show as a later effect below 0.
    """
    rows = []
    for number, arm in enumerate(arms[1:], 1):
        total = np.zeros(len(outcomes))
        for column in outcomes:
            value = outcomes[column].to_numpy(np.float64)
            total = total + value
            own, so_far = (mean_interval(_weighted(each, weights, number)) for each in (value, total))
            rows.append((arm, *column, len(value), *own[:3], *so_far[:3], own[3]))
    columns = [
        c.ARM,
        "from_day",
        "until_day",
        "customers",
        "effect",
        "low",
        "high",
        "so_far",
        "so_far_low",
        "so_far_high",
        "p_adjusted",
    ]
    table = pd.DataFrame(rows, columns=columns)
    return table.assign(p_adjusted=false_discovery(table["p_adjusted"].to_numpy(np.float64)))


def effects_by_pressure(contacts_before: pd.Series, arms: list[str], scores: Array) -> pd.DataFrame:
    """The effect of each arm by how many contacts the customer had before, and whether it falls with them.

    Returns
    -------
    DataFrame
        `contacts_before`: a band, or `TREND`, the change of the effect with each doubling of 1 + the number; `effect`
        with its 95 % interval, `customers`, and `p_adjusted` of the trends over the arms.
    """
    numbers = contacts_before.to_numpy(np.float64)
    rows = []
    for number, arm in enumerate(arms[1:], 1):
        difference = scores[:, number] - scores[:, 0]
        for name, low, high in BANDS:
            own = (numbers >= low) & (numbers <= high)
            if own.sum() >= FEWEST:
                rows.append((arm, name, int(own.sum()), *mean_interval(difference[own])[:3], np.nan))
        doubled = np.log2(1 + numbers)
        if doubled.std() > 0:
            rows.append((arm, TREND, len(numbers), *_trend(doubled, difference)))
    table = pd.DataFrame(rows, columns=[c.ARM, "contacts_before", "customers", "effect", "low", "high", "p_adjusted"])
    trends = table["contacts_before"] == TREND
    table.loc[trends, "p_adjusted"] = false_discovery(table.loc[trends, "p_adjusted"].to_numpy(np.float64))
    return table


def _trend(x: Array, y: Array) -> tuple[float, float, float, float]:
    """The slope of y by x with its 95 % interval and its p-value, robust to unequal variances."""
    centred = x - x.mean()
    variance = float(centred @ centred)
    slope = float(centred @ y) / variance
    rest = centred * (y - y.mean() - slope * centred)
    error = float(np.sqrt(rest @ rest)) / variance
    half = float(norm.ppf(0.975)) * error
    return slope, slope - half, slope + half, float(two_sided(slope / error)) if error > 0 else 1.0


def _weighted(outcome: Array, weights: Array, arm: int) -> Array:
    """(N,) scores whose mean is the effect of an arm, without a model of the outcome."""
    parts = []
    for own in (arm, 0):
        weight = weights[:, own]
        mean = float(weight @ outcome) / float(weight.sum())
        parts.append(mean + weight * (outcome - mean))
    return np.asarray(parts[0] - parts[1])


def separation(labels: pd.DataFrame, arms: list[str], scores: Array) -> pd.DataFrame:
    """Which labelling separates effects best: the spread of true effects between its labels, beyond chance.

    `spread` is the standard deviation between labels after the variance of estimation is taken off; 0 is chance.
    """
    rows = []
    for column in labels:
        for number, arm in enumerate(arms[1:], 1):
            difference = pd.Series(scores[:, number] - scores[:, 0])
            groups = difference.groupby(labels[column].astype(str).to_numpy())
            means, sizes, errors = groups.mean(), groups.size(), groups.var(ddof=1) / groups.size()
            usable = sizes >= FEWEST
            share = sizes[usable] / max(sizes[usable].sum(), 1)
            centre = float((share * means[usable]).sum())
            between = float((share * ((means[usable] - centre) ** 2 - (1 - share) * errors[usable])).sum())
            rows.append((column, arm, int(usable.sum()), np.sqrt(max(between, 0.0))))
    table = pd.DataFrame(rows, columns=["labels", c.ARM, "n_labels", "spread"])
    return table.sort_values("spread", ascending=False, ignore_index=True)


def ranking(effect: Array, score: Array) -> dict[str, tuple[float, float, float]]:
    """How a ranking by predicted effect does on customers that it has not seen, each with its 95 % interval.

    Returns
    -------
    dict
        `qini`: area between the curve of cumulated gain per customer and the line of contacting at random; `auuc`: the
        area under the curve; `rate`: the mean over shares of what the top share gains beyond the average (AUTOC of
        Yadlowsky et al.). 0 of `qini` and `rate` is a ranking by chance.
    """
    order = np.argsort(-effect, kind="stable")
    n = len(effect)
    left = 1.0 - np.arange(n) / n  # the share of the curve that a customer of this rank adds to
    harmonic = np.cumsum(1.0 / np.arange(n, 0, -1))[::-1]  # sum over k >= rank of 1 / k
    values = {"qini": left - left.mean(), "auuc": left, "rate": harmonic - 1.0}
    return {name: mean_interval(weight * score[order])[:3] for name, weight in values.items()}


def customers_needed(rate: float, effect: float, power: float, level: float = 0.05) -> int:
    """Customers of each of two equal arms who show an effect on a rate with this power."""
    other = rate + effect
    z = norm.ppf(1 - level / 2) + norm.ppf(power)
    return ceil(z**2 * (rate * (1 - rate) + other * (1 - other)) / effect**2)
