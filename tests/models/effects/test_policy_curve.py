from __future__ import annotations

import numpy as np
import pytest

from patronage.models.effects.policy import effect_curve


def test_a_curve_sums_up_the_highest_effects_first():
    curve = effect_curve(np.array([1.0, 3.0, -1.0, 2.0]), np.array([0.0, 4.0, -2.0, 2.0]))
    assert curve.share == (0.0, 0.25, 0.5, 0.75, 1.0)
    assert curve.promised == (0.0, 0.75, 1.25, 1.5, 1.25)
    assert curve.realised == (0.0, 1.0, 1.5, 1.5, 1.0)
    assert curve.customers == 4
    assert curve.half_width[1] == pytest.approx(1.96 * np.sqrt((16 / 4 - 1) / 4), rel=1e-3)


def test_without_customers_there_is_nothing():
    assert effect_curve(np.zeros(0), np.zeros(0)).realised == (0.0,)
