"""What every verb reads about its own process."""

from __future__ import annotations

from dataclasses import dataclass

from patronage.config.rules import one_of, within
from patronage.journal import JSON, PLAIN


@dataclass
class ProcessConfig:
    """The threads to compute with, and the form of the log on stderr."""

    threads: int | None = None
    logging: str = PLAIN

    def check(self) -> None:
        if self.threads is not None:
            within("threads", self.threads, 1, 1024)
        one_of("logging", self.logging, (PLAIN, JSON))
