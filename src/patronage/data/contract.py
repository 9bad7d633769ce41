"""The contract: the canonical tables, what their columns must be, and what the rest of the package may rely on.

Behind the door (`door.py`) there is no defensive code: ids are text and present, moments are zone-less clock times of
the business, money is an integer number of minor units, and every optional column that exists has its type.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from patronage import names as c
from patronage.engine import Engine


@dataclass(frozen=True)
class Contract:
    """What one canonical table holds.

    Attributes
    ----------
    required
        Columns without which there is no such table.
    kinds
        Column to kind: id, label (text), time, money or number.
    what
        A row of it, in words.
    """

    name: str
    what: str
    required: tuple[str, ...]
    kinds: Mapping[str, str]

    @property
    def moment(self) -> str | None:
        """The column that places a row in time; None for a table of attributes."""
        return next((name for name in self.required if self.kinds[name] == "time"), None)


TRANSACTIONS = Contract(
    name="transactions",
    what="a row per order or order line",
    required=(c.CUSTOMER_ID, c.ORDERED_AT, c.AMOUNT),
    kinds={
        c.CUSTOMER_ID: "id",
        c.ORDERED_AT: "time",
        c.AMOUNT: "money",
        c.ORDER_ID: "id",
        c.QUANTITY: "number",
        c.DISCOUNT: "money",
        c.COUPON: "label",
        c.COST: "money",
        c.PRODUCT_ID: "label",
        c.CATEGORY: "label",
        c.BRAND: "label",
        c.PRIVATE_LABEL: "label",
        c.CHANNEL: "label",
        c.DEVICE: "label",
        c.LOCATION: "label",
    },
)

EVENTS = Contract(
    name="events",
    what="a row per interaction",
    required=(c.CUSTOMER_ID, c.OCCURRED_AT, c.EVENT),
    kinds={
        c.CUSTOMER_ID: "id",
        c.OCCURRED_AT: "time",
        c.EVENT: "label",
        c.SESSION_ID: "label",
        c.CHANNEL: "label",
        c.DEVICE: "label",
        c.SUBJECT: "label",
        c.VALUE: "number",
    },
)

CUSTOMERS = Contract(
    name="customers",
    what="a row per customer",
    required=(c.CUSTOMER_ID,),
    kinds={
        c.CUSTOMER_ID: "id",
        c.SIGNED_UP_AT: "time",
        c.ACCOUNT_ID: "label",
        c.ACQUISITION_CHANNEL: "label",
    },
)

USERS = "users"  # with entity=account: user_id, the account as customer_id, signed_up_at

CONTRACTS = (TRANSACTIONS, EVENTS, CUSTOMERS)

# What events say, by how far they go towards a purchase. A name outside the vocabulary counts as engagement only.
SENT = ("message_sent", "offer_received")  # the business's doing, not the customer's
BY_BUSINESS = (*SENT, "ticket_resolved")
LEAVING = ("unsubscribed", "cancelled")
ENGAGEMENT = (
    "visit", "view", "search", "message_opened", "message_clicked", "offer_redeemed", "login", "feature_used",
    "content_viewed", "followed", "shared", "referred", "reviewed", "rating", "nps", "csat", "complaint",
    "ticket_opened", "ticket_resolved", "return_requested",
)  # fmt: skip
INTENT = ("wishlist", "add_to_cart", "checkout_started", "trial_started", "subscribed")
VOCABULARY = SENT + LEAVING + ENGAGEMENT + INTENT


@dataclass(frozen=True)
class Tables:
    """What the door lets through: canonical tables inside the engine, and what is known of them.

    Attributes
    ----------
    present
        Table to the canonical columns that it really has; a table that a source does not bring is not in it.
    attributes
        Declared attribute of customers to its kind: demographic, geographic, psychographic, ...
    money_scale
        Minor units in one unit of the currency.
    first, last
        Of the transactions.
    events
        Event names with their number of rows, most frequent first.
    notes
        What was rounded, dropped or set aside at the door, in words.
    quarantined
        Table to the number of rows set aside; they stand in the engine's table `quarantine_{table}`.
    """

    engine: Engine
    source: str
    present: Mapping[str, frozenset[str]]
    rows: Mapping[str, int]
    attributes: Mapping[str, str]
    money_scale: int
    first: datetime
    last: datetime
    customers: int
    fingerprint: str
    left_censored: bool
    events: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    quarantined: Mapping[str, int] = field(default_factory=dict)

    def has(self, table: str) -> bool:
        """Whether the source brings this table."""
        return table in self.present

    @property
    def unknown_events(self) -> Mapping[str, int]:
        """Event names outside the vocabulary."""
        return {name: rows for name, rows in self.events.items() if name not in VOCABULARY}

    def summary(self) -> str:
        """What was read, in a line; what was done to it, in further ones."""
        counts = ", ".join(f"{self.rows[table]:,} {table}" for table in self.rows if table != CUSTOMERS.name)
        span = f"{self.first:%Y-%m-%d} to {self.last:%Y-%m-%d}"
        lines = [f"{self.source}: {self.customers:,} customers, {counts}, {span}", *self.notes]
        lines += [
            f"{rows:,} bad rows of {table} were set aside (data.on_bad_rows=quarantine)"
            for table, rows in self.quarantined.items()
        ]
        if self.unknown_events:
            named = ", ".join(f"{name} ({rows:,})" for name, rows in list(self.unknown_events.items())[:5])
            lines.append(f"events outside the vocabulary count as engagement only: {named} (data.events.vocabulary)")
        return "\n  ".join(lines)
