"""Where the labels of one customer tell two stories, a flag says which.

Status, journey, RFM, churn and others look at the same customer in different ways: by the own rhythm, by a path, by
rank, by everything. `TOPICS` lists what they speak of in common, and what each label says of it. Labels that say
nothing of a topic have None, so that a new label has to be judged (a test holds the list against the lenses). A persona
is left out: its words are true of most of its customers, not of each.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from patronage import names as c
from patronage.typing import Index, Mask

Claims: TypeAlias = Mapping[str, str | None]  # of each label of a column, what it says

ACTIVE, HERE, LEAVING, GONE = "active", "still a customer", "leaving", "gone"
LOYAL, NOT_LOYAL = "loyal", "not loyal"
OFTEN, SELDOM = "buys often", "seldom"
MUCH, LITTLE = "bought much", "little"
LIKELY = 0.5  # a band whose customers churn less often than this says that they go on


class Topic(NamedTuple):
    """What labels of several columns say of one thing, and which of that cannot both be true."""

    columns: Mapping[str, Claims]
    contradictions: tuple[tuple[str, str], ...]


WORDS = {
    c.STATUS_SEGMENT: "status",
    c.JOURNEY_STAGE: "journey",
    c.RFM_SEGMENT: "RFM",
    c.CHURN_BAND: "churn",
    c.ENGAGEMENT_SEGMENT: "engagement",
    c.ACCOUNT_SEGMENT: "account",
    c.LOYALTY_SEGMENT: "loyalty",
    c.USAGE_SEGMENT: "usage",
    c.VALUE_TIER: "value tier",
}

ACTIVITY = Topic(
    {
        c.STATUS_SEGMENT: {
            "non_user": None, "prospect": None, "trial": None, "first_time": HERE, "regular": ACTIVE,
            "reactivated": ACTIVE, "at_risk": LEAVING, "defector": GONE,
        },
        c.JOURNEY_STAGE: {
            "non_user": None, "prospect": None, "first_time": HERE, "regular": ACTIVE, "loyal": ACTIVE,
            "at_risk": LEAVING, c.CHURNED: GONE,
        },
        c.RFM_SEGMENT: {
            "champions": ACTIVE, "loyal": ACTIVE, "potential_loyalist": HERE, "new": HERE, "promising": HERE,
            "need_attention": HERE, "about_to_sleep": LEAVING, "at_risk": LEAVING, "hibernating": LEAVING,
            "cannot_lose": GONE, "lost": GONE,
        },
        c.ENGAGEMENT_SEGMENT: {"active": ACTIVE, "occasional": None, "inactive": LEAVING},
        c.ACCOUNT_SEGMENT: {"single_user": None, "broad": ACTIVE, "narrow": None, "dormant": LEAVING},
        c.LOYALTY_SEGMENT: {"true": HERE, "spurious": HERE, "latent": None, "none": None},
    },
    ((ACTIVE, LEAVING), (ACTIVE, GONE), (HERE, GONE)),
)  # fmt: skip
LOYALTY = Topic(
    {
        c.JOURNEY_STAGE: {
            "non_user": None, "prospect": None, "first_time": None, "regular": None, "loyal": LOYAL, "at_risk": None,
            c.CHURNED: None,
        },
        c.RFM_SEGMENT: {
            "champions": LOYAL, "loyal": LOYAL, "potential_loyalist": None, "new": None, "promising": None,
            "need_attention": None, "about_to_sleep": None, "at_risk": None, "hibernating": None, "cannot_lose": None,
            "lost": None,
        },
        c.LOYALTY_SEGMENT: {"true": LOYAL, "spurious": LOYAL, "latent": NOT_LOYAL, "none": NOT_LOYAL},
    },
    ((LOYAL, NOT_LOYAL),),
)  # fmt: skip
RATE = Topic(
    {
        c.STATUS_SEGMENT: {
            "non_user": None, "prospect": None, "trial": None, "first_time": SELDOM, "regular": None,
            "reactivated": None, "at_risk": None, "defector": None,
        },
        c.JOURNEY_STAGE: {
            "non_user": None, "prospect": None, "first_time": SELDOM, "regular": None, "loyal": OFTEN, "at_risk": None,
            c.CHURNED: None,
        },
        c.RFM_SEGMENT: {
            "champions": OFTEN, "loyal": OFTEN, "potential_loyalist": None, "new": None, "promising": None,
            "need_attention": None, "about_to_sleep": None, "at_risk": None, "hibernating": None, "cannot_lose": None,
            "lost": None,
        },
        c.USAGE_SEGMENT: {"one_time": SELDOM, "light": SELDOM, "medium": None, "heavy": OFTEN, "hollow": OFTEN},
    },
    ((OFTEN, SELDOM),),
)  # fmt: skip
AMOUNT = Topic(
    {
        c.RFM_SEGMENT: {
            "champions": MUCH, "loyal": MUCH, "potential_loyalist": None, "new": LITTLE, "promising": LITTLE,
            "need_attention": None, "about_to_sleep": LITTLE, "at_risk": MUCH, "hibernating": LITTLE,
            "cannot_lose": MUCH, "lost": LITTLE,
        },
        c.VALUE_TIER: {"platinum": MUCH, "gold": MUCH, "iron": None, "lead": LITTLE},  # of other names nothing is known
    },
    ((MUCH, LITTLE),),
)  # fmt: skip
TOPICS = (ACTIVITY, LOYALTY, RATE, AMOUNT)
OLDER_THAN_THE_LOG = "ordered once in a log that is younger than the business: it need not be the first order"


def band_claims(bands: Mapping[str, float], rarely: float | None) -> dict[str, str | None]:
    """What each churn band says: the safest that the customer goes on, the last that the customer is gone.

    A band between says that customers are leaving where all of it lies above what everyone does: where most churn, a
    high probability is the usual one.

    Parameters
    ----------
    bands
        Upper borders of P(no order), safest band first.
    rarely
        P(an order) of a customer who comes back clearly less often than everyone; None where that is not known.
    """
    claims: dict[str, str | None] = dict.fromkeys(bands)
    for (_, border), (name, _) in pairwise(bands.items()):
        if rarely is not None and 1 - border <= rarely:
            claims[name] = LEAVING
    names = list(bands)
    return claims | {names[-1]: GONE} | ({names[0]: ACTIVE} if bands[names[0]] < LIKELY else {})


def disagreements(assignments: Mapping[str, npt.ArrayLike], bands: Claims) -> list[tuple[Mask, str]]:
    """Pairs of a mask and a reason such as "labels disagree: active by journey, gone by status".

    Parameters
    ----------
    bands
        What each churn band says (`band_claims`).
    """
    reasons: dict[str, Mask] = {}
    for topic in TOPICS:
        columns = {**topic.columns, c.CHURN_BAND: bands} if topic is ACTIVITY else topic.columns
        present = {column: claims for column, claims in columns.items() if column in assignments}
        if len(present) < 2:
            continue
        listed = [None, *dict.fromkeys(claim for pair in topic.contradictions for claim in pair)]
        places = [_places(assignments[column], claims, listed) for column, claims in present.items()]
        codes, of_code = np.unique(np.ravel_multi_index(places, [len(listed)] * len(places)), return_inverse=True)
        for number, code in enumerate(codes):
            claims = [listed[place] for place in np.unravel_index(code, [len(listed)] * len(places))]
            if reason := _contradiction(topic, dict(zip(present, claims, strict=True))):
                mask = of_code == number
                reasons[reason] = reasons[reason] | mask if reason in reasons else mask
    return [(mask, reason) for reason, mask in reasons.items()]


def _places(labels: npt.ArrayLike, claims: Claims, listed: list[str | None]) -> Index:
    """(N,) the place in `listed` of what each label says."""
    codes, names = pd.factorize(np.asarray(labels, dtype=object))
    return np.array([*(listed.index(claims.get(name)) for name in names), 0], np.intp)[codes]


def _contradiction(topic: Topic, claims: Mapping[str, str | None]) -> str:
    """Who says what, of the claims that contradict each other; empty where none do."""
    given = set(claims.values())
    against = {claim for pair in topic.contradictions if given.issuperset(pair) for claim in pair}
    ordered = dict.fromkeys(pair[side] for side in (0, 1) for pair in topic.contradictions if pair[side] in against)
    by_claim = {
        claim: " and ".join(WORDS[column] for column, other in claims.items() if other == claim) for claim in ordered
    }
    return (
        "labels disagree: " + ", ".join(f"{claim} by {sources}" for claim, sources in by_claim.items())
        if by_claim
        else ""
    )


def perhaps_not_first(assignments: Mapping[str, npt.ArrayLike], *, left_censored: bool) -> tuple[Mask, str]:
    """The one-time buyers of a log that begins later than the business."""
    first = [
        np.isin(np.asarray(assignments[column], dtype=object), ["first_time"])
        for column in (c.STATUS_SEGMENT, c.JOURNEY_STAGE)
        if column in assignments
    ]
    return np.any(first, axis=0) & left_censored, OLDER_THAN_THE_LOG
