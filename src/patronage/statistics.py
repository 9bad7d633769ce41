"""The one definition of each statistic: of probabilities, of amounts, of labellings and of drift.

Every measure of a forecast takes the outcomes first (`y_true`) and the forecasts second (`y_pred`), a value per
customer in the same order. Probabilities are of the event that is 1 in `y_true`.

Some measures take `weights`, (N, resamples) of how often each resample draws each customer. They give a number per
resample then, in one pass over the customers; without weights they give one number.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import entropy, norm
from sklearn.metrics import average_precision_score, mutual_info_score
from sklearn.metrics.cluster import expected_mutual_information

from patronage.typing import Array, Index

TINY = 1e-12  # the least probability that a logarithm is taken of
Z = float(norm.isf(0.025))  # of a 95 % interval
ROWS_AT_ONCE = 1024  # of a wide matrix, so that what is made of them stays near the processor
DRAWS = 20  # of outcomes, to see what chance alone makes of an ECE
PSI_FLOOR = 1e-4  # the least share of a bin in a PSI: an empty bin is not infinitely surprising


# Probabilities


def clip_probability(probability: Array, floor: float = TINY) -> Array:
    """Probabilities of at least `floor` and at most 1 - `floor`, so that logarithms and odds are finite."""
    return np.clip(probability, floor, 1 - floor)


def log_losses(y_true: Array, y_pred: Array) -> Array:
    """(N,) log-loss of each customer, in nats."""
    p = clip_probability(y_pred)
    return -np.where(y_true == 1, np.log(p), np.log1p(-p))


def log_loss(y_true: Array, y_pred: Array, weights: Array | None = None) -> Array:
    """The mean log-loss, in nats."""
    return _mean(log_losses(y_true, y_pred), weights)


def brier(y_true: Array, y_pred: Array, weights: Array | None = None) -> Array:
    """The mean squared error of a probability (Brier 1950)."""
    return _mean((y_pred - y_true) ** 2, weights)


def roc_auc(y_true: Array, y_pred: Array, weights: Array | None = None) -> Array:
    """The probability that an event has a higher forecast than a non-event, where a tie counts half.

    Missing (nan) where there are only events or only non-events.
    """
    events, non_events = _by_score(y_pred, weights, y_true, 1 - y_true)
    lower = np.cumsum(non_events, axis=0) - non_events / 2
    pairs = events.sum(axis=0) * non_events.sum(axis=0)
    return _single(_ratio((events * lower).sum(axis=0), pairs), weights)


def calibration_table(y_true: Array, y_pred: Array, bins: int = 10) -> pd.DataFrame:
    """A calibration curve in bins of equal numbers of customers.

    Equal probabilities always share a bin: ties broken by row order would make bins out of noise.

    Returns
    -------
    DataFrame
        A row per bin: `predicted`, the mean probability; `actual`, the share of events; `customers`.
    """
    y_true, y_pred = np.asarray(y_true, float), np.asarray(y_pred, float)
    not_higher = np.searchsorted(np.sort(y_pred), y_pred, side="right")
    bin_of = np.ceil(not_higher / max(len(y_pred), 1) * bins).astype(int)
    customers = np.bincount(bin_of, minlength=bins + 1)
    filled = np.flatnonzero(customers)
    sums = {"predicted": y_pred, "actual": y_true}
    return pd.DataFrame(
        {name: np.bincount(bin_of, values)[filled] / customers[filled] for name, values in sums.items()}
        | {"customers": customers[filled]},
        index=pd.Index(filled, name="bin"),
    )


def calibration_error(y_true: Array, y_pred: Array, bins: int = 10) -> float:
    """The expected calibration error (ECE): mean distance of predicted and actual over the bins, by their customers."""
    table = calibration_table(y_true, y_pred, bins)
    return float(np.average((table["predicted"] - table["actual"]).abs(), weights=table["customers"]))


def calibration_error_by_chance(y_pred: Array, seed: int) -> float:
    """The ECE to expect where every probability is right: so few customers cannot show a smaller one."""
    rng = np.random.default_rng(seed)
    errors = [calibration_error((rng.random(len(y_pred)) < y_pred).astype(float), y_pred) for _ in range(DRAWS)]
    return float(np.mean(errors))


def classification(y_true: Array, y_pred: Array) -> dict[str, float]:
    """All measures of a probability, by name.

    `roc_auc`, `pr_auc` and `top_decile_lift` are missing (nan) where there are only events or only non-events.
    """
    p = clip_probability(y_pred)
    mixed = 0 < y_true.mean() < 1
    return {
        "log_loss": float(log_loss(y_true, p)),
        "brier": float(brier(y_true, p)),
        "ece": calibration_error(y_true, p),
        "roc_auc": float(roc_auc(y_true, p)),
        "pr_auc": float(average_precision_score(y_true, p)) if mixed else float("nan"),
        "top_decile_lift": top_share(y_true, p, 0.1) / 0.1 if mixed else float("nan"),
    }


# Amounts


def rmse(y_true: Array, y_pred: Array, weights: Array | None = None) -> Array:
    """The root of the mean squared error."""
    return np.sqrt(_mean((y_pred - y_true) ** 2, weights))


def mae(y_true: Array, y_pred: Array, weights: Array | None = None) -> Array:
    """The mean absolute error."""
    return _mean(np.abs(y_pred - y_true), weights)


def bias_percent(y_true: Array, y_pred: Array, weights: Array | None = None) -> Array:
    """How far the predicted total lies above the actual one, in percent of it; missing (nan) where that is zero."""
    return 100 * _ratio(_mean(y_pred - y_true, weights), _mean(y_true, weights))


def normalised_gini(y_true: Array, y_pred: Array, weights: Array | None = None, perfect: Array | None = None) -> Array:
    """The concentration area of a ranking over that of the perfect one; missing (nan) where all outcomes are equal.

    `perfect` is the concentration area of `y_true` by itself, where several rankings are compared and it is known.
    """
    if perfect is None:
        perfect = concentration_area(y_true, y_true, weights)
    return _ratio(concentration_area(y_true, y_pred, weights), np.maximum(perfect, 0))


def concentration_area(y_true: Array, y_pred: Array, weights: Array | None = None) -> Array:
    """The area between the concentration curve, highest forecast first, and the diagonal.

    Customers of equal forecast share a straight piece of the curve, in whatever order their rows stand.
    """
    amounts, customers = _by_score(y_pred, weights, y_true, np.ones_like(y_true))
    total = amounts.sum(axis=0)
    reached = total - np.cumsum(amounts, axis=0) + amounts / 2
    return _single(_ratio((customers * reached).sum(axis=0), customers.sum(axis=0) * total) - 0.5, weights)


def top_share(y_true: Array, y_pred: Array, share: float) -> float:
    """The share of the total of `y_true` that belongs to the `share` of customers with the highest forecasts.

    Customers who tie at the border count by their mean, so that a constant forecast gives exactly `share`.
    """
    total = y_true.sum()
    if total == 0:
        return float("nan")
    size = share * len(y_pred)
    border = np.sort(y_pred)[::-1][int(np.ceil(size)) - 1]
    above, tied = y_pred > border, y_pred == border
    rest = (size - above.sum()) * y_true[tied].mean()
    return float((y_true[above].sum() + rest) / total)


def rank_correlation(first: Array, second: Array) -> float:
    """Spearman's rank correlation; missing (nan) where one of the two is constant."""
    if first.min() == first.max() or second.min() == second.max():
        return float("nan")
    return float(pd.Series(first).corr(pd.Series(second), method="spearman"))


def regression(y_true: Array, y_pred: Array) -> dict[str, float]:
    """All measures of an expected amount, by name: errors per customer, bias of the total, and ranking."""
    return {
        "rmse": float(rmse(y_true, y_pred)),
        "mae": float(mae(y_true, y_pred)),
        "bias_percent": float(bias_percent(y_true, y_pred)),
        "gini": float(normalised_gini(y_true, y_pred)),
        "spearman": rank_correlation(y_true, y_pred),
        "top_decile_share": top_share(y_true, y_pred, 0.1),
    }


# Agreement of two labellings, from their contingency table: rows are labels of the first, columns of the second


def cohen_kappa(table: npt.ArrayLike) -> float:
    """Cohen's kappa (1960) of a square contingency table; 1 where every customer has one and the same label."""
    counts = np.asarray(table, np.float64)
    n = counts.sum()
    chance = float(counts.sum(axis=1) @ counts.sum(axis=0)) / n**2
    return float((np.trace(counts) / n - chance) / (1 - chance)) if chance < 1 else 1.0


def adjusted_rand_index(table: npt.ArrayLike) -> float:
    """The adjusted Rand index (Hubert and Arabie 1985) of a contingency table, as scikit-learn has it of labels."""

    def pairs(counts: Array) -> float:
        return float((counts * (counts - 1)).sum() / 2)

    counts = np.asarray(table, np.float64)
    both, rows, columns = pairs(counts), pairs(counts.sum(axis=1)), pairs(counts.sum(axis=0))
    chance = rows * columns / max(pairs(counts.sum(keepdims=True)), 1.0)
    most = (rows + columns) / 2
    return (both - chance) / (most - chance) if most > chance else 1.0


def adjusted_mutual_information(table: npt.ArrayLike) -> float:
    """The adjusted mutual information (Vinh, Epps and Bailey 2010) of a contingency table, as scikit-learn has it."""
    counts = np.asarray(table)
    used = counts[counts.any(axis=1)][:, counts.any(axis=0)]
    if used.shape == (1, 1):
        return 1.0  # one label on both sides
    most = (entropy(used.sum(axis=1)) + entropy(used.sum(axis=0))) / 2
    chance = expected_mutual_information(used, int(used.sum()))
    information = mutual_info_score(None, None, contingency=used)
    return float((information - chance) / (most - chance)) if most > chance else 0.0


# Drift


def population_stability(before: npt.ArrayLike, after: npt.ArrayLike) -> float:
    """The population stability index (PSI) of two counts of the same bins: the sum of (q - p) ln(q / p).

    p and q are the shares of each bin before and after, of at least `PSI_FLOOR`.
    """
    p, q = (
        np.maximum(counts / max(counts.sum(), 1), PSI_FLOOR)
        for counts in (np.asarray(before, np.float64), np.asarray(after, np.float64))
    )
    return float(((q - p) * np.log(q / p)).sum())


# Shares, differences and many tests at once


def wilson_interval(events: Array, trials: Array) -> tuple[Array, Array]:
    """The 95 % score interval of each share (Wilson 1927); missing (nan) where nothing was tried."""
    n = np.where(np.asarray(trials) > 0, trials, np.nan).astype(np.float64)
    share = np.asarray(events, np.float64) / n
    middle = (share + Z**2 / (2 * n)) / (1 + Z**2 / n)
    half = Z / (1 + Z**2 / n) * np.sqrt(share * (1 - share) / n + Z**2 / (4 * n**2))
    return np.clip(middle - half, 0, 1), np.clip(middle + half, 0, 1)


def false_discovery(p_values: Array) -> Array:
    """The adjusted p-values of Benjamini and Hochberg (1995); missing ones are no tests."""
    known = np.flatnonzero(np.isfinite(p_values))
    adjusted = np.full(len(p_values), np.nan)
    order = known[np.argsort(p_values[known], kind="stable")]
    scaled = p_values[order] * len(order) / np.arange(1, len(order) + 1)
    adjusted[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return adjusted


def two_sided(z: npt.ArrayLike) -> Array:
    """The two-sided p-value of a standard normal value."""
    return np.asarray(2 * norm.sf(np.abs(z)))


class Estimate(NamedTuple):
    """Estimates with their standard errors."""

    value: Array
    error: Array

    @property
    def low(self) -> Array:
        """The lower end of the 95 % interval."""
        return self.value - Z * self.error

    @property
    def high(self) -> Array:
        """The upper end of the 95 % interval."""
        return self.value + Z * self.error

    @property
    def p_value(self) -> Array:
        """Two-sided, of no difference; missing (nan) without a standard error."""
        return two_sided(_ratio(self.value, self.error))


def mean_differences(y: Array, groups: Array) -> Estimate:
    """The mean of `y` inside each group minus outside of it, with Welch's standard error.

    Parameters
    ----------
    groups
        (N, K) of 0 and 1.
    """
    sizes = np.vstack([groups.sum(axis=0), len(y) - groups.sum(axis=0)])
    sums = np.vstack([y @ groups, y.sum() - y @ groups])
    squares = np.vstack([y**2 @ groups, (y**2).sum() - y**2 @ groups])
    means = _ratio(sums, sizes)
    variances = np.maximum(_ratio(squares - sizes * means**2, sizes - 1), 0)
    return Estimate(means[0] - means[1], np.sqrt(_ratio(variances, sizes).sum(axis=0)))


def linear_effects(x: Array, y: Array) -> Estimate:
    """Least squares of `y` on the columns of `x` and a constant, with errors robust to heteroscedasticity (HC1)."""
    design = np.column_stack([np.ones(len(x)), x])
    inverse = np.linalg.pinv(design.T @ design)
    coefficients = inverse @ (design.T @ y)
    scores = design * (y - design @ coefficients)[:, None]
    spare = max(len(x) - design.shape[1], 1)
    errors = np.sqrt(np.diag(inverse @ (scores.T @ scores) @ inverse) * len(x) / spare)
    return Estimate(coefficients[1:], errors[1:])


def single_effects(x: Array, y: Array) -> Estimate:
    """The slope of `y` on each column of `x` alone, without a constant, robust as in `linear_effects`.

    An error is never below that of no difference: a group without a single event has a robust one near zero.
    Of the residuals of both on further columns these are the effects beside those columns (Frisch and Waugh 1933).
    `y` is (N,), or (S, N) for several outcomes, whose effects are (S, R): `x` (N, R) is then read once for all of them.
    """
    shape = (*y.shape[:-1], x.shape[1])
    sizes, fourth = np.zeros((2, x.shape[1]))
    products, cubes, squares = np.zeros((3, *shape))
    for begin in range(0, len(x), ROWS_AT_ONCE):
        part, own = x[begin : begin + ROWS_AT_ONCE], y[..., begin : begin + ROWS_AT_ONCE]
        squared = part * part
        sizes += squared.sum(axis=0)
        fourth += (squared * squared).sum(axis=0)
        products += own @ part
        cubes += own @ (squared * part)
        squares += (own * own) @ squared
    slopes = _ratio(products, sizes)
    around = squares - 2 * slopes * cubes + slopes**2 * fourth
    robust = np.sqrt(np.maximum(_ratio(around, sizes**2), 0))
    of_none = np.sqrt(_ratio(np.zeros(shape) + (y**2).mean(axis=-1, keepdims=True), sizes))
    return Estimate(slopes, np.maximum(robust, of_none))


def residuals(values: Array, adjust: Array) -> Array:
    """What least squares on `adjust` and a constant leave of a vector or of each column."""
    design = np.column_stack([np.ones(len(adjust)), adjust])
    told: Array = design @ (np.linalg.pinv(design) @ values)
    return np.subtract(values, told, out=told)


# Sums over resamples


def _mean(values: Array, weights: Array | None) -> Array:
    return np.asarray(values.mean()) if weights is None else values @ weights / weights.sum(axis=0)


def _by_score(score: Array, weights: Array | None, *values: Array) -> list[Array]:
    """(groups, resamples) weighted sums of each value over the customers of equal score, lowest score first."""
    order: Index = np.argsort(score, kind="stable")
    ordered = score[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    drawn = np.ones((len(score), 1)) if weights is None else weights[order]
    return [np.add.reduceat(drawn * value[order, None], starts, axis=0) for value in values]


def _single(values: Array, weights: Array | None) -> Array:
    return values[0] if weights is None else values


def _ratio(numerator: Array, denominator: Array) -> Array:
    """A quotient; missing (nan) where there is nothing to divide by."""
    missing = np.full(np.shape(numerator), np.nan)
    return np.divide(numerator, denominator, out=missing, where=np.asarray(denominator) != 0)
