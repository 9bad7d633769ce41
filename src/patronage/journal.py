"""What a command tells about its own doings, on stderr: lines with time, level and run, as text or as JSON.

Results go to stdout by `print`. A job has an id from its first line on; the id of its MLflow run joins it once there is
one. Nothing of this is set up by an import: only the command does.
"""

from __future__ import annotations

import json
import logging
import secrets
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime

from patronage import names as c
from patronage.names import Tag

PLAIN, JSON = "plain", "json"
OURS = "patronage"
QUIET_SECONDS = 5.0  # shorter work needs no progress


@dataclass
class Journal:
    """The state of one command.

    Attributes
    ----------
    job
        Its id, which its runs have as a tag.
    run_id
        Of the MLflow run that it logs; empty before.
    run_status
        Of that run.
    facts
        What has been done by now that a failure does not undo, in words.
    """

    style: str = PLAIN
    job: str = field(default_factory=lambda: secrets.token_hex(4))
    run_id: str = ""
    run_status: str = ""
    facts: list[str] = field(default_factory=list)
    last: float = field(default_factory=time.monotonic)


_now = Journal()


def current() -> Journal:
    """The state of the command that runs."""
    return _now


def begin(style: str, *, verbose: bool) -> None:
    """Begin the journal of a command, on stderr; `verbose` shows every step, and what libraries remark."""
    global _now
    _now = Journal(style)
    root, ours = logging.getLogger(), logging.getLogger(OURS)
    for logger in (root, ours):
        for handler in [each for each in logger.handlers if isinstance(each, _Stderr | logging.NullHandler)]:
            logger.removeHandler(handler)
    root.addHandler(logging.NullHandler())  # else Python itself prints what libraries warn of
    (root if verbose else ours).addHandler(_Stderr())
    ours.setLevel(logging.DEBUG if verbose else logging.INFO)


def set_style(style: str) -> None:
    """Go on as text or as JSON."""
    _now.style = style


def step(message: str) -> None:
    """A step of the work begins. It is shown with -v, or where the work has lasted for some seconds."""
    waited = time.monotonic() - _now.last >= QUIET_SECONDS
    logging.getLogger(OURS).log(logging.INFO if waited else logging.DEBUG, message)
    if waited:
        _now.last = time.monotonic()


def note_run(run_id: str, status: str) -> None:
    """The MLflow run of the job, and how it stands."""
    _now.run_id, _now.run_status = run_id, status


def note(fact: str) -> None:
    """Something is done that a later failure does not undo."""
    _now.facts.append(fact)


def failure_line(message: str, code: int) -> str:
    """The one line of a failure, as it goes to stderr."""
    line = f"{OURS}: {' '.join(message.split())}"
    if _now.style != JSON:
        return line
    return json.dumps(_entry("ERROR", line) | {"exit_code": code}, ensure_ascii=False)


def _entry(level: str, message: str) -> dict[str, object]:
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    return {"time": now, "level": level, Tag.JOB: _now.job, c.RUN_ID: _now.run_id or None, "message": message}


class _Stderr(logging.Handler):
    """To stderr as it is at the moment: tests and the masking replace it."""

    def emit(self, record: logging.LogRecord) -> None:
        message = " ".join(record.getMessage().split())
        if _now.style == JSON:
            line = json.dumps(_entry(record.levelname, message), ensure_ascii=False)
        else:
            line = f"{datetime.now().astimezone():%Y-%m-%dT%H:%M:%S%z} {record.levelname:<7} {_names()} {message}"
        try:
            print(line, file=sys.stderr, flush=True)
        except (OSError, ValueError):
            self.handleError(record)


def _names() -> str:
    return f"{_now.job} {_now.run_id}" if _now.run_id else _now.job
