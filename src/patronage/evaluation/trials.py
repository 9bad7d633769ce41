"""A trial from what is there: contacts of the log, events that were sent by lot, or our own past actions.

A trial is a row per customer: what was known before, the arm, and what came within a window of the contact. Whether the
arms were drawn by lot is checked by what learns from it (`models/effects/randomness.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pandas as pd

from patronage import cutoff as when
from patronage import labels
from patronage import names as c
from patronage.config.actions import LEAVE_ALONE
from patronage.data import Tables
from patronage.data.contract import CONTACTS, EVENTS
from patronage.errors import ConfigError, DataError

CONTROL = "control"
ORDERED, VISIT = "ordered", "visit"
OUTCOMES = (ORDERED, c.ORDERS, c.SPEND, VISIT)
OUTCOME, MOMENT = "outcome", c.CONTACTED_AT
MOST_CONTAMINATED = 0.01  # of the customers: with a contact of another arm too
VISITS = ("visit", "view", "login")  # the first of these that the log knows is a visit
DECIDED = (  # columns of the assignments that follow from effects: nothing that they may be learned from
    c.FLAGS, c.ACTION, c.EXPECTED_PROFIT, c.EXPECTED_PROFIT_LOW, c.EXPECTED_PROFIT_HIGH, c.EXPECTED_PROFIT_BASIS,
    c.HOLDOUT,
)  # fmt: skip


class Lot(NamedTuple):
    """Who was sent what.

    Attributes
    ----------
    contacts
        Indexed by customer: `arm` (control: left alone), `contacted_at`, and `propensity` where it is known.
    notes
        What was left out, a line each.
    """

    contacts: pd.DataFrame
    notes: tuple[str, ...] = ()


def logged_lot(tables: Tables, cutoff: datetime, days: int, campaign: str | None = None) -> Lot:
    """The contacts of the log in `[cutoff, cutoff + days)`: the first of each customer.

    Raises
    ------
    DataError
        There are none, or customers got several arms.
    """
    if not tables.has(CONTACTS.name):
        raise DataError("contacts: the log has none; map data.contacts, or give contacts=EVENT or past_actions=FILE")
    rows = labels.acts_after(tables, cutoff, days, labels.CONTACT)
    if campaign is not None:
        rows = rows[rows[c.CAMPAIGN] == campaign] if c.CAMPAIGN in rows else rows.iloc[:0]
    if rows.empty:
        named = f" of campaign {campaign}" if campaign is not None else ""
        raise DataError(f"contacts: none{named} in the {days} days from {cutoff:%Y-%m-%d}; give another cutoff")
    arms = rows.groupby(c.CUSTOMER_ID)[c.ARM].nunique()
    mixed = arms.index[arms > 1]
    if len(mixed) > MOST_CONTAMINATED * len(arms):
        raise DataError(
            f"contacts: {len(mixed):,} of {len(arms):,} customers were given several arms in the {days} days from "
            f"{cutoff:%Y-%m-%d}; give campaign=NAME, or shorter contact_days"
        )
    first = rows[~rows[c.CUSTOMER_ID].isin(mixed)].groupby(c.CUSTOMER_ID).first().rename(columns={"moment": MOMENT})
    if c.PROPENSITY in first and first[c.PROPENSITY].isna().any():
        first = first.drop(columns=c.PROPENSITY)
    notes = (f"{len(mixed):,} customers with several arms are left out",) if len(mixed) else ()
    return Lot(first.drop(columns=c.CAMPAIGN, errors="ignore"), notes)


def event_lot(tables: Tables, cutoff: datetime, days: int, event: str, customers: pd.Index) -> Lot:
    """An event that only a part of the customers were sent in `[cutoff, cutoff + days)`; the others are control.

    Parameters
    ----------
    customers
        Who are known at the cutoff.

    Raises
    ------
    DataError
        Nobody got it, or the log has no events.
    """
    if not tables.has(EVENTS.name):
        raise DataError(f"contacts={event}: the log has no events; map data.events")
    rows = labels.acts_after(tables, cutoff, days, event)
    sent = rows.groupby(c.CUSTOMER_ID)["moment"].min()
    sent = sent[sent.index.isin(customers)]
    if sent.empty:
        raise DataError(f"contacts={event}: no such event in the {days} days from {cutoff:%Y-%m-%d}")
    usual = sent.sort_values().iloc[len(sent) // 2]
    contacts = pd.DataFrame({c.ARM: CONTROL, MOMENT: usual}, index=customers)
    contacts.loc[sent.index, c.ARM] = event
    contacts.loc[sent.index, MOMENT] = sent
    return Lot(contacts)


def action_lot(actions: pd.DataFrame, cutoff: datetime, action: str | None = None) -> Lot:
    """Our own past actions: those of a recommended action beside whom its lot left alone.

    Parameters
    ----------
    actions
        Indexed by customer: of actions.parquet or the assignments, with `action` and `holdout`.
    action
        One of them; each has a lot of its own, so they are not thrown together.

    Raises
    ------
    DataError
        There are several and none was chosen, or there is no such one.
    """
    if lacking := [name for name in (c.ACTION, c.HOLDOUT) if name not in actions]:
        raise DataError(f"actions: no column {', '.join(lacking)}; expected actions.parquet or assignments of a run")
    held, name = actions[c.HOLDOUT].astype(bool), actions[c.ACTION].astype(str)
    name = name.where(name != LEAVE_ALONE)
    present = sorted(name.dropna().unique())
    if action is None and len(present) == 1:
        action = str(present[0])
    if action not in present:
        listed = ", ".join(present) or "none"
        raise DataError(f"action={action}: the table recommends {listed}; name one, since each has a lot of its own")
    own = name == action
    arm = np.where(held[own], CONTROL, str(action))
    return Lot(pd.DataFrame({c.ARM: arm, MOMENT: pd.Timestamp(cutoff)}, index=actions.index[own]))


def trial(
    tables: Tables, lot: Lot, known: pd.DataFrame, cutoff: datetime, *, days: int, outcome: str, window_days: int
) -> pd.DataFrame:
    """What was known of each customer of a lot, the arm, and what came within the window.

    Parameters
    ----------
    known
        Of before the cutoff, indexed by customer; customers of the lot without a row are left out.
    days
        In which the contacts of the lot lie.
    outcome
        ordered (0 or 1), orders (days with one), spend, visit, or the name of an event (0 or 1).
    window_days
        The outcome lies in so many days from the contact, for control from the drawing of the lot.

    Returns
    -------
    DataFrame
        Indexed by customer: the columns of `known`, `arm`, `propensity` if it is known, and `outcome`.

    Raises
    ------
    ConfigError
        The log ends before the windows do.
    """
    if not when.is_observed(cutoff, days + window_days, tables.last):
        raise ConfigError(
            f"the log ends on {tables.last:%Y-%m-%d}, before contacts of the {days} days from {cutoff:%Y-%m-%d} have "
            f"{window_days} days to answer; give an earlier cutoff, or a shorter window_days"
        )
    contacts = lot.contacts[lot.contacts.index.isin(known.index)]
    frame = known.loc[contacts.index]
    given = contacts.drop(columns=MOMENT)
    frame = frame.drop(columns=[name for name in given if name in frame]).join(given)
    return frame.assign(
        **{OUTCOME: outcome_of(tables, contacts[MOMENT], cutoff, days + window_days, outcome, window_days)}
    )


def outcome_of(
    tables: Tables,
    moments: pd.Series,
    cutoff: datetime,
    days: int,
    outcome: str,
    window_days: int,
    from_days: int = 0,
) -> pd.Series:
    """The outcome of each customer in `[moment + from_days, moment + window_days)`, on the index of the moments."""
    rows = labels.acts_after(tables, cutoff, days, _act_of(tables, outcome))
    own = rows[c.CUSTOMER_ID].map(moments)
    since = (pd.to_datetime(rows["moment"]) - own).dt.total_seconds() / 86400
    rows = rows[(since >= from_days) & (since < window_days)]
    grouped = rows.groupby(c.CUSTOMER_ID)
    if outcome == c.SPEND:
        values = grouped["value"].sum()
    elif outcome == c.ORDERS:
        values = rows.assign(day=pd.to_datetime(rows["moment"]).dt.floor("D")).groupby(c.CUSTOMER_ID)["day"].nunique()
    else:
        values = (grouped.size() > 0).astype(float)
    return values.reindex(moments.index).fillna(0.0).astype(float)


def outcomes_by_days(
    tables: Tables, lot: Lot, customers: pd.Index, cutoff: datetime, *, days: int, outcome: str, ends: Sequence[int]
) -> pd.DataFrame:
    """What came in each span of days since the contact, as far as the log reaches.

    Parameters
    ----------
    ends
        Of the spans, in days from the contact.

    Returns
    -------
    DataFrame
        A row per customer; the columns are the days from and until which it counts.
    """
    moments = lot.contacts[MOMENT].reindex(customers)
    spans = [(start, end) for start, end in pairwise([0, *ends]) if when.is_observed(cutoff, days + end, tables.last)]
    columns = {
        span: outcome_of(tables, moments, cutoff, days + span[1], outcome, span[1], from_days=span[0]) for span in spans
    }
    return pd.DataFrame(columns, index=customers)


def _act_of(tables: Tables, outcome: str) -> str:
    """The act that an outcome counts.

    Raises
    ------
    ConfigError
        The log has no such event.
    """
    if outcome in (ORDERED, c.ORDERS, c.SPEND):
        return labels.ORDER
    wanted = VISITS if outcome == VISIT else (outcome,)
    for event in wanted:
        if event in tables.events:
            return event
    there = ", ".join([*OUTCOMES, *sorted(tables.events)])
    raise ConfigError(f"outcome={outcome}: the log has no such event; expected one of {there}")
