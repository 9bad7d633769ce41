"""What happened in `[cutoff, cutoff + horizon)`: the only room that looks forward."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from difflib import get_close_matches
from typing import Self, TypeVar

import numpy as np
import pandas as pd

from patronage import cutoff as when
from patronage import names as c
from patronage.config.target import ChosenAct
from patronage.data import Tables
from patronage.data.contract import CONTACTS, EVENTS, TRANSACTIONS
from patronage.data.span import last_moment
from patronage.engine import text
from patronage.errors import ConfigError

SUBSCRIBED, CANCELLED = "subscribed", "cancelled"

OFFERED, REDEEMED = "offer_received", "offer_redeemed"
ORDER, CONTACT = "order", "contact"  # what `acts_after` knows beside events

DAYS_A_WEEK = 7
WEEKEND, EVENING = 6, 18  # the first ISO weekday and hour


@dataclass(frozen=True)
class Snapshot:
    """The customers at one cutoff.

    Attributes
    ----------
    horizon_days
        Length of the label window that begins at the cutoff.
    features
        Of rows before the cutoff, indexed by customer.
    """

    cutoff: datetime
    horizon_days: int
    features: pd.DataFrame

    def select(self, keep: pd.Series) -> Self:
        """The same for the customers of a boolean mask on the index of the features."""
        return replace(self, features=self.features[keep.reindex(self.features.index)])


@dataclass(frozen=True)
class LabelledSnapshot(Snapshot):
    """The customers at one cutoff whose label window is over.

    Attributes
    ----------
    labels
        On the index of the features, as known when the window ended: `orders` (days with an order that was not undone,
        the unit of BTYD), `spend` (what those orders were worth, less refunds in the window that undo no order of the
        log, in the currency; a refund of an order before the cutoff corrects the past, not the window), `churned` (1.0
        without an order, missing for a customer without one in the lookback before; of a contract, 1.0 with a
        cancellation, missing for a customer who has none to cancel).
    goods
        What was bought in the window: square roots of the shares of spend, a row per customer and a column per group of
        goods, missing for who bought too little to tell; None where nothing reads it (`training/goods.py`).
    """

    labels: pd.DataFrame
    goods: pd.DataFrame | None = None

    def select(self, keep: pd.Series) -> Self:
        """The same for the customers of a boolean mask on the index of the features."""
        rows = keep.reindex(self.features.index)
        goods = None if self.goods is None else self.goods[rows]
        return replace(self, features=self.features[rows], labels=self.labels[rows], goods=goods)


AnySnapshot = TypeVar("AnySnapshot", bound=Snapshot)


def buyers(snapshot: AnySnapshot) -> AnySnapshot:
    """The snapshot of the customers who have bought."""
    return snapshot.select(snapshot.features[c.N_ORDERS] > 0)


def actual_totals(tables: Tables, cutoff: datetime, horizon_days: int) -> tuple[float, float]:
    """Orders and spend in the horizon of all customers who had bought before the cutoff."""
    engine = tables.engine
    bought = engine.frame(
        f"SELECT DISTINCT customer_id FROM transactions WHERE {_ordered(tables, cutoff)} AND {tables.known(cutoff)}"
    )
    labels = labels_at(tables, cutoff, horizon_days, None, pd.Index(bought[c.CUSTOMER_ID]))
    return float(labels[c.ORDERS].sum()), float(labels[c.SPEND].sum())


def labels_at(
    tables: Tables,
    cutoff: datetime,
    horizon_days: int,
    lookback_days: int | None,
    customers: pd.Index,
    *,
    contractual: bool = False,
) -> pd.DataFrame:
    """The labels of `customers`, in their order.

    Raises
    ------
    ConfigError
        Churn is a cancellation, and the source tells of none.
    """
    engine = tables.engine
    end = when.window_end(cutoff, horizon_days)
    future = engine.frame(
        f"SELECT customer_id, "
        f"count(DISTINCT CAST(ordered_at AS DATE)) FILTER (WHERE {_ordered(tables, end)}) AS orders, "
        f"CAST(sum(amount) AS DOUBLE) / {tables.money_scale} AS spend FROM transactions "
        f"WHERE {when.within(c.ORDERED_AT, cutoff, horizon_days, engine)} AND {tables.known(end)} GROUP BY customer_id"
    ).set_index(c.CUSTOMER_ID)
    labels = future.reindex(customers).astype(float).fillna(0.0)
    known = tables.known(cutoff)
    if lookback_days is not None and not contractual:
        known += f" AND {when.within(c.ORDERED_AT, cutoff - timedelta(days=lookback_days), lookback_days, engine)}"
    active = engine.frame(f"SELECT DISTINCT customer_id FROM transactions WHERE {_ordered(tables, cutoff)} AND {known}")
    churned = (labels[c.ORDERS] == 0).astype(float)
    if contractual:  # a contract may run without an order, but churn is predicted of customers who ordered
        churned = _cancelled(tables, cutoff, horizon_days, customers)
    return labels.assign(**{c.CHURNED: churned.where(customers.isin(active[c.CUSTOMER_ID]))})


def _ordered(tables: Tables, moment: datetime) -> str:
    """SQL: whether a row is of an order: of a customer for whom, as known at the moment, something paid for stands."""
    paid = f"SELECT customer_id FROM transactions WHERE amount > 0 AND {tables.known(moment)}"
    return f"amount >= 0 AND customer_id IN ({paid})"


def _cancelled(tables: Tables, cutoff: datetime, horizon_days: int, customers: pd.Index) -> pd.Series:
    """1.0 with a cancellation in the window, 0.0 without, missing where there is nothing to cancel or it is censored.

    A contract runs at the cutoff if the last word on it before was `subscribed`. It is censored where events end
    within the window: who has not cancelled yet still may, and those who have are not all who will.
    """
    engine = tables.engine
    if not tables.has(EVENTS.name):
        raise ConfigError(
            "churn.contractual needs events (subscribed, cancelled); map data.events, or choose churn=ensemble"
        )
    words = f"event IN ({text(SUBSCRIBED)}, {text(CANCELLED)})"
    # Who leaves and comes back at the same moment stays.
    active = engine.frame(
        f"SELECT customer_id FROM events WHERE {words} AND {when.before(c.OCCURRED_AT, cutoff, engine)} "
        f"GROUP BY customer_id HAVING coalesce(max(occurred_at) FILTER (WHERE event = {text(SUBSCRIBED)}) >= "
        f"max(occurred_at) FILTER (WHERE event = {text(CANCELLED)}), bool_and(event = {text(SUBSCRIBED)}))"
    )[c.CUSTOMER_ID]
    left = engine.frame(
        f"SELECT DISTINCT customer_id FROM events WHERE event = {text(CANCELLED)} "
        f"AND {when.within(c.OCCURRED_AT, cutoff, horizon_days, engine)}"
    )[c.CUSTOMER_ID]
    last = last_moment(engine, EVENTS.name, c.OCCURRED_AT)
    if active.empty and left.empty:
        raise ConfigError(
            f"churn.contractual: no contract runs at {cutoff:%Y-%m-%d}; expected events `{SUBSCRIBED}` and "
            f"`{CANCELLED}`: map yours in data.events.vocabulary, or choose churn=ensemble"
        )
    churned = pd.Series(customers.isin(left).astype(float), index=customers)
    if not when.is_observed(cutoff, horizon_days, max(last, tables.last)):
        return pd.Series(np.nan, index=customers)
    return churned.where(customers.isin(active))


def act_labels(
    tables: Tables, cutoff: datetime, horizon_days: int, acts: Sequence[ChosenAct], customers: pd.Index
) -> pd.DataFrame:
    """Whether each of `customers` did each act in the horizon: 1.0 or 0.0, a column per act.

    A purchase counts as known when the window ended: what was sent back by then was not bought. An event is missing
    where the log shows no event of any name in the window: then the events were not recorded.
    """
    engine = tables.engine
    columns = {}
    for act in acts:
        if act.column is None:
            table, condition = EVENTS.name, f"event = {text(act.name)}"
            inside = when.within(c.OCCURRED_AT, cutoff, horizon_days, engine)
        else:
            known = tables.known(when.window_end(cutoff, horizon_days))
            table, condition = TRANSACTIONS.name, f"amount >= 0 AND {act.column} = {text(act.name)} AND {known}"
            inside = when.within(c.ORDERED_AT, cutoff, horizon_days, engine)
        did = engine.frame(f"SELECT DISTINCT customer_id FROM {table} WHERE {condition} AND {inside}")[c.CUSTOMER_ID]
        labels = pd.Series(customers.isin(did).astype(float), index=customers)
        if act.column is None and did.empty:
            (recorded,) = engine.row(f"SELECT count(*) FROM {table} WHERE {inside}")
            labels = labels if recorded else pd.Series(np.nan, index=customers)
        columns[c.did_act(act.key)] = labels
    return pd.DataFrame(columns, index=customers)


def check_acts(tables: Tables, acts: Sequence[ChosenAct]) -> None:
    """Refuse acts that the log does not know.

    Raises
    ------
    ConfigError
        The log lacks the table or the column, or holds no such name; the message gives the nearest ones.
    """
    for act in acts:
        table, column = (EVENTS.name, c.EVENT) if act.column is None else (TRANSACTIONS.name, act.column)
        if column not in tables.present.get(table, frozenset()):
            raise ConfigError(
                f"target={act} needs {table}.{column}, which the log lacks; map it, or leave the target out"
            )
        names = tables.engine.frame(
            f"SELECT CAST({column} AS STRING) AS name, count(*) AS n FROM {table} WHERE {column} IS NOT NULL "
            f"GROUP BY CAST({column} AS STRING) ORDER BY n DESC, name"
        )["name"]
        if act.name in set(names):
            continue
        folded: dict[str, str] = {}
        for name in names:
            folded.setdefault(str(name).casefold(), str(name))
        near = [folded[word] for word in get_close_matches(act.name.casefold(), list(folded), n=3, cutoff=0.5)]
        words = f"the nearest are {', '.join(near)}" if near else f"the most frequent are {', '.join(names.head(5))}"
        raise ConfigError(f"target={act}: the log holds no {act.kind} of that name; {words}")


def held_out(customers: pd.Index, share: float, seed: int, purpose: str) -> pd.Series:
    """A mask of about `share` of the customers, chosen by a hash of their id, anew for each purpose.

    The same customer falls on the same side at every origin and in every log, so that nobody is learned from at
    one origin and measured at another.
    """
    key = f"{purpose[:6]:.>6}{seed:010d}"
    digests = pd.util.hash_array(customers.to_numpy(dtype=object), hash_key=key, categorize=False)  # ids hardly repeat
    return pd.Series(digests / np.float64(2**64) < share, index=customers)


def bought_in(tables: Tables, cutoff: datetime, horizon_days: int, column: str) -> pd.DataFrame:
    """A row per customer and item bought in the horizon: `customer_id`, `item` (of that column), `paid` and `lines`."""
    return tables.engine.frame(
        f"SELECT customer_id, {column} AS item, CAST(sum(amount) AS DOUBLE) / {tables.money_scale} AS paid, "
        f"count(*) AS lines FROM transactions WHERE amount >= 0 AND {column} IS NOT NULL "
        f"AND {when.within(c.ORDERED_AT, cutoff, horizon_days, tables.engine)} "
        f"AND {tables.known(when.window_end(cutoff, horizon_days))} "
        f"GROUP BY customer_id, {column} ORDER BY customer_id, item"
    )


def habits_in(tables: Tables, cutoff: datetime, horizon_days: int, customers: pd.Index) -> pd.DataFrame:
    """When `customers` ordered in the horizon, and which offers they took.

    Returns
    -------
    DataFrame
        In their order: `weekend_share` and `evening_share` (from 18 hours on) of the days with an order, missing
        without any; and, where the source has events, `offer_response`, missing without an offer in the horizon.
    """
    engine = tables.engine
    days = engine.frame(
        f"SELECT customer_id, CAST(ordered_at AS DATE) AS day, max({engine.weekday(c.ORDERED_AT)}) AS weekday, "
        f"max(extract(hour FROM ordered_at)) AS hour FROM transactions WHERE amount >= 0 "
        f"AND {when.within(c.ORDERED_AT, cutoff, horizon_days, engine)} "
        f"AND {tables.known(when.window_end(cutoff, horizon_days))} GROUP BY customer_id, CAST(ordered_at AS DATE)"
    )
    shares = pd.DataFrame(
        {c.WEEKEND_SHARE: days["weekday"] >= WEEKEND, c.EVENING_SHARE: days["hour"] >= EVENING}, days.index
    )
    habits = shares.astype(float).groupby(days[c.CUSTOMER_ID]).mean().reindex(customers)
    if not tables.has(EVENTS.name):
        return habits
    offers = engine.frame(
        f"SELECT customer_id, count(*) FILTER (WHERE event = {text(OFFERED)}) AS offered, "
        f"count(*) FILTER (WHERE event = {text(REDEEMED)}) AS redeemed FROM events "
        f"WHERE {when.within(c.OCCURRED_AT, cutoff, horizon_days, engine)} GROUP BY customer_id"
    ).set_index(c.CUSTOMER_ID)
    offers = offers[offers["offered"] > 0].astype(float)
    response = (offers["redeemed"] / offers["offered"]).clip(upper=1.0)
    return habits.assign(**{c.OFFER_RESPONSE: response.reindex(customers)})


def weekly_orders(tables: Tables, cutoff: datetime, horizon_days: int, customers: pd.Index) -> pd.Series:
    """
    Repeat orders (days with an order after the first) of `customers`, all together, by whole weeks from the cutoff.

    Week 0 begins at the cutoff; weeks that the log or the horizon cuts short are left out.
    """
    engine = tables.engine
    known = tables.known(when.window_end(cutoff, horizon_days))
    days = engine.frame(
        "SELECT customer_id, CAST(ordered_at AS DATE) AS day FROM transactions "
        f"WHERE amount >= 0 AND {known} GROUP BY customer_id, CAST(ordered_at AS DATE)"
    ).set_index(c.CUSTOMER_ID)
    day = pd.to_datetime(days["day"].loc[days.index.isin(customers)])
    repeats = day[day > day.groupby(level=0).transform("min")]
    week = (repeats - pd.Timestamp(cutoff)).dt.days // DAYS_A_WEEK
    first = (tables.first - cutoff).days // DAYS_A_WEEK + 1
    return week.value_counts().reindex(range(first, horizon_days // DAYS_A_WEEK), fill_value=0)


def first_order_days(tables: Tables, cutoff: datetime, horizon_days: int, customers: pd.Index) -> pd.Series:
    """By which day of the horizon each of `customers` has ordered, from 1 on; missing without an order in it."""
    engine = tables.engine
    ordered = _ordered(tables, when.window_end(cutoff, horizon_days))
    days = engine.frame(
        f"SELECT customer_id, min(CAST(ordered_at AS DATE)) AS day FROM transactions WHERE {ordered} AND "
        f"{when.within(c.ORDERED_AT, cutoff, horizon_days, engine)} "
        f"AND {tables.known(when.window_end(cutoff, horizon_days))} GROUP BY customer_id"
    ).set_index(c.CUSTOMER_ID)
    since = pd.to_datetime(days["day"]) - pd.Timestamp(cutoff).normalize()
    return (since.dt.days + 1.0).reindex(customers)


def acts_after(tables: Tables, cutoff: datetime, days: int, act: str) -> pd.DataFrame:
    """What customers did, or were sent, in `[cutoff, cutoff + days)`, a row each: to be held against contacts.

    Parameters
    ----------
    act
        `order`: an order with its worth; `contact`: a row of the contacts; else the name of an event.

    Returns
    -------
    DataFrame
        `customer_id`, `moment`, `value` (of an order, in the currency; else of the event), and `arm`, `campaign` and
        `propensity` of a contact, `subject` of an event, where the log has them.
    """
    engine = tables.engine
    if act == ORDER:
        end = when.window_end(cutoff, days)
        return engine.frame(
            f"SELECT customer_id, ordered_at AS moment, CAST(amount AS DOUBLE) / {tables.money_scale} AS value "
            f"FROM transactions WHERE {_ordered(tables, end)} AND {when.within(c.ORDERED_AT, cutoff, days, engine)} "
            f"AND {tables.known(end)} ORDER BY customer_id, ordered_at, amount"
        )
    if act == CONTACT:
        columns = [name for name in (c.ARM, c.CAMPAIGN, c.PROPENSITY) if name in tables.present[CONTACTS.name]]
        return engine.frame(
            f"SELECT customer_id, contacted_at AS moment, {', '.join(columns)} FROM contacts "
            f"WHERE {when.within(c.CONTACTED_AT, cutoff, days, engine)} ORDER BY customer_id, contacted_at, arm"
        )
    columns = [name for name in (c.VALUE, c.SUBJECT) if name in tables.present[EVENTS.name]]
    return engine.frame(
        f"SELECT customer_id, occurred_at AS moment{''.join(f', {name}' for name in columns)} FROM events "
        f"WHERE event = {text(act)} AND {when.within(c.OCCURRED_AT, cutoff, days, engine)} "
        "ORDER BY customer_id, occurred_at"
    )
