"""What customers click: sessions and carts, messages and offers, social media, use of the service, the subscription."""

from __future__ import annotations

import numpy as np

from patronage.simulation import parameters
from patronage.simulation.customers import Customers
from patronage.simulation.events import TOPICS, EventLog, Place, poisson_rows
from patronage.simulation.lifecycle import DAY, DAYS_A_YEAR, Calendar
from patronage.simulation.parameters import HIGH_ATTITUDE, Ints
from patronage.simulation.purchases import NO_OFFER, Orders
from patronage.typing import Array

SEARCH_SHARE = 0.4  # of the sessions before an order
# By loyalty: how high and low attitude differ.
IDLE_VISITS_A_YEAR = np.where(HIGH_ATTITUDE, 14.0, 2.0)  # visits without an order
P_OPEN = np.where(HIGH_ATTITUDE, 0.55, 0.10)
P_CLICK = np.where(HIGH_ATTITUDE, 0.35, 0.10)  # on an opened message
P_UNSUBSCRIBE = np.where(HIGH_ATTITUDE, 0.002, 0.02)  # at each message
P_FOLLOW = np.where(HIGH_ATTITUDE, 0.55, 0.06)
SHARES_A_YEAR = np.where(HIGH_ATTITUDE, 2.0, 0.1)
REFERRALS_A_YEAR = np.where(HIGH_ATTITUDE, 0.9, 0.03)
CONTENT_A_YEAR = np.where(HIGH_ATTITUDE, 5.0, 0.8)
OPENS_WHEN_GONE = 0.1  # factor on the opening of messages
P_TRIAL, P_SUBSCRIBE, P_CANCEL = 0.15, 0.5, 0.8  # tries the subscription; subscribes; cancels on leaving
TRIAL_DAYS = 14


def add_browsing(rng: np.random.Generator, log: EventLog, customers: Customers, orders: Orders) -> None:
    """Add all sessions: those that end in an order, those before it, abandoned carts and idle visits."""
    _sessions_of_orders(rng, log, customers, orders)
    _sessions_before_orders(rng, log, customers, orders)
    _abandoned_carts(rng, log, customers)
    _idle_visits(rng, log, customers)


def add_engagement(
    rng: np.random.Generator, log: EventLog, calendar: Calendar, customers: Customers, orders: Orders
) -> None:
    """Add what customers do beside shopping."""
    _messages(rng, log, calendar.message_days, customers)
    _offers(rng, log, calendar.offer_days, customers, orders)
    _social(rng, log, customers)
    _usage(rng, log, customers)
    _subscription(rng, log, calendar, customers)


def _moments(rng: np.random.Generator, customers: Customers, mean: Array) -> tuple[Ints, Ints]:
    """Draw Poisson many moments of each customer: the customer, and the second of the log.

    The days are spread evenly over the active clock; the hour lies around the evening or the lunch break.
    """
    customer = poisson_rows(rng, mean)
    age = rng.random(len(customer)) * customers.lifecycle.exposure[customer]
    day = customers.lifecycle.day_of(age, customer)
    hour = np.clip(rng.normal(np.where(rng.random(len(customer)) < 0.7, 19.5, 12.5), 2.5), 6.0, 23.9)
    return customer, np.floor(day).astype(np.int64) * DAY + (hour * 3600).astype(np.int64)


def _online(customers: Customers, customer: Ints) -> Place:
    """The channel and device on which a customer browses: a customer of the store browses on the web."""
    channel = customers.channel[customer]
    channel = np.where(channel == parameters.STORE, parameters.WEB, channel)
    return Place(channel=channel, device=customers.device[customer])


def _add_sessions(
    rng: np.random.Generator, log: EventLog, customers: Customers, customer: Ints, at: Ints, views: float, place: Place
) -> Place:
    """Start one session each, with Poisson many views of categories; gives the place with the session's number."""
    place = place._replace(session=log.new_sessions(len(customer)))
    log.add("visit", customer, at, place)
    session = poisson_rows(rng, np.full(len(customer), views))
    viewed_at = at[session] + rng.integers(5, 300, len(session))
    category = customers.pick_category(rng, customer[session])
    log.add("view", customer[session], viewed_at, place.of(session), subject=category)
    return place


def _sessions_of_orders(rng: np.random.Generator, log: EventLog, customers: Customers, orders: Orders) -> None:
    """The session in which an order is placed, for all orders outside the store."""
    online = np.flatnonzero(orders.channel != parameters.STORE)
    customer, at = orders.customer[online], orders.at[online]
    begins = at - rng.integers(400, 2400, len(customer))
    place = Place(channel=orders.channel[online], device=orders.device[online])
    place = _add_sessions(rng, log, customers, customer, begins, 1.0, place)
    log.add("add_to_cart", customer, at - 90, place, subject=customers.pick_category(rng, customer))
    log.add("checkout_started", customer, at - 40, place)


def _sessions_before_orders(rng: np.random.Generator, log: EventLog, customers: Customers, orders: Orders) -> None:
    """Earlier sessions, searches, reviews and wishes: hours to weeks before the order, by shopper type."""
    traits = customers.traits.of(orders.customer)
    interested_at = customers.lifecycle.interested[orders.customer] * DAY

    def earlier(mean: Array) -> tuple[Ints, Ints]:
        order = poisson_rows(rng, mean)
        wait = np.floor(rng.exponential(traits.wait_days[order])).astype(np.int64)
        at = orders.at[order] - wait * DAY - rng.integers(3000, 14_000, len(order))
        interested = at >= interested_at[order]
        return orders.customer[order][interested], at[interested]

    customer, at = earlier(traits.sessions)
    place = _add_sessions(rng, log, customers, customer, at, 0.8, _online(customers, customer))
    searches = np.flatnonzero(rng.random(len(customer)) < SEARCH_SHARE)
    category = customers.pick_category(rng, customer[searches])
    log.add("search", customer[searches], at[searches] + 8, place.of(searches), subject=category)
    customer, at = earlier(traits.reviews)
    reviews, minutes = log.subjects.topic + TOPICS.index("reviews"), rng.exponential(2.0, len(customer))
    log.add("content_viewed", customer, at + 60, _online(customers, customer), subject=reviews, value=minutes)
    customer, at = earlier(traits.wishes)
    category = customers.pick_category(rng, customer)
    log.add("wishlist", customer, at + 90, _online(customers, customer), subject=category)


def _abandoned_carts(rng: np.random.Generator, log: EventLog, customers: Customers) -> None:
    """Sessions with a cart but no order; half of them reach the checkout."""
    per_day = customers.traits.abandons * (customers.rate + 1 / DAYS_A_YEAR)
    customer, at = _moments(rng, customers, per_day * customers.lifecycle.exposure)
    place = _add_sessions(rng, log, customers, customer, at, 0.7, _online(customers, customer))
    # As long after the visit as before an order, or this time alone would tell the two apart. A generator of its own.
    cart_at = at + rng.spawn(1)[0].integers(310, 2310, len(customer))
    log.add("add_to_cart", customer, cart_at, place, subject=customers.pick_category(rng, customer))
    half = np.flatnonzero(rng.random(len(customer)) < 0.5)
    log.add("checkout_started", customer[half], cart_at[half] + 50, place.of(half))


def _idle_visits(rng: np.random.Generator, log: EventLog, customers: Customers) -> None:
    """Visits without an order. The first one makes a contact a prospect."""
    exposure = customers.lifecycle.exposure
    customer = np.flatnonzero(exposure > 0)
    first = (customers.lifecycle.interested[customer] * DAY).astype(np.int64)
    _add_sessions(rng, log, customers, customer, first, 1.0, _online(customers, customer))
    customer, at = _moments(rng, customers, IDLE_VISITS_A_YEAR[customers.loyalty] / DAYS_A_YEAR * exposure)
    _add_sessions(rng, log, customers, customer, at, 0.8, _online(customers, customer))


def _messages(rng: np.random.Generator, log: EventLog, days: Ints, customers: Customers) -> None:
    """Campaigns to every contact from the sign-up on, until the contact unsubscribes."""
    shape = (len(customers), len(days))
    signed_up = customers.signed_up[:, None] < days
    unsubscribes = signed_up & (rng.random(shape) < P_UNSUBSCRIBE[customers.loyalty][:, None])
    unsubscribes &= customers.lifecycle.interested[:, None] <= days  # a contact who never acts does not unsubscribe
    unsubscribed = np.cumsum(unsubscribes, axis=1) - unsubscribes > 0  # at an earlier message
    customer, campaign = np.nonzero(signed_up & ~unsubscribed)
    day, subject = days[campaign], log.subjects.campaign + campaign
    at = day * DAY + 9 * 3600 + rng.integers(0, 1800, len(customer))
    log.add("message_sent", customer, at, Place(channel=parameters.EMAIL), subject=subject)

    attention = np.maximum(customers.lifecycle.speed(day, customer), OPENS_WHEN_GONE)
    attention = attention * (day >= customers.lifecycle.interested[customer])
    opened = np.flatnonzero(rng.random(len(customer)) < P_OPEN[customers.loyalty[customer]] * attention)
    customer, subject = customer[opened], subject[opened]
    at = at[opened] + 60 + rng.exponential(4 * 3600, len(opened)).astype(np.int64)
    place = Place(channel=parameters.EMAIL, device=customers.device[customer])
    log.add("message_opened", customer, at, place, subject=subject)
    clicked = np.flatnonzero(rng.random(len(customer)) < P_CLICK[customers.loyalty[customer]])
    log.add("message_clicked", customer[clicked], at[clicked] + 40, place.of(clicked), subject=subject[clicked])

    customer, campaign = np.nonzero(unsubscribes & ~unsubscribed)
    at, subject = days[campaign] * DAY + 11 * 3600, log.subjects.campaign + campaign
    log.add("unsubscribed", customer, at, Place(channel=parameters.EMAIL), subject=subject)


def _offers(rng: np.random.Generator, log: EventLog, days: Ints, customers: Customers, orders: Orders) -> None:
    """Offers as they were sent at random, and redeemed with the orders that they led to."""
    customer, offer = np.nonzero(orders.offer_sent)
    at = days[offer] * DAY + 8 * 3600 + rng.integers(0, 3600, len(customer))
    channel = np.where(customers.channel[customer] == parameters.APP, parameters.PUSH, parameters.EMAIL)
    log.add("offer_received", customer, at, Place(channel=channel), subject=log.subjects.offer + offer)
    redeemed = np.flatnonzero(orders.offer != NO_OFFER)
    place = Place(channel=orders.channel[redeemed], device=orders.device[redeemed])
    subject = log.subjects.offer + orders.offer[redeemed]
    log.add("offer_redeemed", orders.customer[redeemed], orders.at[redeemed] - 20, place, subject=subject)


def _social(rng: np.random.Generator, log: EventLog, customers: Customers) -> None:
    """The attitude side of loyalty: following, sharing, referring, reading."""
    lifecycle, loyalty = customers.lifecycle, customers.loyalty
    years = lifecycle.exposure / DAYS_A_YEAR
    customer = np.flatnonzero((rng.random(len(years)) < P_FOLLOW[loyalty]) & (years > 0))
    age = np.minimum(rng.exponential(30.0, len(customer)), lifecycle.exposure[customer])
    followed_at = lifecycle.day_of(age, customer) * DAY
    log.add("followed", customer, followed_at, Place(channel=parameters.SOCIAL, device=customers.device[customer]))
    customer, at = _moments(rng, customers, SHARES_A_YEAR[loyalty] * years)
    log.add("shared", customer, at, Place(channel=parameters.SOCIAL, device=customers.device[customer]))
    customer, at = _moments(rng, customers, REFERRALS_A_YEAR[loyalty] * years)
    log.add("referred", customer, at, _online(customers, customer))
    customer, at = _moments(rng, customers, CONTENT_A_YEAR[loyalty] * years)
    topic = log.subjects.topic + rng.integers(1, len(TOPICS), len(customer))  # reviews, the first, belong to orders
    minutes = rng.exponential(3.0, len(customer))
    log.add("content_viewed", customer, at, _online(customers, customer), subject=topic, value=minutes)


def _usage(rng: np.random.Generator, log: EventLog, customers: Customers) -> None:
    """Log-ins (the quantity of use), and the features used in them for some minutes (its quality)."""
    logins_a_day = parameters.USAGE_LOGINS_A_YEAR[customers.usage] / DAYS_A_YEAR
    customer, at = _moments(rng, customers, logins_a_day * customers.lifecycle.exposure)
    place = _online(customers, customer)._replace(session=log.new_sessions(len(customer)))
    log.add("login", customer, at, place)
    login = np.repeat(np.arange(len(customer)), rng.integers(1, 3, len(customer)))
    user = customer[login]
    usage = customers.usage[user]
    feature = (user + rng.integers(0, parameters.USAGE_FEATURES[usage])) % len(parameters.FEATURES)
    used_at = at[login] + rng.integers(20, 600, len(login))
    minutes = rng.exponential(parameters.USAGE_MINUTES[usage])
    subject = log.subjects.feature + feature
    log.add("feature_used", user, used_at, place.of(login), subject=subject, value=minutes)


def _subscription(rng: np.random.Generator, log: EventLog, calendar: Calendar, customers: Customers) -> None:
    """A trial soon after the first interest; half of the trials become subscriptions; most end on leaving."""
    lifecycle = customers.lifecycle
    customer = np.flatnonzero((rng.random(len(customers)) < P_TRIAL) & (lifecycle.exposure > 0))
    wait = np.minimum(rng.exponential(15.0, len(customer)), lifecycle.exposure[customer] / 2)
    trial = lifecycle.interested[customer] + wait
    log.add("trial_started", customer, trial * DAY, _online(customers, customer))
    day = trial + TRIAL_DAYS
    subscribes = (rng.random(len(customer)) < P_SUBSCRIBE) & (day < lifecycle.leaves[customer])
    customer, day = customer[subscribes], day[subscribes]
    log.add("subscribed", customer, day * DAY, _online(customers, customer))
    leaves = lifecycle.leaves[customer] < calendar.days  # a lifecycle cut at the log's end is no departure
    cancels = (rng.random(len(customer)) < P_CANCEL) & leaves
    customer, day = customer[cancels], day[cancels]
    at = np.maximum(lifecycle.leaves[customer] - rng.exponential(5.0, len(customer)), day) * DAY
    log.add("cancelled", customer, at, _online(customers, customer))
