"""The loop over several simulated worlds: `python benchmarks/loop.py [FOLDER [SEED ...]]` writes loop.md beside it.

FOLDER keeps the months of each world, so that worlds can be run in pieces; the table has all that are there.

Each world has its own 5,000 customers, training, lots and answers; `more` is what a policy earns per 1,000 customers
beside contacting nobody, and in the last rows the learned policy beside the assumed one, as the mean over worlds with
its 95 % interval over worlds (Student's t). Both answers of each customer are known, so what is left to differ is the
worlds. `worlds above 0` are those in which it earned more.
"""

from __future__ import annotations

import sys
import tempfile
from datetime import datetime
from pathlib import Path

import pandas as pd

import patronage as pt
from patronage.data.simulated import simulate
from patronage.evaluation.loop import NOBODY, LoopSettings, close_loop, monthly, over_worlds

WORLDS, CUSTOMERS, MONTHS = tuple(range(21, 31)), 5_000, 6
QUICK = ["personas.k=4", "personas.allow_unstable=true", "personas.bootstraps=3", "churn=btyd", "origins.most=1"]
HEAD = "| policy | month | more, 95 % over worlds | share contacted | worlds above 0 |\n|---|---:|---:|---:|---:|"


def months_of(seed: int) -> pd.DataFrame:
    """What each month earned in one world."""
    world = simulate(CUSTOMERS, seed=seed, days=730)
    log = pt.read(world.transactions, events=world.events, customers=world.customers, on_duplicate_rows="keep")
    bundle = pt.train(log, "2023-04-01", horizon_days=90, overrides=QUICK).bundle
    return close_loop(world, bundle, monthly(datetime(2023, 4, 1), MONTHS), LoopSettings(seed=seed)).months


def main(folder: Path, *seeds: int) -> None:
    """Run the worlds of these seeds, and write the table of all worlds."""
    folder.mkdir(parents=True, exist_ok=True)
    for seed in seeds or WORLDS:
        months = months_of(seed)
        months.to_parquet(folder / f"{seed}.parquet")
        print(seed, months.round(1).to_string(), sep="\n", flush=True)
    worlds = {int(path.stem): pd.read_parquet(path) for path in sorted(folder.glob("*.parquet"))}
    if len(worlds) < 2:
        return
    table, every = over_worlds(worlds), pd.concat(worlds)
    above = (every["more"] > 0).groupby(every[["policy", "cutoff"]].apply(tuple, axis=1)).sum()
    rows = []
    for policy, own in table[table["policy"] != NOBODY].groupby("policy", sort=False):
        for month, row in enumerate(own.itertuples(), 1):
            rows.append(
                f"| {policy} | {month} | {row.more:.0f} [{row.low:.0f}, {row.high:.0f}] | {row.share:.0%} | "
                f"{above[(policy, row.cutoff)]} of {len(worlds)} |"
            )
    text = (__doc__ or "").split("\n\n", 2)[2].strip()
    named = f"The seeds of the worlds are {', '.join(map(str, worlds))}."
    whole = f"# The loop over worlds\n\n{text} {named}\n\n" + "\n".join([HEAD, *rows]) + "\n"
    Path(__file__).with_suffix(".md").write_text(whole)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]), *map(int, sys.argv[2:]))
    else:
        with tempfile.TemporaryDirectory() as place:
            main(Path(place))
