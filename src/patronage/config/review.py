"""The settings of the verbs that read runs: compare, promote, rollback."""

from __future__ import annotations

from dataclasses import dataclass, field

from omegaconf import MISSING

from patronage.config.process import ProcessConfig
from patronage.config.rules import check_model_name, one_of, within
from patronage.errors import ConfigError


@dataclass
class StoreConfig:
    """Where the runs are; the experiment is that of each run.

    A registered model of None is that of the run in question.
    """

    uri: str = "sqlite:///mlruns/mlflow.db"
    registered_model: str | None = None

    def check(self) -> None:
        check_model_name(self.registered_model)


@dataclass
class CompareConfig(ProcessConfig):
    """What `patronage compare` reads."""

    tracking: StoreConfig = field(default_factory=StoreConfig)
    baseline: str = MISSING
    candidate: str = MISSING
    name: str | None = None
    largest_changes: int = 100
    bootstraps: int = 500
    seed: int = 0

    def check(self) -> None:
        super().check()
        within("largest_changes", self.largest_changes, 1, 100_000)
        within("bootstraps", self.bootstraps, 20, 100_000)
        within("seed", self.seed, 0, 2**31 - 1)


@dataclass
class GatesConfig:
    """The borders of the promotion gates; null switches a gate off."""

    churn_log_loss_worse: float | None = 0.02
    spend_rmse_worse: float | None = 0.02
    persona_stability: float | None = 0.85
    churn_ece: float | None = 0.05
    coverage_80: float | None = 0.1
    leakage: bool = True
    refit_moves: float | None = 0.05
    names_failing: int | None = None
    unmeasured: str = "block"

    def check(self) -> None:
        one_of("gates.unmeasured", self.unmeasured, ("block", "pass"))
        for key in ("churn_log_loss_worse", "spend_rmse_worse", "churn_ece", "coverage_80", "refit_moves"):
            if (border := getattr(self, key)) is not None:
                within(f"gates.{key}", border, 0, 1)
        if self.names_failing is not None:
            within("gates.names_failing", self.names_failing, 0, 10_000)
        if self.persona_stability is not None:
            within("gates.persona_stability", self.persona_stability, -1, 1)


@dataclass
class PromoteConfig(ProcessConfig):
    """What `patronage promote` reads."""

    tracking: StoreConfig = field(default_factory=StoreConfig)
    gates: GatesConfig = field(default_factory=GatesConfig)
    run: str = MISSING
    alias: str = "champion"
    force: bool = False
    reason: str | None = None
    bootstraps: int = 1000
    seed: int = 0

    def check(self) -> None:
        super().check()
        if self.force and not (self.reason or "").strip():
            raise ConfigError("force=true without a reason; give reason='...', the reason is kept with the model")
        within("bootstraps", self.bootstraps, 20, 100_000)
        within("seed", self.seed, 0, 2**31 - 1)


@dataclass
class ReproduceConfig(ProcessConfig):
    """What `patronage reproduce` reads."""

    tracking: StoreConfig = field(default_factory=StoreConfig)
    run: str = MISSING


@dataclass
class CleanConfig(ProcessConfig):
    """What `patronage clean` reads."""

    tracking: StoreConfig = field(default_factory=StoreConfig)
    older_than_days: int = 30
    remove: bool = False

    def check(self) -> None:
        super().check()
        within("older_than_days", self.older_than_days, 0, 36500)


@dataclass
class RollbackConfig(ProcessConfig):
    """What `patronage rollback` reads."""

    tracking: StoreConfig = field(default_factory=StoreConfig)
    alias: str = "champion"
    reason: str | None = None
