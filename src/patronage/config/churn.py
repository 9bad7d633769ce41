"""The group churn."""

from __future__ import annotations

from dataclasses import dataclass, field

from patronage.config.clv import LAWS
from patronage.config.rules import one_of, within
from patronage.config.shipped import shipped
from patronage.errors import ConfigError


@dataclass
class ChurnConfig:
    contractual: bool = False
    members: dict[str, bool] = field(default_factory=lambda: shipped("churn/ensemble", "members"))
    laws: dict[str, bool] = field(default_factory=lambda: shipped("churn/ensemble", "laws"))
    learning_rate: float = 0.05
    num_leaves: int = 15
    min_data_in_leaf: int = 50
    lambda_l2: float = 1.0
    max_rounds: int = 500
    patience: int = 25
    feature_share: float = 0.5
    row_share: float = 0.7
    validation_share: float = 0.25
    fit_sample: int | None = None
    season: bool = True
    bands: dict[str, float] = field(default_factory=lambda: shipped("churn/ensemble", "bands"))

    def check(self) -> None:
        for name in self.members:
            one_of("churn.members", name, ("btyd", "plain", "features", "offset"))
        if not any(self.members.values()):
            raise ConfigError("churn.members: none is on; switch one on, such as churn.members.features=true")
        if self.contractual and not (self.members.get("features") or self.members.get("plain")):
            raise ConfigError(
                "churn.contractual: BTYD predicts no cancellation; expected churn.members.features=true or "
                "churn.members.plain=true"
            )
        for name in self.laws:
            one_of("churn.laws", name, LAWS)
        if not any(self.laws.values()):
            raise ConfigError("churn.laws: none is on; switch one on, such as churn.laws.bg_nbd=true")
        within("churn.learning_rate", self.learning_rate, 1e-4, 1)
        within("churn.num_leaves", self.num_leaves, 2, 10_000)
        within("churn.min_data_in_leaf", self.min_data_in_leaf, 1, 10**9)
        within("churn.lambda_l2", self.lambda_l2, 0, 10**9)
        within("churn.max_rounds", self.max_rounds, 1, 100_000)
        within("churn.feature_share", self.feature_share, 0.01, 1)
        within("churn.row_share", self.row_share, 0.01, 1)
        within("churn.validation_share", self.validation_share, 0.05, 0.5)
        if self.fit_sample is not None:
            within("churn.fit_sample", self.fit_sample, 100, 10**9)
        borders = list(self.bands.values())
        if not borders or borders != sorted(set(borders)) or borders[-1] != 1:
            raise ConfigError(
                f"churn.bands={dict(self.bands)}: expected upper borders that rise to 1, safest band first"
            )
