"""Lists of customers to act on: the best first, and a share left alone by lot, to measure what the list does."""

from __future__ import annotations

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.analyses.acts import most_often
from patronage.config import ListsConfig
from patronage.lenses import History

ACT, HOLDOUT = "act", "holdout"
WEIGHT = "weight"  # of a customer who stands for others


def homes(history: History) -> pd.Series | None:
    """The place at which each customer ordered most often; None where the log knows no places."""
    if not history.has("transactions", c.LOCATION):
        return None
    rows = history.frame(most_often(c.LOCATION))
    return rows.set_index(c.CUSTOMER_ID)[c.LOCATION]


def ready(customers: pd.DataFrame, settings: ListsConfig, seed: int, places: pd.Series | None = None) -> pd.DataFrame:
    """The first rows with a column `group`: act, or holdout for a share drawn by lot.

    Parameters
    ----------
    places
        By customer: gives the list a `location`, and with `settings.per_location` so many rows of each.
    """
    shown = customers
    if places is not None:
        shown = shown.assign(**{c.LOCATION: shown[c.CUSTOMER_ID].map(places)})
    if places is not None and settings.per_location:
        shown = shown.groupby(c.LOCATION, sort=False, dropna=False).head(settings.per_location)
        shown = shown.sort_values(c.LOCATION, kind="stable").reset_index(drop=True)
    else:
        shown = shown.head(settings.size).reset_index(drop=True)
    if WEIGHT in shown:  # of a sample, which is cut short by lot alone
        shown = shown.assign(**{WEIGHT: shown[WEIGHT] * customers[WEIGHT].sum() / max(shown[WEIGHT].sum(), 1e-9)})
    lot = np.random.default_rng(seed).random(len(shown)) < settings.holdout
    return shown.assign(group=np.where(lot, HOLDOUT, ACT))
