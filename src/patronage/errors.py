"""The errors a user can meet. A message says what was found, what was expected and what to do, in one line."""

from __future__ import annotations

import os


class PatronageError(Exception):
    """The root of all errors that are reported as one line, without a traceback."""

    exit_code = 1


class ConfigError(PatronageError):
    """The configuration asks for something that does not exist or contradicts itself."""

    exit_code = 2


class DataError(PatronageError):
    """The data does not keep the contract of the door."""


class FitError(PatronageError):
    """A model cannot be fitted on this data."""


class GateError(PatronageError):
    """A model may not be promoted."""


class TrackingError(PatronageError):
    """The MLflow store cannot be reached or refuses."""


class OutputError(PatronageError):
    """A result cannot be made or kept: the disk is full, or another job holds its place."""


def in_brackets(example: object, *, harmless: bool = False) -> str:
    """The end of a message: an example; one that could identify a customer is shown with PATRONAGE_DEBUG=1 only."""
    return f" (such as {example!r})" if harmless or os.environ.get("PATRONAGE_DEBUG") == "1" else ""
