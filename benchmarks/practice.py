"""Measure whether the analyses find what is planted, and nothing else: `python benchmarks/practice.py` writes
practice.md beside it.

In each simulated log all of `simulation/practice.py` is planted with the strengths of `STRENGTHS`; with strength 0 the
same acts occur and nothing follows from them. A plant is recovered where the analysis names it; of everything else that
the same table holds, whatever is named is a false finding.

`python benchmarks/practice.py 3000 4 elsewhere 101` prints the same of other places and other, mostly smaller shares
(`PLACES`), from seed 101 on.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pandas as pd

from patronage import lenses
from patronage import names as c
from patronage.analyses import first_days, obstacles, pressure, sequences, voice
from patronage.analyses.beyond_chance import CHANCE, MORE
from patronage.analyses.contract import Population, Result, View
from patronage.analyses.rule_search import HOLDS
from patronage.config import (
    DataConfig,
    FirstDaysConfig,
    LensesConfig,
    ObstaclesConfig,
    PressureConfig,
    SequencesConfig,
    StayTarget,
    VoiceConfig,
)
from patronage.data import load_tables
from patronage.data.contract import CUSTOMERS, EVENTS, TRANSACTIONS
from patronage.data.simulated import simulate
from patronage.data.source import SourceTable
from patronage.engine import DuckDB
from patronage.simulation import practice as plants
from patronage.simulation.parameters import CATEGORIES
from patronage.simulation.settings import PLANTS

HEAD = """0 the same acts occur and nothing follows: *named* is then false, too. Each keeps the share
of false discoveries at 5 % in each table. `first_days` may name the banner that goes along, `voice` another category in
another region, `obstacles` an act other than the failed payment, `pressure` a change of later orders, `sequences`
another pair of categories.
What precedes or follows by the way customers are made (a visit before its order, a refund after it) is not
counted.

The analyses were mended on logs of seeds 0 to 4; the others were not looked at in detail. In earlier versions an
early act that matters was missed, 9 of 151 pairs were obstacles where none is planted, and with strength 0
`sequences` named 9 of 1,048 pairs and `voice` 20 of 472 cells.

An early act is held beside the others that were found, but not beside those that most customers did only later.
That was decided on seeds 0 to 4 and 10 to 39 and judged on 20 others of each of the three places (seeds from 600, 700
and 800). With full strength the act that matters is named in 53 of 60 logs and is beyond chance in 54; in one it goes
along with the banner. With half the strength it is named in 25 of 60 and beyond chance in 27, with none in none. The
banner is named in 2 of 180: in one the tour is not beyond chance, in the other the banner is surer than the tour.
Before, each act was held beside all others: with full strength the act that matters was named in 42 of the 60 and went
along in 12, half of them with carts or orders of the weeks after it; the banner was named in 3 of 120.

Planted in other places and with other, mostly smaller shares (`PLACES`; seeds 101 to 104 and 201 to 204, full strength)
the early act was named in 7 of 8 logs, the bad category in 7, obstacle, pressure and precursor in all 8; of what else
could be named 1 of 8 banners, none of 472 cells, none of 1,339 acts, no change of orders, 2 of 1,048 pairs. With
strength 0, in six of these logs, `pressure` named one change of unsubscribing and one of orders, the others nothing: by
an interval of 95 % for each of its three outcomes. In 48 more logs with strength 0 (16 of each of `PLACES`, seeds from
300, 400 and 500) 9 of 144 such intervals left out 0, in 9 logs: chance, and too often for a table of three. False
discoveries are controlled over the three since; in the same 48 logs it names 4.

`voice` was one table of many small families, whose rows were counted one by one: it is one family since, and rests on
customers. In two logs that nobody had looked at (`PLACES`, seeds 611 and 612) the bad category was named with strength
.5 and 1 in both, with strength 0 in none, and none of 354 other cells.

"""
STRENGTHS = (0.0, 0.5, 1.0)
PLACES: dict[str, dict[str, object]] = {
    "": {},
    "elsewhere": {"BAD_CATEGORY": "fashion", "BAD_REGION": "south", "P_SENT_BACK": 0.2, "FIRST": "garden",
                  "THEN": "beauty", "P_THEN": 0.4, "MORE_ORDERS": 2, "P_LOST": 0.6, "P_HAD_ENOUGH": 0.1},
    "rarer": {"BAD_CATEGORY": "electronics", "BAD_REGION": "west", "FIRST": "books", "THEN": "sport", "P_TOUR": 0.15,
              "P_FAILED": 0.1, "P_BURST": 0.2},
}  # fmt: skip
CUTOFF = datetime(2024, 1, 1)  # the end of the simulated log
Counts = tuple[bool, int, int]  # recovered, what else could be found, what else was


def view_of(customers: int, seed: int, strength: float) -> View:
    """A simulated log with everything planted."""
    simulated = simulate(customers, seed, planted=dict.fromkeys(PLANTS, strength))
    engine, sources = DuckDB(threads=2), {}
    for name in (TRANSACTIONS.name, EVENTS.name, CUSTOMERS.name):
        engine.add_frame(f"raw_{name}", getattr(simulated, name))
        sources[name] = SourceTable(f"raw_{name}", {}, attributes=())
    config = DataConfig(name="simulated", on_duplicate_rows="keep")
    history = lenses.look_back(load_tables(engine, sources, config), CUTOFF, LensesConfig(), 7)
    nobody = pd.DataFrame(index=pd.Index(simulated.customers[c.CUSTOMER_ID], name=c.CUSTOMER_ID))
    return View(history, Population(nobody, nobody), None, 91, 0)


def early_act(result: Result) -> Counts:
    """The tour, and not the banner that only goes along."""
    verdicts = result.tables["first_days_orders"].set_index("family")["verdict"]
    return verdicts.get(plants.TOUR) == HOLDS, 1, int(verdicts.get(plants.BANNER) == HOLDS)


def bad_product(result: Result) -> Counts:
    """The category in the region, and no other."""
    table = result.tables["voice"]
    own = table[(table["by"] == "category in location") & (table["voice"] == voice.RETURNED)].set_index("label")
    planted = f"{plants.BAD_CATEGORY} in {plants.BAD_REGION}"
    others = own.drop(index=planted)["stands_out"]
    return own.loc[planted, "stands_out"] == "above", len(others), int((others == "above").sum())


def obstacle(result: Result) -> Counts:
    """The failed payment after the checkout; where a payment fails, no other act."""
    table = result.tables["obstacles"]
    named = table["verdict"] == obstacles.OBSTACLE
    planted = table["obstacle"] == plants.FAILED
    return (
        bool((named & planted & (table["step"] == "checkout_started")).any()),
        int((~planted).sum()),
        int((named & ~planted).sum()),
    )


def under_pressure(result: Result) -> Counts:
    """More unsubscribing, and no change of later orders; who unsubscribes responds less, as planted."""
    own = result.tables["pressure_same_customer"].set_index("outcome")
    others = own.loc[["ordered"]]
    return own.loc["unsubscribed", "verdict"] == MORE, len(others), int((others["verdict"] != CHANCE).sum())


N_PAIRS = len(CATEGORIES) * (len(CATEGORIES) - 1) - 1  # of categories, without the planted one


def precursor(result: Result) -> Counts:
    """The category that follows, and no other pair of categories."""
    table = result.tables["sequences"]  # the clearest 200 pairs
    pairs = table[table["after"].isin(CATEGORIES) & table["then"].isin(CATEGORIES)]
    planted = (pairs["after"] == plants.FIRST) & (pairs["then"] == plants.THEN)
    named = pairs["verdict"] == "follows"
    return bool((named & planted).any()), N_PAIRS, int((named & ~planted).sum())


ORDERS_ONLY = FirstDaysConfig(targets={"orders": StayTarget("order")}, shuffles=0)
CASES: dict[str, tuple[str, Callable[[View], Result], Callable[[Result], Counts]]] = {
    "an early act that matters": ("first_days", lambda view: first_days.run(view, ORDERS_ONLY), early_act),
    "a bad category in one region": ("voice", lambda view: voice.run(view, VoiceConfig(segments=[])), bad_product),
    "an obstacle after the checkout": ("obstacles", lambda view: obstacles.run(view, ObstaclesConfig()), obstacle),
    "pressure of messages": ("pressure", lambda view: pressure.run(view, PressureConfig()), under_pressure),
    "a precursor": ("sequences", lambda view: sequences.run(view, SequencesConfig()), precursor),
}


def measured(customers: int, seeds: int, first: int = 0) -> pd.DataFrame:
    """A row per plant, strength and seed."""
    rows = []
    for strength in STRENGTHS:
        for seed in range(first, first + seeds):
            view = view_of(customers, seed, strength)
            for name, (analysis, run, judge) in CASES.items():
                rows.append((name, analysis, strength, *judge(run(view))))
            view.history.close()
            print(f"strength {strength}, seed {seed}", file=sys.stderr, flush=True)
    return pd.DataFrame(rows, columns=["planted", "analysis", "strength", "recovered", "others", "false"])


def as_lines(rows: pd.DataFrame) -> list[str]:
    """The table: of strength 0 what is named as the plant is false, too."""
    lines = ["| planted | analysis | strength | named | false, of what else could be named | share |",
             "|---|---|---:|---:|---:|---:|"]  # fmt: skip
    for (name, analysis, strength), own in rows.groupby(["planted", "analysis", "strength"], sort=False):
        false, others = own["false"].sum(), own["others"].sum()
        lines.append(
            f"| {name} | `{analysis}` | {strength:g} | {own['recovered'].sum()} of {len(own)} "
            f"| {false} of {others:,} | "
            f"{false / max(others, 1):.1%} |"
        )
    return lines


def main(customers: int = 3000, seeds: int = 8, places: str = "", first: int = 0) -> None:
    """Measure, and write the table; of other places, print it."""
    for name, value in PLACES[places].items():
        setattr(plants, name, value)
    lines = as_lines(measured(customers, seeds, first))
    if places:
        print("\n".join(lines))
        return
    head = (
        "# Do the analyses find what is planted?\n\n"
        f"Made by `benchmarks/practice.py`: {customers:,} simulated customers, two years, seeds 0 to {seeds - 1}; all "
        "of\n"
        f"`simulation/practice.py` planted at once. With strength {HEAD}"
    )
    Path(__file__).with_suffix(".md").write_text(head + "\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]), *sys.argv[3:4], *map(int, sys.argv[4:5]))
