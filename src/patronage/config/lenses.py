"""Thresholds, calendars, vocabularies and weights of the lenses: the group lenses, a block for each."""

from __future__ import annotations

from dataclasses import dataclass, field

from omegaconf import MISSING

from patronage.config.rules import at_least, month_day, within
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
    event_costs: dict[str, float] = field(default_factory=dict)
    royal_mind: float = 0.5

    def check(self) -> None:
        within("lenses.value.royal_mind", self.royal_mind, 0, 1)
        at_least("lenses.value.event_costs", self.event_costs, 0)
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
class PurchaseConfig:
    min_orders: int = 3
    browse_days: int = 45
    cart_days: int = 3
    own_label: list[str] = field(default_factory=list)
    proof: list[str] = field(default_factory=list)
    types: dict[str, dict[str, float]] = field(default_factory=dict)

    def check(self) -> None:
        within("lenses.purchase.min_orders", self.min_orders, 1, 1000)
        within("lenses.purchase.browse_days", self.browse_days, 0, 3650)
        within("lenses.purchase.cart_days", self.cart_days, 0, 3650)


@dataclass
class BenefitsConfig:
    min_orders: int = 3
    benefits: dict[str, dict[str, float]] = field(default_factory=dict)

    def check(self) -> None:
        within("lenses.benefits.min_orders", self.min_orders, 1, 1000)


@dataclass
class PainConfig:
    """The words of one pain, in lower case: subjects of events and categories of what is bought."""

    subjects: list[str] = field(default_factory=list)
    categories: list[str] = field(default_factory=list)


@dataclass
class PainsConfig:
    financial: PainConfig = field(default_factory=PainConfig)
    emotional: PainConfig = field(default_factory=PainConfig)
    physical: PainConfig = field(default_factory=PainConfig)


@dataclass
class NeedsConfig:
    events: dict[str, float] = field(default_factory=dict)
    line_weight: float = 0.1
    min_weight: float = 2.0
    pains: PainsConfig = field(default_factory=PainsConfig)

    def check(self) -> None:
        within("lenses.needs.line_weight", self.line_weight, 0, 1000)
        within("lenses.needs.min_weight", self.min_weight, 0, 1e6)
        at_least("lenses.needs.events", self.events, 0)


@dataclass
class InterestsConfig:
    half_life_days: int = 180
    events: dict[str, float] = field(default_factory=dict)
    kept: int = 8
    min_weight: float = 2.0

    def check(self) -> None:
        within("lenses.interests.half_life_days", self.half_life_days, 1, 36500)
        within("lenses.interests.kept", self.kept, 2, 100)
        within("lenses.interests.min_weight", self.min_weight, 0, 1e6)
        at_least("lenses.interests.events", self.events, 0)


@dataclass
class LensesConfig:
    usage: UsageConfig = field(default_factory=UsageConfig)
    occasion: OccasionConfig = field(default_factory=OccasionConfig)
    status: StatusConfig = field(default_factory=StatusConfig)
    value: ValueConfig = field(default_factory=ValueConfig)
    account: AccountConfig = field(default_factory=AccountConfig)
    purchase: PurchaseConfig = field(default_factory=PurchaseConfig)
    benefits: BenefitsConfig = field(default_factory=BenefitsConfig)
    needs: NeedsConfig = field(default_factory=NeedsConfig)
    interests: InterestsConfig = field(default_factory=InterestsConfig)
