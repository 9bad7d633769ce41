"""Which features may be learned from: those that are today what they were at the latest origin.

Trees cannot go beyond what they have seen. A feature that grows with the log (orders since it began) or with the age
of the only cohort has values today that meant something else, or did not occur, when the labels were made; what is
said of it is a guess. BTYD, which knows what time does, carries what such a feature tells.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

MOST_DRIFT = 0.2  # of the customers, that a feature's distribution may have moved (Kolmogorov-Smirnov)


def steady(now: pd.DataFrame, before: pd.DataFrame, columns: Sequence[str]) -> tuple[str, ...]:
    """The columns that moved no further than `MOST_DRIFT` between two populations."""
    return tuple(name for name in columns if _moved(now[name], before[name]) <= MOST_DRIFT)


def _moved(now: pd.Series, before: pd.Series) -> float:
    """Largest distance of two distributions: of numbers, with missing ones below all; of text, the total variation."""
    if not len(now) or not len(before):
        return 0.0
    if not pd.api.types.is_numeric_dtype(now):
        shares = pd.concat([one.value_counts(normalize=True) for one in (now, before)], axis=1).fillna(0.0)
        return float((shares.iloc[:, 0] - shares.iloc[:, 1]).abs().sum() / 2)
    a, b = (np.sort(one.fillna(-np.inf).to_numpy(np.float64)) for one in (now, before))
    both = np.concatenate([a, b])
    below = (np.searchsorted(one, both, side="right") / len(one) for one in (a, b))
    return float(np.abs(np.subtract(*below)).max())
