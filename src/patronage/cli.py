"""The `patronage` command: `patronage VERB [hydra overrides]`."""

from __future__ import annotations

import gc
import os
import sys
import traceback
from typing import TextIO, cast

from patronage.errors import PatronageError
from patronage.masking import MaskedStream

VERBS = {
    "train": "fit, evaluate, assign every customer and log one MLflow run",
    "backtest": "measure all models at many origins; resumes where it was stopped",
    "search": "look for better settings of the ensemble, on origins that are over by the cutoff",
    "score": "assign every customer by a registered model, whole or not at all",
    "relog": "log the scorings that waited for the store",
    "check": "hold your data against the contract, and say what it supports",
    "analyse": "cohorts, drivers of satisfaction, the pyramid's movements, cross-sell, overlap of lenses",
    "simulate": "write customers with a known truth, as Parquet tables",
    "compare": "hold two runs against each other: what moved, why, and what it is worth",
    "promote": "make a run's model the champion, if every gate holds",
    "rollback": "give the champion's place back to the version before",
}

USAGE = "\n".join(
    [
        "usage: patronage VERB [key=value ...]",
        "",
        *(f"  {verb:<8} {what}" for verb, what in VERBS.items()),
        "",
        "first steps",
        "  patronage train experiment=cdnow                       the main job, on real data",
        "  patronage check data=tables data.transactions.path=FILE",
        "  patronage train -m experiment=cdnow personas.k=4,5,6   a sweep: one parent run with children",
        "  patronage compare baseline=RUN candidate=RUN           RUN: an id, a name, @champion",
        "  patronage train --help                                 every key with its value and reason",
        "",
        "exit codes: 0 done, 1 failed (one line says why), 2 usage or configuration",
        "PATRONAGE_DEBUG=1 shows the traceback behind an error line.",
    ]
)


def main(arguments: list[str] | None = None) -> None:
    """Run one verb; errors become one line on stderr and an exit code. Secrets are masked in all that is printed."""
    gc.set_threshold(100_000)  # looking for garbage among all that is imported, which stays, took a fifth of a start
    words = sys.argv[1:] if arguments is None else arguments
    out, err = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = cast(TextIO, MaskedStream(out)), cast(TextIO, MaskedStream(err))
    try:
        _run(words)
    finally:
        sys.stdout, sys.stderr = out, err


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
        from patronage.jobs.verbs import run_verb

        run_verb(verb, rest)
    except PatronageError as error:
        _fail(str(error), error.exit_code, error)
    except BrokenPipeError:  # the reader of our output has gone, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except KeyboardInterrupt:
        _fail("interrupted; nothing was logged", 130)
    except Exception as error:  # the last resort: a defect of ours is one line too
        last = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{os.path.basename(last.filename)}:{last.lineno}"
        _fail(  # without the error's own words, which may hold a customer's values
            f"unexpected {type(error).__name__} in {where}; this is a defect of patronage, please report it with what "
            "PATRONAGE_DEBUG=1 shows",
            1,
            error,
        )


def _fail(message: str, code: int, error: BaseException | None = None) -> None:
    if error is not None and os.environ.get("PATRONAGE_DEBUG") == "1":
        traceback.print_exception(error)
    print("patronage: " + " ".join(message.split()), file=sys.stderr)
    sys.exit(code)


if __name__ == "__main__":
    main()
