"""Lists of customers to act on: the best first, and a share left alone by lot, to measure what the list does."""

from __future__ import annotations

import numpy as np
import pandas as pd

from patronage.config import ListsConfig

ACT, HOLDOUT = "act", "holdout"


def ready(customers: pd.DataFrame, settings: ListsConfig, seed: int) -> pd.DataFrame:
    """The first `settings.size` rows with a column `group`: act, or holdout for a share drawn by lot."""
    shown = customers.head(settings.size).reset_index(drop=True)
    lot = np.random.default_rng(seed).random(len(shown)) < settings.holdout
    return shown.assign(group=np.where(lot, HOLDOUT, ACT))
