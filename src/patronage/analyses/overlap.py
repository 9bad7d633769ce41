"""Which segment columns carry the same information, and which tell more together?

A combination of two columns is judged by later orders: the mean of each pair of labels, learned on one half of the
customers, predicts the other half, beside the better of the two columns alone and beside both added up. Only where the
pair tells more than the sum do the two belong together.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.metrics import adjusted_mutual_info_score

from patronage import names as c
from patronage.analyses.contract import Analysis, Drawing, Population, Result, View
from patronage.lenses.catalogue import BUILT_IN
from patronage.statistics import Estimate, false_discovery
from patronage.typing import Array, Mask

LEVEL = 0.05
SHRINK = 20.0  # imagined customers at the usual mean, of each label or pair of labels
FREE = 1e-6  # the same of parts that are not drawn to the mean: enough to solve for them
MOST_CUSTOMERS = 20_000
TOGETHER, APART = "tell more together", "no more than both"
ALIKE = 0.5  # of mutual information: half of what one column tells is known from the other


def overlap(labels: pd.DataFrame) -> pd.DataFrame:
    """Adjusted mutual information of every two segment columns: 1 is the same information, 0 is none.

    Vinh, Epps and Bailey (2010). A column of one label only agrees with nothing and is left out.

    Returns
    -------
    DataFrame
        Square and symmetric, a row and a column per segment column.
    """
    names = [name for name in labels if labels[name].nunique() > 1]
    numbers = {name: pd.factorize(labels[name], sort=True)[0] for name in names}  # text would be sorted for each pair
    table = pd.DataFrame(1.0, index=names, columns=names)
    for place, first in enumerate(names):
        for second in names[place + 1 :]:
            agreement = adjusted_mutual_info_score(numbers[first], numbers[second])
            table.loc[first, second] = table.loc[second, first] = agreement
    return table


def run(view: View, settings: object) -> Result:
    """The agreement of every two segment columns."""
    table = overlap(view.now.segments)
    pairs = _of_different_sources(table, view.now.segments)
    result = Result(_told(pairs, len(table)))
    shown = table.rename_axis("segment").reset_index()
    result.add("overlap", shown, Drawing("agreement", table, _closest(pairs)))
    if view.before is not None and c.N_ORDERS in view.now.features:
        _together(result, view, view.before)
    return result


def _together(result: Result, view: View, before: Population) -> None:
    """Every two columns as they were, judged by the orders since."""
    known = before.segments.index
    orders = view.now.features[c.N_ORDERS].reindex(known) - before.features[c.N_ORDERS].fillna(0.0)
    judged = combinations_by_orders(before.segments, orders.fillna(0.0).clip(lower=0), seed=view.seed)
    if judged.empty:
        return
    more = int((judged["verdict"] == TOGETHER).sum())
    result.finding += (
        f"; {more:,} of {len(judged):,} pairs of columns {'tells' if more == 1 else 'tell'} more of the orders of the "
        f"next {view.since_days} days as a combination than both do added up"
    )
    result.add("combinations", judged)


def combinations_by_orders(labels: pd.DataFrame, orders: pd.Series, *, seed: int) -> pd.DataFrame:
    """What every two segment columns tell of later orders, alone, added up and as a combination.

    Parameters
    ----------
    labels, orders
        Of the same customers: the labels as they were, and how many orders each placed since.

    Returns
    -------
    DataFrame
        A row per pair of which neither follows from the other: the share of the variance of `log(1 + orders)`
        that the better one, the two added up and their combination explain on customers not learned on, what
        the combination explains beyond the sum with its 95% interval, and a verdict with one false discovery in
        twenty; the largest gain first.
    """
    rng = np.random.default_rng(seed)
    rows = np.sort(rng.permutation(len(labels))[:MOST_CUSTOMERS])
    half = rng.random(len(rows)) < 0.5
    y = np.log1p(orders.to_numpy(np.float64)[rows])
    if len(rows) < 2 or not y.var() > 0:
        return pd.DataFrame()
    codes = {name: pd.factorize(labels[name].to_numpy()[rows])[0] for name in labels if labels[name].nunique() > 1}
    alone = {name: _predicted(code, y, half) for name, code in codes.items()}
    total = (y - _predicted(np.zeros(len(y), np.int64), y, half)) ** 2
    table = []
    for first, second in combinations(codes, 2):
        if _nested(codes[first], codes[second]):
            continue
        added, both = _both(codes[first], codes[second], y, half)
        errors = {"better": min(((y - alone[name]) ** 2 for name in (first, second)), key=np.mean),
                  "added": (y - added) ** 2, "combined": (y - both) ** 2}  # fmt: skip
        gain = (errors["added"] - errors["combined"]) / total.mean()
        estimate = Estimate(np.array(gain.mean()), np.array(gain.std(ddof=1) / np.sqrt(len(gain))))
        told = [1 - float(error.mean() / total.mean()) for error in errors.values()]
        table.append((first, second, *told, gain.mean(), float(estimate.low), float(estimate.high),
                      float(estimate.p_value)))  # fmt: skip
    columns = ["first", "second", "better_alone", "added_up", "combined", "gain", "low", "high", "p"]
    frame = pd.DataFrame(table, columns=columns)
    if frame.empty:
        return frame
    p, more = frame["p"].to_numpy(np.float64), (frame["gain"] > 0).to_numpy()
    # one-sided: pairs that only add noise are no findings, and would make room for false ones
    clear = more & (false_discovery(np.where(more, p / 2, 1 - p / 2)) < LEVEL)
    frame["verdict"] = np.where(clear, TOGETHER, APART)
    return frame.drop(columns="p").sort_values("gain", ascending=False, ignore_index=True)


def _nested(first: npt.NDArray[np.int64], second: npt.NDArray[np.int64]) -> bool:
    """Whether one column follows from the other, so that there is nothing to combine."""
    pairs = np.unique(first.astype(np.int64) * (second.max() + 1) + second)
    return len(pairs) <= max(len(np.unique(first)), len(np.unique(second)))


def _both(first: npt.NDArray[np.int64], second: npt.NDArray[np.int64], y: Array, half: Mask) -> tuple[Array, Array]:
    """(N,) predictions by both columns added up, and by their combination on top, fitted on the other half.

    Added up, a part for each code of either column is fitted together, drawn to the mean by `SHRINK`. The combination
    is the mean of each pair of codes of what parts that are not drawn to the mean leave: else it would take back of one
    column with many codes what the drawing took away, and look like a combination.
    """
    sizes = int(first.max()) + 1, int(second.max()) + 1
    pair = first.astype(np.int64) * sizes[1] + second
    added, both = np.empty(len(y)), np.empty(len(y))
    for part in (half, ~half):
        own, other, values = first[~part], second[~part], y[~part]
        usual = values.mean() if len(values) else 0.0
        counts = np.bincount(pair[~part], minlength=sizes[0] * sizes[1]).astype(np.float64)
        table = counts.reshape(sizes)
        sums = [
            np.bincount(code, values - usual, minlength=size) for code, size in zip((own, other), sizes, strict=True)
        ]
        totals = [table.sum(axis=1), table.sum(axis=0)]
        normal = np.block([[np.diag(totals[0]), table], [table.T, np.diag(totals[1])]])
        drawn, free = (
            np.linalg.solve(normal + ridge * np.eye(sum(sizes)), np.concatenate(sums)) for ridge in (SHRINK, FREE)
        )
        added[part] = usual + drawn[first[part]] + drawn[sizes[0] + second[part]]
        rest = values - usual - free[own] - free[sizes[0] + other]
        together = np.bincount(pair[~part], rest, minlength=len(counts)) / (counts + SHRINK)
        both[part] = added[part] + together[pair[part]]
    return added, both


def _predicted(codes: npt.NDArray[np.int64], y: Array, half: Mask) -> Array:
    """(N,) the mean of each code, of the other half of the customers, drawn to their mean."""
    predicted = np.empty(len(y))
    for part in (half, ~half):
        usual = y[~part].mean() if (~part).any() else 0.0
        size = codes.max() + 1
        n = np.bincount(codes[~part], minlength=size)
        sums = np.bincount(codes[~part], y[~part], minlength=size)
        predicted[part] = ((sums + SHRINK * usual) / (n + SHRINK))[codes[part]]
    return predicted


def _of_different_sources(table: pd.DataFrame, labels: pd.DataFrame) -> dict[tuple[str, str], float]:
    """The agreement of each pair but those that cannot but agree: both of one lens, or one follows from the other."""
    lens_of = {column: lens.name for lens in BUILT_IN for column in lens.labels}
    lens_of |= {name: c.PROFILE for name in table if name.startswith(c.PROFILE)}  # what was declared is of one lens
    codes = {name: pd.factorize(labels[name])[0] for name in table}
    return {
        (first, second): float(table.loc[first, second])
        for first, second in combinations(table, 2)
        if lens_of.get(first, first) != lens_of.get(second, second) and not _nested(codes[first], codes[second])
    }


def _closest(pairs: Mapping[tuple[str, str], float]) -> str:
    """Which two columns agree most."""
    if not pairs:
        return "There are no two segment columns of different sources to hold against each other"
    first, second = max(pairs, key=lambda pair: pairs[pair])
    return f"{first} and {second} agree most"


def _told(pairs: Mapping[tuple[str, str], float], columns: int) -> str:
    """Which two columns agree most, and how many pairs tell much the same."""
    if not pairs:
        return _closest(pairs)
    left_out = columns * (columns - 1) // 2 - len(pairs)
    alike = sum(agreement >= ALIKE for agreement in pairs.values())
    return (
        f"{_closest(pairs)}: {max(pairs.values()):.2f}, where 1 is the same and 0 is chance; "
        f"{alike:,} of {len(pairs):,} pairs agree by {ALIKE} or more and tell much the same"
        f"{f', {left_out:,} of one lens or source left out' if left_out else ''}"
    )


ANALYSIS = Analysis("overlap", "Which segment columns carry the same information, and which tell more together?", run)
