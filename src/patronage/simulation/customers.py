"""Who the customers are: their types and laws, drawn before anything is bought."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from patronage.simulation import parameters
from patronage.simulation.lifecycle import DAYS_A_YEAR, Lifecycle, draw_lifecycle
from patronage.simulation.parameters import BENEFIT_TRAITS, SHOPPER_TRAITS, Ints, Traits
from patronage.simulation.settings import SimulatedConfig
from patronage.typing import Array, Mask

LOOKUP_SIZE = 64


@dataclass(frozen=True)
class Customers:
    """One block of customers, (n,) unless another shape is given; types are codes of `parameters`.

    Attributes
    ----------
    signed_up
        Whole day of the log; everything else happens on a later day.
    first_order
        Day of the first order; infinite for a contact who never buys.
    rate, gap_shape, dropout
        Orders per day of the active clock, gamma shape of the gaps between them, departures per day.
    mean_order_value
        In units of the currency.
    occasion_day
        ISO weekday, day of the month or day of the year; 0 where the occasion does not recur or is universal.
    affinity
        (n, categories) shares, rows sum to one; `category_table` is the same as a lookup table.
    account
        Number within the block, -1 for a private customer.
    """

    signed_up: Ints
    first_order: Array
    lifecycle: Lifecycle
    rate: Array
    gap_shape: Array
    dropout: Array
    mean_order_value: Array
    persona: Ints
    shopper: Ints
    benefit: Ints
    loyalty: Ints
    satisfaction: Array
    usage: Ints
    occasion: Ints
    occasion_day: Ints
    traits: Traits
    affinity: Array
    category_table: NDArray[np.int8]
    channel: Ints
    device: Ints
    acquisition: Ints
    region: Ints
    account: Ints

    def __len__(self) -> int:
        return len(self.signed_up)

    @property
    def high_attitude(self) -> Mask:
        """Whether the customer is attached to the brand: the attitude side of loyalty."""
        return parameters.HIGH_ATTITUDE[self.loyalty]

    @property
    def eagerness(self) -> Array:
        """Probability that the customer answers a survey: high at both ends of satisfaction, low between them."""
        return np.minimum(1.0, 0.08 + 0.92 * ((self.satisfaction - 0.55) / 0.4) ** 2)

    def pick_category(self, rng: np.random.Generator, customer: Ints) -> Ints:
        """Draw a category for each `customer`, by affinity."""
        return pick(rng, self.category_table, customer)


def draw_customers(rng: np.random.Generator, settings: SimulatedConfig, n: int) -> Customers:
    """Draw `n` customers."""
    persona = choose(rng, parameters.PERSONA_SHARES, n)
    shopper = choose_by_row(rng, parameters.SHOPPER_SHARES * parameters.PERSONA_SHOPPERS, persona)
    natural, any_benefit = rng.random(n) < 0.5, rng.integers(0, len(parameters.BENEFITS), n)
    benefit = np.where(natural, parameters.NATURAL_BENEFIT[shopper], any_benefit)
    loyalty = choose(rng, parameters.LOYALTY_SHARES, n)
    satisfaction = rng.beta(parameters.LOYALTY_SATISFACTION[loyalty, 0], parameters.LOYALTY_SATISFACTION[loyalty, 1])
    has_occasion = rng.random(n) < settings.occasion_share
    occasion = np.where(has_occasion, 1 + choose(rng, parameters.OCCASION_SHARES, n), parameters.NO_OCCASION)
    traits = _draw_traits(rng, shopper, benefit)

    rate = rng.standard_gamma(settings.purchase_r, n) / settings.purchase_alpha_days
    rate *= parameters.PERSONA_RATE[persona] * parameters.LOYALTY_RATE[loyalty]
    rate *= parameters.OCCASION_RATE[occasion]
    dropout = rng.standard_gamma(settings.dropout_s, n) / settings.dropout_beta_days
    dropout *= parameters.LOYALTY_DROPOUT[loyalty] * np.exp(2.0 * (0.6 - satisfaction))  # the dissatisfied leave sooner
    signed_up, first_order, lifecycle = draw_lifecycle(rng, settings, dropout, traits.wait_days)

    # Gamma-Gamma: an order is worth gamma(p, nu), and nu differs between customers as gamma(q, gamma).
    mean_order_value = settings.spend_p * settings.spend_gamma / rng.standard_gamma(settings.spend_q, n)
    mean_order_value *= parameters.PERSONA_SPEND[persona] * np.exp(0.3 * traits.lean)
    usage = _draw_usage(rng, rate, occasion)
    affinity = _draw_affinity(rng, persona, usage)
    return Customers(
        signed_up=signed_up,
        first_order=first_order,
        lifecycle=lifecycle,
        rate=rate,
        gap_shape=parameters.LOYALTY_GAP_SHAPE[loyalty],
        dropout=dropout,
        mean_order_value=mean_order_value,
        persona=persona,
        shopper=shopper,
        benefit=benefit,
        loyalty=loyalty,
        satisfaction=satisfaction,
        usage=usage,
        occasion=occasion,
        occasion_day=_draw_occasion_day(rng, occasion),
        traits=traits,
        affinity=affinity,
        category_table=lookup_table(affinity),
        channel=choose_by_row(rng, parameters.BENEFIT_CHANNELS, benefit),
        device=choose(rng, parameters.DEVICE_SHARES, n),
        acquisition=choose(rng, parameters.ACQUISITION_SHARES, n),
        region=choose(rng, parameters.REGION_SHARES, n),
        account=_draw_account(rng, settings.account_share, n),
    )


def _draw_traits(rng: np.random.Generator, shopper: Ints, benefit: Ints) -> Traits:
    """Add up the mean of the shopper type, what the benefit adds, and the customer's own variation."""
    traits = {}
    for field in fields(Traits):
        of_shopper, of_benefit = getattr(SHOPPER_TRAITS, field.name), getattr(BENEFIT_TRAITS, field.name)
        mean = of_shopper[shopper] + of_benefit[benefit]
        if field.name == "lean":
            traits[field.name] = np.clip(mean + rng.normal(0, 0.15, len(mean)), -1, 1)
        else:
            varied = np.maximum(mean, 0.01) * rng.lognormal(0, 0.25, len(mean))
            traits[field.name] = np.minimum(varied, 0.95) if field.name in parameters.PROBABILITIES else varied
    return Traits(**traits)


def _draw_usage(rng: np.random.Generator, rate: Array, occasion: Ints) -> Ints:
    """Light, medium or heavy by the expected orders of a year of activity; some of the heavy are hollow."""
    period = parameters.OCCASION_PERIOD_DAYS[occasion]
    occasion_rate = np.nan_to_num(parameters.OCCASION_P_ORDER[occasion] / period)
    tier = np.searchsorted(parameters.USAGE_ORDERS_A_YEAR, DAYS_A_YEAR * (rate + occasion_rate), side="right")
    hollow = (tier == parameters.HEAVY) & (rng.random(len(rate)) < parameters.HOLLOW_SHARE)
    return np.where(hollow, parameters.HOLLOW, tier)


def _draw_affinity(rng: np.random.Generator, persona: Ints, usage: Ints) -> Array:
    """Shares of the categories: the persona's likes, varied by customer; a hollow user likes one category most."""
    likes = np.full((len(parameters.PERSONAS), len(parameters.CATEGORIES)), parameters.OTHER_LIKES)
    for row, planted in enumerate(parameters.PERSONAS.values()):
        for category, weight in planted.likes.items():
            likes[row, parameters.CATEGORIES.index(category)] = weight
    weights = likes[persona] * rng.standard_gamma(1.5, (len(persona), likes.shape[1]))
    weights **= np.where(usage == parameters.HOLLOW, 3.0, 1.0)[:, None]
    return weights / weights.sum(axis=1, keepdims=True)


def _draw_occasion_day(rng: np.random.Generator, occasion: Ints) -> Ints:
    """The day of the period on which a recurring occasion falls; every month has a 28th."""
    last = np.array([1, 1, 7, 28, 365])[occasion]
    return np.where(occasion >= parameters.WEEK, rng.integers(1, last + 1), 0)


def _draw_account(rng: np.random.Generator, account_share: float, n: int) -> Ints:
    """The business account of each customer, or -1."""
    is_business = rng.random(n) < account_share
    accounts = max(1, int(n * account_share / parameters.USERS_OF_ACCOUNT))
    return np.where(is_business, rng.integers(0, accounts, n), -1)


def lookup_table(weights: Array) -> NDArray[np.int8]:
    """Turn (n, k) weights into (n, 64) choices of equal probability, so that one integer draws one choice.

    Probabilities are rounded to multiples of 1/64.
    """
    borders = np.cumsum(weights, axis=1)
    borders /= borders[:, -1:]
    middles = np.arange(0.5, LOOKUP_SIZE)[None, :, None] / LOOKUP_SIZE
    return (middles > borders[:, None, :-1]).sum(axis=2, dtype=np.int8)


def pick(rng: np.random.Generator, table: NDArray[np.int8], row: Ints) -> Ints:
    """Draw a choice from each `row` of a lookup table."""
    return table[row, rng.integers(0, LOOKUP_SIZE, len(row), dtype=np.uint8)].astype(np.int64)


def choose(rng: np.random.Generator, weights: Array, n: int) -> Ints:
    """Draw `n` choices with the exact probabilities of (k,) weights."""
    return (rng.random(n)[:, None] > _borders(weights)).sum(axis=1)


def choose_by_row(rng: np.random.Generator, weights: Array, row: Ints) -> Ints:
    """Draw a choice for each `row` of (m, k) weights, with their exact probabilities."""
    return (rng.random(len(row))[:, None] > _borders(weights)[row]).sum(axis=1)


def _borders(weights: Array) -> Array:
    return np.cumsum(weights / weights.sum(axis=-1, keepdims=True), axis=-1)[..., :-1]
