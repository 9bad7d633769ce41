"""What `patronage score` and `patronage relog` read: nothing about models, which the bundle knows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from omegaconf import MISSING

from patronage.config.data import DataConfig, EngineConfig
from patronage.config.process import ProcessConfig
from patronage.config.rules import one_of, within
from patronage.config.verbs import TrackingConfig
from patronage.errors import ConfigError

AUTO = "auto"
WARN, FAIL = "warn", "fail"


@dataclass
class LimitConfig:
    """A threshold, and what to do beyond it."""

    above: float = MISSING
    then: str = MISSING


@dataclass
class DriftConfig:
    psi: LimitConfig = field(default_factory=lambda: LimitConfig(0.25, WARN))
    unseen: LimitConfig = field(default_factory=lambda: LimitConfig(0.05, WARN))
    missing: LimitConfig = field(default_factory=lambda: LimitConfig(0.1, WARN))
    columns_gone: str = FAIL

    def check(self) -> None:
        for name, limit in (("psi", self.psi), ("unseen", self.unseen), ("missing", self.missing)):
            within(f"drift.{name}.above", limit.above, 0, 100)
            one_of(f"drift.{name}.then", limit.then, (WARN, FAIL))
        one_of("drift.columns_gone", self.columns_gone, (WARN, FAIL))


@dataclass
class PlausibleConfig:
    """Limits that no market reaches, only a broken log."""

    customers_left: float = 0.7
    times: float = 10.0
    psi: float = 4.0
    past: float = 3.0
    latest: float = 3.0
    then: str = FAIL

    def check(self) -> None:
        within("plausible.customers_left", self.customers_left, 0, 1)
        within("plausible.times", self.times, 1, 1e12)
        within("plausible.psi", self.psi, 0, 100)
        within("plausible.past", self.past, 1, 1e12)
        within("plausible.latest", self.latest, 1, 1e12)
        one_of("plausible.then", self.then, (WARN, FAIL))


@dataclass
class ScoreConfig(ProcessConfig):
    """What `patronage score` reads."""

    engine: EngineConfig = field(default_factory=EngineConfig)
    data: DataConfig = field(default_factory=DataConfig)
    drift: DriftConfig = field(default_factory=DriftConfig)
    plausible: PlausibleConfig = field(default_factory=PlausibleConfig)
    tracking: TrackingConfig = field(default_factory=TrackingConfig)
    name: str | None = None
    model: str = MISSING
    cutoff: str = MISSING
    output: str = MISSING
    horizons: list[int] = field(default_factory=list)
    next_actions: str | None = None
    budget: float | None = None
    passes: Any = AUTO
    force: bool = False

    def check(self) -> None:
        super().check()
        if self.passes != AUTO and not (isinstance(self.passes, int) and 1 <= self.passes <= 10_000):
            raise ConfigError(f"passes={self.passes}; expected auto or a number from 1 to 10000")
        if self.budget is not None:
            within("budget", self.budget, 0, 1e15)
        if self.budget is not None and self.next_actions is None:
            raise ConfigError("budget is of the next actions; give next_actions=FILE.parquet too")
        for days in self.horizons:
            within("horizons", days, 1, 36500)


@dataclass
class RelogConfig(ProcessConfig):
    """What `patronage relog` reads."""

    tracking: TrackingConfig = field(default_factory=TrackingConfig)
