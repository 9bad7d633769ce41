"""The group journey."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from patronage.config.rules import one_of, within


@dataclass
class JourneyConfig:
    period_days: int = 7
    cadence_classes: Any = "auto"
    max_customers: int = 20_000
    min_customers: int = 200
    cart_days: int = 7
    return_days: int = 14

    def check(self) -> None:
        within("journey.period_days", self.period_days, 1, 366)
        within("journey.cart_days", self.cart_days, 1, 90)
        within("journey.return_days", self.return_days, 1, 366)
        one_of("journey.cadence_classes", self.cadence_classes, ("auto", 1, 2, 3))
