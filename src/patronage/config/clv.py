"""The group clv: the laws of orders and their value."""

from __future__ import annotations

from dataclasses import dataclass, field

from patronage.config.rules import one_of, within
from patronage.errors import ConfigError

LAWS = ("bg_nbd", "mbg_nbd", "pareto_nbd", "abe")


@dataclass
class ClvConfig:
    model: str = "bg_nbd"
    candidates: list[str] = field(default_factory=lambda: list(LAWS))
    covariates: list[str] = field(default_factory=list)
    fallback: str = "switch"
    value_horizon_days: int = 365
    discount_rate: float = 0.1
    margin: float = 1.0
    level: float = 0.8

    def check(self) -> None:
        one_of("clv.model", self.model, (*LAWS, "auto"))
        if not self.candidates or len(set(self.candidates)) < len(self.candidates):
            raise ConfigError(f"clv.candidates={self.candidates}; expected at least one law, each once")
        for name in self.candidates:
            one_of("clv.candidates", name, LAWS)
        if len(set(self.covariates)) < len(self.covariates):
            raise ConfigError(f"clv.covariates={self.covariates}; expected each once")
        one_of("clv.fallback", self.fallback, ("switch", "leave_empty", "fail"))
        within("clv.value_horizon_days", self.value_horizon_days, 1, 36500)
        within("clv.discount_rate", self.discount_rate, 0, 10)
        within("clv.margin", self.margin, 0, 1)
        within("clv.level", self.level, 0.01, 0.999)
