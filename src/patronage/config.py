"""The shape of conf/: every key, its type and its range. Values and their reasons are in the YAML files."""

from __future__ import annotations

import re
import zoneinfo
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, TypeVar

from omegaconf import MISSING, DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from patronage.errors import ConfigError

C = TypeVar("C")

ATTRIBUTE_KINDS = ("demographic", "geographic", "psychographic", "technographic", "firmographic")

# Groups


@dataclass
class EngineConfig:
    name: str = MISSING
    threads: int | None = None
    memory_limit: str | None = None

    def check(self) -> None:
        if self.threads is not None:
            _within("engine.threads", self.threads, 1, 1024)


@dataclass
class TransactionColumns:
    """Canonical column to the user's name for it; null means: the same name, if the file has it."""

    customer_id: str | None = None
    ordered_at: str | None = None
    amount: str | None = None
    order_id: str | None = None
    quantity: str | None = None
    discount: str | None = None
    coupon: str | None = None
    cost: str | None = None
    product_id: str | None = None
    category: str | None = None
    brand: str | None = None
    private_label: str | None = None
    channel: str | None = None
    device: str | None = None
    location: str | None = None


@dataclass
class TransactionsConfig:
    path: Any = None  # a file, a glob or a list of them
    format: str | None = None
    date_format: str | None = None
    columns: TransactionColumns = field(default_factory=TransactionColumns)


@dataclass
class EventColumns:
    customer_id: str | None = None
    occurred_at: str | None = None
    event: str | None = None
    session_id: str | None = None
    channel: str | None = None
    device: str | None = None
    subject: str | None = None
    value: str | None = None


@dataclass
class EventsConfig:
    path: Any = None
    format: str | None = None
    date_format: str | None = None
    columns: EventColumns = field(default_factory=EventColumns)
    vocabulary: dict[str, str] = field(default_factory=dict)  # the user's event name to ours


@dataclass
class CustomerColumns:
    customer_id: str | None = None
    signed_up_at: str | None = None
    account_id: str | None = None
    acquisition_channel: str | None = None


@dataclass
class CustomersConfig:
    path: Any = None
    format: str | None = None
    date_format: str | None = None
    columns: CustomerColumns = field(default_factory=CustomerColumns)
    attributes: dict[str, str] = field(default_factory=dict)  # column to its kind

    def check(self) -> None:
        for name, kind in self.attributes.items():
            _one_of(f"data.customers.attributes.{name}", kind, ATTRIBUTE_KINDS)


@dataclass
class DataConfig:
    name: str = MISSING
    timezone: str = "UTC"
    money_decimals: int = 2
    left_censored: bool = False
    on_bad_rows: str = "fail"
    on_duplicate_rows: str = "fail"
    max_staleness_days: int = 7
    transactions: TransactionsConfig = field(default_factory=TransactionsConfig)
    events: EventsConfig = field(default_factory=EventsConfig)
    customers: CustomersConfig = field(default_factory=CustomersConfig)
    simulated: dict[str, Any] = field(default_factory=dict)  # its keys: data/simulated/settings.py

    def check(self) -> None:
        _one_of("data.on_bad_rows", self.on_bad_rows, ("fail", "quarantine"))
        _one_of("data.on_duplicate_rows", self.on_duplicate_rows, ("fail", "keep", "drop"))
        _within("data.money_decimals", self.money_decimals, 0, 6)
        if self.timezone not in zoneinfo.available_timezones():
            raise ConfigError(f"data.timezone={self.timezone}; expected a name such as UTC or Europe/Berlin")
        if self.name not in ("tables", "???") and any(
            table.path for table in (self.transactions, self.events, self.customers)
        ):
            raise ConfigError(f"data={self.name} reads its own data; give data=tables to read data.*.path")
        _within("data.max_staleness_days", self.max_staleness_days, 0, 3650)


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
        _within("lenses.usage_light_below", self.usage_light_below, 0, self.usage_heavy_above)
        _within("lenses.usage_heavy_above", self.usage_heavy_above, self.usage_light_below, 1)
        _within("lenses.at_risk_after", self.at_risk_after, 1, self.defector_after)
        _within("lenses.rhythm_min_gaps", self.rhythm_min_gaps, 2, 1000)
        for name, window in self.occasions.items():
            for day in (window.start, window.end):
                _month_day(f"lenses.occasions.{name}", day)
        shares = list(self.tiers.values())
        if not shares or shares != sorted(set(shares)) or shares[-1] != 1:
            raise ConfigError(
                f"lenses.tiers={dict(self.tiers)}: expected cumulative shares that rise to 1, best tier first"
            )


@dataclass
class PersonasConfig:
    method: str = MISSING
    k: int = 5
    features: dict[str, bool] = field(default_factory=dict)
    winsorise: float = 0.01
    bootstraps: int = 20
    bootstrap_sample: int = 5000

    def check(self) -> None:
        _one_of("personas.method", self.method, ("kmeans", "gmm"))
        _within("personas.k", self.k, 2, 100)
        _within("personas.winsorise", self.winsorise, 0, 0.2)
        _within("personas.bootstraps", self.bootstraps, 3, 1000)
        _within("personas.bootstrap_sample", self.bootstrap_sample, 100, 1_000_000)


@dataclass
class ChurnConfig:
    members: dict[str, bool] = field(default_factory=dict)
    learning_rate: float = 0.05
    num_leaves: int = 15
    min_data_in_leaf: int = 50
    lambda_l2: float = 1.0
    max_rounds: int = 500
    patience: int = 25
    validation_share: float = 0.25
    bands: dict[str, float] = field(default_factory=dict)

    def check(self) -> None:
        for name in self.members:
            _one_of("churn.members", name, ("btyd", "plain", "features", "offset"))
        if not any(self.members.values()):
            raise ConfigError("churn.members: none is on; switch one on, such as churn.members.features=true")
        _within("churn.learning_rate", self.learning_rate, 1e-4, 1)
        _within("churn.num_leaves", self.num_leaves, 2, 10_000)
        _within("churn.min_data_in_leaf", self.min_data_in_leaf, 1, 10**9)
        _within("churn.lambda_l2", self.lambda_l2, 0, 10**9)
        _within("churn.max_rounds", self.max_rounds, 1, 100_000)
        _within("churn.validation_share", self.validation_share, 0.05, 0.5)
        borders = list(self.bands.values())
        if not borders or borders != sorted(set(borders)) or borders[-1] != 1:
            raise ConfigError(
                f"churn.bands={dict(self.bands)}: expected upper borders that rise to 1, safest band first"
            )


@dataclass
class ClvConfig:
    model: str = MISSING
    value_horizon_days: int = 365
    discount_rate: float = 0.1
    margin: float = 1.0
    level: float = 0.8

    def check(self) -> None:
        _one_of("clv.model", self.model, ("bg_nbd", "mbg_nbd", "pareto_nbd"))
        _within("clv.value_horizon_days", self.value_horizon_days, 1, 36500)
        _within("clv.discount_rate", self.discount_rate, 0, 10)
        _within("clv.margin", self.margin, 0, 1)
        _within("clv.level", self.level, 0.01, 0.999)


@dataclass
class JourneyConfig:
    period_days: int = 7
    cadence_classes: Any = "auto"
    max_customers: int = 20_000
    min_customers: int = 200

    def check(self) -> None:
        _within("journey.period_days", self.period_days, 1, 366)
        _one_of("journey.cadence_classes", self.cadence_classes, ("auto", 1, 2, 3))


# Keys of the main files


@dataclass
class OriginsConfig:
    spacing_days: int = 30
    most: int = 4
    min_history_days: int = 60

    def check(self) -> None:
        _within("origins.spacing_days", self.spacing_days, 1, 3650)
        _within("origins.most", self.most, 1, 100)
        _within("origins.min_history_days", self.min_history_days, 1, 36500)


@dataclass
class EvaluationConfig:
    unseen_share: float = 0.3
    bootstraps: int = 200

    def check(self) -> None:
        _within("evaluation.unseen_share", self.unseen_share, 0.05, 0.5)
        _within("evaluation.bootstraps", self.bootstraps, 20, 100_000)


@dataclass
class TrackingConfig:
    uri: str = "sqlite:///mlruns/mlflow.db"
    experiment: str = "patronage"
    registered_model: str = "patronage"


@dataclass
class TrainConfig:
    """What `patronage train` reads."""

    engine: EngineConfig = field(default_factory=EngineConfig)
    data: DataConfig = field(default_factory=DataConfig)
    lenses: LensesConfig = field(default_factory=LensesConfig)
    personas: PersonasConfig = field(default_factory=PersonasConfig)
    churn: ChurnConfig = field(default_factory=ChurnConfig)
    clv: ClvConfig = field(default_factory=ClvConfig)
    journey: JourneyConfig = field(default_factory=JourneyConfig)
    origins: OriginsConfig = field(default_factory=OriginsConfig)
    evaluation: EvaluationConfig = field(default_factory=EvaluationConfig)
    tracking: TrackingConfig = field(default_factory=TrackingConfig)
    name: str | None = None
    cutoff: str = MISSING
    horizon_days: int = 180
    lookback_days: int | None = None
    min_customers: int = 50
    seed: int = MISSING

    def check(self) -> None:
        _within("horizon_days", self.horizon_days, 1, 3650)
        if self.horizon_days < self.journey.period_days:
            raise ConfigError(
                f"horizon_days={self.horizon_days} is shorter than a period of the journey "
                f"(journey.period_days={self.journey.period_days}); lower the period"
            )
        _within("seed", self.seed, 0, 2**31 - 1)
        _within("min_customers", self.min_customers, 10, 10**9)
        if self.lookback_days is not None:
            _within("lookback_days", self.lookback_days, 1, 36500)


@dataclass
class CheckConfig:
    """What `patronage check` reads."""

    engine: EngineConfig = field(default_factory=EngineConfig)
    data: DataConfig = field(default_factory=DataConfig)


@dataclass
class SimulateConfig:
    """What `patronage simulate` reads."""

    data: DataConfig = field(default_factory=DataConfig)
    output: str = MISSING
    threads: int | None = None

    def check(self) -> None:
        _one_of("data.name", self.data.name, ("simulated",))
        if self.threads is not None:
            _within("threads", self.threads, 1, 1024)


def typed(schema: type[C], config: DictConfig) -> C:
    """The composed configuration as the dataclass, with every key, type and range checked.

    The schema in the defaults list does not see keys that were added with `+`; this merge does.

    Raises
    ------
    ConfigError
        For an unknown key, a wrong type, a value out of range or one that is still `???`.
    """
    try:
        merged = OmegaConf.merge(OmegaConf.structured(schema), OmegaConf.to_container(config, resolve=True))
        if missing := sorted(OmegaConf.missing_keys(merged)):
            raise ConfigError(f"{', '.join(missing)} not set; give {' '.join(f'{key}=...' for key in missing)}")
        settings = OmegaConf.to_object(merged)
    except OmegaConfBaseException as error:
        raise ConfigError(plain(str(error))) from error
    _check(settings)
    return settings  # type: ignore[return-value]


def plain(message: str) -> str:
    """A message of Hydra or OmegaConf in one line, without what only their developers can use."""
    text = " ".join(message.split())
    return re.sub(
        r"To append to your config use \S+|(Config search path|full_key|reference_type|object_type)[:=].*",
        "",
        text,
    ).strip()


def _check(settings: Any) -> None:
    """Ranges and rules between keys, group by group: types alone do not see them."""
    for key in fields(settings):
        value = getattr(settings, key.name)
        if is_dataclass(value):
            _check(value)
    if hasattr(settings, "check"):
        settings.check()


def _one_of(key: str, value: object, allowed: tuple[object, ...]) -> None:
    if value not in allowed:
        raise ConfigError(f"{key}={value}; expected one of {', '.join(map(str, allowed))}")


def _within(key: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ConfigError(f"{key}={value}; expected {low} to {high}")


def _month_day(key: str, value: str) -> None:
    month, _, day = value.partition("-")
    if not (month.isdigit() and day.isdigit() and 1 <= int(month) <= 12 and 1 <= int(day) <= 31 and len(value) == 5):
        raise ConfigError(f"{key}: {value} is not a day of the year; expected MM-DD, such as 12-24")
