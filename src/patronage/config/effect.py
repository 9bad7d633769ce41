"""What `patronage effect` reads."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from patronage.config.data import DataConfig, EngineConfig
from patronage.config.lenses import LensesConfig
from patronage.config.process import ProcessConfig
from patronage.config.rules import one_of, within
from patronage.config.shipped import shipped
from patronage.config.verbs import TrackingConfig
from patronage.errors import ConfigError


@dataclass
class PlanConfig:
    """An experiment to come."""

    rate: float | None = None
    gain: float | None = None
    cost: float | None = None
    power: float = 0.8

    def check(self) -> None:
        within("plan.power", self.power, 0.5, 0.99)
        given = [value is not None for value in (self.rate, self.gain, self.cost)]
        if any(given) and not all(given):
            raise ConfigError("plan.rate, plan.gain and plan.cost belong together; give all, or none")
        if self.rate is not None and self.gain is not None and self.cost is not None:
            within("plan.rate", self.rate, 1e-5, 0.99)
            within("plan.gain", self.gain, 1e-9, 1e12)
            within("plan.cost", self.cost, 1e-9, 1e12)
            if self.rate + self.cost / self.gain >= 1:
                raise ConfigError(
                    f"plan: a contact of {self.cost:g} pays from an effect of {self.cost / self.gain:.2f} on a rate of "
                    f"{self.rate:g}, above 1; expected a cost below what purchases could earn"
                )


@dataclass
class EffectConfig(ProcessConfig):
    """What `patronage effect` reads."""

    engine: EngineConfig = field(default_factory=EngineConfig)
    data: DataConfig | None = None
    lenses: LensesConfig = field(default_factory=LensesConfig)
    tracking: TrackingConfig = field(default_factory=TrackingConfig)
    plan: PlanConfig = field(default_factory=PlanConfig)
    name: str | None = None
    path: str | None = None
    cutoff: Any = None
    contacts: str = "table"
    past_actions: Any = None
    action: str | None = None
    campaign: str | None = None
    assignments: Any = None
    contact_days: int = 7
    window_days: int = 14
    decay_days: list[int] = field(default_factory=lambda: shipped("effect", "decay_days"))
    pressure_days: int = 28
    contacts_before: str | None = None
    customer: str | None = None
    arm: str = "arm"
    control: str = "control"
    outcome: str = "outcome"
    outcome_value: float = 1.0
    propensity: str | None = None
    leave_out: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    costs: dict[str, float] = field(default_factory=dict)
    learner: str = "dr"
    folds: int = 5
    confidence: float = 0.95
    output: str | None = None
    model: str | None = None
    seed: int = 0

    def check(self) -> None:
        super().check()
        one_of("learner", self.learner, ("dr", "t", "s"))
        within("folds", self.folds, 2, 50)
        within("confidence", self.confidence, 0, 0.9999)
        within("seed", self.seed, 0, 2**31 - 1)
        within("outcome_value", self.outcome_value, 1e-9, 1e12)
        within("contact_days", self.contact_days, 1, 366)
        within("window_days", self.window_days, 1, 3650)
        within("pressure_days", self.pressure_days, 1, 3650)
        if list(self.decay_days) != sorted({*self.decay_days}) or min(self.decay_days, default=1) < 1:
            raise ConfigError(f"decay_days={list(self.decay_days)}; expected days from the contact, growing, from 1 on")
        if self.path is None and self.data is None and self.plan.rate is None:
            raise ConfigError(
                "effect: nothing to do; give path=FILE (a row per customer), data=... (contacts of a log), or "
                "plan.rate and the others"
            )
        if self.data is not None and self.path is not None:
            raise ConfigError(f"effect: path={self.path} and data={self.data.name}; give one of them")
        if self.data is not None and self.cutoff is None:
            raise ConfigError("effect: cutoff is missing; give the day that the contacts begin, cutoff=YYYY-MM-DD")
        for name in ("past_actions", "assignments"):
            tables = several(getattr(self, name))
            if tables and len(tables) != len(several(self.cutoff)):
                raise ConfigError(
                    f"{name}: {len(tables)} for {len(several(self.cutoff))} cutoffs; expected one of each cutoff, in "
                    "the same order"
                )


def several(value: Any) -> list[str]:
    """One, or a list of them."""
    if value is None:
        return []
    return [str(value)] if isinstance(value, str) or not isinstance(value, Iterable) else [str(each) for each in value]
