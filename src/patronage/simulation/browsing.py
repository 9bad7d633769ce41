"""Sessions: what leads to an order, what leads to none, and the carts that are left standing."""

from __future__ import annotations

import numpy as np

from patronage.simulation import kinds
from patronage.simulation.chance import DAY, pick, repeat
from patronage.simulation.customers import YEAR, People
from patronage.simulation.kinds import Floats, Ints
from patronage.simulation.log import Log, Place, Subjects
from patronage.simulation.orders import Orders

STORE, WEB = kinds.CHANNELS.index("store"), kinds.CHANNELS.index("web")
IDLE_VISITS_A_YEAR = np.where(kinds.MIND_SIDE, 14.0, 2.0)  # by loyalty: visits that no order follows
SEARCHES = 0.4  # share of the browsing sessions


def draw(rng: np.random.Generator, log: Log, people: People, orders: Orders, subjects: Subjects) -> None:
    """All sessions, into the log."""
    _to_orders(rng, log, people, orders)
    _before_orders(rng, log, people, orders, subjects)
    _abandoned(rng, log, people)
    _idle(rng, log, people)


def own_time(rng: np.random.Generator, people: People, mean: Floats) -> tuple[Ints, Ints]:
    """Poisson many moments of each customer, spread over her own clock: who, and the second of the log.

    The day is the clock's; the hour is an evening's or a lunch break's.
    """
    who = repeat(rng, mean)
    day = people.life.moment(rng.random(len(who)) * people.life.exposure[who], who)
    hour = np.clip(rng.normal(np.where(rng.random(len(who)) < 0.7, 19.5, 12.5), 2.5), 6.0, 23.9)
    return who, np.floor(day).astype(np.int64) * DAY + (hour * 3600).astype(np.int64)


def online(people: People, who: Ints) -> Place:
    """Where someone is when browsing: the store's customers too look on the web."""
    channel = people.channel[who]
    return Place(channel=np.where(channel == STORE, WEB, channel), device=people.device[who])


def _visits(
    rng: np.random.Generator, log: Log, people: People, who: Ints, at: Ints, views: float, place: Place
) -> Place:
    """One session each from `at` on, with Poisson many views of categories; gives the place with its session."""
    place = place._replace(session=log.new_sessions(len(who)))
    log.add("visit", who, at, place)
    each = repeat(rng, np.full(len(who), views))
    seen = at[each] + rng.integers(5, 300, len(each))
    log.add("view", who[each], seen, place.of(each), subject=pick(rng, people.taste, who[each]))
    return place


def _to_orders(rng: np.random.Generator, log: Log, people: People, orders: Orders) -> None:
    """The session of every order that is not made in the store."""
    here = np.flatnonzero(orders.channel != STORE)
    who, at = orders.who[here], orders.at[here]
    begin = at - rng.integers(400, 2400, len(who))
    place = _visits(rng, log, people, who, begin, 1.0, Place(channel=orders.channel[here], device=orders.device[here]))
    log.add("add_to_cart", who, at - 90, place, subject=pick(rng, people.taste, who))
    log.add("checkout_started", who, at - 40, place)


def _before_orders(rng: np.random.Generator, log: Log, people: People, orders: Orders, subjects: Subjects) -> None:
    """Earlier looks, searches, reviews and wishes: from nearly at once to weeks before, by the shopper type."""
    traits = people.traits.of(orders.who)

    def earlier(mean: Floats) -> tuple[Ints, Ints]:
        each = repeat(rng, mean)
        wait = np.floor(rng.exponential(traits.wait_days[each])).astype(np.int64)
        at = orders.at[each] - wait * DAY - rng.integers(3000, 14_000, len(each))
        kept = at >= people.life.begin[orders.who[each]] * DAY  # nobody looks before being interested
        return orders.who[each][kept], at[kept]

    who, at = earlier(traits.sessions)
    place = _visits(rng, log, people, who, at, 0.8, online(people, who))
    looks = np.flatnonzero(rng.random(len(who)) < SEARCHES)
    log.add("search", who[looks], at[looks] + 8, place.of(looks), subject=pick(rng, people.taste, who[looks]))
    who, at = earlier(traits.reviews)
    minutes = rng.exponential(2.0, len(who))
    log.add("content_viewed", who, at + 60, online(people, who), subject=subjects.of("reviews"), value=minutes)
    who, at = earlier(traits.wishes)
    log.add("wishlist", who, at + 90, online(people, who), subject=pick(rng, people.taste, who))


def _abandoned(rng: np.random.Generator, log: Log, people: People) -> None:
    """Carts that no order follows; half of them reach the checkout."""
    per_day = people.traits.abandons * (people.rate + 1 / YEAR)
    who, at = own_time(rng, people, per_day * people.life.exposure)
    place = _visits(rng, log, people, who, at, 0.7, online(people, who))
    # As long as before an order, or the clock alone would tell them apart. A generator aside: nothing else moves.
    carted = at + rng.spawn(1)[0].integers(310, 2310, len(who))
    log.add("add_to_cart", who, carted, place, subject=pick(rng, people.taste, who))
    half = np.flatnonzero(rng.random(len(who)) < 0.5)
    log.add("checkout_started", who[half], carted[half] + 50, place.of(half))


def _idle(rng: np.random.Generator, log: Log, people: People) -> None:
    """Visits for their own sake; the first one is what makes a contact a prospect."""
    there = np.flatnonzero(people.life.exposure > 0)
    first = (people.life.begin[there] * DAY).astype(np.int64)
    _visits(rng, log, people, there, first, 1.0, online(people, there))
    who, at = own_time(rng, people, IDLE_VISITS_A_YEAR[people.loyalty] / YEAR * people.life.exposure)
    _visits(rng, log, people, who, at, 0.8, online(people, who))
