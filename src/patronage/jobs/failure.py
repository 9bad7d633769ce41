"""An error on its way out of Hydra."""

from __future__ import annotations


class Failure(BaseException):
    """Carries an error of a job past Hydra, which prints lines of its own about an `Exception`, or goes on after it."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error
