"""What is learned of many customers is not set by one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from conftest import through_the_door
from fitted import fit_all
from patronage import names as c
from patronage.models.forecast import OUTWEIGHS

pytestmark = pytest.mark.slow
ORDERS = 20_000


def test_one_customer_of_20_000_orders_moves_no_answer_about_the_others(shop, fitted):
    days = np.linspace(3, 700, ORDERS)
    heavy = pd.DataFrame(
        {
            "customer_id": "heavy",
            "ordered_at": (pd.Timestamp("2022-01-01") + pd.to_timedelta(days, unit="D")).floor("s"),
            "amount": 30.0,
        }
    )
    bundle, features, _ = fit_all(through_the_door(pd.concat([shop, heavy], ignore_index=True)))
    beside, alone = bundle.assign(features), fitted.bundle.assign(fitted.features)
    models = [c.PERSONA, c.JOURNEY_STAGE, c.P_ORDER, c.EXPECTED_ORDERS, c.EXPECTED_SPEND, c.CLV]
    pd.testing.assert_frame_equal(beside.loc[alone.index, models], alone[models])
    assert OUTWEIGHS in beside.loc["heavy", c.FLAGS]
    assert np.isfinite(beside.loc["heavy", models[2:]].astype(float)).all()
