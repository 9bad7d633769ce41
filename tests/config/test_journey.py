"""The settings of the journey."""

from __future__ import annotations

from dataclasses import replace

import pytest

from patronage.config import JourneyConfig
from patronage.errors import ConfigError


@pytest.mark.parametrize(
    "setting",
    [{"period_days": 1}, {"period_days": 366}, {"period_days": "auto"}, {"cadence_classes": 3}, {"cart_days": 90}],
)
def test_a_value_on_the_border_holds(setting):
    replace(JourneyConfig(), **setting).check()


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"period_days": 0}, "journey.period_days=0; expected 1 to 366"),
        ({"period_days": 367}, "journey.period_days=367"),
        ({"period_days": "weekly"}, "journey.period_days=weekly; expected one of auto, a number of days"),
        ({"cadence_classes": 4}, "journey.cadence_classes=4; expected one of auto, 1, 2, 3"),
        ({"cart_days": 91}, "journey.cart_days=91"),
        ({"return_days": 0}, "journey.return_days=0"),
    ],
)
def test_a_value_beyond_it_is_refused(setting, message):
    with pytest.raises(ConfigError, match=message):
        replace(JourneyConfig(), **setting).check()
