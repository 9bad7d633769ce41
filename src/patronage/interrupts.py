"""Signals outside of a job, while libraries are loaded and while Python ends: one line, and the code a shell expects.

Nothing is open then that would have to be closed, so the process ends where it is: an exception in the middle of an
import may be swallowed by what is imported. A job has its own way to end (`command_line`).
"""

from __future__ import annotations

import os
import signal
import sys
import time

from patronage.errors import STOPPED

BEFORE = "nothing was published or logged; start it again"
AFTER = "the job had ended by then, as the lines before tell"
_left = BEFORE
_as_json = False


def guard(words: list[str]) -> None:
    """Answer signals from now on; one that the caller ignores, as nohup does, stays ignored.

    Parameters
    ----------
    words
        The arguments of the command, for the style of the line.
    """
    global _left, _as_json
    _left, _as_json = BEFORE, "logging=json" in words
    for name in STOPPED:
        number = getattr(signal, name, None)
        if number is not None and is_free(number):
            try:
                signal.signal(number, _stop)
            except ValueError:  # not the main thread: its signals are the caller's
                return


def is_free(number: signal.Signals) -> bool:
    """Whether a signal is answered by Python itself or by this guard, and by nobody else."""
    return signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler, _stop)


def note_end() -> None:
    """The job has ended: a later signal stops nothing."""
    global _left
    _left = AFTER


def _stop(number: int, _: object) -> None:
    name = signal.Signals(number).name
    line = f"patronage: stopped by {name}; {_left}"
    if _as_json:  # by hand: json itself may be half imported
        now = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime())
        line = f'{{"time": "{now}", "level": "ERROR", "message": "{line}", "exit_code": {STOPPED[name]}}}'
    for stream in (sys.stdout, sys.stderr):  # what a command has printed already, as --help
        try:
            stream.flush()
        except Exception:  # gone, full, or at work itself
            continue
    try:
        os.write(2, f"{line}\n".encode())
    finally:  # whether or not anybody can read it
        os._exit(STOPPED[name])
