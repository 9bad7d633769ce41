"""Where data comes from: the groups engine and data."""

from __future__ import annotations

import re
import zoneinfo
from dataclasses import dataclass, field
from typing import Any

from omegaconf import MISSING

from patronage.config.holidays import known_holidays
from patronage.config.rules import day, one_of, within
from patronage.errors import ConfigError

DATE = "date"  # such as a birthday: it comes back every year
ATTRIBUTE_KINDS = ("demographic", "geographic", "psychographic", "technographic", "firmographic", DATE)


@dataclass
class EngineConfig:
    """Where SQL runs: the keys of conf/engine."""

    name: str = "duckdb"
    threads: int | None = None  # of DuckDB; null: those of the process
    memory_limit: str | None = None  # of DuckDB, such as 3GB; null: tables are in memory
    master: str | None = None  # of a Spark session that is started

    def check(self) -> None:
        if self.threads is not None:
            within("engine.threads", self.threads, 1, 1024)


@dataclass
class TransactionColumns:
    """Canonical column of transactions to the user's, or to SQL over them; null: the same name, if there is one.

    A row is an order, or a line of an order.
    """

    customer_id: str | None = None  # required
    ordered_at: str | None = None  # required: a date or a moment
    amount: str | None = None  # required: the net amount paid, in the currency; negative: a refund
    order_id: str | None = None  # null: a customer's rows of one moment are one order
    quantity: str | None = None  # units
    discount: str | None = None  # the amount by which the list price was reduced; positive
    coupon: str | None = None  # which coupon was used; empty: none
    cost: str | None = None  # what the row cost the business, in the currency; positive
    product_id: str | None = None
    product_name: str | None = None  # what personas and their cards call the product, where there are no categories
    category: str | None = None  # of the product, such as dairy
    brand: str | None = None
    private_label: str | None = None  # whether the brand is the shop's own
    channel: str | None = None  # such as web, app, store
    device: str | None = None
    location: str | None = None  # such as the store


@dataclass
class TransactionsConfig:
    """Where the orders are, and how they are read."""

    path: Any = None  # a file, a folder, a glob or a list of them, or the address of a database
    format: str | None = None  # csv, json, parquet, duckdb, delta or iceberg; null: from what the file is
    table: str | None = None  # a table or view of a database
    query: str | None = None  # SQL in place of a table
    encoding: str | None = None  # of text files, such as cp1252 or utf-16; null: UTF-8
    date_format: str | None = None  # such as %d/%m/%Y; null: ISO 8601
    where: Any = None  # SQL for the rows to keep, or a mapping: reason to SQL for the rows to leave out
    charges: str | None = None  # SQL for rows that are no product: paid, no purchase; given back, a refund
    columns: TransactionColumns = field(default_factory=TransactionColumns)


@dataclass
class EventColumns:
    """Canonical column of events to the user's, or to SQL over them; null: the same name, if there is one.

    A row is an interaction: a visit, a message, a complaint.
    """

    customer_id: str | None = None  # required
    occurred_at: str | None = None  # required: a date or a moment
    event: str | None = None  # required: a name of the vocabulary, or one that `vocabulary` maps onto it
    session_id: str | None = None  # of a visit
    channel: str | None = None  # such as web, app, mail
    device: str | None = None
    subject: str | None = None  # what it is about: a product, a category, a campaign
    value: str | None = None  # a number, such as the stars of a rating
    ticket_id: str | None = None  # of a ticket, so that it is resolved by its own event
    sender: str | None = None  # who in the company: sends a message, is given a ticket, or resolved it


@dataclass
class EventsConfig:
    """Where the events are, and how they are read."""

    path: Any = None  # a file, a folder, a glob or a list of them, or the address of a database
    format: str | None = None  # csv, json, parquet, duckdb, delta or iceberg; null: from what the file is
    table: str | None = None  # a table or view of a database
    query: str | None = None  # SQL in place of a table
    encoding: str | None = None  # of text files, such as cp1252 or utf-16; null: UTF-8
    date_format: str | None = None  # such as %d/%m/%Y; null: ISO 8601
    where: Any = None  # SQL for the rows to keep, or a mapping: reason to SQL for the rows to leave out
    columns: EventColumns = field(default_factory=EventColumns)
    vocabulary: dict[str, str] = field(default_factory=dict)  # the user's event name to ours


@dataclass
class CustomerColumns:
    """Canonical column of customers to the user's, or to SQL over them; null: the same name, if there is one.

    A row is a customer; a customer of the transactions may be absent.
    """

    customer_id: str | None = None  # required
    signed_up_at: str | None = None  # a date or a moment
    account_id: str | None = None  # the company to which a user belongs
    acquisition_channel: str | None = None  # such as search, referral
    acquisition_cost: str | None = None  # what it cost to win the customer, in the currency


@dataclass
class CustomersConfig:
    """Where the customers are, and how they are read."""

    path: Any = None  # a file, a folder, a glob or a list of them, or the address of a database
    format: str | None = None  # csv, json, parquet, duckdb, delta or iceberg; null: from what the file is
    table: str | None = None  # a table or view of a database
    query: str | None = None  # SQL in place of a table
    encoding: str | None = None  # of text files, such as cp1252 or utf-16; null: UTF-8
    date_format: str | None = None  # such as %d/%m/%Y; null: ISO 8601
    where: Any = None  # SQL for the rows to keep, or a mapping: reason to SQL for the rows to leave out
    columns: CustomerColumns = field(default_factory=CustomerColumns)
    attributes: dict[str, str] = field(default_factory=dict)  # column, here or of transactions, to its kind

    def check(self) -> None:
        for name, kind in self.attributes.items():
            one_of(f"data.customers.attributes.{name}", kind, ATTRIBUTE_KINDS)


@dataclass
class ContactColumns:
    """Canonical column of contacts to the user's, or to SQL over them; null: the same name, if there is one.

    A row is a contact that was drawn by lot, or a customer whom the same lot left alone.
    """

    customer_id: str | None = None  # required
    contacted_at: str | None = None  # required: a date or a moment; of control, when the lot was drawn
    arm: str | None = None  # required: what was sent, or control
    campaign: str | None = None  # which effort it belongs to
    propensity: str | None = None  # the probability of this arm by the lot; null: the share of the arm in its campaign


@dataclass
class ContactsConfig:
    """Where the contacts are, and how they are read."""

    path: Any = None  # a file, a folder, a glob or a list of them, or the address of a database
    format: str | None = None  # csv, json, parquet, duckdb, delta or iceberg; null: from what the file is
    table: str | None = None  # a table or view of a database
    query: str | None = None  # SQL in place of a table
    encoding: str | None = None  # of text files, such as cp1252 or utf-16; null: UTF-8
    date_format: str | None = None  # such as %d/%m/%Y; null: ISO 8601
    where: Any = None  # SQL for the rows to keep, or a mapping: reason to SQL for the rows to leave out
    columns: ContactColumns = field(default_factory=ContactColumns)


@dataclass
class DataConfig:
    """A source and how its tables are read: the keys of conf/data."""

    name: str = MISSING  # of the log, as runs and messages call it
    source: str = "tables"  # the user's own tables; or cdnow, complete_journey, simulated
    entity: str = "customer"  # or account: users are rolled up to customers.account_id
    timezone: str = "UTC"  # the clock of the business
    naive_moments: str = "clock"  # moments without an offset are its clock time; or utc: instants of UTC
    currency: str = ""  # such as EUR, for pages and figures; nothing is converted
    money_decimals: int = 4  # money is added as integers of 10^-4
    left_censored: bool = False  # whether customers ordered before the log begins
    on_bad_rows: str = "fail"  # or quarantine
    on_duplicate_rows: str = "fail"  # or keep, or drop
    order_id_scope: str | None = None  # ever, customer or day: within what an order number is unique; null: found
    observed_until: str | None = None  # the last day that the log covers; null: found, whatever single rows say
    max_staleness_days: int = 7  # how long the log may have ended before the cutoff
    pseudonymise: bool = False  # whether ids become a keyed hash
    holidays: Any = None  # name to dates, dates alone, or the path of a YAML file of these: config/holidays.py
    transactions: TransactionsConfig = field(default_factory=TransactionsConfig)
    events: EventsConfig = field(default_factory=EventsConfig)
    customers: CustomersConfig = field(default_factory=CustomersConfig)
    contacts: ContactsConfig = field(default_factory=ContactsConfig)
    simulated: dict[str, Any] = field(default_factory=dict)  # its keys: simulation/settings.py

    def check(self) -> None:
        if self.name != MISSING and not re.search(
            r"[A-Za-z0-9]", self.name
        ):  # of which the registered model would have no name
            raise ConfigError(f"data.name={self.name!r}; expected a name of the log, such as shop")
        one_of("data.entity", self.entity, ("customer", "account"))
        one_of("data.naive_moments", self.naive_moments, ("clock", "utc"))
        one_of("data.on_bad_rows", self.on_bad_rows, ("fail", "quarantine"))
        one_of("data.on_duplicate_rows", self.on_duplicate_rows, ("fail", "keep", "drop"))
        within("data.money_decimals", self.money_decimals, 0, 9)
        if self.order_id_scope is not None:
            one_of("data.order_id_scope", self.order_id_scope, ("ever", "customer", "day"))
        if self.observed_until is not None:
            day("data.observed_until", self.observed_until)
        known_holidays(self.holidays)
        if self.timezone not in zoneinfo.available_timezones():
            raise ConfigError(f"data.timezone={self.timezone}; expected a name such as UTC or Europe/Berlin")
        if self.source != "tables" and any(
            table.path for table in (self.transactions, self.events, self.customers, self.contacts)
        ):
            raise ConfigError(f"data={self.source} reads its own data; give data=tables to read data.*.path")
        within("data.max_staleness_days", self.max_staleness_days, 0, 3650)
