"""What the door found in a log: where, what, what it does to the answers, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from patronage.errors import DataError, in_brackets


class Severity(IntEnum):
    """What a finding means for training: it refuses the log, prints a line, or goes on in silence."""

    NOTE = 0
    SEVERE = 1
    REFUSED = 2


@dataclass(frozen=True)
class DataFinding:
    """One fact about a log that its owner should know.

    Attributes
    ----------
    where
        The table, or the table and its column: `transactions.amount (column total)`.
    what
        What was found, with its count.
    effect
        What it does to the answers.
    remedy
        What to do; never something that loses data without saying so.
    severity
        Whether training refuses the log, says it in a line, or keeps it to the report.
    weight
        The share, from 0 to 1, of what it touches: rows, customers or revenue. Orders findings of one severity.
    example
        A value; one that could identify a customer is shown with PATRONAGE_DEBUG=1 only, unless `harmless`.
    """

    where: str
    what: str
    effect: str
    remedy: str
    severity: Severity = Severity.NOTE
    weight: float = 0.0
    example: str | None = None
    harmless: bool = False

    @property
    def fact(self) -> str:
        """What was found, with its example."""
        shown = self.example is not None and self.example.strip()
        return self.what + (in_brackets(self.example, harmless=self.harmless) if shown else "")

    @property
    def refusal(self) -> str:
        """The line of an error: what was found and what to do."""
        return f"{self.where}: {self.fact}; {self.remedy}"

    @property
    def line(self) -> str:
        """The whole finding in one line."""
        return f"{self.where}: {self.fact}: {self.effect}; {self.remedy}"


class DataFindings:
    """The findings of one log, as the door meets them.

    Parameters
    ----------
    collect
        Keep what training refuses, and go on where the rest can still be looked at, as `patronage check` does;
        otherwise the first refused finding is an error.
    """

    def __init__(self, *, collect: bool = False) -> None:
        self.collect = collect
        self._findings: list[DataFinding] = []

    def add(self, finding: DataFinding) -> None:
        """Keep a finding.

        Raises
        ------
        DataError
            Training refuses it, and findings are not collected.
        """
        if finding.severity is Severity.REFUSED and not self.collect:
            raise DataError(finding.refusal)
        self._findings.append(finding)

    def __iter__(self) -> Iterator[DataFinding]:
        """The findings, those first that do most to the answers."""
        ordered = sorted(self._findings, key=lambda finding: (-finding.severity, -finding.weight))
        return iter(ordered)

    @property
    def refused(self) -> list[DataFinding]:
        """Those for which training would refuse the log."""
        return [finding for finding in self if finding.severity is Severity.REFUSED]
