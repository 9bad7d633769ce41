"""What customers tell the business: ratings, surveys, complaints, tickets, returns. All follow from satisfaction."""

from __future__ import annotations

import numpy as np

from patronage.simulation import parameters
from patronage.simulation.customers import Customers
from patronage.simulation.events import TOPICS, EventLog, Place, poisson_rows
from patronage.simulation.lifecycle import DAY
from patronage.simulation.parameters import EMAIL, PHONE, Ints
from patronage.simulation.purchases import OrderLines, Orders
from patronage.typing import Array

P_RATING = 0.45  # of an order, for the most eager customer
P_SURVEY = 0.25  # that a survey is sent after an order
P_ANSWER = 0.7  # that a survey is answered, by the most eager customer
SERVICE = parameters.BENEFITS.index("service")


def add_feedback(
    rng: np.random.Generator, log: EventLog, customers: Customers, orders: Orders, order_lines: OrderLines
) -> None:
    """Add all feedback to the log."""
    _ratings(rng, log, customers, orders)
    _surveys(rng, log, customers, orders)
    _complaints(rng, log, customers, orders)
    _tickets(rng, log, customers, orders)
    _return_requests(log, customers, orders, order_lines)


def draw_score(rng: np.random.Generator, satisfaction: Array, low: float, high: float, noise: float) -> Array:
    """Draw whole scores on a scale from `low` to `high`; `noise` is a share of the scale's length."""
    score = low + (high - low) * (satisfaction + rng.normal(0, noise, len(satisfaction)))
    return np.clip(np.rint(score), low, high)


def _ratings(rng: np.random.Generator, log: EventLog, customers: Customers, orders: Orders) -> None:
    """One to five stars for what was bought, some with a review."""
    rated = np.flatnonzero(rng.random(len(orders.customer)) < P_RATING * customers.eagerness[orders.customer])
    customer = orders.customer[rated]
    at = orders.at[rated] + ((2 + rng.exponential(5.0, len(customer))) * DAY).astype(np.int64)
    stars = draw_score(rng, customers.satisfaction[customer], 1, 5, 0.15)
    category = customers.pick_category(rng, customer)
    place = Place(device=customers.device[customer])
    log.add("rating", customer, at, place, subject=category, value=stars)
    p_review = np.where(customers.high_attitude[customer], 0.4, 0.15)
    reviewed = np.flatnonzero(rng.random(len(customer)) < p_review)
    customer, place = customer[reviewed], place.of(reviewed)
    log.add("reviewed", customer, at[reviewed] + 120, place, subject=category[reviewed], value=stars[reviewed])


def _surveys(rng: np.random.Generator, log: EventLog, customers: Customers, orders: Orders) -> None:
    """The survey "would you recommend us?", sent after some orders, answered by eager customers."""
    sent = np.flatnonzero(rng.random(len(orders.customer)) < P_SURVEY)
    customer, at = orders.customer[sent], orders.at[sent]
    answered = rng.random(len(customer)) < P_ANSWER * customers.eagerness[customer]
    customer, at = customer[answered], at[answered]
    at = at + ((1 + rng.exponential(2.0, len(customer))) * DAY).astype(np.int64)
    score = draw_score(rng, customers.satisfaction[customer], 0, 10, 0.12)
    log.add("nps", customer, at, Place(channel=EMAIL), value=score)


def _anger(customers: Customers, orders: Orders) -> Array:
    """How angry the customer is about an order, 0 to 1."""
    return (1 - customers.satisfaction[orders.customer]) ** 3


def _days_after(rng: np.random.Generator, orders: Orders, mean: Array) -> tuple[Ints, Ints]:
    """Poisson many moments after each order, an hour to some days later: the customer, and the second of the log."""
    order = poisson_rows(rng, mean)
    return orders.customer[order], orders.at[order] + (rng.exponential(4.0, len(order)) * DAY).astype(np.int64) + 3600


def _complaints(rng: np.random.Generator, log: EventLog, customers: Customers, orders: Orders) -> None:
    """Complaints by telephone after an order."""
    customer, at = _days_after(rng, orders, 0.7 * _anger(customers, orders))
    topic = log.subjects.topic + rng.integers(2, len(TOPICS), len(customer))
    log.add("complaint", customer, at, Place(channel=PHONE), subject=topic)


def _tickets(rng: np.random.Generator, log: EventLog, customers: Customers, orders: Orders) -> None:
    """Tickets after an order, their resolution, and a survey about it; for the dissatisfied it takes longer."""
    wants_service = customers.benefit[orders.customer] == SERVICE
    mean = 0.6 * _anger(customers, orders) + np.where(wants_service, 0.10, 0.01)
    customer, at = _days_after(rng, orders, mean)
    topic = log.subjects.topic + rng.integers(1, len(TOPICS), len(customer))
    log.add("ticket_opened", customer, at, Place(channel=EMAIL), subject=topic)
    resolved = rng.random(len(customer)) < 0.5 + 0.48 * customers.satisfaction[customer]
    customer, at = customer[resolved], at[resolved]
    at = at + (rng.exponential(3.5 - 3.0 * customers.satisfaction[customer]) * DAY).astype(np.int64) + 1800
    log.add("ticket_resolved", customer, at, Place(channel=EMAIL))
    answered = rng.random(len(customer)) < P_ANSWER * customers.eagerness[customer]
    customer, at = customer[answered], at[answered] + 7200
    score = draw_score(rng, customers.satisfaction[customer], 1, 5, 0.12)
    log.add("csat", customer, at, Place(channel=EMAIL), value=score)


def _return_requests(log: EventLog, customers: Customers, orders: Orders, order_lines: OrderLines) -> None:
    """A request two days before every refund."""
    refund = np.flatnonzero(order_lines.refund)
    customer = orders.customer[order_lines.order[refund]]
    log.add("return_requested", customer, order_lines.at[refund] - 2 * DAY, Place(device=customers.device[customer]))
