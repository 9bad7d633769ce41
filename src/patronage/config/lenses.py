"""Thresholds, calendars, vocabularies and weights of the lenses: the group lenses, a block for each."""

from __future__ import annotations

from dataclasses import dataclass, field

from omegaconf import MISSING

from patronage.config.rules import month_day, within
from patronage.errors import ConfigError


@dataclass
class UsageConfig:
    light_below: float = 1 / 3
    heavy_above: float = 2 / 3

    def check(self) -> None:
        within("lenses.usage.light_below", self.light_below, 0, self.heavy_above)
        within("lenses.usage.heavy_above", self.heavy_above, self.light_below, 1)


@dataclass
class OccasionWindow:
    """One universal occasion, every year; month-day as MM-DD, both ends included."""

    start: str = MISSING
    end: str = MISSING


@dataclass
class OccasionConfig:
    calendar: dict[str, OccasionWindow] = field(default_factory=dict)
    max_variation: float = 0.5
    min_gaps: int = 3

    def check(self) -> None:
        within("lenses.occasion.min_gaps", self.min_gaps, 2, 1000)
        for name, window in self.calendar.items():
            for day in (window.start, window.end):
                month_day(f"lenses.occasion.calendar.{name}", day)


@dataclass
class StatusConfig:
    at_risk_after: float = 2.0
    defector_after: float = 4.0

    def check(self) -> None:
        within("lenses.status.at_risk_after", self.at_risk_after, 1, self.defector_after)


@dataclass
class ValueConfig:
    tiers: dict[str, float] = field(default_factory=dict)

    def check(self) -> None:
        shares = list(self.tiers.values())
        if not shares or shares != sorted(set(shares)) or shares[-1] != 1:
            raise ConfigError(
                f"lenses.value.tiers={dict(self.tiers)}: expected cumulative shares that rise to 1, best tier first"
            )


@dataclass
class AccountConfig:
    active_days: int = 30
    broad_share: float = 0.5

    def check(self) -> None:
        within("lenses.account.active_days", self.active_days, 1, 3650)
        within("lenses.account.broad_share", self.broad_share, 0, 1)


@dataclass
class LensesConfig:
    usage: UsageConfig = field(default_factory=UsageConfig)
    occasion: OccasionConfig = field(default_factory=OccasionConfig)
    status: StatusConfig = field(default_factory=StatusConfig)
    value: ValueConfig = field(default_factory=ValueConfig)
    account: AccountConfig = field(default_factory=AccountConfig)
