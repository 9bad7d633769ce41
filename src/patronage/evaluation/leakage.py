"""What is too good to be true: a feature that knows the future gives itself away by foretelling it perfectly.

Features are selected from rows before the cutoff only, but a column of the user's may have been written later than it
says (a status of today, joined to last year's orders). No honest feature alone ranks who will leave like that.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from patronage import names as c
from patronage.labels import LabelledSnapshot

SUSPECT = 0.98  # ROC-AUC of a single feature, in either direction


def single_auc(judged: LabelledSnapshot) -> pd.Series:
    """How well each numeric feature alone ranks who churned: ROC-AUC or its complement, whichever is larger.

    Customers without an answer count as one more value below all others. Best first; empty where only one class
    happened.
    """
    labels = judged.labels
    if labels is None:
        return pd.Series(dtype=float)
    known = labels[c.CHURNED].notna().to_numpy()
    churned = labels[c.CHURNED].to_numpy()[known] == 1
    positive, negative = int(churned.sum()), int((~churned).sum())
    if not positive or not negative:
        return pd.Series(dtype=float)
    found = {}
    for name, values in judged.features[known].select_dtypes("number").items():
        ranks = rankdata(values.fillna(-np.inf))
        area = (ranks[churned].sum() - positive * (positive + 1) / 2) / (positive * negative)
        found[str(name)] = max(area, 1 - area)
    return pd.Series(found).sort_values(ascending=False)
