"""The true journey, week by week: facts decide what can be, the hidden life decides the rest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from patronage.simulation.chance import DAY, Calendar
from patronage.simulation.customers import People
from patronage.simulation.kinds import LOYALTIES, STAGES, Ints
from patronage.simulation.orders import Orders

LOYAL_FROM = 4  # orders; a loyal customer is also loyal on both sides
NOT_YET = -1


@dataclass(frozen=True)
class Stays:
    """Runs of weeks that a customer spends in one stage, by customer and week; (k,)."""

    who: Ints
    week: Ints
    weeks: Ints
    stage: Ints


def weekly(calendar: Calendar, people: People, orders: Orders) -> NDArray[np.int8]:
    """(n, weeks) the stage at the end of each week of the log, the last one cut short; -1 before the sign-up."""
    n, weeks = len(people.first), -(-calendar.days // 7)
    ends = np.minimum(7.0 * np.arange(1, weeks + 1), calendar.days)
    cells = np.bincount(orders.who * weeks + orders.at // (7 * DAY), minlength=n * weeks).reshape(n, weeks)
    bought = np.cumsum(cells, axis=1)
    life = people.life
    begin, fade, end, back, over = (
        moment[:, None] for moment in (life.begin, life.fade, life.end, life.back, life.over)
    )
    # The log's own end cuts every life; only an earlier end is a departure.
    departs, returns, departs_again = (moment < calendar.days for moment in (end, back, over))
    gone = departs & (ends >= end) & ~(returns & (ends >= back)) | departs_again & (ends >= over)
    fading = (fade < end) & (ends >= fade) & ~(departs & (ends >= end))
    true = (people.loyalty == LOYALTIES.index("true"))[:, None]
    non_user, prospect, first_time, regular, loyal, at_risk, churned = range(len(STAGES))
    stage = np.select(
        [
            np.broadcast_to(people.signed_up[:, None] >= ends, bought.shape),
            (bought == 0) & (ends <= begin),
            bought == 0,
            gone,
            fading,
            bought == 1,
            (bought >= LOYAL_FROM) & true,
        ],
        [NOT_YET, non_user, prospect, churned, at_risk, first_time, loyal],
        regular,
    )
    return stage.astype(np.int8)


def stays(path: NDArray[np.int8]) -> Stays:
    """The weekly path as runs, a twentieth of its size."""
    changes = np.ones(path.shape, bool)
    changes[:, 1:] = path[:, 1:] != path[:, :-1]
    who, week = np.nonzero(changes)
    stage = path[who, week]
    last = np.append(who[1:] != who[:-1], True)
    until = np.where(last, path.shape[1], np.append(week[1:], 0))
    known = stage != NOT_YET
    return Stays(who[known], week[known], (until - week)[known], stage[known].astype(np.int64))
