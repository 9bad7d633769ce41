"""The group clv."""

from __future__ import annotations

from dataclasses import dataclass

from omegaconf import MISSING

from patronage.config.rules import one_of, within


@dataclass
class ClvConfig:
    model: str = MISSING
    value_horizon_days: int = 365
    discount_rate: float = 0.1
    margin: float = 1.0
    level: float = 0.8

    def check(self) -> None:
        one_of("clv.model", self.model, ("bg_nbd", "mbg_nbd", "pareto_nbd"))
        within("clv.value_horizon_days", self.value_horizon_days, 1, 36500)
        within("clv.discount_rate", self.discount_rate, 0, 10)
        within("clv.margin", self.margin, 0, 1)
        within("clv.level", self.level, 0.01, 0.999)
