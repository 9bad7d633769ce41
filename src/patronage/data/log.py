"""A log behind the door: what the rest of the package reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import Self

from patronage import cutoff as when
from patronage.config.holidays import Holiday
from patronage.data.contract import CUSTOMERS, EVENTS, RETURNS, VOCABULARY
from patronage.data.finding import DataFinding, Severity
from patronage.data.fingerprint import Content
from patronage.data.keys import CONF, Keys
from patronage.engine import Engine

SHOWN_EVENTS = 5  # unknown event names in a summary


@dataclass(frozen=True, repr=False)
class Tables:
    """A log behind the door: canonical tables inside an engine, and what is known of them.

    A log that `patronage.read` opened has an engine of its own, which is closed when the log is garbage collected,
    by `close`, or at the end of a `with` block.

    Attributes
    ----------
    source
        The name of the source.
    present
        Table to the canonical columns that it really has; a table that the source lacks is not in it.
    rows
        Table to its number of rows.
    attributes
        Declared attribute of customers to its kind: demographic, geographic, psychographic, ...
    money_scale
        Minor units in one unit of the currency.
    first, last
        The moments of the first and of the last transaction, but for stray rows far from all others; the last may be
        given (`observed_until`).
    customers
        The number of customers with a transaction.
    content
        The tables as they were read, of which `fingerprint` is taken.
    left_censored
        Whether customers ordered before the log begins.
    max_staleness_days
        How many days the log may have ended before a cutoff.
    holidays
        The known holidays of the business.
    events
        Event names with their number of rows, most frequent first.
    notes
        What was rounded or dropped at the door, in words.
    quarantined
        Table to the number of rows set aside; they are in the engine's table `quarantine_{table}`.
    keys
        How messages name the settings.
    told_by_lines
        The attributes that a customer has from the first order line that tells them.
    findings
        What the door found, those first that do most to the answers.

    Examples
    --------
    >>> import patronage as pt
    >>> with pt.read(pt.example_orders()) as log:
    ...     print(log)
    <log: 66 customers, 303 transactions, 2022-01-06 to 2024-04-26>
    """

    engine: Engine
    source: str
    present: Mapping[str, frozenset[str]]
    rows: Mapping[str, int]
    attributes: Mapping[str, str]
    money_scale: int
    first: datetime
    last: datetime
    customers: int
    content: Content
    left_censored: bool
    max_staleness_days: int
    events: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    quarantined: Mapping[str, int] = field(default_factory=dict)
    keys: Keys = CONF
    told_by_lines: frozenset[str] = frozenset()
    findings: tuple[DataFinding, ...] = ()
    holidays: tuple[Holiday, ...] = ()

    def __repr__(self) -> str:
        return f"<{self._counts()}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the engine: the tables are gone, and the memory or the file that they lay in is free."""
        self.engine.close()

    @property
    def fingerprint(self) -> str:
        """32 hexadecimal digits of the content of all tables; taken when it is first read."""
        return self.content.fingerprint

    @property
    def revised(self) -> bool:
        """Whether refunded lines are kept in versions, because the log has refunds."""
        return RETURNS in self.present

    def known(self, cutoff: datetime) -> str:
        """SQL: whether a row of the transactions is what was known of its line at the cutoff."""
        return when.line_known(cutoff, self.engine, revised=self.revised)

    def has(self, table: str) -> bool:
        """Whether the source has this table."""
        return table in self.present

    @property
    def unknown_events(self) -> Mapping[str, int]:
        """Event names outside the vocabulary."""
        return {name: rows for name, rows in self.events.items() if name not in VOCABULARY}

    def summary(self) -> str:
        """Describe what was read in a line, and in further ones what was done to it and what is severe."""
        severe = [f"! {finding.line}" for finding in self.findings if finding.severity >= Severity.SEVERE]
        return "\n  ".join([self.overview, *severe])

    @property
    def overview(self) -> str:
        """What was read in a line, and what was done to it in further ones."""
        quarantine = self.keys.setting("on_bad_rows", "quarantine")
        lines = [self._counts(), *self.notes]
        lines += [
            f"{rows:,} bad rows of {table} were set aside ({quarantine})" for table, rows in self.quarantined.items()
        ]
        if self.unknown_events:
            named = ", ".join(f"{name} ({rows:,})" for name, rows in list(self.unknown_events.items())[:SHOWN_EVENTS])
            vocabulary = self.keys.option(EVENTS.name, "vocabulary")
            lines.append(f"events outside the vocabulary count as engagement only: {named} ({vocabulary})")
        return "\n  ".join(lines)

    def _counts(self) -> str:
        counts = ", ".join(f"{self.rows[table]:,} {table}" for table in self.rows if table != CUSTOMERS.name)
        span = f"{self.first:%Y-%m-%d} to {self.last:%Y-%m-%d}"
        return f"{self.source}: {self.customers:,} customers, {counts}, {span}"
