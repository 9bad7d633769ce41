"""What an earlier training of the same registered model expected: read by `tracking`, shown over time by a run's page.

It stands apart from the pages, so that a scoring, which loads `tracking`, loads nothing that draws them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

CARRIED = re.compile(r"carried on from the champion, version (\d+)")


@dataclass(frozen=True)
class PastRun:
    """What an earlier training of the same registered model expected.

    Attributes
    ----------
    state
        `champion` now, `was champion`, or empty.
    expected_orders, expected_revenue
        Of all customers together, in its horizon; NaN where the run did not log them.
    stages, personas
        Share of the customers by label.
    actual_orders, actual_revenue
        What the same customers brought in that horizon; NaN where it is not over yet.
    persona_ids
        The number of each of `personas`: the same one where they were carried on, by whatever name.
    carried_from
        The version whose personas these carry on; empty where they are fresh.
    psi
        The largest population stability index of a scoring by that version; NaN without one.
    """

    version: str
    cutoff: str
    horizon_days: int
    state: str
    customers: int
    expected_orders: float
    expected_revenue: float
    stages: Mapping[str, float] = field(default_factory=dict)
    personas: Mapping[str, float] = field(default_factory=dict)
    actual_orders: float = float("nan")
    actual_revenue: float = float("nan")
    psi: float = float("nan")
    persona_ids: Mapping[str, int] = field(default_factory=dict)
    carried_from: str = ""


def carried_from(origin: str) -> str:
    """The version in the tag of a run that tells which personas it carries on; empty where they are fresh."""
    version = CARRIED.match(origin)
    return version[1] if version else ""
