"""How many small changes of the code do the tests notice? Of the rooms where a wrong sign stays unseen for long.

    pip install mutmut && mutmut run 'patronage.cutoff.*'                          # makes the changes, judges some
    mutmut run $(python benchmarks/mutation.py draw "the door's rules" 300)        # judges a random sample of a room
    python benchmarks/mutation.py                                                  # writes mutation.md

mutmut (https://mutmut.readthedocs.io) changes one thing at a time (a comparison, a sign, a number, an argument) and
runs the quick tests that reach it; `[tool.mutmut]` in pyproject.toml says where. This script draws samples,
with a seed, and writes `mutation.md` from what mutmut left in the folder `mutants`.
"""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from patronage.statistics import wilson_interval

HERE = Path(__file__).resolve().parent
MUTANTS = Path("mutants") / "src" / "patronage"
SEED = 21
SURVIVED, NO_TEST, ENDLESS = (0,), (5, 33), (24, 36, 152, 255, -24)  # exit codes of mutmut; the last: out of time
ROOMS = {
    "cutoff": ("cutoff",),
    "labels": ("labels",),
    "statistics": ("statistics",),
    "intervals": ("evaluation/intervals",),
    "the mean of laws": ("models/btyd/mean",),
    "the laws": tuple(
        f"models/btyd/{name}"
        for name in ("bg_nbd", "integrals", "intervals", "law", "pareto_nbd", "quantiles", "spend")
    ),
    "the door's rules": tuple(
        f"data/{name}" for name in ("duplicates", "keys", "left_out", "order_numbers", "rounding", "row_rules", "span")
    ),
}
TEXT = """
A room of which not all changes were judged was sampled at random (`draw`, seed 21); the interval is that of the share
(Wilson, 95 %). Of the laws 200 changes were drawn and judged. The door's rules were sampled anew (seed 30111), after
rows were added that hold every finding in full, with a row on each side of every border, for whole kinds of changes
and not for those of an earlier sample, of which 72 % had been noticed: the first 79 in random order were judged by the
tests of the module alone. 76 were noticed. Of the 3 that were not, one changes nothing that is seen (a number of days
beyond every log), one has a row since (`where` that is empty), one is open (a computed quantity of texts).

A change that runs out of time counts as noticed, as mutmut counts it; on a busy machine a slow test may look like that.
What survives is of these kinds, most of which change nothing that can be seen:

- a type that is the default (`np.asarray(x, None)` of floats), `kind="stable"` of a sort whose ties are summed, `clip`
  beyond where the value can lie, a floor such as `max(n, 1)` raised to 2 where n is 0 or large;
- SQL in small letters, `indent` of JSON, an `ORDER BY` in another case;
- `reindex(None)` and `index=None` where pandas aligns by the index anyway; `categorize` of a hash, a matter of speed;
- `<` for `<=` of a random share; drawing groups of customers where single ones would do, which is about speed too;
- fewer or more words in a message: how many near names it shows, how it is cut.

Some that survive would be seen and have no row yet: in `models/btyd/integrals`, the slope of a fall and the window of
a dropout, where the other tests allow more than the change makes. In `models/btyd/intervals`, the tails of groups and
their borders have rows since, worked by hand; the table is from before.
"""


def exit_codes(module: str) -> dict[str, int | None]:
    """What mutmut found of each change of a module; None where it has not tried."""
    meta = MUTANTS / f"{module}.py.meta"
    return json.loads(meta.read_text())["exit_code_by_key"] if meta.exists() else {}


def draw(room: str, size: int) -> list[str]:
    """The names of a random sample of the changes of a room; a larger one holds the smaller ones."""
    names = sorted(name for module in ROOMS[room] for name in exit_codes(module))
    random.Random(SEED).shuffle(names)
    return names[:size]


def counts(name: str, codes: list[int | None]) -> dict[str, object]:
    """The row of a module or a room."""
    judged = [code for code in codes if code is not None]
    survived, missed, endless = (sum(code in kind for code in judged) for kind in (SURVIVED, NO_TEST, ENDLESS))
    noticed = len(judged) - survived - missed
    low, high = (100 * float(end[0]) for end in wilson_interval(np.array([noticed]), np.array([len(judged)])))
    return {
        "module": name,
        "changes": len(codes),
        "judged": len(judged),
        "noticed": noticed,
        "of these out of time": endless,
        "survived": survived,
        "no quick test": missed,
        "noticed, %": f"{100 * noticed / len(judged):.1f}" if judged else "",
        "interval": f"{low:.0f} to {high:.0f}" if 0 < len(judged) < len(codes) else "",
    }


def main() -> None:
    """Write the table."""
    rows = []
    for room, modules in ROOMS.items():
        codes = {module: list(exit_codes(module).values()) for module in modules}
        rows.append(counts(f"**{room}**", [code for each in codes.values() for code in each]))
        rows += [counts(module, each) for module, each in codes.items() if len(modules) > 1]
    table = pd.DataFrame(rows)
    text = [
        "# Small changes of the code that the tests notice",
        "",
        "Made by `benchmarks/mutation.py` from a run of mutmut over the quick tests.",
        "",
        "| " + " | ".join(table.columns) + " |",
        "|---|" + "---:|" * (len(table.columns) - 1),
        *("| " + " | ".join(str(value) for value in row) + " |" for row in table.itertuples(index=False)),
    ]
    (HERE / "mutation.md").write_text("\n".join(text) + "\n" + TEXT)
    print("\n".join(text))


if __name__ == "__main__":
    if sys.argv[1:2] == ["draw"]:
        print(*draw(sys.argv[2], int(sys.argv[3])))
    else:
        main()
