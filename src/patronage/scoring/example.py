"""Made-up customers: the types of a bundle's columns, and an example of its input, without showing anybody's data."""

from __future__ import annotations

import numpy as np
import pandas as pd

from patronage import lenses
from patronage import names as c
from patronage.bundle import Bundle

BUYER, CONTACT = "example-buyer", "example-contact"
OF_BUYER = {  # three orders of 25, the last 60 days ago; every other number is 1
    c.N_ORDERS: 3, c.ACTIVE_DAYS: 3, c.FREQUENCY: 2, c.RECENCY: 40, c.T: 100, c.MONETARY_VALUE: 25, c.REVENUE: 75,
    c.NET_REVENUE: 75, c.MEAN_ORDER_VALUE: 25, c.DAYS_SINCE_LAST_ORDER: 60, c.TENURE_DAYS: 100, c.MEAN_GAP_DAYS: 20,
    c.N_GAPS: 2,
}  # fmt: skip
EVER = (c.N_ORDERS, c.ACTIVE_DAYS, c.REVENUE, c.NET_REVENUE)  # 0 for a contact
PATHS = {BUYER: "pppp", CONTACT: "...."}


def example_features(bundle: Bundle) -> pd.DataFrame:
    """A buyer and a contact who never bought, with every feature that the bundle reads."""
    rows: dict[str, dict[str, object]] = {BUYER: {}, CONTACT: {}}
    for name, feature in lenses.described(bundle.lenses, bundle.lens_names).items():
        if feature.text:
            rows[BUYER][name] = rows[CONTACT][name] = ""
        else:
            rows[BUYER][name] = float(OF_BUYER.get(name, 1))
            rows[CONTACT][name] = 0.0 if name in EVER else np.nan if feature.absent is None else float(feature.absent)
    for name, path in PATHS.items():
        rows[name][c.JOURNEY_PATH] = path
    return pd.DataFrame(rows.values(), index=pd.Index(rows, name=c.CUSTOMER_ID))
