"""What the names of labels claim of their customers: who buys less or more than everyone, and in which order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from patronage import names as c

BOUGHT, ORDERS, SPEND = "bought", c.ORDERS, c.SPEND  # measures of what came, a number per customer
MEASURES = (BOUGHT, ORDERS, SPEND)
LESS, MORE = -1, 1


class LabelClaim(NamedTuple):
    """That the customers of a label have less (-1) or more (1) of a measure than all others."""

    measure: str
    direction: int


LEAVING, STAYING = LabelClaim(BOUGHT, LESS), LabelClaim(BOUGHT, MORE)
FEW, MANY = LabelClaim(ORDERS, LESS), LabelClaim(ORDERS, MORE)
POOR, RICH = LabelClaim(SPEND, LESS), LabelClaim(SPEND, MORE)

CLAIMS: Mapping[str, Mapping[str, LabelClaim]] = {
    c.STATUS_SEGMENT: {
        "non_user": LEAVING, "prospect": LEAVING, "at_risk": LEAVING, "defector": LEAVING, "regular": STAYING,
    },
    c.RFM_SEGMENT: {
        "champions": MANY, "loyal": MANY, "at_risk": LEAVING, "cannot_lose": LEAVING, "about_to_sleep": LEAVING,
        "hibernating": LEAVING, "lost": LEAVING,
    },
    c.JOURNEY_STAGE: {
        "non_user": LEAVING, "prospect": LEAVING, "loyal": MANY, "at_risk": LEAVING, c.CHURNED: LEAVING,
    },
    # a band claims a probability; "high" is below everyone's where most churn
    c.CHURN_BAND: {"low": STAYING, "critical": LEAVING},
    c.USAGE_SEGMENT: {"one_time": FEW, "light": FEW, "heavy": MANY},
    c.ENGAGEMENT_SEGMENT: {"inactive": FEW, "active": MANY},
    c.LOYALTY_SEGMENT: {"none": FEW, "true": MANY},
    c.SATISFACTION_SEGMENT: {"low": LEAVING, "high": STAYING},
    c.VALUE_TIER: {"platinum": RICH, "gold": RICH, "lead": POOR},
    c.ROYAL: {"yes": RICH},
}  # fmt: skip

LAPSED_WORDS = ("lapsed", "overdue", "silent", "dormant")  # words of a persona's name that claim a silence

# Labels whose names have an order, those with most of the measure first.
ORDERS_OF_NAMES: Mapping[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    c.STATUS_SEGMENT: ((BOUGHT, ("regular", "at_risk", "defector")),),
    c.RFM_SEGMENT: (
        (BOUGHT, ("champions", "loyal", "at_risk", "cannot_lose")),
        (BOUGHT, ("champions", "about_to_sleep", "hibernating", "lost")),
    ),
    c.JOURNEY_STAGE: ((BOUGHT, ("loyal", "regular", "at_risk", c.CHURNED)), (BOUGHT, ("prospect", "non_user"))),
    c.CHURN_BAND: ((BOUGHT, ("low", "middle", "high", "critical")),),
    c.USAGE_SEGMENT: ((ORDERS, ("heavy", "medium", "light", "one_time")),),
    c.ENGAGEMENT_SEGMENT: ((ORDERS, ("active", "occasional", "inactive")),),
    c.LOYALTY_SEGMENT: ((ORDERS, ("true", "spurious", "none")),),
    c.SATISFACTION_SEGMENT: ((BOUGHT, ("high", "middle", "low")),),
    c.VALUE_TIER: ((SPEND, ("platinum", "gold", "iron", "lead")),),
}


def claim_of(column: str, label: str) -> LabelClaim | None:
    """What the name of a label claims; None where it claims nothing of later orders."""
    if column == c.PERSONA:
        return LEAVING if any(word in label.lower() for word in LAPSED_WORDS) else None
    return CLAIMS.get(column, {}).get(label)
