"""The event log of a block, into which `activity` and `feedback` write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from patronage.data.contract import VOCABULARY
from patronage.simulation.lifecycle import Calendar
from patronage.simulation.parameters import CATEGORIES, FEATURES, Ints
from patronage.typing import Array

NAMED = ("tour_finished", "banner_seen", "payment_failed", "terms_read")  # of `practice.py`, in no vocabulary
EVENTS = (*VOCABULARY, *NAMED)
CODES = {event: code for code, event in enumerate(EVENTS)}
TOPICS = ("reviews", "guides", "delivery", "payment", "quality", "price")  # of content, complaints and tickets
NONE = -1


class Subjects:
    """Everything that an event can be about, as one list of names.

    Attributes
    ----------
    names
        Categories, features, topics, campaigns and offers, one after the other.
    category, feature, topic, campaign, offer
        The code of the first of each.
    """

    def __init__(self, calendar: Calendar) -> None:
        parts = (
            CATEGORIES,
            FEATURES,
            TOPICS,
            tuple(f"campaign {number}" for number in range(1, 1 + len(calendar.message_days))),
            tuple(f"offer {number}" for number in range(1, 1 + len(calendar.offer_days))),
        )
        self.names = tuple(name for part in parts for name in part)
        self.category, self.feature, self.topic, self.campaign, self.offer = (
            sum(len(part) for part in parts[:number]) for number in range(len(parts))
        )


class Place(NamedTuple):
    """The session, channel and device of some events; a scalar is the same for all, -1 is none."""

    session: Ints | int = NONE
    channel: Ints | int = NONE
    device: Ints | int = NONE

    def of(self, rows: Ints) -> Place:
        """Give the places of the events at these positions."""
        return Place(*(part if isinstance(part, int) else part[rows] for part in self))


NOWHERE = Place()


@dataclass(frozen=True)
class Events:
    """Events, (k,). All but the moment and the value are codes; -1 is none.

    Attributes
    ----------
    customer
        Position in the block.
    at
        Second of the log.
    event, session, channel, device, subject
        Positions in the vocabulary, among the block's sessions, in the channels, devices and names of `Subjects`.
    """

    customer: NDArray[np.int32]
    at: NDArray[np.int64]
    event: NDArray[np.int8]
    session: NDArray[np.int32]
    channel: NDArray[np.int8]
    device: NDArray[np.int8]
    subject: NDArray[np.int16]
    value: NDArray[np.float32]


class EventLog:
    """Collects events, one kind at a time.

    Attributes
    ----------
    subjects
        What events can be about.
    """

    def __init__(self, calendar: Calendar) -> None:
        self.subjects = Subjects(calendar)
        self._end = calendar.seconds
        self._sessions = 0
        self._parts: list[Events] = []
        nobody = np.empty(0, np.int64)
        self.add("visit", nobody, nobody)  # a log without events has columns all the same

    def new_sessions(self, n: int) -> Ints:
        """Number `n` further sessions."""
        self._sessions += n
        return np.arange(self._sessions - n, self._sessions)

    def add(
        self,
        event: str,
        customer: Ints,
        at: Ints | Array,
        place: Place = NOWHERE,
        *,
        subject: Ints | int = NONE,
        value: Array | float = np.nan,
    ) -> None:
        """Add one event of each `customer`, `at` in seconds of the log; a scalar is the same for all."""
        n = len(customer)
        self._parts.append(
            Events(
                customer=customer.astype(np.int32),
                at=at.astype(np.int64),
                event=np.full(n, CODES[event], np.int8),
                session=np.broadcast_to(np.asarray(place.session, np.int32), n),
                channel=np.broadcast_to(np.asarray(place.channel, np.int8), n),
                device=np.broadcast_to(np.asarray(place.device, np.int8), n),
                subject=np.broadcast_to(np.asarray(subject, np.int16), n),
                value=np.broadcast_to(np.asarray(value, np.float32), n),
            )
        )

    def moments(self, event: str) -> tuple[Ints, Ints]:
        """The customers and seconds of the events of a name so far."""
        parts = [part for part in self._parts if len(part.event) and part.event[0] == CODES[event]]
        customer, at = (np.concatenate([getattr(part, name) for part in parts] or [np.empty(0, np.int64)])
                        for name in ("customer", "at"))  # fmt: skip
        return customer.astype(np.int64), at.astype(np.int64)

    def drop_after(self, events: Sequence[str], last: Ints) -> None:
        """Take out the events of these names after the last second of each customer, (n,)."""
        codes = [CODES[event] for event in events]
        stay = [~np.isin(part.event, codes) | (part.at <= last[part.customer]) for part in self._parts]
        self._parts = [
            Events(**{field.name: getattr(part, field.name)[rows] for field in fields(Events)})
            for part, rows in zip(self._parts, stay, strict=True)
        ]

    def events(self, n_customers: int) -> Events:
        """Give the events of the first `n_customers` within the log, in the order in which they were added."""
        columns = {field.name: np.concatenate([getattr(part, field.name) for part in self._parts])
                   for field in fields(Events)}  # fmt: skip
        inside = (columns["at"] >= 0) & (columns["at"] < self._end) & (columns["customer"] < n_customers)
        return Events(**{name: column[inside] for name, column in columns.items()})


def poisson_rows(rng: np.random.Generator, mean: Array) -> Ints:
    """Repeat each position a Poisson number of times, with its own mean."""
    return np.repeat(np.arange(len(mean)), rng.poisson(mean))
