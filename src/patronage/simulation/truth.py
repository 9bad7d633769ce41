"""The truth as tables of their own, which nothing in training reads."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pyarrow as pa

from patronage import names as c
from patronage.simulation import kinds
from patronage.simulation.arrow import labels, moments
from patronage.simulation.chance import DAY, Calendar
from patronage.simulation.customers import People
from patronage.simulation.kinds import Floats
from patronage.simulation.orders import Orders
from patronage.simulation.stages import stays, weekly


def table(calendar: Calendar, ids: pa.Array, people: People) -> pa.Table:
    """A row per customer: her kinds as labels, her laws as numbers, her moments where they fall into the log."""
    ranked = np.argsort(-people.affinity, axis=1, kind="stable")
    life, period = people.life, kinds.OCCASION_PERIOD_DAYS[people.occasion]
    began = np.where(people.first < calendar.days, people.first - life.begin, life.exposure)

    def moment(day: Floats) -> pa.Array:
        return moments(calendar, np.where(day < calendar.days, day, 0) * DAY, day < calendar.days)

    columns = {
        c.CUSTOMER_ID: ids,
        c.TRUE_PERSONA: labels(people.persona, list(kinds.PERSONAS)),
        c.TRUE_SHOPPER_TYPE: labels(people.shopper, kinds.SHOPPERS),
        c.TRUE_BENEFIT: labels(people.benefit, kinds.BENEFITS),
        c.TRUE_LOYALTY: labels(people.loyalty, kinds.LOYALTIES),
        c.TRUE_SATISFACTION: people.satisfaction,
        c.TRUE_EAGERNESS: people.eagerness,
        c.TRUE_USAGE: labels(people.usage, kinds.USAGES),
        c.TRUE_OCCASION: labels(people.occasion, kinds.OCCASIONS),
        c.TRUE_OCCASION_PERIOD_DAYS: pa.array(period, mask=np.isnan(period)),
        c.TRUE_OCCASION_DAY: pa.array(people.occasion_day, mask=people.occasion_day == 0),
        c.TRUE_INTEREST: labels(ranked[:, 0], kinds.CATEGORIES),
        c.TRUE_SECOND_INTEREST: labels(ranked[:, 1], kinds.CATEGORIES),
        c.TRUE_RATE: people.rate,
        c.TRUE_GAP_SHAPE: people.shape,
        c.TRUE_DROPOUT_RATE: people.dropout,
        c.TRUE_EXPOSURE_DAYS: life.exposure - began,
        c.TRUE_MEAN_ORDER_VALUE: people.mean_value,
        c.TRUE_CHANNEL: labels(people.channel, kinds.CHANNELS),
        c.TRUE_DEVICE: labels(people.device, kinds.DEVICES),
        c.TRUE_INTERESTED_AT: moment(life.begin),
        c.TRUE_FADES_AT: moment(life.fade),
        c.TRUE_LEFT_AT: moment(life.end),
        c.TRUE_RETURNED_AT: moment(life.back),
        c.TRUE_LEFT_AGAIN_AT: moment(life.over),
    }
    for number, category in enumerate(kinds.CATEGORIES):
        columns[c.TRUE_AFFINITY + category] = people.affinity[:, number]
    for trait in fields(kinds.Traits):
        columns[c.TRUE_TRAIT + trait.name] = getattr(people.traits, trait.name)
    return pa.table(columns)


def stages(calendar: Calendar, ids: pa.Array, people: People, ordered: Orders, kept: int) -> pa.Table:
    """A row per stay in a stage; weeks before the sign-up have none."""
    runs = stays(weekly(calendar, people, ordered)[:kept])
    return pa.table(
        {
            c.CUSTOMER_ID: labels(runs.who, ids),
            c.TRUE_WEEK: runs.week.astype(np.int32),
            c.TRUE_WEEKS: runs.weeks.astype(np.int32),
            c.TRUE_STAGE: labels(runs.stage, kinds.STAGES),
        }
    )
