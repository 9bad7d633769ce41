"""The group personas."""

from __future__ import annotations

from dataclasses import dataclass, field

from patronage.config.rules import one_of, within
from patronage.config.shipped import shipped
from patronage.errors import ConfigError

AUTO = "auto"


@dataclass
class ViewConfig:
    """One side of a customer's behaviour: features that share one weight in equal parts.

    Where they are a `mix`, shares of one whole such as interest_share_CATEGORY, they are compared by Hellinger's
    distance: the square roots of the shares, on one scale.
    """

    weight: float = 1.0
    features: list[str] = field(default_factory=list)
    mix: bool = False


def _views() -> dict[str, ViewConfig]:
    return {name: ViewConfig(**view) for name, view in shipped("personas/kmeans", "views").items()}


@dataclass
class PersonasConfig:
    method: str = "kmeans"
    k: int | str = AUTO
    k_range: list[int] = field(default_factory=lambda: [3, 8])
    features: dict[str, bool] = field(default_factory=lambda: shipped("personas/kmeans", "features"))
    views: dict[str, ViewConfig] = field(default_factory=_views)
    winsorise: float = 0.01
    stable_ari: float = 0.85
    stable_jaccard: float = 0.75
    min_share: float = 0.02
    min_active_days: int = 0
    allow_unstable: bool = False
    ambiguous_below: float = 0.6
    match_limit: float = 0.5
    keep_within: float = 0.1
    bootstraps: int = 20
    bootstrap_sample: int = 5000
    fit_sample: int = 100_000

    def check(self) -> None:
        one_of("personas.method", self.method, ("kmeans", "gmm"))
        if isinstance(self.k, str):
            one_of("personas.k", self.k, (AUTO, "a number of personas"))
        else:
            within("personas.k", self.k, 2, 100)
        if len(self.k_range) != 2 or not 2 <= self.k_range[0] <= self.k_range[1] <= 100:
            raise ConfigError(f"personas.k_range={self.k_range}; expected two numbers from 2 to 100, such as [3,8]")
        for name, view in self.views.items():
            within(f"personas.views.{name}.weight", view.weight, 0, 100)
        within("personas.winsorise", self.winsorise, 0, 0.2)
        within("personas.stable_ari", self.stable_ari, 0, 1)
        within("personas.stable_jaccard", self.stable_jaccard, 0, 1)
        within("personas.min_active_days", self.min_active_days, 0, 10_000)
        within("personas.min_share", self.min_share, 0, 0.5)
        within("personas.ambiguous_below", self.ambiguous_below, 0, 1)
        within("personas.match_limit", self.match_limit, 0, 1)
        within("personas.keep_within", self.keep_within, 0, 1)
        within("personas.bootstraps", self.bootstraps, 3, 1000)
        within("personas.bootstrap_sample", self.bootstrap_sample, 100, 1_000_000)
        within("personas.fit_sample", self.fit_sample, 100, 100_000_000)
