"""What the page expects in total, by hand."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import pytest

from patronage import names as c
from patronage.review.run_page.expectation import Totals, expected_totals


def test_who_keeps_a_contract_need_not_order():
    forecast = SimpleNamespace(
        totals=lambda *_, level: {c.ORDERS: Totals(10.0, 8.0, 12.0), c.SPEND: Totals(100.0, 80.0, 120.0)}
    )
    assigned = pd.DataFrame({c.CHURN_PROBABILITY: [0.0, 0.1, 0.2], c.P_ORDER: [0.5, 0.3, None]})
    active = expected_totals(SimpleNamespace(forecast=forecast), pd.DataFrame(), assigned)["customers who order"]
    assert active.expected == pytest.approx(0.8)
    assert 0 <= active.low < 0.8 < active.high <= 3
