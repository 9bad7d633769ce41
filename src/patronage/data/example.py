"""A small made-up shop, for first steps and for the examples of docstrings."""

from __future__ import annotations

import numpy as np
import pandas as pd

from patronage import names as c

FIRST_DAY = "2022-01-01"
DAYS = 850


def example_orders(customers: int = 66, seed: int = 0) -> pd.DataFrame:
    """About five orders for each of some customers of a made-up shop, from January 2022 to April 2024.

    Every customer begins at a random day, orders at a rate of their own, and leaves at a random moment.

    Parameters
    ----------
    customers
        Their number.
    seed
        The same seed makes the same orders.

    Returns
    -------
    DataFrame
        A row per order: `customer_id`, `ordered_at`, `amount`; sorted by moment.

    Examples
    --------
    >>> import patronage as pt
    >>> pt.example_orders().shape
    (303, 3)
    """
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(customers):
        day = rng.uniform(0, DAYS / 2)
        end = min(day + rng.exponential(600), DAYS)
        gap, worth = 60 / rng.gamma(2, 0.3), rng.gamma(4, 6)
        while day < end:
            rows.append((f"c{number:03d}", day, round(worth * rng.gamma(4, 0.25), 2)))
            day += rng.exponential(gap)
    orders = pd.DataFrame(rows, columns=[c.CUSTOMER_ID, c.ORDERED_AT, c.AMOUNT])
    moments = (pd.Timestamp(FIRST_DAY) + pd.to_timedelta(orders[c.ORDERED_AT], unit="D")).dt.floor("min")
    return orders.assign(**{c.ORDERED_AT: moments}).sort_values(c.ORDERED_AT, ignore_index=True)
