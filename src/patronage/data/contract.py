"""The contract: the canonical tables, what their columns must be, and what the rest of the package may rely on.

Behind the door (`door.py`) no code checks the data again: ids are text and present, moments are zone-less clock times
of the business, money is an integer number of minor units, and every optional column that exists has its type.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from patronage import names as c


@dataclass(frozen=True)
class Contract:
    """What one canonical table holds.

    Attributes
    ----------
    what
        What a row of it is, in words.
    required
        Columns without which there is no such table.
    kinds
        Column to kind: id, label (text), time, money or number.
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
        c.PRODUCT_NAME: "label",
        c.CATEGORY: "label",
        c.BRAND: "label",
        c.PRIVATE_LABEL: "label",
        c.CHANNEL: "label",
        c.DEVICE: "label",
        c.LOCATION: "label",
    },
)

# What no lens reads: `patronage analyse` does, and lenses of one's own may.
ANALYSED = frozenset({c.BRAND, c.LOCATION, c.ACQUISITION_COST})

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
        c.TICKET_ID: "label",
        c.SENDER: "label",
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
        c.ACQUISITION_COST: "number",
    },
)

CONTACTS = Contract(
    name="contacts",
    what="a row per contact that was drawn by lot, control included",
    required=(c.CUSTOMER_ID, c.CONTACTED_AT, c.ARM),
    kinds={
        c.CUSTOMER_ID: "id",
        c.CONTACTED_AT: "time",
        c.ARM: "label",
        c.CAMPAIGN: "label",
        c.PROPENSITY: "number",
    },
)

RETURNS = "returns"  # every refund: customer_id, refunded_at, amount; what it undoes stands in the transactions
USERS = "users"  # with entity=account: user_id, the account as customer_id, signed_up_at

CONTRACTS = (TRANSACTIONS, EVENTS, CUSTOMERS, CONTACTS)

# Names of events, by how close they are to a purchase. A name outside the vocabulary counts as engagement only.
SENT = ("message_sent", "offer_received")  # actions of the business, not of the customer
BY_BUSINESS = (*SENT, "ticket_resolved")
LEAVING = ("unsubscribed", "cancelled")
NO_ACTIVITY = (*BY_BUSINESS, *LEAVING)  # neither engagement nor interest of the customer
ENGAGEMENT = (
    "visit", "view", "search", "message_opened", "message_clicked", "offer_redeemed", "login", "feature_used",
    "content_viewed", "followed", "shared", "referred", "reviewed", "rating", "nps", "csat", "complaint",
    "ticket_opened", "ticket_resolved", "return_requested",
)  # fmt: skip
INTENT = ("wishlist", "add_to_cart", "checkout_started", "trial_started", "subscribed")
VOCABULARY = SENT + LEAVING + ENGAGEMENT + INTENT
