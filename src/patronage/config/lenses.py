"""Thresholds, calendars, vocabularies and weights of the lenses: the group lenses, a block for each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from omegaconf import MISSING

from patronage.config.feasts import OccasionWindow, check_window, country_calendar
from patronage.config.rules import at_least, within
from patronage.config.shipped import shipped
from patronage.config.target import chosen_acts
from patronage.errors import ConfigError


def _retail(key: str) -> Any:
    """The shop's table at a key of conf/lenses/retail.yaml."""
    return shipped("lenses/retail", key)


def _pains() -> dict[str, PainConfig]:
    return {name: PainConfig(**words) for name, words in _retail("needs.pains").items()}


@dataclass
class UsageConfig:
    light_below: float = 0.333
    heavy_above: float = 0.667
    thin_below: float = 0.333
    uses: list[str] = field(default_factory=lambda: _retail("usage.uses"))
    timed: list[str] = field(default_factory=lambda: _retail("usage.timed"))

    def check(self) -> None:
        within("lenses.usage.light_below", self.light_below, 0, self.heavy_above)
        within("lenses.usage.heavy_above", self.heavy_above, self.light_below, 1)
        within("lenses.usage.thin_below", self.thin_below, 0, 1)


@dataclass
class OccasionConfig:
    calendar: dict[str, OccasionWindow] = field(
        default_factory=lambda: {name: OccasionWindow(**ends) for name, ends in _retail("occasion.calendar").items()}
    )
    times_usual: float = 2.0
    min_rhythm: float = 0.5
    chance: float = 0.05
    min_gaps: int = 3
    contact_events: list[str] = field(default_factory=lambda: _retail("occasion.contact_events"))
    contact_min_acts: int = 5
    weekend: list[int] = field(default_factory=lambda: _retail("occasion.weekend"))
    country: str = "country"
    weekends: dict[str, list[int]] = field(default_factory=lambda: _retail("occasion.weekends"))
    # a dictionary of windows for each country, which OmegaConf leaves as it is given
    calendars: dict[str, Any] = field(default_factory=lambda: _retail("occasion.calendars"))
    day_parts: dict[str, int] = field(default_factory=lambda: _retail("occasion.day_parts"))

    def __post_init__(self) -> None:
        self.calendars = {country: country_calendar(country, given) for country, given in self.calendars.items()}

    def check(self) -> None:
        within("lenses.occasion.min_gaps", self.min_gaps, 2, 1000)
        within("lenses.occasion.times_usual", self.times_usual, 1, 100)
        within("lenses.occasion.min_rhythm", self.min_rhythm, 0, 1)
        within("lenses.occasion.chance", self.chance, 1e-12, 0.5)
        within("lenses.occasion.contact_min_acts", self.contact_min_acts, 1, 1000)
        hours = list(self.day_parts.values())
        if not hours or hours != sorted(set(hours)) or not 0 <= hours[0] <= hours[-1] <= 23:
            raise ConfigError(f"lenses.occasion.day_parts={dict(self.day_parts)}: expected rising first hours, 0 to 23")
        every = {"weekend": self.weekend, **{f"weekends.{name}": days for name, days in self.weekends.items()}}
        for key, days in every.items():
            if not 0 < len(set(days) & set(range(1, 8))) < 7 or set(days) - set(range(1, 8)):
                raise ConfigError(f"lenses.occasion.{key}={list(days)}: expected some ISO weekdays, 1 to 7")
        for country, calendar in {"": self.calendar, **self.calendars}.items():
            for name, window in calendar.items():
                key = f"calendars.{country}.{name}" if country else f"calendar.{name}"
                check_window(f"lenses.occasion.{key}", window.start, window.end, window.dates)


@dataclass
class ReturningConfig:
    """How much less often than everyone customers like these come back, for a name that claims it."""

    at_risk_below: float = 0.8
    lost_below: float = 0.5

    def check(self) -> None:
        within("lenses.returning.lost_below", self.lost_below, 0, self.at_risk_below)
        within("lenses.returning.at_risk_below", self.at_risk_below, self.lost_below, 1)


def _no_cuts() -> dict[str, list[float]]:
    return {"days_since_last_order": [], "n_orders": [], "revenue": []}


@dataclass
class RfmConfig:
    """`cuts`: the four borders of a score, rising; without any, the quintiles of the customers at the fit."""

    cuts: dict[str, list[float]] = field(default_factory=_no_cuts)

    def check(self) -> None:
        if unknown := sorted(set(self.cuts) - set(_no_cuts())):
            raise ConfigError(f"lenses.rfm.cuts: no score {', '.join(unknown)}; expected {', '.join(_no_cuts())}")
        for name, cuts in self.cuts.items():
            if cuts and (len(cuts) != 4 or list(cuts) != sorted(set(cuts))):
                raise ConfigError(f"lenses.rfm.cuts.{name}={list(cuts)}: expected four rising borders, or []")


@dataclass
class StatusConfig:
    at_risk_after: float = 2.0
    defector_after: float = 4.0

    def check(self) -> None:
        within("lenses.status.at_risk_after", self.at_risk_after, 1, self.defector_after)


@dataclass
class ValueConfig:
    tiers: dict[str, float] = field(default_factory=lambda: _retail("value.tiers"))
    event_costs: dict[str, float] = field(default_factory=lambda: _retail("value.event_costs"))
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
class Scale:
    """The ends of an answer's scale; what lies outside is no answer."""

    low: float = MISSING
    high: float = MISSING


@dataclass
class Sign:
    """What a behaviour says of satisfaction: 0 to 1, and its weight against an answer's 1."""

    score: float = MISSING
    weight: float = MISSING


@dataclass
class SatisfactionConfig:
    scales: dict[str, Scale] = field(
        default_factory=lambda: {name: Scale(**ends) for name, ends in _retail("satisfaction.scales").items()}
    )
    signs: dict[str, Sign] = field(
        default_factory=lambda: {name: Sign(**ends) for name, ends in _retail("satisfaction.signs").items()}
    )
    slow_hours: int = 72
    quiet_order_weight: float = 0.1
    recent_days: int = 180
    prior_weight: float = 2.0
    min_evidence: float = 1.0
    low_below: float = 0.2
    high_above: float = 0.8

    def check(self) -> None:
        signs = {"complaint", "return", "ticket", "slow_ticket", "referred"}
        if set(self.signs) != signs:
            raise ConfigError(f"lenses.satisfaction.signs: expected {', '.join(sorted(signs))}")
        for name, scale in self.scales.items():
            if not scale.low < scale.high:
                raise ConfigError(f"lenses.satisfaction.scales.{name}: low={scale.low} is not below high={scale.high}")
        for name, sign in self.signs.items():
            within(f"lenses.satisfaction.signs.{name}.score", sign.score, 0, 1)
            within(f"lenses.satisfaction.signs.{name}.weight", sign.weight, 0, 1000)
        within("lenses.satisfaction.slow_hours", self.slow_hours, 0, 100_000)
        within("lenses.satisfaction.quiet_order_weight", self.quiet_order_weight, 0, 1000)
        within("lenses.satisfaction.prior_weight", self.prior_weight, 0, 1e6)
        within("lenses.satisfaction.min_evidence", self.min_evidence, 1e-9, 1e6)
        within("lenses.satisfaction.low_below", self.low_below, 0, self.high_above)
        within("lenses.satisfaction.high_above", self.high_above, self.low_below, 1)


@dataclass
class LoyaltyConfig:
    attention: dict[str, int] = field(default_factory=lambda: _retail("loyalty.attention"))
    advocacy: dict[str, int] = field(default_factory=lambda: _retail("loyalty.advocacy"))
    half_attention_a_year: float = 12.0
    half_advocacy_a_year: float = 2.0
    half_orders_a_year: float = 6.0
    half_tenure_days: float = 365.0
    min_evidence: int = 5
    border: float = 0.5

    def check(self) -> None:
        for key in ("half_attention_a_year", "half_advocacy_a_year", "half_orders_a_year", "half_tenure_days"):
            within(f"lenses.loyalty.{key}", getattr(self, key), 1e-9, 1e9)
        within("lenses.loyalty.min_evidence", self.min_evidence, 1, 1_000_000)
        within("lenses.loyalty.border", self.border, 0, 1)


@dataclass
class Doors:
    """Channel names, in small letters, by the door that they open."""

    site: list[str] = field(default_factory=lambda: _retail("engagement.doors.site"))
    message: list[str] = field(default_factory=lambda: _retail("engagement.doors.message"))
    person: list[str] = field(default_factory=lambda: _retail("engagement.doors.person"))
    social: list[str] = field(default_factory=lambda: _retail("engagement.doors.social"))


@dataclass
class EngagementConfig:
    half_life_days: float = 30.0
    weights: dict[str, int] = field(default_factory=lambda: _retail("engagement.weights"))
    answers: list[str] = field(default_factory=lambda: _retail("engagement.answers"))
    doors: Doors = field(default_factory=Doors)
    recent_days: int = 30
    inactive_below: float = 1.0
    active_above: float = 0.5

    def check(self) -> None:
        within("lenses.engagement.half_life_days", self.half_life_days, 1, 36_500)
        within("lenses.engagement.recent_days", self.recent_days, 1, 3650)
        within("lenses.engagement.active_above", self.active_above, 0, 1)
        for event, weight in self.weights.items():
            within(f"lenses.engagement.weights.{event}", weight, 0, 1_000_000)


@dataclass
class TechnographicConfig:
    mobile: list[str] = field(default_factory=lambda: _retail("technographic.mobile"))
    desktop: list[str] = field(default_factory=lambda: _retail("technographic.desktop"))
    tablet: list[str] = field(default_factory=lambda: _retail("technographic.tablet"))
    multi_share: float = 0.3
    min_acts: int = 3

    def check(self) -> None:
        within("lenses.technographic.multi_share", self.multi_share, 0.01, 0.67)
        within("lenses.technographic.min_acts", self.min_acts, 1, 1_000_000)


@dataclass
class PurchaseConfig:
    min_orders: int = 3
    browse_days: int = 45
    cart_days: int = 3
    own_label: list[str] = field(default_factory=lambda: _retail("purchase.own_label"))
    proof: list[str] = field(default_factory=lambda: _retail("purchase.proof"))
    types: dict[str, dict[str, float]] = field(default_factory=lambda: _retail("purchase.types"))

    def check(self) -> None:
        within("lenses.purchase.min_orders", self.min_orders, 1, 1000)
        within("lenses.purchase.browse_days", self.browse_days, 0, 3650)
        within("lenses.purchase.cart_days", self.cart_days, 0, 3650)


@dataclass
class BenefitsConfig:
    min_orders: int = 3
    benefits: dict[str, dict[str, float]] = field(default_factory=lambda: _retail("benefits.benefits"))

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
    events: dict[str, float] = field(default_factory=lambda: _retail("needs.events"))
    line_weight: float = 0.25
    min_weight: float = 2.0
    pains: PainsConfig = field(default_factory=lambda: PainsConfig(**_pains()))

    def check(self) -> None:
        within("lenses.needs.line_weight", self.line_weight, 0, 1000)
        within("lenses.needs.min_weight", self.min_weight, 0, 1e6)
        at_least("lenses.needs.events", self.events, 0)


@dataclass
class InterestsConfig:
    half_life_days: int = 180
    events: dict[str, float] = field(default_factory=lambda: _retail("interests.events"))
    strongest: int = 5
    min_weight: float = 2.0
    shares: list[str] = field(default_factory=lambda: _retail("interests.shares"))

    def check(self) -> None:
        within("lenses.interests.half_life_days", self.half_life_days, 1, 36500)
        within("lenses.interests.strongest", self.strongest, 2, 100)
        within("lenses.interests.min_weight", self.min_weight, 0, 1e6)
        at_least("lenses.interests.events", self.events, 0)


@dataclass
class TasteConfig:
    """`learned`: the axes, as `patronage.lenses.taste_axes` writes them; empty: to be learned from the log."""

    categories: int = 150
    products: int = 800
    half_lines: int = 20
    learned: str = ""

    def check(self) -> None:
        within("lenses.taste.categories", self.categories, 3, 2000)
        within("lenses.taste.products", self.products, 3, 5000)
        within("lenses.taste.half_lines", self.half_lines, 0, 1000)


@dataclass
class ActsConfig:
    """`chosen`: the acts that `target` names, as a training writes them; empty: none."""

    chosen: list[str] = field(default_factory=list)

    def check(self) -> None:
        chosen_acts(self.chosen, "lenses.acts.chosen")


@dataclass
class ContractConfig:
    """`read`: whether the contract that runs is looked at; a training writes it with `churn=contractual`."""

    read: bool = False


@dataclass
class LensesConfig:
    own: list[str] = field(default_factory=list)
    usage: UsageConfig = field(default_factory=UsageConfig)
    occasion: OccasionConfig = field(default_factory=OccasionConfig)
    returning: ReturningConfig = field(default_factory=ReturningConfig)
    rfm: RfmConfig = field(default_factory=RfmConfig)
    status: StatusConfig = field(default_factory=StatusConfig)
    value: ValueConfig = field(default_factory=ValueConfig)
    account: AccountConfig = field(default_factory=AccountConfig)
    satisfaction: SatisfactionConfig = field(default_factory=SatisfactionConfig)
    loyalty: LoyaltyConfig = field(default_factory=LoyaltyConfig)
    engagement: EngagementConfig = field(default_factory=EngagementConfig)
    technographic: TechnographicConfig = field(default_factory=TechnographicConfig)
    purchase: PurchaseConfig = field(default_factory=PurchaseConfig)
    benefits: BenefitsConfig = field(default_factory=BenefitsConfig)
    needs: NeedsConfig = field(default_factory=NeedsConfig)
    interests: InterestsConfig = field(default_factory=InterestsConfig)
    taste: TasteConfig = field(default_factory=TasteConfig)
    acts: ActsConfig = field(default_factory=ActsConfig)
    contract: ContractConfig = field(default_factory=ContractConfig)
