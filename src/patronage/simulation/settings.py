"""The keys under data.simulated: types, defaults and ranges. conf/data/simulated.yaml explains each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from typing import Any

from omegaconf import OmegaConf

from patronage.config import typed
from patronage.errors import ConfigError

PLANTS = ("early_act", "bad_product", "obstacle", "pressure", "precursor")  # of `practice.py`


def read_settings(settings: Mapping[str, Any]) -> SimulatedConfig:
    """Read and check the keys of a configuration; a key that is not given has its default.

    Raises
    ------
    ConfigError
        A key is unknown, has the wrong type or is out of range.
    """
    try:
        return typed(SimulatedConfig, OmegaConf.create(dict(settings)))
    except ConfigError as error:
        message = str(error)
        raise ConfigError(message if message.startswith("data.simulated") else f"data.simulated: {message}") from error


def _between(low: float, high: float, default: float) -> Any:
    return field(default=default, metadata={"low": low, "high": high})


@dataclass
class SimulatedConfig:
    """How many customers are simulated, over which days, and by which laws."""

    customers: int = _between(1, 10**9, 10_000)
    seed: int = _between(0, 2**31 - 1, 0)
    start: str = "2022-01-01"
    days: int = _between(7, 3660, 730)
    events: bool = True
    signup_span: float = _between(0, 1, 0.75)
    buyer_share: float = _between(0, 1, 0.85)
    purchase_r: float = _between(1e-3, 1e6, 1.5)
    purchase_alpha_days: float = _between(1e-3, 1e6, 68.0)
    dropout_s: float = _between(1e-3, 1e6, 0.8)
    dropout_beta_days: float = _between(1e-3, 1e6, 400.0)
    fading_days: float = _between(0, 3660, 60.0)
    return_share: float = _between(0, 1, 0.1)
    spend_p: float = _between(1e-3, 1e6, 4.0)
    spend_q: float = _between(1.01, 1e6, 4.0)  # at 1 and below a gamma-gamma has no mean
    spend_gamma: float = _between(1e-3, 1e6, 50.0)
    occasion_share: float = _between(0, 1, 0.4)
    messages_per_year: int = _between(0, 365, 12)
    offers_per_year: int = _between(0, 52, 6)
    account_share: float = _between(0, 1, 0.2)
    planted: dict[str, float] = field(default_factory=dict)

    def check(self) -> None:
        """Refuse a value out of range, and a start that is not a date."""
        for key in fields(self):
            value, limits = getattr(self, key.name), key.metadata
            if limits and not limits["low"] <= value <= limits["high"]:
                raise ConfigError(f"data.simulated.{key.name}={value}; expected {limits['low']} to {limits['high']}")
        for name, strength in self.planted.items():
            if name not in PLANTS or not 0 <= strength <= 1:
                raise ConfigError(
                    f"data.simulated.planted.{name}={strength}; expected one of {', '.join(PLANTS)}, each 0 to 1"
                )
        try:
            date.fromisoformat(self.start)
        except ValueError:
            raise ConfigError(f"data.simulated.start={self.start}; expected a day such as 2022-01-01") from None
