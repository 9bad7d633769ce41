"""The truth as tables of their own, which no lens and no model reads: a row per customer, and a row per stage."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from patronage import names as c
from patronage.simulation import parameters
from patronage.simulation.customers import Customers
from patronage.simulation.lifecycle import DAY, Calendar
from patronage.simulation.parameters import LOYALTIES, STAGES, Ints, Traits, labels
from patronage.simulation.purchases import Orders
from patronage.typing import Array

LOYAL_FROM = 4  # orders; a loyal customer is also of true loyalty
NO_STAGE = -1  # before the sign-up


def truth_table(calendar: Calendar, ids: pa.Array, customers: Customers) -> pa.Table:
    """A row per customer: types as labels, laws as numbers, the lifecycle as moments where they fall in the log."""
    by_affinity = np.argsort(-customers.affinity, axis=1, kind="stable")
    lifecycle, period = customers.lifecycle, parameters.OCCASION_PERIOD_DAYS[customers.occasion]
    buys = customers.first_order < calendar.days
    age_at_first_order = np.where(buys, customers.first_order - lifecycle.interested, lifecycle.exposure)

    def moment(day: Array) -> pa.Array:
        in_log = day < calendar.days
        return calendar.timestamps(np.where(in_log, day, 0) * DAY, in_log)

    columns = {
        c.CUSTOMER_ID: ids,
        c.TRUE_PERSONA: labels(customers.persona, list(parameters.PERSONAS)),
        c.TRUE_SHOPPER_TYPE: labels(customers.shopper, parameters.SHOPPERS),
        c.TRUE_BENEFIT: labels(customers.benefit, parameters.BENEFITS),
        c.TRUE_LOYALTY: labels(customers.loyalty, LOYALTIES),
        c.TRUE_SATISFACTION: customers.satisfaction,
        c.TRUE_EAGERNESS: customers.eagerness,
        c.TRUE_USAGE: labels(customers.usage, parameters.USAGES),
        c.TRUE_OCCASION: labels(customers.occasion, parameters.OCCASIONS),
        c.TRUE_OCCASION_PERIOD_DAYS: pa.array(period, mask=np.isnan(period)),
        c.TRUE_OCCASION_DAY: pa.array(customers.occasion_day, mask=customers.occasion_day == 0),
        c.TRUE_INTEREST: labels(by_affinity[:, 0], parameters.CATEGORIES),
        c.TRUE_SECOND_INTEREST: labels(by_affinity[:, 1], parameters.CATEGORIES),
        c.TRUE_RATE: customers.rate,
        c.TRUE_GAP_SHAPE: customers.gap_shape,
        c.TRUE_DROPOUT_RATE: customers.dropout,
        c.TRUE_EXPOSURE_DAYS: lifecycle.exposure - age_at_first_order,
        c.TRUE_MEAN_ORDER_VALUE: customers.mean_order_value,
        c.TRUE_CHANNEL: labels(customers.channel, parameters.CHANNELS),
        c.TRUE_DEVICE: labels(customers.device, parameters.DEVICES),
        c.TRUE_INTERESTED_AT: moment(lifecycle.interested),
        c.TRUE_FADES_AT: moment(lifecycle.fades),
        c.TRUE_LEFT_AT: moment(lifecycle.leaves),
        c.TRUE_RETURNED_AT: moment(lifecycle.returns),
        c.TRUE_LEFT_AGAIN_AT: moment(lifecycle.leaves_again),
    }
    for number, category in enumerate(parameters.CATEGORIES):
        columns[c.TRUE_AFFINITY + category] = customers.affinity[:, number]
    for trait in fields(Traits):
        columns[c.TRUE_TRAIT + trait.name] = getattr(customers.traits, trait.name)
    return pa.table(columns)


def stage_table(calendar: Calendar, ids: pa.Array, customers: Customers, orders: Orders, n: int) -> pa.Table:
    """A row per stay of the first `n` customers in a stage; the weeks before the sign-up have none."""
    stays = stays_of(weekly_stages(calendar, customers, orders)[:n])
    return pa.table(
        {
            c.CUSTOMER_ID: labels(stays.customer, ids),
            c.TRUE_WEEK: stays.week.astype(np.int32),
            c.TRUE_WEEKS: stays.weeks.astype(np.int32),
            c.TRUE_STAGE: labels(stays.stage, STAGES),
        }
    )


def weekly_stages(calendar: Calendar, customers: Customers, orders: Orders) -> NDArray[np.int8]:
    """The stage of each customer at the end of each week of the log, (n, weeks); the last week may be cut short.

    The number of orders decides which stages are possible; among them the hidden lifecycle decides.
    """
    n, weeks = len(customers), -(-calendar.days // 7)
    ends = np.minimum(7.0 * np.arange(1, weeks + 1), calendar.days)
    cells = np.bincount(orders.customer * weeks + orders.at // (7 * DAY), minlength=n * weeks).reshape(n, weeks)
    n_orders = np.cumsum(cells, axis=1)
    lifecycle = customers.lifecycle
    interested, fades, leaves, returns, leaves_again = (
        day[:, None]
        for day in (lifecycle.interested, lifecycle.fades, lifecycle.leaves, lifecycle.returns, lifecycle.leaves_again)
    )
    # Every lifecycle is cut at the log's end; only an earlier day is a departure or a return.
    in_first_absence = (leaves < calendar.days) & (ends >= leaves) & ~((returns < calendar.days) & (ends >= returns))
    gone = in_first_absence | (leaves_again < calendar.days) & (ends >= leaves_again)
    has_left = (leaves < calendar.days) & (ends >= leaves)
    fading = (fades < leaves) & (ends >= fades) & ~has_left
    true_loyalty = (customers.loyalty == LOYALTIES.index("true"))[:, None]
    non_user, prospect, first_time, regular, loyal, at_risk, churned = range(len(STAGES))
    stage = np.select(
        [
            np.broadcast_to(customers.signed_up[:, None] >= ends, n_orders.shape),
            (n_orders == 0) & (ends <= interested),
            n_orders == 0,
            gone,
            fading,
            n_orders == 1,
            (n_orders >= LOYAL_FROM) & true_loyalty,
        ],
        [NO_STAGE, non_user, prospect, churned, at_risk, first_time, loyal],
        regular,
    )
    return stage.astype(np.int8)


@dataclass(frozen=True)
class Stays:
    """Runs of weeks that a customer stays in one stage, by customer and week; (k,)."""

    customer: Ints
    week: Ints
    weeks: Ints
    stage: Ints


def stays_of(weekly: NDArray[np.int8]) -> Stays:
    """Write weekly stages, (n, weeks), as runs: a twentieth of the rows."""
    begins = np.ones(weekly.shape, bool)
    begins[:, 1:] = weekly[:, 1:] != weekly[:, :-1]
    customer, week = np.nonzero(begins)
    stage = weekly[customer, week]
    is_last = np.append(customer[1:] != customer[:-1], True)
    until = np.where(is_last, weekly.shape[1], np.append(week[1:], 0))
    known = stage != NO_STAGE
    return Stays(customer[known], week[known], (until - week)[known], stage[known].astype(np.int64))
