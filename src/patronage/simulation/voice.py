"""What customers say: ratings, reviews, surveys, complaints, tickets. Behind all of it stands their satisfaction."""

from __future__ import annotations

import numpy as np

from patronage.simulation import kinds
from patronage.simulation.chance import DAY, pick, repeat
from patronage.simulation.customers import People
from patronage.simulation.kinds import Floats, Ints
from patronage.simulation.lines import Lines
from patronage.simulation.log import TOPICS, Log, Place, Subjects
from patronage.simulation.orders import Orders

EMAIL, PHONE = (kinds.CHANNELS.index(name) for name in ("email", "phone"))
INVITED, ANSWERED = 0.25, 0.7  # share of orders after which a survey is sent; of the most eager, who answer it


def draw(rng: np.random.Generator, log: Log, people: People, orders: Orders, lines: Lines, subjects: Subjects) -> None:
    """All of it, into the log."""
    _ratings(rng, log, people, orders)
    _surveys(rng, log, people, orders)
    _trouble(rng, log, people, orders, subjects)
    _returns(log, people, orders, lines)


def score(rng: np.random.Generator, satisfaction: Floats, low: float, high: float, noise: float) -> Floats:
    """An answer on a scale from `low` to `high`; `noise` is a share of its length."""
    drawn = low + (high - low) * (satisfaction + rng.normal(0, noise, len(satisfaction)))
    return np.clip(np.rint(drawn), low, high)


def _ratings(rng: np.random.Generator, log: Log, people: People, orders: Orders) -> None:
    """Stars for what was bought, some with a text."""
    rated = np.flatnonzero(rng.random(len(orders.who)) < 0.45 * people.eagerness[orders.who])
    who = orders.who[rated]
    at = orders.at[rated] + ((2 + rng.exponential(5.0, len(who))) * DAY).astype(np.int64)
    stars = score(rng, people.satisfaction[who], 1, 5, 0.15)
    category = pick(rng, people.taste, who)
    place = Place(device=people.device[who])
    log.add("rating", who, at, place, subject=category, value=stars)
    texts = np.flatnonzero(rng.random(len(who)) < np.where(people.devoted[who], 0.4, 0.15))
    log.add("reviewed", who[texts], at[texts] + 120, place.of(texts), subject=category[texts], value=stars[texts])


def _surveys(rng: np.random.Generator, log: Log, people: People, orders: Orders) -> None:
    """Would you recommend us? Sent by lot after an order, answered by the satisfied and the furious."""
    asked = np.flatnonzero(rng.random(len(orders.who)) < INVITED)
    who, at = orders.who[asked], orders.at[asked]
    answers = rng.random(len(who)) < ANSWERED * people.eagerness[who]
    who, at = who[answers], at[answers] + ((1 + rng.exponential(2.0, answers.sum())) * DAY).astype(np.int64)
    log.add("nps", who, at, Place(channel=EMAIL), value=score(rng, people.satisfaction[who], 0, 10, 0.12))


def _trouble(rng: np.random.Generator, log: Log, people: People, orders: Orders, subjects: Subjects) -> None:
    """Complaints and tickets after an order; the less satisfied have more, and theirs take longer to resolve."""
    anger = (1 - people.satisfaction[orders.who]) ** 3

    def after(mean: Floats, days: float) -> tuple[Ints, Ints]:
        each = repeat(rng, mean)
        return orders.who[each], orders.at[each] + (rng.exponential(days, len(each)) * DAY).astype(np.int64) + 3600

    who, at = after(0.7 * anger, 4.0)
    log.add("complaint", who, at, Place(channel=PHONE), subject=subjects.topic + rng.integers(2, len(TOPICS), len(who)))
    seeks_service = people.benefit[orders.who] == kinds.BENEFITS.index("service")
    who, at = after(0.6 * anger + np.where(seeks_service, 0.10, 0.01), 4.0)
    log.add(
        "ticket_opened", who, at, Place(channel=EMAIL), subject=subjects.topic + rng.integers(1, len(TOPICS), len(who))
    )
    resolved = rng.random(len(who)) < 0.5 + 0.48 * people.satisfaction[who]
    who, at = who[resolved], at[resolved]
    at = at + (rng.exponential(3.5 - 3.0 * people.satisfaction[who]) * DAY).astype(np.int64) + 1800
    log.add("ticket_resolved", who, at, Place(channel=EMAIL))
    answers = rng.random(len(who)) < ANSWERED * people.eagerness[who]
    who, at = who[answers], at[answers] + 7200
    log.add("csat", who, at, Place(channel=EMAIL), value=score(rng, people.satisfaction[who], 1, 5, 0.12))


def _returns(log: Log, people: People, orders: Orders, lines: Lines) -> None:
    """Every refund was asked for two days before."""
    back = np.flatnonzero(lines.refund)
    who = orders.who[lines.order[back]]
    log.add("return_requested", who, lines.at[back] - 2 * DAY, Place(device=people.device[who]))
