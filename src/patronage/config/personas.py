"""The group personas."""

from __future__ import annotations

from dataclasses import dataclass, field

from omegaconf import MISSING

from patronage.config.rules import one_of, within


@dataclass
class PersonasConfig:
    method: str = MISSING
    k: int = 5
    features: dict[str, bool] = field(default_factory=dict)
    winsorise: float = 0.01
    bootstraps: int = 20
    bootstrap_sample: int = 5000

    def check(self) -> None:
        one_of("personas.method", self.method, ("kmeans", "gmm"))
        within("personas.k", self.k, 2, 100)
        within("personas.winsorise", self.winsorise, 0, 0.2)
        within("personas.bootstraps", self.bootstraps, 3, 1000)
        within("personas.bootstrap_sample", self.bootstrap_sample, 100, 1_000_000)
