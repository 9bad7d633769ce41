"""The group journey."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from patronage.config.rules import one_of, within

AUTO = "auto"


@dataclass
class JourneyConfig:
    period_days: Any = AUTO
    cadence_classes: Any = 3
    max_customers: int = 20_000
    min_customers: int = 200
    cart_days: int = 7
    return_days: int = 14

    def check(self) -> None:
        if isinstance(self.period_days, int):
            within("journey.period_days", self.period_days, 1, 366)
        else:
            one_of("journey.period_days", self.period_days, (AUTO, "a number of days"))
        within("journey.cart_days", self.cart_days, 1, 90)
        within("journey.return_days", self.return_days, 1, 366)
        one_of("journey.cadence_classes", self.cadence_classes, (AUTO, 1, 2, 3))
