"""The errors that a user can meet. A message is one line: the fact, what was expected, and what to do."""

from __future__ import annotations

import os


class PatronageError(Exception):
    """The root of all errors that are reported as one line, without a traceback."""

    exit_code = 1


class ConfigError(PatronageError):
    """The configuration names something that does not exist, or contradicts itself."""

    exit_code = 2


class DataError(PatronageError):
    """The data breaks the contract of the door."""


class FitError(PatronageError):
    """A model cannot be fitted on this data."""


class GateError(PatronageError):
    """A model may not be promoted."""


class TrackingError(PatronageError):
    """The MLflow store cannot be reached, or it refuses the request."""


class OutputError(PatronageError):
    """A result cannot be written: the disk is full, or another job is writing to the same place."""


def in_brackets(example: object, *, harmless: bool = False) -> str:
    """The end of a message: an example; one that could identify a customer is shown with PATRONAGE_DEBUG=1 only."""
    return f" (such as {example!r})" if harmless or os.environ.get("PATRONAGE_DEBUG") == "1" else ""
