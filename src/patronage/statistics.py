"""What is measured. Every function takes what happened first, and what was said of it second.

Probabilities are of the event that is 1 in `happened`.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

from patronage.typing import Array

TINY = 1e-12


def classification(happened: Array, probability: Array) -> dict[str, float]:
    """Of a probability: ranking (roc_auc, pr_auc, top_decile_lift), and how far it can be believed.

    `roc_auc` and `pr_auc` are missing (nan) where only one class happened.
    """
    p = np.clip(probability, TINY, 1 - TINY)
    mixed = 0 < happened.mean() < 1
    return {
        "log_loss": float(log_loss(happened, p, labels=[0, 1])),
        "brier": float(brier_score_loss(happened, p, labels=[0, 1])),
        "ece": calibration_error(happened, p),
        "roc_auc": float(roc_auc_score(happened, p)) if mixed else float("nan"),
        "pr_auc": float(average_precision_score(happened, p)) if mixed else float("nan"),
        "top_decile_lift": top_share(happened, p, 0.1) / 0.1 if mixed else float("nan"),
    }


def regression(happened: Array, expected: Array) -> dict[str, float]:
    """Of an expected amount: rmse and mae per customer, bias of the total in percent, and ranking."""
    total = float(happened.sum())
    return {
        "rmse": float(np.sqrt(np.mean((expected - happened) ** 2))),
        "mae": float(np.mean(np.abs(expected - happened))),
        "bias_percent": 100 * (float(expected.sum()) - total) / total if total else float("nan"),
        "gini": normalised_gini(happened, expected),
        "spearman": _rank_correlation(happened, expected),
        "top_decile_share": top_share(happened, expected, 0.1),
    }


def _rank_correlation(a: Array, b: Array) -> float:
    """Spearman's; missing where one of the two is constant."""
    if a.min() == a.max() or b.min() == b.max():
        return float("nan")
    return float(pd.Series(a).corr(pd.Series(b), method="spearman"))


def calibration_table(happened: Array, probability: Array, bins: int = 10) -> pd.DataFrame:
    """Mean probability, share that happened and count, in bins of equal numbers of customers.

    Equal probabilities always share a bin: ties broken by row order would make bins out of noise.
    """
    ranks = pd.Series(probability).rank(method="max", pct=True)
    groups = np.ceil(ranks * bins).astype(int)
    frame = pd.DataFrame({"said": probability, "happened": happened, "bin": groups})
    return frame.groupby("bin").agg(said=("said", "mean"), happened=("happened", "mean"), n=("said", "size"))


def calibration_error(happened: Array, probability: Array, bins: int = 10) -> float:
    """Expected calibration error: mean distance of said and happened over the bins, by size."""
    table = calibration_table(happened, probability, bins)
    return float(np.average((table["said"] - table["happened"]).abs(), weights=table["n"]))


def top_share(happened: Array, score: Array, share: float) -> float:
    """Share of all that happened found among the `share` of customers with the highest score.

    Customers who tie at the border count by their mean, so that a constant score finds exactly `share`.
    """
    total = happened.sum()
    if total == 0:
        return float("nan")
    wanted = share * len(score)
    border = np.sort(score)[::-1][int(np.ceil(wanted)) - 1]
    above, tied = score > border, score == border
    rest = (wanted - above.sum()) * happened[tied].mean()
    return float((happened[above].sum() + rest) / total)


def normalised_gini(happened: Array, score: Array) -> float:
    """Area between the concentration curve and the diagonal, over that of a perfect ranking."""

    def area(order_by: Array) -> float:
        frame = pd.DataFrame({"score": order_by, "happened": happened})
        # Tied customers share a straight piece of the curve, whatever the order of rows.
        pieces = frame.groupby("score")["happened"].agg(["sum", "size"]).iloc[::-1]
        x = np.concatenate([[0], pieces["size"].cumsum() / len(frame)])
        y = np.concatenate([[0], pieces["sum"].cumsum() / max(frame["happened"].sum(), TINY)])
        return float(np.trapezoid(y, x)) - 0.5

    best = area(happened)
    return area(score) / best if best > 0 else float("nan")
