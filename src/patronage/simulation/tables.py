"""One block of customers, from the seed to Arrow tables.

A block is the unit of randomness: its customers are drawn together, always all of them, from a seed of the block's
own. So a customer is the same in a simulation of any number of customers, in any chunks and with any number of threads.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from patronage import names as c
from patronage.simulation import parameters, practice
from patronage.simulation.activity import add_browsing, add_engagement
from patronage.simulation.customers import Customers, draw_customers
from patronage.simulation.events import EVENTS, EventLog
from patronage.simulation.feedback import add_feedback
from patronage.simulation.lifecycle import DAY, Calendar
from patronage.simulation.parameters import Ints, labels
from patronage.simulation.purchases import COUPONS, OrderLines, Orders, draw_order_lines, draw_orders
from patronage.simulation.settings import SimulatedConfig
from patronage.simulation.truth import stage_table, truth_table

BLOCK_SIZE = 1024
MAX_SESSIONS = 10_000_000  # of a block; keeps the session ids of blocks apart
# Each part of a block has a random generator of its own: what another part draws changes nothing in it.
CUSTOMERS, ORDERS, ORDER_LINES, ACTIVITY, FEEDBACK, PRACTICE = range(6)


@dataclass(frozen=True)
class Block:
    """The tables of one block; `events` is empty where the settings ask for none."""

    transactions: pa.Table
    events: pa.Table
    customers: pa.Table
    truth: pa.Table
    truth_stages: pa.Table


def draw_block(settings: SimulatedConfig, number: int) -> Block:
    """Draw the block of this number, cut at the number of customers in the settings."""
    calendar = Calendar.of(settings)

    def rng(*part: int) -> np.random.Generator:
        seed = np.random.SeedSequence(settings.seed, spawn_key=(number, *part))
        return np.random.Generator(np.random.SFC64(seed))

    plants = practice.Plants(settings.planted, settings.seed, number, PRACTICE)
    customers = practice.toured(plants, draw_customers(rng(CUSTOMERS), settings, BLOCK_SIZE))
    wanted = draw_orders(rng(ORDERS), calendar, customers)
    orders = practice.orders_paid(plants, wanted)
    order_lines = draw_order_lines(rng(ORDER_LINES), settings, calendar, customers, orders)
    order_lines = practice.changed_lines(plants, calendar, customers, orders, order_lines)
    log = EventLog(calendar)
    if settings.events:
        add_browsing(rng(ACTIVITY, 0), log, customers, wanted)
        add_engagement(rng(ACTIVITY, 1), log, calendar, customers, orders)
        add_feedback(rng(FEEDBACK), log, customers, orders, order_lines)
        practice.add_acts(plants, log, calendar, customers, wanted)
    n = min(BLOCK_SIZE, settings.customers - number * BLOCK_SIZE)
    ids = _ids("c", number * BLOCK_SIZE + np.arange(BLOCK_SIZE), 7)
    return Block(
        transactions=_transactions(calendar, ids, customers, orders, order_lines, n),
        events=_events(calendar, ids, log, number, n),
        customers=_customers(calendar, ids, customers, number).slice(0, n),
        truth=truth_table(calendar, ids, customers).slice(0, n),
        truth_stages=stage_table(calendar, ids, customers, orders, n),
    )


def _ids(prefix: str, numbers: NDArray[np.int64], digits: int) -> pa.Array:
    """Ids from numbers, padded so that they sort as the numbers do."""
    return pa.array([f"{prefix}{number:0{digits}d}" for number in numbers.tolist()])


def _transactions(
    calendar: Calendar, ids: pa.Array, customers: Customers, orders: Orders, order_lines: OrderLines, n: int
) -> pa.Table:
    """The order lines and refunds of the first `n` customers."""
    first_customers = np.flatnonzero(orders.customer[order_lines.order] < n)
    lines = OrderLines(*(getattr(order_lines, field.name)[first_customers] for field in fields(OrderLines)))
    customer, product = orders.customer[lines.order], lines.product
    coupons = [*COUPONS, *(f"OFFER-{offer}" for offer in range(1, 1 + orders.offer_sent.shape[1]))]
    return pa.table(
        {
            c.CUSTOMER_ID: labels(customer, ids),
            c.ORDER_ID: labels(lines.order, _order_ids(ids, orders)),
            c.ORDERED_AT: calendar.timestamps(lines.at),
            c.AMOUNT: lines.amount,
            c.QUANTITY: lines.quantity.astype(np.int32),
            c.DISCOUNT: lines.discount,
            c.COUPON: labels(lines.coupon, coupons),
            c.COST: lines.cost,
            c.PRODUCT_ID: labels(product, parameters.PRODUCT_NAMES),
            c.CATEGORY: labels(parameters.PRODUCT_CATEGORY[product], parameters.CATEGORIES),
            c.BRAND: labels(parameters.PRODUCT_BRAND[product], parameters.BRAND_NAMES),
            c.PRIVATE_LABEL: labels(parameters.PRODUCT_PRIVATE_LABEL[product].astype(np.int64), ("no", "yes")),
            c.CHANNEL: labels(orders.channel[lines.order], parameters.CHANNELS),
            c.DEVICE: labels(orders.device[lines.order], parameters.DEVICES),
            c.LOCATION: labels(customers.region[customer], parameters.REGIONS),
        }
    )


def _order_ids(ids: pa.Array, orders: Orders) -> pa.Array:
    """The customer's id and the number of the order among the customer's orders."""
    position = np.arange(len(orders.customer))
    is_first = np.append(True, orders.customer[1:] != orders.customer[:-1])[: len(position)]
    number = 1 + position - np.maximum.accumulate(np.where(is_first, position, 0))
    return pc.binary_join_element_wise(ids.take(orders.customer), pa.array(number).cast(pa.string()), "-")


def _events(calendar: Calendar, ids: pa.Array, log: EventLog, number: int, n: int) -> pa.Table:
    """The events of the first `n` customers."""
    events = log.events(n)
    sessions = pa.array(events.session + np.int64(number) * MAX_SESSIONS, mask=events.session < 0)
    return pa.table(
        {
            c.CUSTOMER_ID: labels(events.customer, ids),
            c.OCCURRED_AT: calendar.timestamps(events.at),
            c.EVENT: labels(events.event, EVENTS),
            c.SESSION_ID: sessions.cast(pa.string()),
            c.CHANNEL: labels(events.channel, parameters.CHANNELS),
            c.DEVICE: labels(events.device, parameters.DEVICES),
            c.SUBJECT: labels(events.subject, log.subjects.names),
            c.VALUE: pa.array(events.value, mask=np.isnan(events.value)),
        }
    )


def _customers(calendar: Calendar, ids: pa.Array, customers: Customers, number: int) -> pa.Table:
    """The attributes: a third of them follow the truth, the others a fixed scramble of the customer's number."""
    scrambled = (np.arange(len(customers)) * 2654435761 + number * 40503) >> 7
    is_business = customers.account >= 0
    account: Ints = np.where(is_business, customers.account, 0)
    at_random = scrambled % 3 == 0
    ages = np.where(at_random, scrambled // 10 % len(parameters.AGES), (customers.persona + 2) % len(parameters.AGES))
    incomes = np.where(customers.traits.lean > 0.25, 2, np.where(customers.traits.lean < -0.4, 0, 1))
    lifestyles = np.where(at_random, scrambled % len(parameters.LIFESTYLES), customers.persona)

    def of_business(values: Ints, texts: tuple[str, ...]) -> pa.Array:
        return labels(np.where(is_business, values % len(texts), -1), texts)

    return pa.table(
        {
            c.CUSTOMER_ID: ids,
            c.SIGNED_UP_AT: calendar.timestamps(customers.signed_up * DAY + DAY // 3 + scrambled % (DAY // 2)),
            c.ACCOUNT_ID: pc.if_else(is_business, _ids(f"a{number}-", account, 3), None),
            c.ACQUISITION_CHANNEL: labels(customers.acquisition, parameters.ACQUISITION_CHANNELS),
            "age": labels(np.where(scrambled % 10 == 0, -1, ages), parameters.AGES),
            "income": labels(np.where(scrambled % 7 == 0, -1, incomes), parameters.INCOMES),
            "region": labels(customers.region, parameters.REGIONS),
            "lifestyle": labels(lifestyles, parameters.LIFESTYLES),
            "industry": of_business(account * 7 + number, parameters.INDUSTRIES),
            "company_size": of_business(account * 11 + number, parameters.COMPANY_SIZES),
        }
    )
