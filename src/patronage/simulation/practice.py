"""Plants for the analyses: what `patronage analyse` should find, and what it should not.

Nothing is planted by default. `planted: {obstacle: 1.0}` plants one with its full strength; with strength 0 its acts
occur all the same and nothing follows from them, so that all that is found is chance.

==============  ========================================================================================
`early_act`     who finishes a tour in the first week orders up to four times as often; a banner is seen by most
                of them and by few others, and changes nothing
`bad_product`   one category is sent back in one region
`obstacle`      a payment fails after the checkout and the order is lost; terms are read there too, and
                change nothing
`pressure`      three more messages on the day of a campaign make customers unsubscribe
`precursor`     after the first purchase of one category another is bought with the next order of a month
==============  ========================================================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

import numpy as np

from patronage.simulation import parameters
from patronage.simulation.customers import Customers
from patronage.simulation.events import NAMED, EventLog, Place
from patronage.simulation.lifecycle import DAY, Calendar
from patronage.simulation.purchases import OrderLines, Orders, with_refunds
from patronage.simulation.settings import PLANTS
from patronage.typing import Array, Mask

TOUR, BANNER, FAILED, READ = NAMED
P_TOUR, P_BANNER = 0.3, (0.1, 0.7)  # of a customer; without and with the tour
MORE_ORDERS = 3  # times the own rate, after the tour
P_FAILED, P_READ, P_LOST = 0.2, 0.2, 0.8  # at a checkout; that an order whose payment failed is lost
BAD_CATEGORY, BAD_REGION, P_SENT_BACK = "kitchen", "north", 0.3
P_BURST, BURST, P_HAD_ENOUGH = 0.3, 3, 0.15  # of a campaign and customer; further messages; of a burst
FIRST, THEN, THEN_DAYS, P_THEN = "toys", "books", 30, 0.5
CHECKOUT = 40  # seconds from the start of a checkout to its order


@dataclass(frozen=True)
class Plants:
    """What is planted in one block: strength by name, and the seed of the block's own generators."""

    strengths: Mapping[str, float]
    seed: int
    number: int
    part: int

    def has(self, name: str) -> bool:
        """Whether the acts of a plant occur."""
        return name in self.strengths

    def rng(self, name: str) -> np.random.Generator:
        """The plant's own generator: one plant changes nothing in another."""
        key = (self.number, self.part, PLANTS.index(name))
        return np.random.Generator(np.random.SFC64(np.random.SeedSequence(self.seed, spawn_key=key)))


def toured(plants: Plants, customers: Customers) -> Customers:
    """The customers, with the order rate of those who finish the tour."""
    if not plants.has("early_act"):
        return customers
    tour = plants.rng("early_act").random(len(customers)) < P_TOUR
    return replace(customers, rate=customers.rate * (1 + MORE_ORDERS * plants.strengths["early_act"] * tour))


def add_early_acts(plants: Plants, log: EventLog, customers: Customers) -> None:
    """The tours and banners of the week after the sign-up."""
    if not plants.has("early_act"):
        return
    rng = plants.rng("early_act")
    tour = rng.random(len(customers)) < P_TOUR  # as drawn in `toured`
    banner = rng.random(len(customers)) < np.where(tour, P_BANNER[1], P_BANNER[0])
    for event, did in ((TOUR, tour), (BANNER, banner)):
        customer = np.flatnonzero(did)
        log.add(event, customer, (customers.signed_up[customer] + 1) * DAY + rng.integers(0, 5 * DAY, len(customer)))


def orders_paid(plants: Plants, orders: Orders) -> Orders:
    """The orders that no failed payment stopped."""
    if not plants.has("obstacle"):
        return orders
    failed, stops = _failures(plants, orders)
    lost = failed & (stops < P_LOST * plants.strengths["obstacle"])
    rows = {field.name: getattr(orders, field.name)[~lost] for field in fields(Orders) if field.name != "offer_sent"}
    return Orders(**rows, offer_sent=orders.offer_sent)


def _failures(plants: Plants, orders: Orders) -> tuple[Mask, Array]:
    """Which orders' payments fail, and how firm each customer is."""
    draws = plants.rng("obstacle").random((2, len(orders.customer)))
    return (orders.channel != parameters.STORE) & (draws[0] < P_FAILED), draws[1]


def add_failures(plants: Plants, log: EventLog, calendar: Calendar, wanted: Orders) -> None:
    """The failed payments and the terms that are read, at the checkouts of orders and at those left alone alike."""
    if not plants.has("obstacle"):
        return
    rng = plants.rng("obstacle").spawn(1)[0]
    customer, at = log.moments("checkout_started")
    key, of_orders = customer * calendar.seconds + at, wanted.customer * calendar.seconds + wanted.at - CHECKOUT
    failed = np.where(
        np.isin(key, of_orders), np.isin(key, of_orders[_failures(plants, wanted)[0]]), rng.random(len(key)) < P_FAILED
    )
    log.add(FAILED, customer[failed], at[failed] + CHECKOUT // 2)
    read = rng.random(len(key)) < P_READ
    log.add(READ, customer[read], at[read] + CHECKOUT // 4)


def add_pressure(plants: Plants, log: EventLog, calendar: Calendar, customers: Customers) -> None:
    """Further messages on some days of campaigns; who has had enough unsubscribes and gets no message from then on."""
    if not plants.has("pressure"):
        return
    rng = plants.rng("pressure")
    customer, at = log.moments("message_sent")
    burst = rng.random(len(customer)) < P_BURST
    customer, at = customer[burst], at[burst]
    for more in range(1, 1 + BURST):
        log.add("message_sent", customer, at + more * 600, Place(channel=parameters.EMAIL))
    acts = customers.lifecycle.interested[customer] * DAY <= at
    enough = acts & (rng.random(len(customer)) < P_HAD_ENOUGH * plants.strengths["pressure"])
    left = np.full(len(customers), calendar.seconds)
    np.minimum.at(left, customer[enough], at[enough] + 4 * 3600)
    np.minimum.at(left, *log.moments("unsubscribed"))
    log.drop_after(("message_sent", "message_opened", "message_clicked", "unsubscribed"), left)
    gone = np.flatnonzero(left < calendar.seconds)
    already, _ = log.moments("unsubscribed")
    gone = gone[~np.isin(gone, already)]
    log.add("unsubscribed", gone, left[gone], Place(channel=parameters.EMAIL))


def add_acts(plants: Plants, log: EventLog, calendar: Calendar, customers: Customers, wanted: Orders) -> None:
    """All planted events; `wanted` are the orders before any was lost."""
    add_early_acts(plants, log, customers)
    add_failures(plants, log, calendar, wanted)
    add_pressure(plants, log, calendar, customers)


def changed_lines(
    plants: Plants, calendar: Calendar, customers: Customers, orders: Orders, lines: OrderLines
) -> OrderLines:
    """The order lines, with what follows a first purchase, and with the refunds of what is bad in one region."""
    return _sent_back(plants, calendar, customers, orders, _followed(plants, orders, lines))


def _followed(plants: Plants, orders: Orders, lines: OrderLines) -> OrderLines:
    """In orders of the month after the first purchase of `FIRST` the first line becomes one of `THEN`."""
    if not plants.has("precursor"):
        return lines
    first, then = (parameters.CATEGORIES.index(name) for name in (FIRST, THEN))
    has_it = (parameters.PRODUCT_CATEGORY[lines.product] == first) & ~lines.refund
    begun = np.full(int(orders.customer.max(initial=-1)) + 1, np.iinfo(np.int64).max)
    np.minimum.at(begun, orders.customer[lines.order[has_it]], lines.at[has_it])
    since = orders.at - begun[orders.customer]  # far below 0 for who has not begun
    takes = plants.rng("precursor").random(len(since)) < P_THEN * plants.strengths["precursor"]
    takes &= (since > DAY) & (since <= THEN_DAYS * DAY)
    leading = np.full(len(since), -1)
    leading[lines.order[::-1]] = lines.product[::-1]  # of the first line of each order, and of its refund
    chosen = takes[lines.order] & (lines.product == leading[lines.order])
    same_kind = then * parameters.PER_CATEGORY + lines.product % parameters.PER_CATEGORY
    return replace(lines, product=np.where(chosen, same_kind, lines.product))


def _sent_back(
    plants: Plants, calendar: Calendar, customers: Customers, orders: Orders, lines: OrderLines
) -> OrderLines:
    """With the refunds of further lines of `BAD_CATEGORY` in `BAD_REGION`."""
    if not plants.has("bad_product"):
        return lines
    rng = plants.rng("bad_product")
    bad = parameters.PRODUCT_CATEGORY[lines.product] == parameters.CATEGORIES.index(BAD_CATEGORY)
    bad &= customers.region[orders.customer[lines.order]] == parameters.REGIONS.index(BAD_REGION)
    key = lines.order * len(parameters.PRODUCT_NAMES) + lines.product
    bad &= ~np.isin(key, key[lines.refund])
    sent_back = rng.random(len(bad)) < P_SENT_BACK * plants.strengths["bad_product"]
    return with_refunds(rng, calendar, lines, np.flatnonzero(bad & sent_back))
