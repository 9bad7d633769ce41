"""Thresholds, calendars and vocabularies of the lenses: the group lenses."""

from __future__ import annotations

from dataclasses import dataclass, field

from omegaconf import MISSING

from patronage.config.rules import month_day, within
from patronage.errors import ConfigError


@dataclass
class OccasionWindow:
    """One universal occasion, every year; month-day as MM-DD, both ends included."""

    start: str = MISSING
    end: str = MISSING


@dataclass
class LensesConfig:
    usage_light_below: float = 1 / 3
    usage_heavy_above: float = 2 / 3
    occasions: dict[str, OccasionWindow] = field(default_factory=dict)
    rhythm_max_variation: float = 0.5
    rhythm_min_gaps: int = 3
    at_risk_after: float = 2.0
    defector_after: float = 4.0
    tiers: dict[str, float] = field(default_factory=dict)

    def check(self) -> None:
        within("lenses.usage_light_below", self.usage_light_below, 0, self.usage_heavy_above)
        within("lenses.usage_heavy_above", self.usage_heavy_above, self.usage_light_below, 1)
        within("lenses.at_risk_after", self.at_risk_after, 1, self.defector_after)
        within("lenses.rhythm_min_gaps", self.rhythm_min_gaps, 2, 1000)
        for name, window in self.occasions.items():
            for day in (window.start, window.end):
                month_day(f"lenses.occasions.{name}", day)
        shares = list(self.tiers.values())
        if not shares or shares != sorted(set(shares)) or shares[-1] != 1:
            raise ConfigError(
                f"lenses.tiers={dict(self.tiers)}: expected cumulative shares that rise to 1, best tier first"
            )
