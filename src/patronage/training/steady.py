"""Which features may be learned from: those with the same distribution at the cutoff as at the latest origin.

Trees cannot go beyond what they have seen. A feature that grows with the log (orders since it began) or with the age
of the only cohort has values at the cutoff that meant something else, or did not occur, when the labels were made; a
prediction from them is a guess. BTYD, which knows what time does, carries what such a feature tells.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

MOST_DRIFT = 0.2  # of the customers, by which a feature's distribution may have moved (Kolmogorov-Smirnov)


def steady(current: pd.DataFrame, earlier: pd.DataFrame, columns: Sequence[str]) -> tuple[str, ...]:
    """The columns whose distributions in two populations differ by no more than `MOST_DRIFT`."""
    return tuple(name for name in columns if _distance(current[name], earlier[name]) <= MOST_DRIFT)


def _distance(current: pd.Series, earlier: pd.Series) -> float:
    """Largest distance of two distributions: of numbers, with missing ones below all; of text, the total variation."""
    if not len(current) or not len(earlier):
        return 0.0
    if not pd.api.types.is_numeric_dtype(current):
        shares = pd.concat([values.value_counts(normalize=True) for values in (current, earlier)], axis=1).fillna(0.0)
        return float((shares.iloc[:, 0] - shares.iloc[:, 1]).abs().sum() / 2)
    first, second = (np.sort(values.fillna(-np.inf).to_numpy(np.float64)) for values in (current, earlier))
    both = np.concatenate([first, second])
    below = (np.searchsorted(values, both, side="right") / len(values) for values in (first, second))
    return float(np.abs(np.subtract(*below)).max())
