"""The analyses, in the order in which a page shows them."""

from __future__ import annotations

from patronage.analyses import (
    accounts,
    came_back,
    candidates,
    cohorts,
    companions,
    drivers,
    first_days,
    lost,
    obstacles,
    overlap,
    policies,
    predictability,
    pressure,
    products,
    pyramid,
    readers,
    rituals,
    sequences,
    timing,
    turns,
    use,
    voice,
    ways,
)
from patronage.analyses.contract import Analysis

ROOMS = (
    pyramid, cohorts, first_days, turns, lost, came_back, candidates, drivers, voice, ways, obstacles, pressure,
    readers, sequences, products, policies, companions, use, accounts, timing, rituals, predictability, overlap,
)  # fmt: skip
ANALYSES: tuple[Analysis, ...] = tuple(module.ANALYSIS for module in ROOMS)
