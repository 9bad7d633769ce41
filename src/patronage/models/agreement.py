"""Where the labels of one customer tell two stories, a flag says which.

Status, journey, RFM and churn look at the same customer in different ways: by the own rhythm, by a path, by rank, by
everything. Each names some customers as active and some as gone; a customer who is both is flagged, with who says what.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from patronage import names as c
from patronage.typing import Mask


class Sides(NamedTuple):
    """The labels of one column that name a customer as active, and as gone."""

    word: str
    active: tuple[str, ...]
    gone: tuple[str, ...]


SIDES = {
    c.STATUS_SEGMENT: Sides("status", ("first_time", "regular", "reactivated"), ("defector",)),
    c.JOURNEY_STAGE: Sides("journey", ("first_time", "regular", "loyal"), (c.CHURNED,)),
    c.RFM_SEGMENT: Sides("RFM", ("champions", "loyal"), ("lost", "cannot_lose")),
    c.CHURN_BAND: Sides("churn", ("low",), ("critical",)),
}
OLDER_THAN_THE_LOG = "ordered once in a log that is younger than the business: it need not be the first order"


def disagreements(assignments: Mapping[str, npt.ArrayLike]) -> list[tuple[Mask, str]]:
    """Pairs of a mask and a reason such as "labels disagree: active by journey, gone by status"."""
    masks: dict[str, tuple[Mask, Mask]] = {}
    for column, sides in SIDES.items():
        if column in assignments:
            labels = np.asarray(assignments[column], dtype=object)
            masks[sides.word] = np.isin(labels, sides.active), np.isin(labels, sides.gone)
    if len(masks) < 2:
        return []
    codes = sum((active + 2 * gone) * 3**place for place, (active, gone) in enumerate(masks.values()))
    reasons = []
    for code in np.unique(codes):
        digits = [(int(code) // 3**place) % 3 for place in range(len(masks))]
        active, gone = ([word for word, digit in zip(masks, digits, strict=True) if digit == side] for side in (1, 2))
        if active and gone:
            reason = f"labels disagree: active by {' and '.join(active)}, gone by {' and '.join(gone)}"
            reasons.append((codes == code, reason))
    return reasons


def perhaps_not_first(assignments: Mapping[str, npt.ArrayLike], *, left_censored: bool) -> tuple[Mask, str]:
    """The one-time buyers of a log that begins later than the business."""
    first = np.isin(np.asarray(assignments[c.STATUS_SEGMENT], dtype=object), ["first_time"])
    return first & left_censored, OLDER_THAN_THE_LOG
