"""The group decision."""

from __future__ import annotations

from dataclasses import dataclass

from patronage.config.rules import within


@dataclass
class DecisionConfig:
    contact_cost: float = 1.0
    offer_cost: float = 10.0
    acceptance_rate: float = 0.3
    acceptance_sd: float = 0.1
    value_saved: float = 1.0
    holdout_share: float = 0.1
    arm: str | None = None

    def check(self) -> None:
        within("decision.contact_cost", self.contact_cost, 0, 1e9)
        within("decision.offer_cost", self.offer_cost, 0, 1e9)
        within("decision.acceptance_rate", self.acceptance_rate, 0.001, 0.999)
        most = (self.acceptance_rate * (1 - self.acceptance_rate)) ** 0.5
        within("decision.acceptance_sd", self.acceptance_sd, 1e-4, 0.99 * most)
        within("decision.value_saved", self.value_saved, 0, 100)
        within("decision.holdout_share", self.holdout_share, 0, 0.9)
