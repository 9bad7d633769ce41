"""What the `patronage` command does with its words: usage, one verb, and one line for whatever fails."""

from __future__ import annotations

import gc
import os
import signal
import sys
import traceback
from types import FrameType
from typing import Any, TextIO, cast

from patronage import interrupts, journal
from patronage.errors import STOPPED, PatronageError, Stopped
from patronage.masking import MaskedStream

VERBS = {
    "train": "fit, evaluate, assign every customer and log one MLflow run",
    "backtest": "measure all models at many origins; resumes where it was stopped",
    "search": "look for better settings of the ensemble, on origins that are over by the cutoff",
    "score": "assign every customer by a registered model, whole or not at all",
    "relog": "log the scorings that waited for the store",
    "check": "hold your data against the contract, and say what it supports",
    "analyse": "drivers, cohorts, pyramid, voice of the customer, contact pressure, sequences, products, cross-sell",
    "effect": "what contacts drawn by lot changed, for whom, and whom the next one should reach",
    "simulate": "write customers with a known truth, as Parquet tables",
    "compare": "hold two runs against each other: what moved, why, and what it is worth",
    "promote": "make a run's model the champion, if every gate holds",
    "reproduce": "train a run again from its own artifacts, and tell whether it holds",
    "clean": "show what killed and old jobs left behind; remove=true removes it",
    "rollback": "give the champion's place back to the version before",
}

# What the loader of libraries says where memory is limited (ulimit -v, a container)
NO_MEMORY = ("failed to map segment", "Cannot allocate memory", "cannot allocate memory")
LEAST_ADDRESSES = (
    1_000_000_000  # bytes: with fewer the libraries do not load; one of them tries for minutes, or crashes
)
VERBOSE = {"-v", "--verbose"}
USAGE = "\n".join(
    [
        "usage: patronage VERB [key=value ...]",
        "",
        *(f"  {verb:<9} {what}" for verb, what in VERBS.items()),
        "",
        "first steps",
        "  patronage train experiment=cdnow                       the main job, on real data",
        "  patronage check data=tables data.transactions.path=FILE",
        "  patronage train -m experiment=cdnow personas.k=4,5,6   a sweep: one parent run with children",
        "  patronage compare baseline=RUN candidate=RUN           RUN: an id, a name, @champion",
        "  patronage train --help                                 every key with its value and reason",
        "",
        "exit codes: 0 done, 1 failed (one line says why), 2 usage or configuration, 75 try again later,",
        "            130 or 143 stopped by a signal",
        "-v shows every step; logging=json writes the log, on stderr, as JSON; results are on stdout.",
        "PATRONAGE_DEBUG=1 shows the traceback behind an error line.",
    ]
)


def run(words: list[str]) -> None:
    """Run one verb; errors become one line on stderr and an exit code. Secrets are masked in all that is printed."""
    gc.set_threshold(100_000)  # looking for garbage among all that is imported, which stays, took a fifth of a start
    _open_streams()
    out, err = sys.stdout, sys.stderr
    results, lines = MaskedStream(out), MaskedStream(err)
    sys.stdout, sys.stderr = cast(TextIO, results), cast(TextIO, lines)
    try:
        _run(words)
    finally:
        results.flush()
        if results.failure is not None and not isinstance(results.failure, BrokenPipeError):  # as `| head` makes
            print(f"standard output could not be written ({results.failure.strerror})", file=sys.stderr)
        lines.flush()
        sys.stdout, sys.stderr = out, err


def _open_streams() -> None:
    """Give a process that was started without stdin, stdout or stderr an empty one.

    Else the next file that is opened gets its number, and whatever prints there writes into it.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
    sys.stdout = sys.stdout or os.fdopen(1, "w", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", closefd=False)


def _run(words: list[str]) -> None:
    if not words or words[0] in ("-h", "--help", "help"):
        print(USAGE)
        sys.exit(0 if words else 2)
    if words[0] == "--version":
        from patronage import __version__

        print(__version__)
        return
    verb, rest = words[0], words[1:]
    if verb not in VERBS:
        _fail(f"unknown verb {verb!r}; expected one of {', '.join(VERBS)} (patronage --help)", 2)
    try:
        os.getcwd()
    except FileNotFoundError:
        _fail("the current folder is gone; go to another one, then start again", 1)
    if sys.flags.optimize > 1:
        _fail("Python runs without docstrings (-OO, PYTHONOPTIMIZE=2), and LightGBM needs them; start it otherwise", 1)
    _check_memory()
    journal.begin(_style(rest), verbose=bool(VERBOSE & set(rest)))
    stopped: list[str] = []  # the names of signals that came
    handlers: dict[signal.Signals, Any] = {}
    try:
        from patronage.jobs.verbs import run_verb  # before the handlers: see `interrupts`

        handlers = _take_signals(stopped)
        run_verb(verb, [word for word in rest if word not in VERBOSE])
    except (Exception, KeyboardInterrupt, Stopped) as error:
        _explain(error, stopped)
    finally:
        interrupts.note_end()
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _check_memory() -> None:
    """Stop before the libraries are loaded where the limit of the process is too small for them."""
    try:
        import resource
    except ImportError:  # not on Windows, which has no such limit
        return
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit != resource.RLIM_INFINITY and limit < LEAST_ADDRESSES:
        _fail(
            f"out of memory before the job began: this process may use {limit / 1e6:,.0f} MB (ulimit -v), and the "
            f"libraries alone take {LEAST_ADDRESSES / 1e6:,.0f} MB of addresses; raise the limit",
            1,
        )


def _style(words: list[str]) -> str:
    """How a failure is written before the configuration is known."""
    return journal.JSON if f"logging={journal.JSON}" in words else journal.PLAIN


def _take_signals(stopped: list[str]) -> dict[signal.Signals, Any]:
    """Let a signal end the job in an orderly way, and put its name into the list; gives the handlers of before.

    A signal that the caller ignores, as nohup does, stays ignored. A library that is at work may turn what is raised
    here into an error of its own: the list still tells.
    """

    def stop(number: int, _: FrameType | None) -> None:
        stopped.append(signal.Signals(number).name)
        raise Stopped(stopped[-1])

    former = {}
    for name in STOPPED:
        number = getattr(signal, name, None)
        if number is None or not interrupts.is_free(number):
            continue
        try:
            former[number] = signal.signal(number, stop)
        except ValueError:  # not the main thread: its signals are the caller's
            break
    return former


def _explain(error: BaseException, stopped: list[str]) -> None:
    """The one line and the exit code of whatever ended a job."""
    if stopped or isinstance(error, Stopped | KeyboardInterrupt):
        name = stopped[0] if stopped else "SIGINT"
        _fail(f"stopped by {name}; {_left()}", STOPPED[name], error)
    if isinstance(error, PatronageError):
        _fail(str(error), error.exit_code, error)
    if any(sign in str(error) for sign in NO_MEMORY):
        _fail("out of memory before the job began; give it more, or stop what else runs", 1, error)
    last = traceback.extract_tb(error.__traceback__)[-1]  # the last resort: a defect of ours is one line too
    where = f"{os.path.basename(last.filename)}:{last.lineno}"
    _fail(  # without the error's own words, which may hold a customer's values
        f"unexpected {type(error).__name__} in {where}; this is a defect of patronage, please report it with what "
        "PATRONAGE_DEBUG=1 shows",
        1,
        error,
    )


def _left() -> str:
    """What a job that was stopped leaves behind."""
    now = journal.current()
    facts = list(now.facts)
    if now.run_id:
        facts.append(f"run {now.run_id} is {now.run_status}")
    return "; ".join(facts) if facts else interrupts.BEFORE


def _fail(message: str, code: int, error: BaseException | None = None) -> None:
    if error is not None and os.environ.get("PATRONAGE_DEBUG") == "1":
        traceback.print_exception(error)
    print(journal.failure_line(message, code), file=sys.stderr)
    sys.exit(code)
