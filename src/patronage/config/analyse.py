"""What `patronage analyse` reads."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from omegaconf import MISSING

from patronage.config.data import DataConfig, EngineConfig
from patronage.config.lenses import LensesConfig
from patronage.config.process import ProcessConfig
from patronage.config.rules import within
from patronage.config.shipped import shipped
from patronage.config.verbs import TrackingConfig


def _table(key: str) -> Any:
    """The table at a key of conf/analyse.yaml."""
    return shipped("analyse", key)


@dataclass
class Behaviour:
    """What a customer does at the beginning: an event, how often at least, within how many days."""

    event: str = MISSING
    at_least: int = 1
    within_days: int = 7

    def check(self) -> None:
        within("cohorts.behaviours.at_least", self.at_least, 1, 10_000)
        within("cohorts.behaviours.within_days", self.within_days, 1, 3650)


@dataclass
class CohortsConfig:
    period_days: int = 30
    periods: int = 12
    behaviours: dict[str, Behaviour] = field(
        default_factory=lambda: {name: Behaviour(**rule) for name, rule in _table("cohorts.behaviours").items()}
    )

    def check(self) -> None:
        within("cohorts.period_days", self.period_days, 1, 366)
        within("cohorts.periods", self.periods, 1, 120)


@dataclass
class DriversConfig:
    surveys: list[str] = field(default_factory=lambda: _table("drivers.surveys"))
    leave_out: list[str] = field(default_factory=lambda: _table("drivers.leave_out"))  # what the answers are made of
    bootstraps: int = 200

    def check(self) -> None:
        within("drivers.bootstraps", self.bootstraps, 20, 100_000)


@dataclass
class CompanionsConfig:
    segment: str = "value_tier"
    least: int = 20
    top: int = 20

    def check(self) -> None:
        within("companions.least", self.least, 1, 10**9)
        within("companions.top", self.top, 1, 10_000)


@dataclass
class AnalyseConfig(ProcessConfig):
    """What `patronage analyse` reads."""

    engine: EngineConfig = field(default_factory=EngineConfig)
    data: DataConfig = field(default_factory=DataConfig)
    lenses: LensesConfig = field(default_factory=LensesConfig)
    cohorts: CohortsConfig = field(default_factory=CohortsConfig)
    drivers: DriversConfig = field(default_factory=DriversConfig)
    companions: CompanionsConfig = field(default_factory=CompanionsConfig)
    tracking: TrackingConfig = field(default_factory=TrackingConfig)
    name: str | None = None
    cutoff: str = MISSING
    movement_days: int = 91
    seed: int = 0

    def check(self) -> None:
        super().check()
        within("movement_days", self.movement_days, 1, 3650)
        within("seed", self.seed, 0, 2**31 - 1)
