"""One block of customers, from the seed to Arrow tables.

A block is the unit of chance: its customers are drawn together, from a seed of their own, and always all of them. So
a customer is the same whoever is simulated beside her, in whatever chunks and by however many threads.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from patronage import names as c
from patronage.data.contract import VOCABULARY
from patronage.simulation import activity, browsing, customers, kinds, lines, orders, shelf, truth, voice
from patronage.simulation.arrow import labels, moments, names
from patronage.simulation.chance import DAY, Calendar, generator
from patronage.simulation.customers import People
from patronage.simulation.kinds import Ints
from patronage.simulation.lines import Lines
from patronage.simulation.log import Events, Log, Subjects
from patronage.simulation.orders import Orders
from patronage.simulation.settings import SimulatedConfig

SIZE = 1024
MOST_SESSIONS = 10_000_000  # of a block; keeps session ids apart
WHO, WHEN, WHAT, PATHS, WORDS = range(5)  # the parts of a block, each with a generator of its own


@dataclass(frozen=True)
class Block:
    """The tables of one block; `events` is empty where the settings ask for none."""

    transactions: pa.Table
    events: pa.Table
    customers: pa.Table
    truth: pa.Table
    truth_stages: pa.Table


def draw(settings: SimulatedConfig, number: int) -> Block:
    """Block `number`, without the customers beyond the number asked for."""
    calendar = Calendar(date.fromisoformat(settings.start), settings.days)
    people = customers.draw(generator(settings.seed, number, WHO), settings, calendar, SIZE)
    ordered = orders.draw(generator(settings.seed, number, WHEN), settings, calendar, people)
    bought = lines.draw(generator(settings.seed, number, WHAT), settings, calendar, people, ordered)
    subjects, log = Subjects(settings, calendar), Log()
    if settings.events:
        browsing.draw(generator(settings.seed, number, PATHS, 0), log, people, ordered, subjects)
        activity.draw(generator(settings.seed, number, PATHS, 1), log, settings, calendar, people, ordered, subjects)
        voice.draw(generator(settings.seed, number, WORDS), log, people, ordered, bought, subjects)
    kept = min(SIZE, settings.customers - number * SIZE)
    ids = names("c", number * SIZE + np.arange(SIZE), 7)
    return Block(
        transactions=_transactions(calendar, ids, people, ordered, bought, kept),
        events=_events(calendar, ids, log.close(calendar), subjects, number, kept),
        customers=_customers(calendar, ids, people, number).slice(0, kept),
        truth=truth.table(calendar, ids, people).slice(0, kept),
        truth_stages=truth.stages(calendar, ids, people, ordered, kept),
    )


def _transactions(
    calendar: Calendar, ids: pa.Array, people: People, ordered: Orders, bought: Lines, kept: int
) -> pa.Table:
    who = ordered.who[bought.order]
    if kept < SIZE:
        mine = np.flatnonzero(who < kept)
        bought = Lines(*(getattr(bought, part.name)[mine] for part in fields(Lines)))
        who = who[mine]
    at_order = bought.order
    new = np.append(True, ordered.who[1:] != ordered.who[:-1])[: len(ordered.who)]
    within = np.arange(len(new)) - np.maximum.accumulate(np.where(new, np.arange(len(new)), 0))
    order_ids = pc.binary_join_element_wise(ids.take(ordered.who), pa.array(within + 1).cast(pa.string()), "-")
    coupons = [*lines.COUPONS, *(f"OFFER-{k}" for k in range(1, 1 + ordered.sent.shape[1]))]
    return pa.table(
        {
            c.CUSTOMER_ID: labels(who, ids),
            c.ORDER_ID: labels(at_order, order_ids),
            c.ORDERED_AT: moments(calendar, bought.at),
            c.AMOUNT: bought.amount,
            c.QUANTITY: bought.quantity.astype(np.int32),
            c.DISCOUNT: bought.discount,
            c.COUPON: labels(bought.coupon, coupons),
            c.COST: bought.cost,
            c.PRODUCT_ID: labels(bought.product, shelf.PRODUCT_NAMES),
            c.CATEGORY: labels(shelf.CATEGORY[bought.product], kinds.CATEGORIES),
            c.BRAND: labels(shelf.BRAND[bought.product], shelf.BRAND_NAMES),
            c.PRIVATE_LABEL: labels(shelf.OWN[bought.product].astype(np.int64), ("no", "yes")),
            c.CHANNEL: labels(ordered.channel[at_order], kinds.CHANNELS),
            c.DEVICE: labels(ordered.device[at_order], kinds.DEVICES),
            c.LOCATION: labels(people.region[who], kinds.REGIONS),
        }
    )


def _events(calendar: Calendar, ids: pa.Array, events: Events, subjects: Subjects, number: int, kept: int) -> pa.Table:
    if kept < SIZE:
        mine = np.flatnonzero(events.who < kept)
        events = Events(*(getattr(events, part.name)[mine] for part in fields(Events)))
    none = events.session < 0
    sessions = pa.array(events.session + np.int64(number) * MOST_SESSIONS, mask=none).cast(pa.string())
    return pa.table(
        {
            c.CUSTOMER_ID: labels(events.who, ids),
            c.OCCURRED_AT: moments(calendar, events.at),
            c.EVENT: labels(events.code, VOCABULARY),
            c.SESSION_ID: sessions,
            c.CHANNEL: labels(events.channel, kinds.CHANNELS),
            c.DEVICE: labels(events.device, kinds.DEVICES),
            c.SUBJECT: labels(events.subject, subjects.names),
            c.VALUE: pa.array(events.value, mask=np.isnan(events.value)),
        }
    )


def _customers(calendar: Calendar, ids: pa.Array, people: People, number: int) -> pa.Table:
    """Attributes come from the truth where it leans on them, else from the customer's number: no meaning, no draw."""
    n = len(people.account)
    spread = (np.arange(n) * 2654435761 + number * 40503) >> 7
    business = people.account >= 0
    account: Ints = np.where(business, people.account, 0)
    ages = np.where(spread % 3 == 0, spread // 10 % len(kinds.AGES), (people.persona + 2) % len(kinds.AGES))
    incomes = np.where(people.traits.lean > 0.25, 2, np.where(people.traits.lean < -0.4, 0, 1))
    lifestyles = np.where(spread % 3 == 0, spread % len(kinds.LIFESTYLES), people.persona)

    def of_business(values: NDArray[np.int64], texts: tuple[str, ...]) -> pa.Array:
        return labels(np.where(business, values % len(texts), -1), texts)

    return pa.table(
        {
            c.CUSTOMER_ID: ids,
            c.SIGNED_UP_AT: moments(calendar, people.signed_up * DAY + DAY // 3 + spread % (DAY // 2)),
            c.ACCOUNT_ID: pc.if_else(business, names(f"a{number}-", account, 3), None),
            c.ACQUISITION_CHANNEL: labels(people.source, kinds.SOURCES),
            "age": labels(np.where(spread % 10 == 0, -1, ages), kinds.AGES),
            "income": labels(np.where(spread % 7 == 0, -1, incomes), kinds.INCOMES),
            "region": labels(people.region, kinds.REGIONS),
            "lifestyle": labels(lifestyles, kinds.LIFESTYLES),
            "industry": of_business(account * 7 + number, kinds.INDUSTRIES),
            "company_size": of_business(account * 11 + number, kinds.SIZES),
        }
    )
