"""Where data comes from: the groups engine and data."""

from __future__ import annotations

import zoneinfo
from dataclasses import dataclass, field
from typing import Any

from omegaconf import MISSING

from patronage.config.rules import one_of, within
from patronage.errors import ConfigError

ATTRIBUTE_KINDS = ("demographic", "geographic", "psychographic", "technographic", "firmographic")


@dataclass
class EngineConfig:
    name: str = "duckdb"
    threads: int | None = None
    memory_limit: str | None = None
    master: str | None = None

    def check(self) -> None:
        if self.threads is not None:
            within("engine.threads", self.threads, 1, 1024)


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
    table: str | None = None  # inside a database file
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
    table: str | None = None  # inside a database file
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
    table: str | None = None  # inside a database file
    date_format: str | None = None
    columns: CustomerColumns = field(default_factory=CustomerColumns)
    attributes: dict[str, str] = field(default_factory=dict)  # column to its kind

    def check(self) -> None:
        for name, kind in self.attributes.items():
            one_of(f"data.customers.attributes.{name}", kind, ATTRIBUTE_KINDS)


@dataclass
class DataConfig:
    name: str = MISSING
    entity: str = "customer"
    timezone: str = "UTC"
    money_decimals: int = 4
    left_censored: bool = False
    on_bad_rows: str = "fail"
    on_duplicate_rows: str = "fail"
    max_staleness_days: int = 7
    pseudonymise: bool = False
    transactions: TransactionsConfig = field(default_factory=TransactionsConfig)
    events: EventsConfig = field(default_factory=EventsConfig)
    customers: CustomersConfig = field(default_factory=CustomersConfig)
    simulated: dict[str, Any] = field(default_factory=dict)  # its keys: simulation/settings.py

    def check(self) -> None:
        one_of("data.entity", self.entity, ("customer", "account"))
        one_of("data.on_bad_rows", self.on_bad_rows, ("fail", "quarantine"))
        one_of("data.on_duplicate_rows", self.on_duplicate_rows, ("fail", "keep", "drop"))
        within("data.money_decimals", self.money_decimals, 0, 6)
        if self.timezone not in zoneinfo.available_timezones():
            raise ConfigError(f"data.timezone={self.timezone}; expected a name such as UTC or Europe/Berlin")
        if self.name not in ("tables", "???") and any(
            table.path for table in (self.transactions, self.events, self.customers)
        ):
            raise ConfigError(f"data={self.name} reads its own data; give data=tables to read data.*.path")
        within("data.max_staleness_days", self.max_staleness_days, 0, 3650)
