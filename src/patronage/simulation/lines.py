"""What is in the basket: products, prices, discounts, and what is sent back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from patronage.simulation import kinds, shelf
from patronage.simulation.chance import DAY, Calendar, pick
from patronage.simulation.customers import People
from patronage.simulation.kinds import Flags, Floats, Ints
from patronage.simulation.orders import NO_OFFER, Orders
from patronage.simulation.settings import SimulatedConfig

COUPONS = ("SAVE10", "BONUS15", "HELLO12")
COUPON_OFF = np.array([0.10, 0.15, 0.12])
OFFER_OFF = 0.20
NO_COUPON = -1  # from len(COUPONS) on, the coupon is that of an offer
PROMOTIONS = np.array([0.10, 0.10, 0.20, 0.30])
WORTH_A_LINE = 9.0  # nobody splits a small order over many lines
MOST_UNITS = 20


@dataclass(frozen=True)
class Lines:
    """Order lines of a block, then their refunds; (k,).

    `order` is the position in the orders, for a refund that of the order sent back; `cost` of a refund is 0: what
    comes back is written off.
    """

    order: Ints
    at: Ints
    amount: Floats
    quantity: Ints
    discount: Floats
    coupon: Ints
    cost: Floats
    product: Ints
    refund: Flags


def draw(
    rng: np.random.Generator, settings: SimulatedConfig, calendar: Calendar, people: People, orders: Orders
) -> Lines:
    """The lines of every order, worth together exactly what gamma-gamma says, but for rounding to the cent."""
    traits, who = people.traits, orders.who
    worth = people.mean_value[who] * rng.standard_gamma(settings.spend_p, len(who)) / settings.spend_p
    more = rng.poisson(np.array([each.basket for each in kinds.PERSONAS.values()])[people.persona[who]])
    more = np.where(people.usage[who] == kinds.USAGES.index("hollow"), 0, more)
    counts = np.minimum(1 + more, np.maximum(1, worth // WORTH_A_LINE)).astype(np.int64)
    coupon, off = _coupons(rng, traits.coupons[who], orders.offer)

    order = np.repeat(np.arange(len(who)), counts)
    buyer = who[order]
    product = _products(rng, people, buyer)
    k = len(order)
    promotion = np.where(rng.random(k) < traits.promo[buyer], PROMOTIONS[rng.integers(0, len(PROMOTIONS), k)], 0.0)
    paid_share = (1 - promotion) * (1 - off[order])
    unit = shelf.PRICE[product] * paid_share
    quantity = np.clip(np.rint((worth / counts)[order] / unit), 1, MOST_UNITS)
    value = quantity * unit
    # Prices move with the order so that its worth is the law's: they vary about the list price as pack sizes do.
    moved = (worth / np.bincount(order, value, len(who)))[order]
    amount = np.maximum(np.round(value * moved, 2), 0.01)
    lines = Lines(
        order=order,
        at=orders.at[order],
        amount=amount,
        quantity=quantity.astype(np.int64),
        discount=np.round(amount * (1 - paid_share) / paid_share, 2),
        coupon=coupon[order],
        cost=np.round(quantity * shelf.PRICE[product] * moved * shelf.COST_SHARE[product], 2),
        product=product,
        refund=np.zeros(k, bool),
    )
    chance = traits.returns[buyer] * (1.6 - people.satisfaction[buyer])
    return _with_refunds(rng, calendar, lines, np.flatnonzero(rng.random(k) < chance))


def _coupons(rng: np.random.Generator, chance: Floats, offer: Ints) -> tuple[Ints, Floats]:
    """The coupon of each order and its share off; an offer brings its own."""
    own = np.where(rng.random(len(chance)) < chance, rng.integers(0, len(COUPONS), len(chance)), NO_COUPON)
    coupon = np.where(offer == NO_OFFER, own, len(COUPONS) + offer)
    off = np.where(own == NO_COUPON, 0.0, COUPON_OFF[own])
    return coupon, np.where(offer == NO_OFFER, off, OFFER_OFF)


def _products(rng: np.random.Generator, people: People, buyer: Ints) -> Ints:
    """Category by taste, tier by lean; the habitual product of that shelf, or another by novelty."""
    traits, k = people.traits, len(buyer)
    category = pick(rng, people.taste, buyer)
    height = rng.random(k) + 0.45 * traits.lean[buyer]
    tier = (height > 1 / 3).astype(np.int64) + (height > 2 / 3)
    tier = np.where(rng.random(k) < traits.own_label[buyer], 3, tier)
    habit = (7 * buyer + 5 * category) % shelf.SLOTS
    novel = rng.random(k) < traits.novelty[buyer]
    return shelf.product(category, tier, np.where(novel, rng.integers(0, shelf.SLOTS, k), habit))


def _with_refunds(rng: np.random.Generator, calendar: Calendar, lines: Lines, back: Ints) -> Lines:
    """The lines, then those sent back within the log, some days later."""
    at = lines.at[back] + ((3 + rng.exponential(6.0, len(back))) * DAY).astype(np.int64)
    back, at = back[at < calendar.seconds], at[at < calendar.seconds]
    nothing = np.zeros(len(back))
    return Lines(
        order=np.concatenate([lines.order, lines.order[back]]),
        at=np.concatenate([lines.at, at]),
        amount=np.concatenate([lines.amount, -lines.amount[back]]),
        quantity=np.concatenate([lines.quantity, -lines.quantity[back]]),
        discount=np.concatenate([lines.discount, nothing]),
        coupon=np.concatenate([lines.coupon, np.full(len(back), NO_COUPON)]),
        cost=np.concatenate([lines.cost, nothing]),
        product=np.concatenate([lines.product, lines.product[back]]),
        refund=np.concatenate([lines.refund, np.ones(len(back), bool)]),
    )
