"""What customers buy: when they order (own rate, occasions, offers), which products, and what they return."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from patronage.simulation import parameters
from patronage.simulation.customers import Customers
from patronage.simulation.lifecycle import DAY, Calendar
from patronage.simulation.parameters import Ints
from patronage.simulation.settings import SimulatedConfig
from patronage.typing import Array, Mask

NO_OFFER, NO_COUPON = -1, -1
OFFER_REACH = 0.6  # probability that an offer is sent to a customer
OFFER_DISCOUNT = 0.20
COUPONS = ("SAVE10", "BONUS15", "HELLO12")  # from len(COUPONS) on, a coupon's code is that of an offer
COUPON_DISCOUNTS = np.array([0.10, 0.15, 0.12])
PROMOTION_DISCOUNTS = np.array([0.10, 0.10, 0.20, 0.30])
MIN_LINE_VALUE = 9.0  # a small order is not split over many lines
MAX_QUANTITY = 20


@dataclass(frozen=True)
class Orders:
    """The orders of a block, by customer and time; (m,) but for `offer_sent`.

    Attributes
    ----------
    customer, at
        Position of the customer in the block; second of the log.
    offer
        Number of the offer that led to the order, else -1.
    channel, device
        Codes; the device is -1 in the store.
    offer_sent
        (n, offers) whether the customer got each offer of the calendar.
    """

    customer: Ints
    at: Ints
    offer: Ints
    channel: Ints
    device: Ints
    offer_sent: Mask


@dataclass(frozen=True)
class OrderLines:
    """The order lines of a block, then their refunds; (k,).

    Attributes
    ----------
    order
        Position of the order; for a refund, of the order that is returned.
    at
        Second of the log.
    amount, discount, cost
        In units of the currency; the cost of a refund is 0, as what comes back is written off.
    coupon, product
        Codes; -1 is no coupon.
    refund
        Whether the line is a refund: its amount and quantity are negative.
    """

    order: Ints
    at: Ints
    amount: Array
    quantity: Ints
    discount: Array
    coupon: Ints
    cost: Array
    product: Ints
    refund: Mask


def draw_orders(rng: np.random.Generator, calendar: Calendar, customers: Customers) -> Orders:
    """Draw all orders within the log."""
    own, own_day = _own_orders(rng, calendar, customers)
    occasional, occasion_day = _occasion_orders(rng, calendar, customers)
    offer_sent, reached, offer_day, reached_by = _offer_orders(rng, calendar.offer_days, customers)
    customer = np.concatenate([own, occasional, reached])
    day = np.concatenate([own_day, occasion_day, offer_day])
    offer = np.concatenate([np.full(len(own) + len(occasional), NO_OFFER), reached_by])

    hours = parameters.PERSONA_HOURS[customers.persona[customer]]
    hour = np.where(rng.random(len(customer)) < 2 / 3, hours[:, 0], hours[:, 1])
    hour = np.clip(rng.normal(hour + 0.5, 1.8), 6.0, 23.99)  # the shop is closed at night
    at = np.floor(day).astype(np.int64) * DAY + (hour * 3600).astype(np.int64)
    order = np.argsort(customer * calendar.seconds + at, kind="stable")
    customer, at, offer = customer[order], at[order], offer[order]

    usual = rng.random(len(customer)) < 0.85
    channel = np.where(usual, customers.channel[customer], rng.integers(0, 3, len(customer)))
    device = np.where(usual, customers.device[customer], rng.integers(0, len(parameters.DEVICES), len(customer)))
    device = np.where(channel == parameters.STORE, -1, device)
    return Orders(customer, at, offer, channel, device, offer_sent)


def _own_orders(rng: np.random.Generator, calendar: Calendar, customers: Customers) -> tuple[Ints, Array]:
    """Draw the first order of every buyer and the repeat orders: a renewal process on the active clock, gamma gaps."""
    lifecycle = customers.lifecycle
    buyers = np.flatnonzero(customers.first_order < calendar.days)
    first_age = customers.first_order[buyers] - lifecycle.interested[buyers]
    exposure = lifecycle.exposure[buyers] - first_age
    mean = customers.rate[buyers] * exposure
    counts = np.ceil(mean + 6 * np.sqrt(mean) + 8).astype(np.int64)  # more gaps than fit, but for one buyer in 10^8
    customer = np.repeat(buyers, counts)
    shape = customers.gap_shape[customer]
    gaps = rng.standard_gamma(shape) / (shape * customers.rate[customer])
    age = _cumulative_by_group(gaps, counts)
    within = age < np.repeat(exposure, counts)
    repeat = customer[within]
    repeat_day = lifecycle.day_of(np.repeat(first_age, counts)[within] + age[within], repeat)
    customer = np.concatenate([buyers, repeat])
    day = np.concatenate([customers.first_order[buyers], repeat_day])
    postponed = day + calendar.postponed(rng, np.floor(day).astype(np.int64))
    return customer, np.where(lifecycle.active(postponed, customer), postponed, day)


def _cumulative_by_group(values: Array, counts: Ints) -> Array:
    """Cumulative sums that start anew with each group of so many values."""
    total = np.cumsum(values)
    before = np.concatenate(([0.0], total))[np.cumsum(counts) - counts]
    return total - np.repeat(before, counts)


def _occasion_orders(rng: np.random.Generator, calendar: Calendar, customers: Customers) -> tuple[Ints, Array]:
    """Draw the orders on personal and universal occasions, after the first order and while the customer is active."""
    buyers, order_days = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    recurring = (
        (parameters.WEEK, calendar.week_starts()),
        (parameters.MONTH, calendar.month_starts()),
        (parameters.YEAR, calendar.year_starts()),
    )
    for occasion, starts in recurring:
        customer = np.flatnonzero(customers.occasion == occasion)
        days = starts[None, :] + customers.occasion_day[customer, None] - 1
        if occasion != parameters.WEEK:  # a monthly or yearly order may come a day early
            days = days - rng.integers(0, 2, days.shape)
        buyers.append(np.repeat(customer, len(starts)))
        order_days.append(days.ravel())
    customer = np.flatnonzero(customers.occasion == parameters.UNIVERSAL)
    for first, last in parameters.UNIVERSAL_OCCASIONS:
        opens, closes = calendar.month_day(*first), calendar.month_day(*last)
        days = opens[None, :] + rng.integers(0, closes - opens + 1, (len(customer), len(opens)))
        buyers.append(np.repeat(customer, len(opens)))
        order_days.append(days.ravel())
    customer, day = np.concatenate(buyers), np.concatenate(order_days).astype(np.float64)
    p_order = parameters.OCCASION_P_ORDER[customers.occasion[customer]] * customers.lifecycle.speed(day, customer)
    ordered = (rng.random(len(customer)) < p_order) & (day > customers.first_order[customer])
    return customer[ordered], day[ordered]


def _offer_orders(rng: np.random.Generator, offer_days: Ints, customers: Customers) -> tuple[Mask, Ints, Array, Ints]:
    """Send each offer to customers at random, and draw the orders that it leads to: customer, day, offer."""
    shape = (len(customers), len(offer_days))
    sent = (rng.random(shape) < OFFER_REACH) & (customers.signed_up[:, None] < offer_days)
    accepted = sent & (rng.random(shape) < customers.traits.offers[:, None])
    accepted &= customers.first_order[:, None] < offer_days
    customer, offer = np.nonzero(accepted)
    day = offer_days[offer].astype(np.float64) + np.minimum(1 + rng.exponential(3.0, len(customer)), 13)
    ordered = rng.random(len(customer)) < customers.lifecycle.speed(day, customer)
    return sent, customer[ordered], day[ordered], offer[ordered]


def draw_order_lines(
    rng: np.random.Generator, settings: SimulatedConfig, calendar: Calendar, customers: Customers, orders: Orders
) -> OrderLines:
    """Draw the lines of every order and their refunds.

    The lines of an order are worth together what Gamma-Gamma drew for it, but for rounding to the cent: prices vary
    around the list price, as pack sizes do.
    """
    traits, n = customers.traits, len(orders.customer)
    value = customers.mean_order_value[orders.customer] * rng.standard_gamma(settings.spend_p, n) / settings.spend_p
    counts = _line_counts(rng, customers, orders.customer, value)
    coupon, coupon_discount = _draw_coupons(rng, traits.coupons[orders.customer], orders.offer)

    order = np.repeat(np.arange(n), counts)
    customer, k = orders.customer[order], len(order)
    product = _draw_products(rng, customers, customer)
    on_promotion = rng.random(k) < traits.promo[customer]
    promotion = PROMOTION_DISCOUNTS[rng.integers(0, len(PROMOTION_DISCOUNTS), k)]
    paid_share = (1 - np.where(on_promotion, promotion, 0.0)) * (1 - coupon_discount[order])
    price = parameters.PRODUCT_PRICE[product] * paid_share
    quantity = np.clip(np.rint((value / counts)[order] / price), 1, MAX_QUANTITY)
    at_list_price = quantity * price
    price_factor = (value / np.bincount(order, at_list_price, n))[order]
    amount = np.maximum(np.round(at_list_price * price_factor, 2), 0.01)
    cost_share = parameters.PRODUCT_COST_SHARE[product]
    lines = OrderLines(
        order=order,
        at=orders.at[order],
        amount=amount,
        quantity=quantity.astype(np.int64),
        discount=np.round(amount * (1 - paid_share) / paid_share, 2),
        coupon=coupon[order],
        cost=np.round(quantity * parameters.PRODUCT_PRICE[product] * price_factor * cost_share, 2),
        product=product,
        refund=np.zeros(k, bool),
    )
    p_return = traits.returns[customer] * (1.6 - customers.satisfaction[customer])
    return with_refunds(rng, calendar, lines, np.flatnonzero(rng.random(k) < p_return))


def _line_counts(rng: np.random.Generator, customers: Customers, customer: Ints, value: Array) -> Ints:
    """Number of lines of each order; one for hollow users and small orders."""
    more = rng.poisson(parameters.PERSONA_BASKET[customers.persona[customer]])
    more = np.where(customers.usage[customer] == parameters.HOLLOW, 0, more)
    return np.minimum(1 + more, np.maximum(1, value // MIN_LINE_VALUE)).astype(np.int64)


def _draw_coupons(rng: np.random.Generator, p_coupon: Array, offer: Ints) -> tuple[Ints, Array]:
    """The coupon of each order and its discount; an order on an offer has the offer's coupon."""
    own = np.where(rng.random(len(p_coupon)) < p_coupon, rng.integers(0, len(COUPONS), len(p_coupon)), NO_COUPON)
    coupon = np.where(offer == NO_OFFER, own, len(COUPONS) + offer)
    discount = np.where(own == NO_COUPON, 0.0, COUPON_DISCOUNTS[own])
    return coupon, np.where(offer == NO_OFFER, discount, OFFER_DISCOUNT)


def _draw_products(rng: np.random.Generator, customers: Customers, customer: Ints) -> Ints:
    """Category by affinity, price tier by lean; then the customer's habitual product, or another one for novelty."""
    traits, k = customers.traits, len(customer)
    category = customers.pick_category(rng, customer)
    height = rng.random(k) + 0.45 * traits.lean[customer]
    tier = (height > 1 / 3).astype(np.int64) + (height > 2 / 3)
    tier = np.where(rng.random(k) < traits.own_label[customer], parameters.PRIVATE_LABEL_TIER, tier)
    habitual = (7 * customer + 5 * category) % parameters.SLOTS
    novel = rng.random(k) < traits.novelty[customer]
    slot = np.where(novel, rng.integers(0, parameters.SLOTS, k), habitual)
    return parameters.product_at(category, tier, slot)


def with_refunds(rng: np.random.Generator, calendar: Calendar, lines: OrderLines, returned: Ints) -> OrderLines:
    """The lines, followed by the refunds of the returned ones that fall within the log."""
    at = lines.at[returned] + ((3 + rng.exponential(6.0, len(returned))) * DAY).astype(np.int64)
    returned, at = returned[at < calendar.seconds], at[at < calendar.seconds]
    zero = np.zeros(len(returned))
    return OrderLines(
        order=np.concatenate([lines.order, lines.order[returned]]),
        at=np.concatenate([lines.at, at]),
        amount=np.concatenate([lines.amount, -lines.amount[returned]]),
        quantity=np.concatenate([lines.quantity, -lines.quantity[returned]]),
        discount=np.concatenate([lines.discount, zero]),
        coupon=np.concatenate([lines.coupon, np.full(len(returned), NO_COUPON)]),
        cost=np.concatenate([lines.cost, zero]),
        product=np.concatenate([lines.product, lines.product[returned]]),
        refund=np.concatenate([lines.refund, np.ones(len(returned), bool)]),
    )
