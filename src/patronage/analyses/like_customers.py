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
from patronage.engine import text, texts
from patronage.typing import Array

STRATA = RECORDS * len(BANDS)
TIMES = len(CELLS) + 1  # of the next order: a cell, or none
# The stratum of a step, the bucket of its customer and the time of the next order, as one number.
PLACE = (
    f"((band * {RECORDS} + record) * {BUCKETS} + bucket) * {TIMES} "
    f"+ CASE WHEN next_order IS NULL THEN {len(CELLS)} ELSE {cell('next_order - moment')} END"
)
COUNTED = "count(*) AS n, sum(passed) AS passed"
PAIR = ["act", "other"]


def keep_met(steps: Steps, named: Sequence[str]) -> None:
    """Keep `arrived`, the times at the named steps, and `first_met`: the first time of each act met after each.

    An act is looked for in the weeks of the step and after it, not in the whole life of the customer.
    """
    week = f"CAST(floor(moment * 1.0e0 / {REACH}) AS INTEGER)"
    steps.keep(
        "arrived",
        f"SELECT customer_id, act, moment, next_order, last_order, passed, bucket, {PLACE} AS place, {week} AS week "
        f"FROM episodes WHERE act IN ({texts(named)})",
    )
    steps.keep("firsts", "SELECT customer_id, act AS other, min(moment) AS first_time FROM arrivals GROUP BY 1, 2")
    steps.keep(
        "first_met",
        """
        SELECT just_met.*, CASE WHEN firsts.first_time < just_met.moment THEN 1 ELSE 0 END AS knows
        FROM just_met JOIN firsts ON firsts.customer_id = just_met.customer_id AND firsts.other = just_met.other""",
        by_week=f"""
            SELECT customer_id, act AS other, moment AS met_at, {week} AS week FROM arrivals WHERE act <> {text(ORDER)}
            UNION ALL
            SELECT customer_id, act, moment, {week} - 1 FROM arrivals WHERE act <> {text(ORDER)}""",
        just_met=f"""
            SELECT arrived.customer_id, act, moment, next_order, other, min(passed) AS passed, min(bucket) AS bucket,
                   min(place) AS place, min(met_at) - moment AS elapsed
            FROM arrived JOIN by_week
                 ON by_week.customer_id = arrived.customer_id AND by_week.week = arrived.week AND other <> act
                    AND met_at BETWEEN moment AND moment + {REACH} AND (next_order IS NULL OR met_at < next_order)
            GROUP BY arrived.customer_id, act, moment, next_order, other""",
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
        SELECT act, other, knows, place, {cell("elapsed")} AS own_cell, {COUNTED}
        FROM first_met JOIN enough USING (act, other) GROUP BY act, other, knows, place, 5""",
        enough=f"SELECT act, other FROM first_met GROUP BY act, other HAVING count(*) >= {least}",
    )
    waiting = steps.frame(f"SELECT act, place, {COUNTED} FROM arrived GROUP BY act, place")
    known = steps.frame(
        f"""
        SELECT act, other, place, {COUNTED}
        FROM arrived JOIN firsts ON firsts.customer_id = arrived.customer_id AND first_time < moment
        JOIN enough USING (act, other) GROUP BY act, other, place""",
        enough=f"SELECT act, other FROM first_met GROUP BY act, other HAVING count(*) >= {least}",
    )
    everybody = {step: _cube(rows) for step, rows in waiting.groupby("act")}
    knowing = {pair: _cube(rows) for pair, rows in known.groupby(PAIR)}
    rows = []
    for (step, other), own in met.groupby(PAIR):
        nobody = np.zeros_like(everybody[step])
        if (row := _beside(own, everybody[step], knowing.get((step, other), nobody))) is not None:
            rows.append((step, other, *row))
    names = ["step", "obstacle", "met", "passed_share", "passed_share_of_like", "effect", "error"]
    return pd.DataFrame(rows, columns=names)


def _cube(rows: pd.DataFrame, place: str = "place") -> Array:
    """Counts and passed ones, (2, STRATA, BUCKETS, TIMES)."""
    shape = (STRATA, BUCKETS, TIMES)
    places = rows[place].to_numpy(np.intp)
    flat = [np.bincount(places, rows[name].to_numpy(np.float64), int(np.prod(shape))) for name in ("n", "passed")]
    return np.array(flat, np.float64).reshape(2, *shape)


def _at_risk(ordered: Array) -> Array:
    """Along the last axis: who has not ordered in the middle of each cell, as half of those who order in it.

    An act is met somewhere in its cell; who waits beside must not have had the whole cell to order in.
    """
    begins = ordered[..., ::-1].cumsum(axis=-1)[..., ::-1]
    return begins - ordered / 2


def _groups(met: pd.DataFrame, ordered: Array) -> Array:
    """Who meets the act in each cell, those of them who pass; who has not met it and has not ordered, and those."""
    own_place = met["place"] // TIMES * TIMES + met["own_cell"]
    new, gone = _cube(met.assign(own_place=own_place), "own_place"), _cube(met)
    later = np.concatenate([np.zeros_like(gone[..., :1]), gone[..., :-1]], axis=-1)
    met_and_waiting = (new - gone / 2 - later / 2).cumsum(axis=-1)  # in the middle of each cell, as in `_at_risk`
    return np.concatenate([new, _at_risk(ordered) - met_and_waiting])


def _beside(met: pd.DataFrame, everybody: Array, knowing: Array) -> tuple[float, ...] | None:
    """The difference of those who met an act and of like customers who waited as long, with its interval."""
    of_each = ((0, everybody - knowing), (1, knowing))
    cube = np.concatenate([_groups(met[met["knows"] == flag], own) for flag, own in of_each], axis=1)
    total = cube.sum(axis=2)  # n1, k1, n0, k0 by stratum and cell
    effect, with_it, without_it = _pooled_difference(total)
    if not np.isfinite(effect):
        return None
    left_out = [_pooled_difference(total - cube[:, :, place])[0] for place in range(BUCKETS)]
    return int(total[0].sum()), with_it, without_it, effect, jackknife_error(np.array(left_out))


def _pooled_difference(total: Array) -> tuple[float, float, float]:
    """The Mantel-Haenszel difference of two shares over strata, and the shares that it lies between."""
    n1, k1, n0, k0 = total
    known = (n1 > 0) & (n0 > 0)
    if not known.any():
        return np.nan, np.nan, np.nan
    n1, k1, n0, k0 = (part[known] for part in (n1, k1, n0, k0))
    weight = n1 * n0 / (n1 + n0)
    first, second = (np.average(share, weights=weight) for share in (k1 / n1, k0 / n0))
    return float(first - second), float(first), float(second)
