"""Which goods customers bought in a window of labels: the mix that personas are to tell of."""

from __future__ import annotations

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.config import LensesConfig
from patronage.data import Tables
from patronage.labels import LabelledSnapshot, bought_in
from patronage.lenses.taste_axes import LEAST_LINES, TasteAxes, item_groups

LEAST_CUSTOMERS = 60  # who bought enough for a mix


def goods_of(tables: Tables, snapshot: LabelledSnapshot, lenses: LensesConfig) -> pd.DataFrame | None:
    """Square roots of the shares of spend by group of goods in the horizon: Hellinger's distance of two mixes.

    Of customers with `LEAST_LINES`, where enough have them: the roots of few lines tell how much was bought, not what
    (of one line, one root is 1), which any grid of orders foresees.

    Parameters
    ----------
    lenses
        Settings whose axes of taste say what the goods are; groups of products are learned before the cutoff.

    Returns
    -------
    DataFrame or None
        On the index of the labels, missing for a customer without a mix; None where the log tells too little of goods.
    """
    if not lenses.taste.learned:
        return None
    axes = TasteAxes.of(lenses.taste.learned)
    group = item_groups(tables, snapshot.cutoff, axes)
    bought = bought_in(tables, snapshot.cutoff, snapshot.horizon_days, axes.column)
    bought = bought[bought["item"].isin(group.index) & bought[c.CUSTOMER_ID].isin(snapshot.labels.index)]
    lines = bought.groupby(c.CUSTOMER_ID)["lines"].transform("sum")
    if bought.loc[lines >= LEAST_LINES, c.CUSTOMER_ID].nunique() >= LEAST_CUSTOMERS:
        bought = bought[lines >= LEAST_LINES]
    spend = bought.assign(goods=bought["item"].map(group)).pivot_table(
        index=c.CUSTOMER_ID, columns="goods", values="paid", aggfunc="sum", fill_value=0.0
    )
    spend = spend.reindex(snapshot.labels.index)
    return np.sqrt(spend.div(spend.sum(axis=1).replace(0, np.nan), axis=0))
