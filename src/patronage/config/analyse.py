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
from patronage.errors import ConfigError


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
    events: list[str] = field(default_factory=lambda: _table("cohorts.events"))
    behaviours: dict[str, Behaviour] = field(default_factory=dict)

    def check(self) -> None:
        within("cohorts.period_days", self.period_days, 1, 366)
        within("cohorts.periods", self.periods, 1, 120)


@dataclass
class StayTarget:
    """Staying: an event, how often at least, from which day on and before which, counted from the beginning."""

    event: str = MISSING
    at_least: int = 1
    from_days: int = 30
    until_days: int = 120

    def check(self) -> None:
        within("first_days.targets.at_least", self.at_least, 1, 10_000)
        within("first_days.targets.from_days", self.from_days, 1, 3650)
        within("first_days.targets.until_days", self.until_days, self.from_days + 1, 7300)


@dataclass
class FirstDaysConfig:
    targets: dict[str, StayTarget] = field(
        default_factory=lambda: {name: StayTarget(**rule) for name, rule in _table("first_days.targets").items()}
    )
    counts: list[int] = field(default_factory=lambda: _table("first_days.counts"))
    within_days: list[int] = field(default_factory=lambda: _table("first_days.within_days"))
    categories: int = 20
    least: int = 30
    shuffles: int = 20
    most_customers: int = 200_000

    def check(self) -> None:
        within("first_days.categories", self.categories, 0, 1000)
        within("first_days.least", self.least, 5, 10**9)
        within("first_days.shuffles", self.shuffles, 0, 10_000)
        within("first_days.most_customers", self.most_customers, 200, 10**9)
        for days in self.within_days:
            within("first_days.within_days", days, 1, 3650)
        shortest = min(self.within_days, default=0)
        for name, target in self.targets.items():
            if not self.within_days or shortest > target.from_days:
                raise ConfigError(
                    f"first_days.targets.{name}.from_days={target.from_days}: no first_days.within_days is as short; "
                    "the first days must end before the days that are judged"
                )


@dataclass
class TurnTarget:
    """A turn since the earlier cutoff: a label that was reached, a rank that rose or fell, an event, or an answer."""

    column: str = ""
    became: list[str] = field(default_factory=list)
    order: list[str] = field(default_factory=list)
    move: str = ""
    event: str = ""
    absent: bool = False
    survey: str = ""

    def check(self) -> None:
        ways = [bool(self.column and self.became), bool(self.column and self.order and self.move), bool(self.event),
                bool(self.survey)]  # fmt: skip
        if sum(ways) != 1 or self.move not in ("", "rose", "fell"):
            raise ConfigError(
                "turns.targets: a target has a column and the labels that it became, or a column, its order (best "
                "first) and the move rose or fell, or an event, or a survey"
            )


@dataclass
class TurnsConfig:
    targets: dict[str, TurnTarget] = field(
        default_factory=lambda: {name: TurnTarget(**rule) for name, rule in _table("turns.targets").items()}
    )
    leave_out: list[str] = field(default_factory=list)
    least: int = 30
    shuffles: int = 20
    most_customers: int = 20_000

    def check(self) -> None:
        within("turns.least", self.least, 5, 10**9)
        within("turns.shuffles", self.shuffles, 0, 10_000)
        within("turns.most_customers", self.most_customers, 200, 10**9)


@dataclass
class VoiceConfig:
    surveys: list[str] = field(default_factory=lambda: _table("voice.surveys"))
    negative: list[str] = field(default_factory=lambda: _table("voice.negative"))
    segments: list[str] = field(default_factory=lambda: _table("voice.segments"))
    most: int = 200

    def check(self) -> None:
        within("voice.most", self.most, 2, 100_000)


@dataclass
class PressureConfig:
    cap: int = 2
    most_customers: int = 200_000

    def check(self) -> None:
        within("pressure.cap", self.cap, 1, 1000)
        within("pressure.most_customers", self.most_customers, 200, 10**9)


@dataclass
class ObstaclesConfig:
    steps: int = 8
    pass_days: int = 14
    again_days: int = 60
    least: int = 50
    segments: list[str] = field(default_factory=lambda: _table("obstacles.segments"))
    surveys: list[str] = field(default_factory=lambda: _table("obstacles.surveys"))
    negative: list[str] = field(default_factory=lambda: _table("obstacles.negative"))
    most_customers: int = 50_000

    def check(self) -> None:
        within("obstacles.steps", self.steps, 1, 100)
        within("obstacles.pass_days", self.pass_days, 1, 366)
        within("obstacles.again_days", self.again_days, 1, 1000)
        within("obstacles.least", self.least, 5, 10**9)
        within("obstacles.most_customers", self.most_customers, 200, 10**9)


@dataclass
class SequencesConfig:
    within_days: int = 30
    categories: int = 30
    least: int = 30
    surveys: list[str] = field(default_factory=lambda: ["nps", "csat"])
    offers: int = 3
    most_customers: int = 50_000

    def check(self) -> None:
        within("sequences.within_days", self.within_days, 1, 366)
        within("sequences.categories", self.categories, 2, 500)
        within("sequences.least", self.least, 5, 10**9)
        within("sequences.offers", self.offers, 1, 100)
        within("sequences.most_customers", self.most_customers, 200, 10**9)


@dataclass
class ProductsConfig:
    segment: str = "value_tier"
    new_after_days: int = 60
    least: int = 30
    most: int = 200

    def check(self) -> None:
        within("products.new_after_days", self.new_after_days, 1, 3650)
        within("products.least", self.least, 5, 10**9)
        within("products.most", self.most, 2, 100_000)


@dataclass
class CandidatesConfig:
    targets: dict[str, TurnTarget] = field(
        default_factory=lambda: {name: TurnTarget(**rule) for name, rule in _table("candidates.targets").items()}
    )
    strata: list[str] = field(default_factory=lambda: _table("candidates.strata"))
    surveys: list[str] = field(default_factory=lambda: _table("candidates.surveys"))
    ask: int = 400

    def check(self) -> None:
        within("candidates.ask", self.ask, 10, 10**9)


@dataclass
class LostConfig:
    most_groups: int = 5

    def check(self) -> None:
        within("lost.most_groups", self.most_groups, 2, 20)


@dataclass
class UseConfig:
    events: list[str] = field(default_factory=lambda: _table("use.events"))
    segment: str = "value_tier"
    least: int = 30
    most_customers: int = 200_000

    def check(self) -> None:
        within("use.least", self.least, 5, 10**9)
        within("use.most_customers", self.most_customers, 200, 10**9)


@dataclass
class PredictabilityConfig:
    spans: int = 4
    categories: int = 12
    least: int = 100
    least_orders: int = 4
    segments: list[str] = field(default_factory=lambda: _table("predictability.segments"))
    most_customers: int = 50_000

    def check(self) -> None:
        within("predictability.spans", self.spans, 1, 9)
        within("predictability.categories", self.categories, 0, 1000)
        within("predictability.least", self.least, 5, 10**9)
        within("predictability.least_orders", self.least_orders, 3, 1000)
        within("predictability.most_customers", self.most_customers, 200, 10**9)


@dataclass
class TimingConfig:
    around_days: int = 7
    ahead_days: int = 30
    least: int = 100
    most_customers: int = 50_000

    def check(self) -> None:
        within("timing.around_days", self.around_days, 0, 90)
        within("timing.ahead_days", self.ahead_days, 1, 366)
        within("timing.least", self.least, 5, 10**9)
        within("timing.most_customers", self.most_customers, 200, 10**9)


@dataclass
class ListsConfig:
    size: int = 500
    holdout: float = 0.1
    per_location: int = 0

    def check(self) -> None:
        within("lists.per_location", self.per_location, 0, 10**9)
        within("lists.size", self.size, 10, 10**9)
        within("lists.holdout", self.holdout, 0, 0.9)


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
    first_days: FirstDaysConfig = field(default_factory=FirstDaysConfig)
    turns: TurnsConfig = field(default_factory=TurnsConfig)
    voice: VoiceConfig = field(default_factory=VoiceConfig)
    pressure: PressureConfig = field(default_factory=PressureConfig)
    obstacles: ObstaclesConfig = field(default_factory=ObstaclesConfig)
    sequences: SequencesConfig = field(default_factory=SequencesConfig)
    products: ProductsConfig = field(default_factory=ProductsConfig)
    companions: CompanionsConfig = field(default_factory=CompanionsConfig)
    candidates: CandidatesConfig = field(default_factory=CandidatesConfig)
    lost: LostConfig = field(default_factory=LostConfig)
    use: UseConfig = field(default_factory=UseConfig)
    predictability: PredictabilityConfig = field(default_factory=PredictabilityConfig)
    timing: TimingConfig = field(default_factory=TimingConfig)
    lists: ListsConfig = field(default_factory=ListsConfig)
    only: list[str] = field(default_factory=list)
    tracking: TrackingConfig = field(default_factory=TrackingConfig)
    name: str | None = None
    cutoff: str = MISSING
    movement_days: int = 91
    seed: int = 0

    def check(self) -> None:
        super().check()
        within("movement_days", self.movement_days, 1, 3650)
        within("seed", self.seed, 0, 2**31 - 1)
