"""Values of groups, small ones drawn towards what is common to all: they do not lead a list."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import beta

from patronage import names as c
from patronage.statistics import TINY, Z, false_discovery, two_sided
from patronage.typing import Array

FEWEST_ROWS = 50  # of all groups together
LEVEL = 0.05
COLUMNS = ["voice", "by", "label", "n", "value", "low", "high", "stands_out", "common", "raw", "p_value"]
MOST_POOLED = 1e6  # imagined trials at the common share, where groups differ by chance alone


def pooled_shares(events: Array, trials: Array) -> tuple[Array, Array, Array]:
    """Shares of groups, drawn towards the common share the more, the fewer were tried: the mean and the 95 % interval.

    The groups' own shares follow a beta distribution whose spread is fitted by moments (empirical Bayes, Efron and
    Morris 1975); where they differ by no more than chance every group has the common share. The interval is that of
    such a share, widened by what is not known of the common one, to which it was drawn (Morris 1983).
    """
    k, n = np.asarray(events, np.float64), np.asarray(trials, np.float64)
    common = k.sum() / max(n.sum(), 1)
    own = np.divide(k, n, out=np.full(len(k), common), where=n > 0)
    size = n.sum() - (n**2).sum() / max(n.sum(), 1)
    noise = common * (1 - common)
    between = ((n * (own - common) ** 2)[n > 0].sum() - (max((n > 0).sum(), 1) - 1) * noise) / max(size, 1)
    strength = MOST_POOLED if between <= noise / MOST_POOLED else max(noise / between - 1, 1.0)
    weight = strength / (strength + n)  # of the common share
    share = common * weight + (1 - weight) * own
    of_share, of_common = share * (1 - share), (n * noise + n**2 * noise / (strength + 1)).sum() / max(n.sum(), 1) ** 2
    spread = of_share / (strength + n + 1) + weight**2 * of_common
    trials = np.divide(of_share, spread, out=strength + n + 1, where=spread > 0) - 1  # of this mean and spread
    a, b = np.maximum(share * trials, TINY), np.maximum((1 - share) * trials, TINY)
    return share, beta.ppf(0.025, a, b), beta.ppf(0.975, a, b)


def pooled_means(means: Array, variances: Array, sizes: Array) -> tuple[Array, Array, Array]:
    """Means of groups, drawn towards the common mean the more, the fewer they rest on, with 95 % intervals.

    Intervals hold what is not known of the common mean too, as those of `pooled_shares`.

    Parameters
    ----------
    variances
        Of a single value inside each group.
    """
    n = np.asarray(sizes, np.float64)
    common = np.average(means, weights=n)
    inside = np.average(variances, weights=n)
    size = n.sum() - (n**2).sum() / n.sum()
    between = max(((n * (means - common) ** 2).sum() - (len(n) - 1) * inside) / max(size, 1), 0.0)
    noise = np.maximum(inside / n, TINY)
    weight = between / (between + noise)
    of_common = (n**2 * (between + inside / n)).sum() / n.sum() ** 2
    error = np.sqrt(weight * noise + (1 - weight) ** 2 * of_common)
    middle = common + weight * (means - common)
    return middle, middle - Z * error, middle + Z * error


def judged(voice: str, by: str, frame: pd.DataFrame, *, shares: bool, most: int) -> pd.DataFrame:
    """Groups with their pooled values. The frame has `label`, `n`, and `k`, or `mean` and `variance`.

    The rows of one customer are alike. `by_customer` and `means_by_customer` add the sums over customers by which a
    share or a mean rests on customers. With a column `of` the common share of each group is that of all groups of the
    same `of`.
    """
    frame = frame[(frame["n"] > 0) & frame["label"].notna()].sort_values("label").nlargest(most, "n")
    if len(frame) < 2 or frame["n"].sum() < FEWEST_ROWS:
        return pd.DataFrame(columns=COLUMNS)
    n = frame["n"].to_numpy(np.float64)
    if shares:
        k, of = frame["k"].to_numpy(np.float64), frame["of"].to_numpy() if "of" in frame else np.zeros(len(n))
        usual = (pd.Series(k).groupby(of).transform("sum") / pd.Series(n).groupby(of).transform("sum")).to_numpy()
        n, k = n / (once := times_over(frame, usual)), k / once
        raw, common, value, low, high = k / n, np.empty(len(k)), np.empty(len(k)), np.empty(len(k)), np.empty(len(k))
        for group in set(of):
            own = of == group
            common[own] = k[own].sum() / n[own].sum()
            value[own], low[own], high[own] = pooled_shares(k[own], n[own])
        z = (raw - common) / np.sqrt(np.maximum(common * (1 - common), 1e-12) / n)
    else:
        raw, variance = frame["mean"].to_numpy(np.float64), frame["variance"].fillna(0.0).to_numpy(np.float64)
        n = n / _times_over_of_means(frame, raw, variance)
        common = np.full(len(n), np.average(raw, weights=n))
        value, low, high = pooled_means(raw, variance, n)
        z = (raw - common) / np.sqrt(max(float(np.average(variance, weights=n)), 1e-12) / n)
    return as_one_family(pd.DataFrame(
        {"voice": voice, "by": by, "label": frame["label"].astype(str), "n": frame["n"].astype(int), "raw": raw,
         "value": value, "low": low, "high": high, "common": common, "p_value": two_sided(z)}
    ))  # fmt: skip


def as_one_family(table: pd.DataFrame) -> pd.DataFrame:
    """The groups with `stands_out`, above or below: one false discovery in twenty of all that the table names.

    Of many small tables that are shown as one, each would name its own by chance.
    """
    low, high, common = (table[name].to_numpy(np.float64) for name in ("low", "high", "common"))
    clear = (false_discovery(table["p_value"].to_numpy(np.float64)) < LEVEL) & ((low > common) | (high < common))
    side = np.where(table["value"] > table["common"], "above", "below")
    table = table.assign(stands_out=np.where(clear, side, "")).reset_index(drop=True)
    return table[[name for name in COLUMNS if name in table]]  # what a page has room for comes first


def by_customer(rows: pd.DataFrame, labels: pd.Series | list[str]) -> pd.DataFrame:
    """Counts `n` and hits `k` by label, with the sums over customers by which their shares rest on customers.

    Parameters
    ----------
    rows
        `customer_id`, `k` and `n`.
    labels
        Of the rows, or the columns that hold them.
    """
    frame = rows.groupby([*([labels] if isinstance(labels, pd.Series) else labels), rows[c.CUSTOMER_ID]])[["k", "n"]]
    frame = frame.sum().astype(np.float64)
    frame = frame.assign(kk=frame["k"] ** 2, kn=frame["k"] * frame["n"], nn=frame["n"] ** 2)
    sums = frame.groupby(level=list(range(frame.index.nlevels - 1))).sum()
    return sums.rename_axis("label").reset_index() if isinstance(labels, pd.Series) else sums.reset_index()


def means_by_customer(rows: pd.DataFrame, labels: pd.Series) -> pd.DataFrame:
    """Means and variances by label, with the sums over customers by which the means rest on customers.

    Parameters
    ----------
    rows
        `customer_id`, and of each row how many answers `n` it stands for, their `total` and that of their `squares`.
    """
    frame = rows.groupby([labels, rows[c.CUSTOMER_ID]])[["n", "total", "squares"]].sum().astype(np.float64)
    frame = frame.assign(tt=frame["total"] ** 2, tn=frame["total"] * frame["n"], nn=frame["n"] ** 2)
    sums = frame.groupby(level=0).sum().rename_axis("label").reset_index()
    mean = sums["total"] / sums["n"]
    variance = (sums["squares"] - sums["n"] * mean**2).clip(lower=0) / (sums["n"] - 1).clip(lower=1)
    return sums.assign(mean=mean, variance=variance)


def times_over(frame: pd.DataFrame, share: Array) -> Array:
    """(N,) how many times over the rows of each group count, because many are of one customer: at least once.

    The variance of a share by customers beside that by rows (the design effect, Kish 1965); `kk`, `kn` and `nn` are
    sums of squares and products over customers, where they are known.
    """
    if "kk" not in frame:
        return np.ones(len(frame))
    n = frame["n"].to_numpy(np.float64)
    spread = (frame["kk"] - 2 * share * frame["kn"] + share**2 * frame["nn"]).to_numpy(np.float64)
    return np.asarray(np.maximum(spread / np.maximum(n * share * (1 - share), 1e-12), 1.0))


def _times_over_of_means(frame: pd.DataFrame, means: Array, variances: Array) -> Array:
    """(N,) the same of means: by how alike the answers of one customer are in all groups together.

    A group of few customers cannot tell it, so the correlation inside customers is one, and each group's effect
    depends on how many answers a customer gave in it (Kish 1965).
    """
    if "tt" not in frame:
        return np.ones(len(frame))
    n, nn = frame["n"].to_numpy(np.float64), frame["nn"].to_numpy(np.float64)
    spread = (frame["tt"] - 2 * means * frame["tn"] + means**2 * frame["nn"]).to_numpy(np.float64)
    inside = float((n * variances).sum())
    repeats = float((nn - n).sum()) * inside / n.sum()
    alike = float(np.clip((spread.sum() - inside) / repeats, 0.0, 1.0)) if repeats > 0 else 0.0
    return np.asarray(1 + alike * (nn / n - 1))
