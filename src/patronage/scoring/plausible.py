"""Whether a result can be true at all: held against the last one of its place, and against training.

Customers only join: they who were known stay known. So a result in which many are gone, or in which orders or money
are ten times what they were, tells of a broken log, and not of a market.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from patronage import names as c
from patronage.config.score import FAIL, PlausibleConfig
from patronage.data.daily_lines import DailyLines
from patronage.engine import DuckDB
from patronage.models.reference import MEANS, Reference
from patronage.scoring.changes import Verdict
from patronage.scoring.same_past import latest_days, same_past
from patronage.scoring.work import Work

# Where a shift of everybody is no market either: how often customers buy, whether they stay, where they are. Personas
# follow prices too, which are judged by their means.
WEIGHTY = (c.N_ORDERS, c.CHURN_PROBABILITY, c.JOURNEY_STAGE)


@dataclass(frozen=True)
class Extent:
    """How many customers a result has, and the means of what it predicts.

    Attributes
    ----------
    origin
        What it is, in a message.
    """

    origin: str
    customers: int
    means: Mapping[str, float]


def extent_of(work: Work, engine: DuckDB) -> Extent:
    """The extent of the result that has grown."""
    relation = engine.parquet([str(path) for path in work.files])
    columns = ", ".join(f"avg({name})" for name in MEANS)
    customers, *means = engine.row(f"SELECT count(*), {columns} FROM {relation}")
    known = {name: float(mean) for name, mean in zip(MEANS, means, strict=True) if mean is not None}
    return Extent("this result", int(customers), known)


def extent_of_training(reference: Reference | None) -> Extent | None:
    """The extent of the training, if the bundle has kept it."""
    if reference is None or not reference.customers:
        return None
    return Extent("training", reference.customers, reference.means)


def judge_extent(now: Extent, before: Extent, config: PlausibleConfig) -> Verdict:
    """Hold the extent of a result against an earlier one."""
    lines = []
    if now.customers < config.customers_left * before.customers:
        lines.append(
            f"{now.customers:,} customers, and {before.customers:,} in {before.origin} "
            f"(plausible.customers_left={config.customers_left:g})"
        )
    for name, mean in now.means.items():
        former = before.means.get(name, 0.0)
        if former <= 0:
            continue
        ratio = mean / former
        if not 1 / config.times <= ratio <= config.times:
            lines.append(
                f"{name} is {mean:.4g} per customer, and {former:.4g} in {before.origin} "
                f"(plausible.times={config.times:g})"
            )
    return _verdict(lines, config)


def judge_shift(drift: pd.DataFrame, config: PlausibleConfig) -> Verdict:
    """Hold the drift of what matters most against a limit that no market reaches."""
    over = drift[drift["column"].isin(WEIGHTY) & (drift["psi"] > config.psi) & (drift["psi"] > drift["chance"])]
    named = ", ".join(f"{row.column} {row.psi:.2f}" for row in over.itertuples())
    return _verdict([f"psi above {config.psi:g} in {named} (plausible.psi)"] if named else [], config)


def judge_log(days: DailyLines | None, reference: Reference | None, config: PlausibleConfig) -> Verdict:
    """Hold the purchases of a log, day by day, against those of the training and against each other."""
    if days is None:
        bins = None if reference is None else reference.columns.get(c.NET_REVENUE)
        paid_before = bins is not None and bool(bins.borders) and bins.borders[-1] > 0
        return _verdict(["no order has an amount above 0"] if paid_before else [], config)
    lines = [] if reference is None or reference.days is None else list(same_past(days, reference.days, config))
    return _verdict(lines or list(latest_days(days, config)), config)


def series(output: str) -> str:
    """The place of a result without its numbers: `scores-2025-01-01.parquet` follows `scores-2024-12-31.parquet`."""
    return re.sub(r"\d+", "#", output)


def _verdict(lines: list[str], config: PlausibleConfig) -> Verdict:
    return Verdict((), tuple(lines)) if config.then == FAIL else Verdict(tuple(lines), ())
