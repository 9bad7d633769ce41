from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from patronage import names as c
from patronage.evaluation.totals import evaluate_totals, totals_by_persona
from patronage.labels import LabelledSnapshot
from patronage.models.totals import TotalErrors, TotalsModel

CERTAIN = TotalErrors(0.05, (0.0,) * 4, (0.0,) * 4)


class Forecast:
    """A forecast whose totals have a level's error alone: 6.6 % on either side at 80 %."""

    def totals(self, features, predictions, *, level, base=None):
        model = TotalsModel(CERTAIN, CERTAIN)
        return model.totals(features[c.FREQUENCY].to_numpy(), predictions, horizon_days=90, level=level, base=base)


@pytest.fixture
def case():
    features = pd.DataFrame({c.FREQUENCY: [0.0, 1.0, 5.0, 9.0]}, index=list("abcd"))
    predictions = pd.DataFrame({c.EXPECTED_ORDERS: [1.0, 2.0, 3.0, 4.0], c.EXPECTED_SPEND: [10.0, 20.0, 30.0, 40.0]})
    labels = pd.DataFrame({c.ORDERS: [1.0, 2.0, 3.0, 4.4], c.SPEND: [10.0, 20.0, -5.0, 40.0]}, index=features.index)
    snapshot = LabelledSnapshot(datetime(2024, 1, 1), 90, features, labels)
    return snapshot, predictions.set_axis(features.index), pd.Series(["x", "x", "y", "z"], features.index)


def test_totals_are_held_against_what_came(case):
    metrics = evaluate_totals(Forecast(), *case)
    assert metrics["clv/total_ratio"] == pytest.approx(1.04)
    assert metrics["clv/total_covered_80"] == 1
    assert metrics["clv/total_width_80"] == pytest.approx(2 * np.sinh(0.05 * 1.28155), rel=1e-4)
    assert metrics["clv/spend_total_ratio"] == pytest.approx(0.7)  # refunds that exceed sales count as none
    assert metrics["clv/spend_total_covered_80"] == 0
    assert metrics["personas/orders_total_covered_80"] == pytest.approx(2 / 3)
    assert metrics["personas/spend_total_covered_80"] == pytest.approx(2 / 3)
    assert "personas/spend_total_covered_80" not in evaluate_totals(Forecast(), *case[:2])


def test_totals_of_personas_add_up(case):
    snapshot, predictions, personas = case
    totals = totals_by_persona(Forecast(), snapshot.features, predictions, personas)
    assert {persona: of[c.SPEND].expected for persona, of in totals.items()} == {"x": 30.0, "y": 30.0, "z": 40.0}
