"""What customers do beyond buying: messages, offers, the brand's following, use of the service, the subscription."""

from __future__ import annotations

import numpy as np

from patronage.simulation import kinds
from patronage.simulation.browsing import online, own_time
from patronage.simulation.chance import DAY, Calendar
from patronage.simulation.customers import YEAR, People
from patronage.simulation.kinds import Ints
from patronage.simulation.log import TOPICS, Log, Place, Subjects
from patronage.simulation.orders import NO_OFFER, Orders, message_days, offer_days
from patronage.simulation.settings import SimulatedConfig

EMAIL, PUSH, SOCIAL = (kinds.CHANNELS.index(name) for name in ("email", "push", "social"))

# By loyalty: what sets the psychological side apart.
OPENS = np.where(kinds.MIND_SIDE, 0.55, 0.10)
CLICKS = np.where(kinds.MIND_SIDE, 0.35, 0.10)  # of the opened
UNSUBSCRIBES = np.where(kinds.MIND_SIDE, 0.002, 0.02)  # at each message
FOLLOWS = np.where(kinds.MIND_SIDE, 0.55, 0.06)
SHARES_A_YEAR = np.where(kinds.MIND_SIDE, 2.0, 0.1)
REFERRALS_A_YEAR = np.where(kinds.MIND_SIDE, 0.9, 0.03)
READS_A_YEAR = np.where(kinds.MIND_SIDE, 5.0, 0.8)
STILL_OPENS = 0.1  # factor for those who are gone
TRIALS, STAYS, CANCELS = 0.15, 0.5, 0.8  # try the subscription; subscribe; cancel it when gone
TRIAL_DAYS = 14


def draw(
    rng: np.random.Generator,
    log: Log,
    settings: SimulatedConfig,
    calendar: Calendar,
    people: People,
    orders: Orders,
    subjects: Subjects,
) -> None:
    """All of it, into the log."""
    _messages(rng, log, message_days(settings, calendar), people, subjects)
    _offers(rng, log, offer_days(settings, calendar), people, orders, subjects)
    _following(rng, log, people, subjects)
    _usage(rng, log, people, subjects)
    _subscription(rng, log, calendar, people)


def _messages(rng: np.random.Generator, log: Log, days: Ints, people: People, subjects: Subjects) -> None:
    """Campaigns to everyone who signed up, until they unsubscribe."""
    shape = (len(people.first), len(days))
    reached = people.signed_up[:, None] < days
    leaves = reached & (rng.random(shape) < UNSUBSCRIBES[people.loyalty][:, None])
    leaves &= people.life.begin[:, None] <= days  # a contact who never does anything does not do this either
    gone = np.cumsum(leaves, axis=1) - leaves > 0  # has left at an earlier message
    who, campaign = np.nonzero(reached & ~gone)
    about = subjects.campaign + campaign
    sent = days[campaign] * DAY + 9 * 3600 + rng.integers(0, 1800, len(who))
    log.add("message_sent", who, sent, Place(channel=EMAIL), subject=about)

    day = days[campaign]
    there = np.maximum(people.life.presence(day, who), STILL_OPENS) * (day >= people.life.begin[who])
    chance = OPENS[people.loyalty[who]] * there
    opened = np.flatnonzero(rng.random(len(who)) < chance)
    who, about = who[opened], about[opened]
    at = sent[opened] + 60 + rng.exponential(4 * 3600, len(opened)).astype(np.int64)
    place = Place(channel=EMAIL, device=people.device[who])
    log.add("message_opened", who, at, place, subject=about)
    clicked = np.flatnonzero(rng.random(len(who)) < CLICKS[people.loyalty[who]])
    log.add("message_clicked", who[clicked], at[clicked] + 40, place.of(clicked), subject=about[clicked])

    who, campaign = np.nonzero(leaves & ~gone)
    at = days[campaign] * DAY + 11 * 3600
    log.add("unsubscribed", who, at, Place(channel=EMAIL), subject=subjects.campaign + campaign)


def _offers(rng: np.random.Generator, log: Log, days: Ints, people: People, orders: Orders, subjects: Subjects) -> None:
    """Offers as they went out by lot, and redeemed with the orders that they brought."""
    who, offer = np.nonzero(orders.sent)
    at = days[offer] * DAY + 8 * 3600 + rng.integers(0, 3600, len(who))
    channel = np.where(people.channel[who] == kinds.CHANNELS.index("app"), PUSH, EMAIL)
    log.add("offer_received", who, at, Place(channel=channel), subject=subjects.offer + offer)
    came = np.flatnonzero(orders.offer != NO_OFFER)
    place = Place(channel=orders.channel[came], device=orders.device[came])
    log.add(
        "offer_redeemed", orders.who[came], orders.at[came] - 20, place, subject=subjects.offer + orders.offer[came]
    )


def _following(rng: np.random.Generator, log: Log, people: People, subjects: Subjects) -> None:
    """The psychological side of loyalty: following, sharing, referring, reading."""
    years = people.life.exposure / YEAR
    who = np.flatnonzero((rng.random(len(years)) < FOLLOWS[people.loyalty]) & (years > 0))
    age = np.minimum(rng.exponential(30.0, len(who)), people.life.exposure[who])
    log.add("followed", who, people.life.moment(age, who) * DAY, Place(channel=SOCIAL, device=people.device[who]))
    who, at = own_time(rng, people, SHARES_A_YEAR[people.loyalty] * years)
    log.add("shared", who, at, Place(channel=SOCIAL, device=people.device[who]))
    who, at = own_time(rng, people, REFERRALS_A_YEAR[people.loyalty] * years)
    log.add("referred", who, at, online(people, who))
    who, at = own_time(rng, people, READS_A_YEAR[people.loyalty] * years)
    topic = subjects.topic + rng.integers(1, len(TOPICS), len(who))  # the first, reviews, is read before orders
    log.add("content_viewed", who, at, online(people, who), subject=topic, value=rng.exponential(3.0, len(who)))


def _usage(rng: np.random.Generator, log: Log, people: People, subjects: Subjects) -> None:
    """Log-ins, and the features used in them: how often is volume; how many and how long is quality."""
    who, at = own_time(rng, people, kinds.LOGINS_A_YEAR[people.usage] / YEAR * people.life.exposure)
    place = online(people, who)._replace(session=log.new_sessions(len(who)))
    log.add("login", who, at, place)
    each = np.repeat(np.arange(len(who)), rng.integers(1, 3, len(who)))
    user, usage = who[each], people.usage[who[each]]
    feature = (user + rng.integers(0, kinds.FEATURES_KNOWN[usage])) % len(kinds.FEATURES)
    used, minutes = at[each] + rng.integers(20, 600, len(each)), rng.exponential(kinds.MINUTES[usage])
    log.add("feature_used", user, used, place.of(each), subject=subjects.feature + feature, value=minutes)


def _subscription(rng: np.random.Generator, log: Log, calendar: Calendar, people: People) -> None:
    """A membership: tried early, kept by half, cancelled by most of those who go."""
    life = people.life
    who = np.flatnonzero((rng.random(len(life.begin)) < TRIALS) & (life.exposure > 0))
    started = life.begin[who] + np.minimum(rng.exponential(15.0, len(who)), life.exposure[who] / 2)
    log.add("trial_started", who, started * DAY, online(people, who))
    day = started + TRIAL_DAYS
    stays = (rng.random(len(who)) < STAYS) & (day < life.end[who])
    who, day = who[stays], day[stays]
    log.add("subscribed", who, day * DAY, online(people, who))
    cancels = (rng.random(len(who)) < CANCELS) & (life.end[who] < calendar.days)  # the log's end is nobody's leaving
    who, day = who[cancels], day[cancels]
    at = np.maximum(life.end[who] - rng.exponential(5.0, len(who)), day) * DAY
    log.add("cancelled", who, at, online(people, who))
