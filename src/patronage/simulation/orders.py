"""When customers order: at their own rate, on their occasions, and when an offer reaches them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from patronage.simulation import kinds
from patronage.simulation.chance import DAY, Calendar, running
from patronage.simulation.customers import YEAR, People
from patronage.simulation.kinds import Flags, Floats, Ints
from patronage.simulation.settings import SimulatedConfig

NO_OFFER = -1


@dataclass(frozen=True)
class Orders:
    """Orders of a block, by customer and time; (m,) but for `sent`.

    Attributes
    ----------
    who, at
        Customer's position in the block; seconds of the log.
    offer
        Number of the offer that brought it, else -1.
    channel, device
        Positions in `kinds.CHANNELS` and `DEVICES`; -1 in the store.
    sent
        (n, offers) whether the customer got that offer; offer k went out on day `offer_days(...)[k]`.
    """

    who: Ints
    at: Ints
    offer: Ints
    channel: Ints
    device: Ints
    sent: Flags


def offer_days(settings: SimulatedConfig, calendar: Calendar) -> Ints:
    """The days on which offers go out."""
    return _evenly(settings.offers_per_year, calendar)


def message_days(settings: SimulatedConfig, calendar: Calendar) -> Ints:
    """The days on which messages go out."""
    return _evenly(settings.messages_per_year, calendar)


def draw(rng: np.random.Generator, settings: SimulatedConfig, calendar: Calendar, people: People) -> Orders:
    """All orders within the log."""
    own_who, own_day = _own(rng, calendar, people)
    occasion_who, occasion_day = _occasions(rng, calendar, people)
    sent, offer_who, offer_day, offer = _offers(rng, offer_days(settings, calendar), people)
    who = np.concatenate([own_who, occasion_who, offer_who])
    day = np.concatenate([own_day, occasion_day, offer_day])
    offers = np.concatenate([np.full(len(own_who) + len(occasion_who), NO_OFFER), offer])

    hours = np.array([each.hours for each in kinds.PERSONAS.values()])[people.persona[who]]
    hour = np.where(rng.random(len(who)) < 2 / 3, hours[:, 0], hours[:, 1])
    clock = np.clip(rng.normal(hour + 0.5, 1.8), 6.0, 23.99)  # the shop sleeps at night
    at = np.floor(day).astype(np.int64) * DAY + (clock * 3600).astype(np.int64)
    order = np.argsort(who * calendar.seconds + at, kind="stable")
    who, at, offers = who[order], at[order], offers[order]

    usual = rng.random(len(who)) < 0.85
    channel = np.where(usual, people.channel[who], rng.integers(0, 3, len(who)))
    device = np.where(usual, people.device[who], rng.integers(0, len(kinds.DEVICES), len(who)))
    device = np.where(channel == kinds.CHANNELS.index("store"), -1, device)
    return Orders(who, at, offers, channel, device, sent)


def _own(rng: np.random.Generator, calendar: Calendar, people: People) -> tuple[Ints, Floats]:
    """The first order of every buyer and her repeat orders: a renewal process with gamma gaps on her own clock."""
    buyers = np.flatnonzero(people.first < calendar.days)
    age = people.first[buyers] - people.life.begin[buyers]
    left = people.life.exposure[buyers] - age
    mean = people.rate[buyers] * left
    counts = np.ceil(mean + 6 * np.sqrt(mean) + 8).astype(np.int64)  # more than will be needed, but for one in 10^8
    who = np.repeat(buyers, counts)
    gaps = rng.standard_gamma(people.shape[who]) / (people.shape[who] * people.rate[who])
    since = running(gaps, counts)
    kept = since < np.repeat(left, counts)
    who = np.concatenate([buyers, who[kept]])
    day = np.concatenate(
        [people.first[buyers], people.life.moment(np.repeat(age, counts)[kept] + since[kept], who[len(buyers) :])]
    )
    later = day + calendar.busy(rng, np.floor(day).astype(np.int64))
    return who, np.where(people.life.active(later, who), later, day)


def _occasions(rng: np.random.Generator, calendar: Calendar, people: People) -> tuple[Ints, Floats]:
    """Orders on personal and universal occasions, while the customer is active."""
    found = [(np.empty(0, np.int64), np.empty(0, np.int64))]
    mondays = 7 * np.arange(calendar.days // 7 + 2) - calendar.start.weekday()
    for occasion, starts in ((2, mondays), (3, calendar.month_starts()), (4, calendar.year_starts())):
        who = np.flatnonzero(people.occasion == occasion)
        days = starts[None, :] + people.occasion_day[who, None] - 1
        if occasion > 2:  # a monthly or yearly day is met with a day's tolerance
            days = days - rng.integers(0, 2, days.shape)
        found.append((np.repeat(who, len(starts)), days.ravel()))
    who = np.flatnonzero(people.occasion == 1)
    for opening, closing in kinds.UNIVERSAL:
        opens, closes = calendar.month_day(*opening), calendar.month_day(*closing)
        days = opens[None, :] + rng.integers(0, closes - opens + 1, (len(who), len(opens)))
        found.append((np.repeat(who, len(opens)), days.ravel()))
    whose = np.concatenate([each for each, _ in found])
    day = np.concatenate([days for _, days in found]).astype(np.float64)
    chance = kinds.OCCASION_HELD[people.occasion[whose]] * people.life.presence(day, whose)
    held = (rng.random(len(whose)) < chance) & (day > people.first[whose])
    return whose[held], day[held]


def _offers(rng: np.random.Generator, days: Ints, people: People) -> tuple[Flags, Ints, Floats, Ints]:
    """Who got which offer, by lot, and the orders that came of it."""
    shape = (len(people.first), len(days))
    sent = (rng.random(shape) < 0.6) & (people.signed_up[:, None] < days)
    answers = sent & (rng.random(shape) < people.traits.offers[:, None]) & (people.first[:, None] < days)
    who, offer = np.nonzero(answers)
    day = days[offer].astype(np.float64) + np.minimum(1 + rng.exponential(3.0, len(who)), 13)
    comes = rng.random(len(who)) < people.life.presence(day, who)
    return sent, who[comes], day[comes], offer[comes]


def _evenly(per_year: int, calendar: Calendar) -> Ints:
    step = YEAR / max(per_year, 1)
    return np.arange(step / 2, calendar.days, step).astype(np.int64)[: None if per_year else 0]
