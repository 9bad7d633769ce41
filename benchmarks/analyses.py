"""Measure each analysis beside the features: `python benchmarks/analyses.py [FOLDER [CUSTOMERS [NAME ...]]]`.

It adds to analyses.md, where each size of log has a section of its own, which a run of that size replaces; all other
sections stay as they are. Customers are simulated with every column and event, into FOLDER where one is given and kept
there. The door, the features as of the cutoff and each analysis with its shipped settings are measured in CPU seconds
of one process, one after the other; a busy machine makes all of them dearer, and their ratios little. With names only
these are run, in their order: FOLDER keeps each analysis as soon as it is measured, so that a large log can be measured
in pieces, minutes apart, and what came before an end by force is not lost. `features` is a name too, `page` writes the
section of what is kept.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import pandas as pd

from patronage import data, lenses
from patronage.analyses.catalogue import ANALYSES
from patronage.analyses.contract import Population, View
from patronage.config import AnalyseConfig, EngineConfig
from patronage.data.simulated import SimulatedConfig, write
from patronage.engine import connect
from patronage.errors import DataError
from patronage.jobs.analyse import earlier_customers
from patronage.jobs.compose import settings
from patronage.training.origins import earlier_of

T = TypeVar("T")
CUSTOMERS = 290_000  # 10 million lines
THREADS, MEMORY = 1, "6GB"
CUTOFF = "2023-10-01"
PERIOD_DAYS = 7
MOST = 3.0  # times the features
FEATURES = "features"
PAGE = Path(__file__).with_suffix(".md")
TITLE = """# What the analyses cost

Made by `benchmarks/analyses.py`: CPU seconds of one process, and as a multiple of the features as of the cutoff, which
each analysis reads. Some analyses look at a sample (`most_customers`), which is drawn in the engine.
"""
SECTION = """
{customers:,} simulated customers with {lines:,} lines and {events:,} events; {threads} thread, DuckDB limited to
{memory}, Python {python}, {how}, peak memory {peak:,.0f} MB; the machine's load was {load:.1f} at the end. The most is
{name}: {most:.2f} times the features; the border of the design is {border:.0f}.

| what | CPU s | times the features | |
|---|---:|---:|---|
{rows}
"""


def spent(work: Callable[[], T]) -> tuple[T, float]:
    """What some work gives, and its CPU seconds."""
    began = time.process_time()
    result = work()
    return result, time.process_time() - began


class Measured(NamedTuple):
    """What some work took: CPU seconds, and what it told."""

    seconds: float
    remark: str = ""


def measure(folder: Path, only: Sequence[str] = ()) -> tuple[dict[str, Measured], Mapping[str, int]]:
    """CPU seconds and a remark of the door, the features and each analysis; with names, of the door and of these."""
    tables_of = {name: folder / f"{name}.parquet" for name in ("transactions", "events", "customers")}
    given = [
        "data=tables", "data.money_decimals=2", "data.on_duplicate_rows=keep", f"cutoff={CUTOFF}",
        *(f"data.{name}.path={path}" for name, path in tables_of.items()),
        "data.customers.attributes={region: geographic, lifestyle: psychographic}",
    ]  # fmt: skip
    config: AnalyseConfig = settings("analyse", given)
    cutoff = datetime.fromisoformat(config.cutoff)
    engine = connect(EngineConfig(name="duckdb", threads=THREADS, memory_limit=MEMORY))
    tables, door = spent(lambda: data.load(engine, config.data))
    measured = {"the door": Measured(door)}

    def population(day: datetime, *, anew: bool = False) -> tuple[Population, float]:
        place, labels = (folder / f"{name}_{day:%Y%m%d}.parquet" for name in (FEATURES, "segments"))
        used = 0.0
        if anew or not place.exists():
            features, used = spent(lambda: lenses.features_at(tables, day, config.lenses, PERIOD_DAYS))
            features.to_parquet(place)
        of = pd.read_parquet(place)
        if not labels.exists():
            fitted = lenses.fit(of, config.lenses, earlier_of(tables, day, config.lenses))
            lenses.segments(of, fitted).to_parquet(labels)
        return Population(of, pd.read_parquet(labels)), used

    then, _ = population(cutoff - timedelta(days=config.movement_days))
    now, used = population(cutoff, anew=not only or FEATURES in only)
    if used:
        measured[FEATURES] = Measured(used, f"{now.features.shape[1]} of {len(now.features):,} customers")
    counts = {**tables.rows, "customers": len(now.features)}
    keep(folder, measured, counts)
    with lenses.look_back(tables, cutoff, config.lenses, PERIOD_DAYS) as history:
        meanings = {name: feature.what for name, feature in lenses.described(config.lenses).items()}
        view = View(history, now, then, config.movement_days, config.seed, meanings, config.lenses.occasion)
        named = {analysis.name: analysis for analysis in ANALYSES}
        for analysis in [named[name] for name in only if name in named] if only else ANALYSES:
            extra = 0.0
            if analysis.name in ("turns", "came_back") and view.earlier is None:  # these alone look at a third moment
                earlier, extra = spent(lambda: earlier_customers(config, cutoff, tables, len(now.features)))
                view = replace(view, earlier=earlier)
            own = config.lenses.value if analysis.name == "pyramid" else getattr(config, analysis.name, config)
            began, remark = time.process_time(), ""
            try:
                analysis.run(view, own)
            except DataError as error:
                remark = str(error)
            measured[f"`{analysis.name}`"] = Measured(time.process_time() - began + extra, remark)
            keep(folder, measured, counts)
    return measured, counts


def measured_before(folder: Path) -> dict[str, Any]:
    """What earlier pieces measured in a folder: rows, counts of the log and the most memory of a piece."""
    pieces = folder / "measured.json"
    return json.loads(pieces.read_text()) if pieces.exists() else {"peak": 0.0, "rows": {}, "counts": {}}


def keep(folder: Path, measured: Mapping[str, Measured], counts: Mapping[str, int]) -> None:
    """Add what was measured so far to what the folder keeps."""
    earlier = measured_before(folder)
    peak = max(earlier["peak"], resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    rows = {**earlier["rows"], **measured}
    (folder / "measured.json").write_text(json.dumps({"peak": peak, "rows": rows, "counts": dict(counts)}))
    print(list(measured.items())[-1], flush=True)


def put(page: str, title: str, text: str) -> str:
    """Give a page with the section of a title replaced, or with a new one at the end."""
    head, *sections = page.split("\n## ")
    texts = dict(section.split("\n", 1) for section in sections)
    texts[title] = text
    return "\n## ".join([head, *(f"{name}\n{body}" for name, body in texts.items())])


def main(folder: Path, customers: int = CUSTOMERS, only: Sequence[str] = ()) -> None:
    """Simulate, measure, and write the section of this size, with what earlier pieces measured."""
    if not (folder / "transactions.parquet").exists():
        write(SimulatedConfig(customers=customers), folder, threads=THREADS)
    if tuple(only) == ("simulate",):
        return
    if not only:
        (folder / "measured.json").unlink(missing_ok=True)
    if tuple(only) != ("page",):
        measure(folder, only)
    earlier = measured_before(folder)
    peak, counts = earlier["peak"], earlier["counts"]
    rows = {name: Measured(*row) for name, row in earlier["rows"].items()}
    order = ["the door", FEATURES, *(f"`{analysis.name}`" for analysis in ANALYSES)]
    measured = {name: rows[name] for name in order if name in rows}
    base = measured[FEATURES].seconds
    most, name = max((row.seconds / base, name) for name, row in measured.items() if name not in order[:2])
    lines = [
        f"| {what} | {row.seconds:.1f} | {row.seconds / base:.2f} | {row.remark} |" for what, row in measured.items()
    ]
    text = SECTION.format(
        customers=counts["customers"], lines=counts["transactions"], events=counts["events"], threads=THREADS,
        memory=MEMORY, python=platform.python_version(), peak=peak, how="in pieces" if only else "in one process",
        load=os.getloadavg()[0], most=most, name=name, border=MOST, rows="\n".join(lines),
    )  # fmt: skip
    page = PAGE.read_text() if PAGE.exists() else TITLE
    PAGE.write_text(put(page, f"About {float(format(counts['transactions'], '.2g')):,.0f} lines", text))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]), *map(int, sys.argv[2:3]), only=sys.argv[3:])
    else:
        with tempfile.TemporaryDirectory() as place:
            main(Path(place))
