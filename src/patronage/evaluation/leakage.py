"""Leakage: a feature that knows the future ranks it too well.

Features are selected from rows before the cutoff only, but a column of the source may have been written later than it
claims (a status of today, joined to last year's orders). No honest feature alone ranks churn like that.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.labels import LabelledSnapshot
from patronage.statistics import roc_auc

SUSPECT = 0.98  # ROC-AUC of a single feature, in either direction


def single_auc(evaluated: LabelledSnapshot) -> pd.Series:
    """How well each numeric feature alone ranks churn: its ROC-AUC or the complement, whichever is larger.

    A missing value counts as one more value below all others. Best first; empty where all customers churned, or none.
    """
    labels = evaluated.labels[c.CHURNED]
    known = labels.notna().to_numpy()
    churned = labels.to_numpy(np.float64)[known]
    if not 0 < churned.sum() < len(churned):
        return pd.Series(dtype=float)
    areas = {}
    for name, values in evaluated.features[known].select_dtypes("number").items():
        area = float(roc_auc(churned, values.fillna(-np.inf).to_numpy(np.float64)))
        areas[str(name)] = max(area, 1 - area)
    return pd.Series(areas).sort_values(ascending=False)
