"""Measure scoring by the size of the log: `python benchmarks/score.py [CUSTOMERS ...]` writes score.md beside it.

A model is trained on a small simulated log; larger ones (20 lines a customer, no events) are scored by `patronage
score` in a process of its own, beside a plain scan of the same Parquet files and the features alone. CPU and the peak
of the resident memory are those of the whole process, Python and its imports included. Wall time depends on the other
load of the machine, so each row gives that load. Rows of sizes that are not measured this time stay.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import duckdb

THREADS, MEMORY = 2, "1500MB"
CUTOFF = "2023-09-01"
SIZES = (50_000, 500_000, 5_000_000)
SHOP = ("data.simulated.events=false", "data.simulated.purchase_alpha_days=280")  # 20 lines a customer
SMALL = ("data=simulated", "data.simulated.customers=4000", *SHOP)
QUICK = ("personas.bootstraps=3", "evaluation.bootstraps=20", "origins.most=2", "horizon_days=90")
ATTRIBUTES = {
    "age": "demographic", "income": "demographic", "region": "geographic", "lifestyle": "psychographic",
    "industry": "firmographic", "company_size": "firmographic",
}  # fmt: skip
HEAD = (
    "| lines | customers | passes | scan CPU s | features CPU s | score CPU s | CPU s per million lines | "
    "of features | wall s | peak memory MB | load |\n" + "|---:" * 11 + "|"
)


def command(*words: str) -> list[str]:
    """Write the command line of `patronage` for a process of its own."""
    return [sys.executable, "-m", "patronage.cli", *words]


def measured(words: list[str], root: Path) -> dict[str, float]:
    """Measure CPU, wall time and peak memory of a process, from another process that does nothing else."""
    code = (
        "import json, resource, subprocess, sys, time\n"
        "began = time.perf_counter()\n"
        "subprocess.run(sys.argv[1:], check=True, stdout=sys.stderr)\n"
        "used = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "print(json.dumps({'wall': time.perf_counter() - began, 'cpu': used.ru_utime + used.ru_stime,"
        " 'memory': used.ru_maxrss / 1024}))"
    )
    environment = os.environ | {"PATRONAGE_ROOT": str(root)}
    done = subprocess.run([sys.executable, "-c", code, *words], env=environment, check=True, capture_output=True)
    return json.loads(done.stdout.splitlines()[-1])


def tables(folder: Path) -> list[str]:
    """Write the data settings of a simulated folder."""
    return [
        "data=tables", f"data.transactions.path={folder}/transactions.parquet",
        f"data.customers.path={folder}/customers.parquet", "data.on_duplicate_rows=keep", "data.money_decimals=2",
        *(f"+data.customers.attributes.{name}={kind}" for name, kind in ATTRIBUTES.items()),
        f"engine.threads={THREADS}", f"engine.memory_limit={MEMORY}",
    ]  # fmt: skip


def scan(folder: Path) -> None:
    """Decode every column of every table once: the least that any program must do."""
    import pyarrow.parquet as pq

    for table in ("transactions", "customers"):
        for _ in pq.ParquetFile(folder / f"{table}.parquet").iter_batches():
            pass


def features(folder: Path, model: Path) -> None:
    """Compute the features of all customers in the same passes, and nothing else."""
    from omegaconf import OmegaConf

    from patronage import data, lenses, scoring
    from patronage.bundle import Bundle
    from patronage.config import DataConfig, typed
    from patronage.engine import DuckDB
    from patronage.lenses import Part

    given = [word.lstrip("+").removeprefix("data.") for word in tables(folder) if word.lstrip("+").startswith("data.")]
    config = typed(DataConfig, OmegaConf.from_dotlist(["name=tables", *given]))
    bundle = Bundle.load(model)
    read = data.load(DuckDB(THREADS, MEMORY, folder), config)
    passes = scoring.how_many("auto", read)
    for number in range(passes):
        part = Part(number, passes)
        lenses.features_at(
            read, datetime.fromisoformat(CUTOFF), bundle.lenses, bundle.period_days, bundle.lens_names, part
        )


def main(root: Path, sizes: tuple[int, ...]) -> None:
    """Measure all sizes and write the table. Logs and the model in the folder are used again."""
    (root / "mlruns").mkdir(parents=True, exist_ok=True)
    if not (root / "mlruns" / "mlflow.db").exists():
        measured(command("train", *SMALL, *QUICK, f"cutoff={CUTOFF}"), root)
    (model,) = (root / "mlruns" / "artifacts").glob("*/models/*/artifacts/artifacts/bundle")
    for customers in sizes:
        folder = root / f"log_{customers}"
        if not folder.exists():
            words = command("simulate", f"output={folder}", f"data.simulated.customers={customers}", *SHOP)
            subprocess.run(words, check=True, stdout=sys.stderr)
        write(row(folder, customers, model, root))


def row(folder: Path, customers: int, model: Path, root: Path) -> str:
    """Measure one size and write its row."""
    output = root / "scores.parquet"
    words = command(
        "score", "model=models:/patronage/1", f"cutoff={CUTOFF}", f"output={output}",
        "data.max_staleness_days=3650", *tables(folder),
    )  # fmt: skip
    run = measured(words, root)
    load = os.getloadavg()[0]
    output.unlink()
    floor = measured([sys.executable, __file__, "scan", str(folder)], root)
    alone = measured([sys.executable, __file__, "features", str(folder), str(model)], root)
    ((lines,),) = duckdb.sql(f"SELECT count(*) FROM '{folder}/transactions.parquet'").fetchall()
    passes = max(1, -(-(lines + customers) // 5_000_000), -(-customers // 200_000))
    return (
        f"| {lines:,} | {customers:,} | {passes} | {floor['cpu']:.1f} | {alone['cpu']:.1f} | {run['cpu']:.1f} | "
        f"{1e6 * run['cpu'] / lines:.1f} | {run['cpu'] / alone['cpu']:.2f} | {run['wall']:.0f} | "
        f"{run['memory']:.0f} | {load:.1f} |"
    )


def write(new: str) -> None:
    """Put a row into the table; it replaces the row of the same number of lines."""
    print(new, flush=True)
    table = Path(__file__).with_suffix(".md")
    lines = table.read_text().splitlines() if table.exists() else []
    rows = {line.split("|")[1]: line for line in [*lines, new] if line.startswith("| ") and line[2].isdigit()}
    about = (
        f"{os.cpu_count()} cores, engine.threads={THREADS}, engine.memory_limit={MEMORY}, Python "
        f"{platform.python_version()}, DuckDB {duckdb.__version__}; load is the machine's at the end of the scoring, "
        "the work of others included"
    )
    text = f"# Scoring by the size of the log\n\nMade by `benchmarks/score.py`; {about}.\n\n{HEAD}\n"
    table.write_text(text + "\n".join(sorted(rows.values(), key=lambda line: (len(line.split("|")[1]), line))) + "\n")


if __name__ == "__main__":
    if sys.argv[1:2] == ["scan"]:
        scan(Path(sys.argv[2]))
    elif sys.argv[1:2] == ["features"]:
        features(Path(sys.argv[2]), Path(sys.argv[3]))
    else:
        main(
            Path(os.environ.get("SCORE_BENCH", "mlruns/score_bench")).resolve(), tuple(map(int, sys.argv[1:])) or SIZES
        )
