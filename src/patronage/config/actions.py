"""The group actions: what may be done about a customer."""

from __future__ import annotations

from dataclasses import dataclass, field

from patronage.config.rules import one_of, within
from patronage.config.shipped import shipped
from patronage.errors import ConfigError

ORDER, RISK, SPEND, FIXED = "order", "risk", "spend", "fixed"
GAINS = (ORDER, RISK, SPEND, FIXED)
LEAVE_ALONE = "leave_alone"
KNOWN = "known"  # in place of a label: any but unknown


@dataclass
class ActionConfig:
    """One action: whom it fits, what it is assumed to bring, what it costs."""

    conditions: dict[str, list[str]] = field(default_factory=dict)
    gain: str = "order"
    rate: float = 0.0
    rate_low: float = 0.0
    rate_high: float = 0.0
    worth: float = 0.0
    cost: float = 0.0
    offer_cost: float = 0.0
    sender: str = "marketing"
    within_days: int = 14
    arm: str | None = None

    def check_as(self, name: str) -> None:
        key = f"actions.catalogue.{name}"
        one_of(f"{key}.gain", self.gain, GAINS)
        if name == LEAVE_ALONE:
            raise ConfigError(f"{key}: the name of doing nothing; give the action another name")
        if not self.conditions:
            raise ConfigError(f"{key}.conditions: none; expected labels by column: {{journey_stage: [at_risk]}}")
        within(f"{key}.rate_high", self.rate_high, 0, 1)
        within(f"{key}.rate", self.rate, 0, self.rate_high)
        within(f"{key}.rate_low", self.rate_low, 0, self.rate)
        for cost in ("worth", "cost", "offer_cost"):
            within(f"{key}.{cost}", getattr(self, cost), 0, 1e9)
        within(f"{key}.within_days", self.within_days, 1, 3650)


@dataclass
class CapsConfig:
    days: int = 7
    messages: int = 3
    by_sender: dict[str, int] = field(default_factory=dict)

    def check(self) -> None:
        within("actions.caps.days", self.days, 1, 365)
        within("actions.caps.messages", self.messages, 0, 1000)
        for sender, most in self.by_sender.items():
            within(f"actions.caps.by_sender.{sender}", most, 0, 1000)


def _catalogue() -> dict[str, ActionConfig]:
    return {name: ActionConfig(**action) for name, action in shipped("actions/retail", "catalogue").items()}


@dataclass
class ActionsConfig:
    budget: float | None = None
    effects: str | None = None
    holdout_share: float = 0.1
    caps: CapsConfig = field(default_factory=CapsConfig)
    never: dict[str, list[str]] = field(default_factory=dict)
    catalogue: dict[str, ActionConfig] = field(default_factory=_catalogue)

    def check(self) -> None:
        within("actions.holdout_share", self.holdout_share, 0, 0.9)
        if self.budget is not None:
            within("actions.budget", self.budget, 0, 1e15)
        for name, action in self.catalogue.items():
            action.check_as(name)
