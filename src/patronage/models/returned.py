"""What was sent back: a customer who returned most of what was bought is worth the share that was kept.

A refund that the door matched undoes its order, but what remains of a customer (a line of 15 of an order of 310, or an
order beside refunds of what was bought before the log) looks like a small buyer, and a law draws a small buyer to the
mean of all. Where more than half of what was ever paid came back, the customer's own history outweighs that mean.
"""

from __future__ import annotations

import numpy as np

from patronage import names as c
from patronage.typing import Array, Columns, Mask

REFUNDS = "refunds"
MOSTLY, NEARLY_ALL = 0.5, 0.1  # shares kept, below which a customer sent back most, or nearly all
NEVER_AGAIN = "sent back nearly all: left alone"
SENT_BACK = "sent back most of what was bought: valued by the share that was kept"


def retained_share(features: Columns) -> Array:
    """(N,) the share of the money ever paid that was not refunded; 1 where refunds are not known."""
    if REFUNDS not in features or c.NET_REVENUE not in features:
        return np.ones(np.shape(features[c.N_ORDERS]))
    net, refunds = (np.nan_to_num(np.asarray(features[name], np.float64)) for name in (c.NET_REVENUE, REFUNDS))
    paid = net + refunds
    return np.where(refunds > 0, np.maximum(net, 0.0) / np.where(paid > 0, paid, 1.0), 1.0)


def worth(features: Columns) -> Array:
    """(N,) the factor on the value of a customer: the share kept where most was sent back, else 1."""
    retained = retained_share(features)
    return np.where(retained < MOSTLY, retained, 1.0)


def sent_back(features: Columns, below: float = MOSTLY) -> Mask:
    """(N,) the customers who kept less than such a share."""
    return retained_share(features) < below


def nearly_all_sent_back(features: Columns) -> Mask:
    """(N,) the customers whom no action is recommended for: at least 90 % of what they paid was refunded."""
    return retained_share(features) <= NEARLY_ALL
