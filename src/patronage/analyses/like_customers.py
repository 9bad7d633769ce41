"""Who met an act after a step, held against like customers who waited as long and have not met it.

Customers are alike in the orders so far, in those for each time at this step, and in whether they know the act from
before. The engine counts by step, act, stratum, bucket of customers and time of the order; the counts of a pair are
then put together over the strata (Mantel and Haenszel 1959).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from patronage.analyses.acts import ORDER
from patronage.analyses.steps import (
    BANDS,
    BUCKETS,
    CELLS,
    REACH,
    RECORDS,
    Steps,
    cell,
    jackknife_error,
)
from patronage.typing import Array

STRATA = RECORDS * len(BANDS)
TIMES = len(CELLS) + 1  # of the next order: a cell, or none
PLACES = STRATA * BUCKETS * TIMES
# The stratum of a step, the bucket of its customer and the time of the next order, as one number.
RECORD = (
    "CASE WHEN times_before = 0 THEN 0 WHEN orders_before * 4 < times_before THEN 1 "
    "WHEN orders_before * 4 < times_before * 3 THEN 2 ELSE 3 END"
)
PLACE = (
    f"((band * {RECORDS} + {RECORD}) * {BUCKETS} + bucket) * {TIMES} "
    f"+ CASE WHEN next_order IS NULL THEN {len(CELLS)} ELSE {cell('next_order - moment')} END"
)
COUNTED = "count(*) AS n, sum(passed) AS passed"
PAIR = ["act", "other"]


def keep_met(steps: Steps, named: Sequence[str]) -> None:
    """Keep `arrived`, the times at the named steps, and `first_met`: the first time of each act met after each.

    An act is looked for in the weeks of the step and after it, not in the whole life of the customer.
    """
    week, order = f"CAST(floor(moment * 1.0e0 / {REACH}) AS INTEGER)", steps.code(ORDER)
    steps.keep(
        "arrived",
        f"""
        SELECT CAST(row_number() OVER (ORDER BY customer, act, moment, orders_before) AS INTEGER) AS arrival,
               customer, act, moment, next_order, last_order, passed, bucket, times_before,
               CAST({PLACE} AS INTEGER) AS place, {week} AS week
        FROM (SELECT *, row_number() OVER (PARTITION BY customer, act ORDER BY moment, orders_before) - 1
                        AS times_before
              FROM episodes WHERE act IN ({steps.among(named)})) AS numbered""",
    )
    steps.keep("firsts", "SELECT customer, act AS other, min(moment) AS first_time FROM timeline GROUP BY 1, 2")
    steps.keep(
        "first_met",
        """
        SELECT arrived.arrival, arrived.customer, act, moment, next_order, just_met.other, passed, bucket, place,
               met_at - moment AS elapsed, CASE WHEN first_time < moment THEN 1 ELSE 0 END AS knows
        FROM just_met JOIN arrived ON arrived.arrival = just_met.arrival
        JOIN firsts ON firsts.customer = arrived.customer AND firsts.other = just_met.other""",
        by_week=f"""
            SELECT customer, act AS other, moment AS met_at, {week} AS week FROM timeline WHERE act <> {order}
            UNION ALL
            SELECT customer, act, moment, {week} - 1 FROM timeline WHERE act <> {order}""",
        just_met=f"""
            SELECT arrival, other, min(met_at) AS met_at
            FROM arrived JOIN by_week
                 ON by_week.customer = arrived.customer AND by_week.week = arrived.week AND other <> act
                    AND met_at BETWEEN moment AND moment + {REACH} AND (next_order IS NULL OR met_at < next_order)
            GROUP BY arrival, other""",
    )


def beside_like_customers(steps: Steps, least: int) -> pd.DataFrame:
    """Every pair of a step and an act that enough met after it, with the difference of passing beside like customers.

    Returns
    -------
    DataFrame
        `step`, `obstacle`, how often it was `met`, the `passed_share` and that of like customers, the `effect` and
        its standard `error`. Reads what `keep_met` keeps.
    """
    met = steps.frame(
        f"""
        SELECT act, other, place + knows * {PLACES} AS place,
               place - place % {TIMES} + {cell("elapsed")} + knows * {PLACES} AS own_place, {COUNTED}
        FROM first_met JOIN enough USING (act, other) GROUP BY act, other, 3, 4""",
        enough=f"SELECT act, other FROM first_met GROUP BY act, other HAVING count(*) >= {least}",
    )
    waiting = steps.frame(f"SELECT act, place, {COUNTED} FROM arrived GROUP BY act, place")
    known = steps.frame(
        f"""
        SELECT act, other, place, {COUNTED}
        FROM arrived JOIN firsts ON firsts.customer = arrived.customer AND first_time < moment
        JOIN enough USING (act, other) GROUP BY act, other, place""",
        enough=f"SELECT act, other FROM first_met GROUP BY act, other HAVING count(*) >= {least}",
    )
    everybody = {step: _cube(rows) for step, rows in waiting.groupby("act")}
    knowing = {pair: _cube(rows) for pair, rows in known.groupby(PAIR)}
    rows = []
    for (step, other), own in met.groupby(PAIR):
        those = knowing.get((step, other), np.zeros_like(everybody[step]))
        if (row := _beside(own, np.concatenate([everybody[step] - those, those], axis=1))) is not None:
            rows.append((step, other, *row))
    names = ["step", "obstacle", "met", "passed_share", "passed_share_of_like", "effect", "error"]
    return pd.DataFrame(rows, columns=names)


def _cube(rows: pd.DataFrame, place: str = "place", strata: int = STRATA) -> Array:
    """Counts and passed ones, (2, strata, BUCKETS, TIMES)."""
    shape = (strata, BUCKETS, TIMES)
    places = rows[place].to_numpy(np.intp)
    flat = [np.bincount(places, rows[name].to_numpy(np.float64), int(np.prod(shape))) for name in ("n", "passed")]
    return np.array(flat, np.float64).reshape(2, *shape)


def _at_risk(ordered: Array) -> Array:
    """Along the last axis: who has not ordered in the middle of each cell, as half of those who order in it.

    An act is met somewhere in its cell; who waits beside must not have had the whole cell to order in.
    """
    begins = ordered[..., ::-1].cumsum(axis=-1)[..., ::-1]
    return begins - ordered / 2


def _beside(met: pd.DataFrame, ordered: Array) -> tuple[float, ...] | None:
    """The difference of those who met an act and of like customers who waited as long, with its interval.

    Parameters
    ----------
    ordered
        All at the step, (2, 2 * STRATA, BUCKETS, TIMES): those who do not know the act from before, then those who do.
    """
    new, gone = _cube(met, "own_place", 2 * STRATA), _cube(met, "place", 2 * STRATA)
    later = np.concatenate([np.zeros_like(gone[..., :1]), gone[..., :-1]], axis=-1)
    met_and_waiting = (new - gone / 2 - later / 2).cumsum(axis=-1)  # in the middle of each cell, as in `_at_risk`
    groups = np.concatenate([new, _at_risk(ordered) - met_and_waiting])  # n1, k1, n0, k0
    groups = groups.transpose(0, 2, 1, 3).reshape(len(groups), BUCKETS, -1)  # by bucket, then by stratum and cell
    total = groups.sum(axis=1, keepdims=True)
    effect, with_it, without_it = (float(of_all[0]) for of_all in _pooled_difference(total))
    if not np.isfinite(effect):
        return None
    left_out, _, _ = _pooled_difference(total - groups)
    return int(total[0].sum()), with_it, without_it, effect, jackknife_error(left_out)


def _pooled_difference(groups: Array) -> tuple[Array, Array, Array]:
    """The Mantel-Haenszel difference of two shares over the last axis, and the shares that it lies between."""
    n1, k1, n0, k0 = groups
    known = (n1 > 0) & (n0 > 0)
    n1, n0 = np.where(known, n1, 1.0), np.where(known, n0, 1.0)
    weight = np.where(known, n1 * n0 / (n1 + n0), 0.0)
    with np.errstate(invalid="ignore"):  # nobody is known: there is no share
        first, second = (np.sum(weight * k / n, axis=-1) / weight.sum(axis=-1) for k, n in ((k1, n1), (k0, n0)))
    return first - second, first, second
