"""What each verb reads: the groups it composes and the keys of its main file."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Any

from omegaconf import MISSING

from patronage.config.actions import ActionsConfig
from patronage.config.churn import ChurnConfig
from patronage.config.clv import ClvConfig
from patronage.config.data import DataConfig, EngineConfig
from patronage.config.journey import AUTO, JourneyConfig
from patronage.config.lenses import LensesConfig
from patronage.config.personas import PersonasConfig
from patronage.config.process import ProcessConfig
from patronage.config.rules import check_model_name, one_of, within
from patronage.config.shipped import shipped
from patronage.config.target import chosen_acts
from patronage.errors import ConfigError


@dataclass
class OriginsConfig:
    spacing_days: int = 30
    most: int = 4
    min_history_days: int = 60
    window_days: int | None = None

    def check(self) -> None:
        within("origins.spacing_days", self.spacing_days, 1, 3650)
        within("origins.most", self.most, 1, 100)
        within("origins.min_history_days", self.min_history_days, 1, 36500)
        if self.window_days is not None:
            within("origins.window_days", self.window_days, 1, 3650)


@dataclass
class EvaluationConfig:
    unseen_share: float = 0.3
    bootstraps: int = 200

    def check(self) -> None:
        within("evaluation.unseen_share", self.unseen_share, 0.05, 0.5)
        within("evaluation.bootstraps", self.bootstraps, 20, 100_000)


@dataclass
class TrackingConfig:
    """Where runs are logged; a registered model of None is `patronage-NAME`, by the name of the log."""

    uri: str = "sqlite:///mlruns/mlflow.db"
    experiment: str = "patronage"
    registered_model: str | None = None

    def check(self) -> None:
        check_model_name(self.registered_model)


@dataclass
class TrainConfig(ProcessConfig):
    """What `patronage train` reads."""

    engine: EngineConfig = field(default_factory=EngineConfig)
    data: DataConfig = field(default_factory=DataConfig)
    lenses: LensesConfig = field(default_factory=LensesConfig)
    personas: PersonasConfig = field(default_factory=PersonasConfig)
    churn: ChurnConfig = field(default_factory=ChurnConfig)
    clv: ClvConfig = field(default_factory=ClvConfig)
    actions: ActionsConfig = field(default_factory=ActionsConfig)
    journey: JourneyConfig = field(default_factory=JourneyConfig)
    origins: OriginsConfig = field(default_factory=OriginsConfig)
    evaluation: EvaluationConfig = field(default_factory=EvaluationConfig)
    tracking: TrackingConfig = field(default_factory=TrackingConfig)
    name: str | None = None
    question: str | None = None
    cutoff: str = MISSING
    horizon_days: int = 180
    target: Any = None
    lookback_days: int | None = None
    min_customers: int = 50
    fit_sample: int | None = None
    register: bool | None = None
    real_example: bool = False
    seed: int = 0

    def check(self) -> None:
        super().check()
        within("horizon_days", self.horizon_days, 1, 3650)
        chosen_acts(self.target)
        if self.fit_sample is not None:
            within("fit_sample", self.fit_sample, 10, 10**9)
        if self.journey.period_days != AUTO and self.horizon_days < self.journey.period_days:
            raise ConfigError(
                f"horizon_days={self.horizon_days} is shorter than a period of the journey "
                f"(journey.period_days={self.journey.period_days}); lower the period"
            )
        if (self.origins.window_days or 0) > self.horizon_days:
            raise ConfigError(
                f"origins.window_days={self.origins.window_days} is longer than horizon_days={self.horizon_days}; "
                "lower it"
            )
        within("seed", self.seed, 0, 2**31 - 1)
        within("min_customers", self.min_customers, 10, 10**9)
        if self.lookback_days is not None:
            within("lookback_days", self.lookback_days, 1, 36500)


@dataclass
class RollingConfig:
    """Origins from `first` to `last` (both included), `step_days` apart."""

    first: str | None = None
    last: str | None = None
    step_days: int = 30

    def check(self) -> None:
        within("rolling.step_days", self.step_days, 1, 3650)
        if (self.first is None) != (self.last is None):
            raise ConfigError("rolling.first and rolling.last belong together; give both, or neither")


@dataclass
class BacktestConfig(ProcessConfig):
    """What `patronage backtest` reads."""

    engine: EngineConfig = field(default_factory=EngineConfig)
    data: DataConfig = field(default_factory=DataConfig)
    lenses: LensesConfig = field(default_factory=LensesConfig)
    churn: ChurnConfig = field(default_factory=ChurnConfig)
    clv: ClvConfig = field(default_factory=ClvConfig)
    journey: JourneyConfig = field(default_factory=JourneyConfig)
    origins: OriginsConfig = field(default_factory=lambda: OriginsConfig(most=6))
    evaluation: EvaluationConfig = field(default_factory=lambda: EvaluationConfig(bootstraps=100))
    tracking: TrackingConfig = field(default_factory=TrackingConfig)
    rolling: RollingConfig = field(default_factory=RollingConfig)
    cutoffs: dict[str, int] = field(default_factory=dict)
    name: str | None = None
    horizon_days: int = 180
    lookback_days: int | None = None
    min_customers: int = 50
    seed: int = 0

    def check(self) -> None:
        super().check()
        if not self.cutoffs and self.rolling.first is None:
            raise ConfigError(
                "no origin: give rolling.first=YYYY-MM-DD and rolling.last=YYYY-MM-DD, or +cutoffs={YYYY-MM-DD: days}"
            )
        for days in (self.horizon_days, *self.cutoffs.values()):
            within("horizon_days", days, 1, 3650)
        within("seed", self.seed, 0, 2**31 - 1)

    def at(self, cutoff: str, horizon_days: int) -> TrainConfig:
        """What a training run at one origin would read."""
        window = self.origins.window_days
        origins = replace(self.origins, window_days=None if window is None else min(window, horizon_days))
        settings = TrainConfig(
            engine=self.engine,
            data=self.data,
            lenses=self.lenses,
            churn=self.churn,
            clv=self.clv,
            journey=self.journey,
            origins=origins,
            evaluation=self.evaluation,
            tracking=self.tracking,
            cutoff=cutoff,
            horizon_days=horizon_days,
            lookback_days=self.lookback_days,
            min_customers=self.min_customers,
            seed=self.seed,
        )
        settings.check()
        return settings


@dataclass
class SearchConfig(BacktestConfig):
    """What `patronage search` reads: a backtest's origins, and what is varied on them."""

    origins: OriginsConfig = field(default_factory=OriginsConfig)
    evaluation: EvaluationConfig = field(default_factory=EvaluationConfig)
    cutoff: str = MISSING
    trials: int = 30
    space: dict[str, list[Any]] = field(default_factory=lambda: shipped("search", "space"))

    def check(self) -> None:
        super().check()
        within("trials", self.trials, 1, 100_000)
        numbers = tuple(key.name for key in fields(ChurnConfig) if key.type in ("int", "float"))
        if not self.space:
            raise ConfigError(f"space: nothing to vary; give two borders of one or more of {', '.join(numbers)}")
        for name, borders in self.space.items():
            one_of("space", name, numbers)
            if len(borders) != 2 or not all(isinstance(border, (int, float)) for border in borders):
                raise ConfigError(f"space.{name}={borders}: expected two numbers")
            if borders[0] >= borders[1]:
                raise ConfigError(f"space.{name}={borders}: expected the lower one first")
            for border in borders:
                replace(self.churn, **{name: type(getattr(self.churn, name))(border)}).check()


@dataclass
class CheckConfig(ProcessConfig):
    """What `patronage check` reads."""

    engine: EngineConfig = field(default_factory=EngineConfig)
    data: DataConfig = field(default_factory=DataConfig)
    lenses: LensesConfig = field(default_factory=LensesConfig)
    cutoff: str | None = None
    output: str | None = None


@dataclass
class SimulateConfig(ProcessConfig):
    """What `patronage simulate` reads."""

    data: DataConfig = field(default_factory=DataConfig)
    output: str = MISSING

    def check(self) -> None:
        super().check()
        one_of("data.source", self.data.source, ("simulated",))
