"""Who the customers are: the truth, drawn before anything is bought."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from patronage.simulation import kinds
from patronage.simulation.chance import Calendar, Urns, choose, urns
from patronage.simulation.kinds import BENEFIT_TRAITS, PERSONAS, SHOPPER_TRAITS, Flags, Floats, Ints, Traits
from patronage.simulation.life import Life
from patronage.simulation.settings import SimulatedConfig

YEAR = 365.25


@dataclass(frozen=True)
class People:
    """One block of customers, (n,) unless said otherwise; kinds are positions in the tuples of `kinds`.

    Attributes
    ----------
    signed_up
        Whole day of the log; whatever else happens does so on a later day.
    first
        The day of the first order; infinite for those who never buy.
    rate, shape, dropout
        Orders per day of the active clock, gamma shape of their gaps, deaths per day.
    mean_value
        Of an order, in units of the currency.
    affinity
        (n, categories), rows sum to one; `taste` is the same as urns.
    occasion_day
        ISO weekday, day of the month or day of the year; 0 where the occasion is none or universal.
    account
        Number within the block, -1 for a private customer.
    """

    signed_up: Ints
    first: Floats
    life: Life
    rate: Floats
    shape: Floats
    dropout: Floats
    mean_value: Floats
    persona: Ints
    shopper: Ints
    benefit: Ints
    loyalty: Ints
    satisfaction: Floats
    usage: Ints
    occasion: Ints
    occasion_day: Ints
    traits: Traits
    affinity: Floats
    taste: Urns
    channel: Ints
    device: Ints
    source: Ints
    region: Ints
    account: Ints

    @property
    def devoted(self) -> Flags:
        """High on the psychological side of loyalty."""
        return kinds.MIND_SIDE[self.loyalty]

    @property
    def eagerness(self) -> Floats:
        """How readily a survey is answered: the satisfied and the furious answer, those between do not."""
        return np.minimum(1.0, 0.08 + 0.92 * ((self.satisfaction - 0.55) / 0.4) ** 2)


def draw(rng: np.random.Generator, settings: SimulatedConfig, calendar: Calendar, n: int) -> People:
    """`n` customers."""
    personas = list(PERSONAS.values())
    persona = choose(rng, np.array([each.share for each in personas]), n=n)
    shopper = choose(rng, kinds.SHOPPER_SHARES * np.array([each.shoppers for each in personas]), persona)
    benefit = np.where(rng.random(n) < 0.5, kinds.NATURAL_BENEFIT[shopper], rng.integers(0, len(kinds.BENEFITS), n))
    loyalty = choose(rng, kinds.LOYALTY_SHARES, n=n)
    satisfaction = rng.beta(kinds.SATISFACTION[loyalty, 0], kinds.SATISFACTION[loyalty, 1])
    occasion = np.where(rng.random(n) < settings.occasion_share, 1 + choose(rng, kinds.OCCASION_MIX, n=n), 0)
    traits = _traits(rng, shopper, benefit)

    rate = rng.standard_gamma(settings.purchase_r, n) / settings.purchase_alpha_days
    rate *= np.array([each.rate for each in personas])[persona] * kinds.LOYALTY_RATE[loyalty]
    rate *= kinds.OCCASION_RATE[occasion]
    dropout = rng.standard_gamma(settings.dropout_s, n) / settings.dropout_beta_days
    dropout *= kinds.LOYALTY_DROPOUT[loyalty] * np.exp(2.0 * (0.6 - satisfaction))  # the dissatisfied leave sooner
    signed_up, first, life = _timeline(rng, settings, calendar, dropout, traits.wait_days)

    # Gamma-gamma: an order is worth gamma(p, nu), and nu differs between customers as gamma(q, gamma).
    mean_value = settings.spend_p * settings.spend_gamma / rng.standard_gamma(settings.spend_q, n)
    mean_value *= np.array([each.spend for each in personas])[persona] * np.exp(0.3 * traits.lean)
    usage = _usage(rng, rate, occasion)
    affinity = _affinity(rng, persona, usage)
    return People(
        signed_up=signed_up,
        first=first,
        life=life,
        rate=rate,
        shape=kinds.LOYALTY_SHAPE[loyalty],
        dropout=dropout,
        mean_value=mean_value,
        persona=persona,
        shopper=shopper,
        benefit=benefit,
        loyalty=loyalty,
        satisfaction=satisfaction,
        usage=usage,
        occasion=occasion,
        occasion_day=_occasion_day(rng, occasion),
        traits=traits,
        affinity=affinity,
        taste=urns(affinity),
        channel=_channel(rng, benefit),
        device=choose(rng, np.array([0.55, 0.35, 0.1]), n=n),
        source=choose(rng, np.array([0.3, 0.25, 0.15, 0.12, 0.1, 0.08]), n=n),
        region=choose(rng, np.array([0.2, 0.2, 0.2, 0.15, 0.25]), n=n),
        account=np.where(
            rng.random(n) < settings.account_share,
            rng.integers(0, max(1, int(n * settings.account_share / kinds.USERS_OF_ACCOUNT)), n),
            -1,
        ),
    )


def _timeline(
    rng: np.random.Generator, settings: SimulatedConfig, calendar: Calendar, dropout: Floats, wait: Floats
) -> tuple[Ints, Floats, Life]:
    """Sign-up, first order, and the life between interest and the end of the log."""
    n, last = len(dropout), float(calendar.days)
    signed_up = rng.integers(0, max(1, int(calendar.days * settings.signup_span)), n)
    buys = rng.random(n) < settings.buyer_share
    begin = signed_up + 1 + rng.exponential(10.0, n)
    first = np.where(buys, begin + rng.exponential(5.0 + wait), np.inf)
    # Those who never buy lose interest, or never had any.
    curious = np.where(rng.random(n) < 0.6, begin + rng.exponential(90.0, n), np.inf)
    end = np.where(buys, first + rng.exponential(1.0, n) / dropout, curious)
    fade = np.where(buys, np.maximum(end - settings.fading_days, (first + end) / 2), end)
    back = np.where(buys & (rng.random(n) < settings.return_share), end + 30 + rng.exponential(120.0, n), np.inf)
    over = back + rng.exponential(1.0, n) / dropout
    begin = np.where(np.isfinite(end), begin, np.inf)
    return signed_up, first, Life(*(np.minimum(moment, last) for moment in (begin, fade, end, back, over)))


def _traits(rng: np.random.Generator, shopper: Ints, benefit: Ints) -> Traits:
    """The mean of the type, what the benefit adds, and what is the customer's own."""
    drawn = {}
    for field in fields(Traits):
        mean = getattr(SHOPPER_TRAITS, field.name)[shopper] + getattr(BENEFIT_TRAITS, field.name)[benefit]
        if field.name == "lean":
            drawn[field.name] = np.clip(mean + rng.normal(0, 0.15, len(mean)), -1, 1)
        else:
            own = np.maximum(mean, 0.01) * rng.lognormal(0, 0.25, len(mean))
            drawn[field.name] = np.minimum(own, 0.95) if field.name in kinds.PROBABILITIES else own
    return Traits(**drawn)


def _usage(rng: np.random.Generator, rate: Floats, occasion: Ints) -> Ints:
    """Light, medium or heavy by all orders that a year of activity brings; of the heavy some are hollow."""
    period = kinds.OCCASION_PERIOD_DAYS[occasion]
    held = np.nan_to_num(kinds.OCCASION_HELD[occasion] / period)
    tier = np.searchsorted(kinds.USAGE_ORDERS_A_YEAR, YEAR * (rate + held), side="right")
    hollow = (tier == 2) & (rng.random(len(rate)) < kinds.HOLLOW_SHARE)
    return np.where(hollow, 3, tier)


def _affinity(rng: np.random.Generator, persona: Ints, usage: Ints) -> Floats:
    """Shares of the categories: the persona's likes, varied by the customer; the hollow know one category."""
    likes = np.full((len(PERSONAS), len(kinds.CATEGORIES)), 0.3)
    for row, each in enumerate(PERSONAS.values()):
        for category, weight in each.likes.items():
            likes[row, kinds.CATEGORIES.index(category)] = weight
    weights = likes[persona] * rng.standard_gamma(1.5, (len(persona), likes.shape[1]))
    weights **= np.where(usage == 3, 3.0, 1.0)[:, None]
    return weights / weights.sum(axis=1, keepdims=True)


def _occasion_day(rng: np.random.Generator, occasion: Ints) -> Ints:
    """On which day of its period a recurring occasion falls; months have a 28th always."""
    return np.where(occasion >= 2, rng.integers(1, np.array([2, 2, 8, 29, 366])[occasion]), 0)


def _channel(rng: np.random.Generator, benefit: Ints) -> Ints:
    """The customer's main one: who seeks convenience uses the app, who seeks service the store."""
    web_app_store = np.tile([0.55, 0.25, 0.2], (len(kinds.BENEFITS), 1))
    web_app_store[kinds.BENEFITS.index("convenience")] = (0.3, 0.65, 0.05)
    web_app_store[kinds.BENEFITS.index("service")] = (0.3, 0.1, 0.6)
    return choose(rng, web_app_store, benefit)
