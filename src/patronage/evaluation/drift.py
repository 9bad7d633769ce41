"""Drift: how far the customers to be scored lie from those that the model learned from.

A PSI above 0.25 is customarily called a shift. Without any shift, N * M / (N + M) * PSI of samples of N and M is about
chi-squared (Yurdakul and Naranjo 2020), so that small samples are not taken for drift.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import chdtri

from patronage.models.reference import Counts, Reference
from patronage.statistics import population_stability

RARELY = 0.001  # how often chance alone may look like drift


def compare(reference: Reference, counts: Counts) -> pd.DataFrame:
    """A row per column, the most drifted first.

    Returns
    -------
    DataFrame
        `column`; `psi`; `chance`, the PSI that samples of this size rarely reach without any drift; `unseen`, the
        share with a label that training did not see; `missing` and `missing_before`, the shares without a value.
    """
    rows = []
    for name, after in counts.items():
        bins = reference.columns[name]
        before = np.asarray(bins.counts)
        n, m = before.sum(), max(after.sum(), 1)
        used = int(((before > 0) | (after > 0)).sum())
        rows.append(
            {
                "column": name,
                "psi": population_stability(before, after),
                "chance": float(chdtri(used - 1, RARELY) * (1 / n + 1 / m)) if used > 1 else 0.0,
                "unseen": float(after[-2] / m) if bins.labels else 0.0,
                "missing": float(after[-1] / m),
                "missing_before": float(before[-1] / n),
            }
        )
    return pd.DataFrame(rows).sort_values("psi", ascending=False, kind="stable", ignore_index=True)
