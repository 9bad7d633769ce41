"""The errors that a user can meet. A message is one line: the fact, what was expected, and what to do."""

from __future__ import annotations

import os

TRY_AGAIN = 75  # EX_TEMPFAIL of sysexits.h: the same command, started again later, may succeed
STOPPED = {"SIGINT": 130, "SIGTERM": 143, "SIGHUP": 129}  # as a shell reports a command that a signal ended


class PatronageError(Exception):
    """The root of all errors that are reported as one line, without a traceback.

    Parameters
    ----------
    retry
        Whether the same command may succeed later, with nothing repaired: its exit code is 75 then.

    Examples
    --------
    >>> import patronage as pt
    >>> try:
    ...     pt.read("no_such_file.csv")
    ... except pt.PatronageError as error:
    ...     print(type(error).__name__)
    DataError
    """

    exit_code = 1

    def __init__(self, message: str = "", *, retry: bool = False) -> None:
        super().__init__(message)
        self.retry = retry
        if retry:
            self.exit_code = TRY_AGAIN


class ConfigError(PatronageError):
    """The configuration names something that does not exist, or contradicts itself.

    Examples
    --------
    >>> import patronage as pt
    >>> pt.features(pt.read(pt.example_orders()), cutoff="soon")
    Traceback (most recent call last):
    patronage.errors.ConfigError: cutoff=soon is not a date; expected YYYY-MM-DD, such as cutoff=1998-01-01
    """

    exit_code = 2


class DataError(PatronageError):
    """The data breaks the contract of the door.

    Examples
    --------
    >>> import patronage as pt
    >>> pt.read(pt.example_orders().head(0))
    Traceback (most recent call last):
    patronage.errors.DataError: ...
    """


class FitError(PatronageError):
    """A model cannot be fitted on this data.

    Examples
    --------
    >>> import patronage as pt
    >>> X = pt.features(pt.read(pt.example_orders()), "2024-01-01")
    >>> pt.Churn().fit(X, [float("nan")] * len(X))
    Traceback (most recent call last):
    patronage.errors.FitError: churn: no customer who has bought has a label; ...
    """


class GateError(PatronageError):
    """A model may not be promoted.

    Examples
    --------
    >>> import patronage as pt
    >>> pt.GateError("3 gates do not hold").exit_code
    1
    """


class TrackingError(PatronageError):
    """The MLflow store cannot be reached, or it refuses the request.

    Examples
    --------
    >>> import patronage as pt
    >>> issubclass(pt.TrackingError, pt.PatronageError)
    True
    """


class OutputError(PatronageError):
    """A result cannot be written: the disk is full, or another job is writing to the same place.

    Examples
    --------
    >>> import patronage as pt
    >>> issubclass(pt.OutputError, pt.PatronageError)
    True
    """


class ResourceError(PatronageError):
    """Memory or disk ran out before the work was done.

    Examples
    --------
    >>> import patronage as pt
    >>> pt.ResourceError("out of memory").exit_code
    1
    """


class Stopped(BaseException):
    """A signal ended the process: what is open is closed on the way out, and no `except Exception` holds it up.

    Parameters
    ----------
    signal
        Its name, such as SIGTERM.
    """

    def __init__(self, signal: str) -> None:
        super().__init__(signal)
        self.exit_code = STOPPED[signal]


def in_brackets(example: object, *, harmless: bool = False) -> str:
    """The end of a message: an example; one that could identify a customer is shown with PATRONAGE_DEBUG=1 only."""
    return f" (such as {example!r})" if harmless or os.environ.get("PATRONAGE_DEBUG") == "1" else ""
