"""The events of a block as they are collected, stream by stream."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from patronage.data.contract import VOCABULARY
from patronage.simulation.chance import Calendar
from patronage.simulation.kinds import CATEGORIES, FEATURES, Floats, Ints
from patronage.simulation.orders import message_days, offer_days
from patronage.simulation.settings import SimulatedConfig

CODE = {event: code for code, event in enumerate(VOCABULARY)}
TOPICS = ("reviews", "guides", "delivery", "payment", "quality", "price")
NOTHING = -1


class Subjects:
    """Everything an event may be about, as one list of texts and where its parts begin."""

    def __init__(self, settings: SimulatedConfig, calendar: Calendar) -> None:
        parts = (
            CATEGORIES,
            FEATURES,
            TOPICS,
            tuple(f"campaign {k}" for k in range(1, 1 + len(message_days(settings, calendar)))),
            tuple(f"offer {k}" for k in range(1, 1 + len(offer_days(settings, calendar)))),
        )
        self.names = tuple(name for part in parts for name in part)
        self.category, self.feature, self.topic, self.campaign, self.offer = (
            sum(len(part) for part in parts[:number]) for number in range(len(parts))
        )

    def of(self, topic: str) -> int:
        """The position of a topic."""
        return self.topic + TOPICS.index(topic)


@dataclass(frozen=True)
class Events:
    """Events, (k,): codes are positions in the vocabulary, the channels, the devices and the subjects; -1 is none."""

    who: NDArray[np.int32]
    at: NDArray[np.int64]
    code: NDArray[np.int8]
    session: NDArray[np.int32]
    channel: NDArray[np.int8]
    device: NDArray[np.int8]
    subject: NDArray[np.int16]
    value: NDArray[np.float32]


class Place(NamedTuple):
    """Where events happen; a scalar holds for all, -1 is none."""

    session: Ints | int = NOTHING
    channel: Ints | int = NOTHING
    device: Ints | int = NOTHING

    def of(self, rows: Ints) -> Place:
        """The places of some of the events."""
        return Place(*(part if isinstance(part, int) else part[rows] for part in self))


NOWHERE = Place()


@dataclass
class Log:
    """Takes streams of events and puts them together."""

    streams: list[Events] = field(default_factory=list)
    sessions: int = 0

    def __post_init__(self) -> None:
        nobody = np.empty(0, np.int64)
        self.add("visit", nobody, nobody)  # a log without events has columns all the same

    def new_sessions(self, n: int) -> Ints:
        """Numbers for `n` further sessions."""
        self.sessions += n
        return np.arange(self.sessions - n, self.sessions)

    def add(
        self,
        event: str,
        who: Ints,
        at: Ints | Floats,
        place: Place = NOWHERE,
        *,
        subject: Ints | int = NOTHING,
        value: Floats | float = np.nan,
    ) -> None:
        """The same event of many customers, `at` in seconds of the log; a scalar holds for all."""
        n = len(who)
        self.streams.append(
            Events(
                who.astype(np.int32),
                at.astype(np.int64),
                np.full(n, CODE[event], np.int8),
                np.broadcast_to(np.asarray(place.session, np.int32), n),
                np.broadcast_to(np.asarray(place.channel, np.int8), n),
                np.broadcast_to(np.asarray(place.device, np.int8), n),
                np.broadcast_to(np.asarray(subject, np.int16), n),
                np.broadcast_to(np.asarray(value, np.float32), n),
            )
        )

    def close(self, calendar: Calendar) -> Events:
        """All streams in one, without what would lie outside the log."""
        whole = Events(
            *(np.concatenate([getattr(each, part.name) for each in self.streams]) for part in fields(Events))
        )
        inside = (whole.at >= 0) & (whole.at < calendar.seconds)
        return whole if inside.all() else Events(*(getattr(whole, part.name)[inside] for part in fields(Events)))
