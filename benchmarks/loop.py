"""The loop over several simulated worlds: `python benchmarks/loop.py` writes loop.md beside it.

Each world has its own 5,000 customers, training, lots and answers; `more` is what a policy earns per 1,000 customers
beside contacting nobody, and in the last rows the learned policy beside the assumed one, as the mean over worlds with
its 95 % interval over worlds (Student's t). Both answers of each customer are known, so what is left to differ is the
worlds. `worlds above 0` are those in which it earned more.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pandas as pd

import patronage as pt
from patronage.data.simulated import simulate
from patronage.evaluation.loop import NOBODY, LoopSettings, close_loop, monthly, over_worlds

WORLDS, CUSTOMERS, MONTHS = (21, 22, 23, 24), 5_000, 6
QUICK = ["personas.k=4", "personas.allow_unstable=true", "personas.bootstraps=3", "churn=btyd", "origins.most=1"]
HEAD = "| policy | month | more, 95 % over worlds | share contacted | worlds above 0 |\n|---|---:|---:|---:|---:|"


def months_of(seed: int) -> pd.DataFrame:
    """What each month earned in one world."""
    world = simulate(CUSTOMERS, seed=seed, days=730)
    log = pt.read(world.transactions, events=world.events, customers=world.customers, on_duplicate_rows="keep")
    bundle = pt.train(log, "2023-04-01", horizon_days=90, overrides=QUICK).bundle
    return close_loop(world, bundle, monthly(datetime(2023, 4, 1), MONTHS), LoopSettings(seed=seed)).months


def main() -> None:
    """Run the worlds, and write the table."""
    months = {}
    for seed in WORLDS:
        months[seed] = months_of(seed)
        print(seed, months[seed].round(1).to_string(), sep="\n", flush=True)
    table = over_worlds(months)
    above = (pd.concat(months)["more"] > 0).groupby(pd.concat(months)[["policy", "cutoff"]].apply(tuple, axis=1)).sum()
    rows = []
    for policy, own in table[table["policy"] != NOBODY].groupby("policy", sort=False):
        for month, row in enumerate(own.itertuples(), 1):
            rows.append(
                f"| {policy} | {month} | {row.more:.0f} [{row.low:.0f}, {row.high:.0f}] | {row.share:.0%} | "
                f"{above[(policy, row.cutoff)]} of {len(WORLDS)} |"
            )
    text = (__doc__ or "").split("\n\n", 1)[1].strip()
    whole = f"# The loop over worlds\n\n{text}\n\n" + "\n".join([HEAD, *rows]) + "\n"
    Path(__file__).with_suffix(".md").write_text(whole)


if __name__ == "__main__":
    main()
