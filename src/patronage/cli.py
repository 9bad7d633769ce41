"""The entry of the `patronage` command: what it imports itself is next to nothing.

All else is loaded under the guard, for the libraries take seconds, in which Ctrl-C would show Python's own traceback.
"""

from __future__ import annotations

import sys

from patronage import interrupts


def main(arguments: list[str] | None = None) -> None:
    """Run one verb: `patronage VERB [hydra overrides]`.

    Parameters
    ----------
    arguments
        None: those of the process, which ends with the command. Else nothing of the caller's signals is changed before
        or after the verb.
    """
    words = sys.argv[1:] if arguments is None else arguments
    if arguments is None:
        interrupts.guard(words)
    from patronage.command_line import run

    run(words)


if __name__ == "__main__":
    main()
