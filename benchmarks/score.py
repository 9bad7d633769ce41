"""What scoring costs by the size of the log: `python benchmarks/score.py [CUSTOMERS ...]` writes score.md beside it.

A model is trained on a small simulated log; larger ones (35 lines a customer, no events) are scored by `patronage
score` in a process of its own, beside a plain scan of the same Parquet files and the features alone. CPU and the peak
of the resident memory are those of the whole process, Python and its imports included. Wall time depends on who else
uses the machine.
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
SIZES = (29_000, 290_000, 2_850_000)
SMALL = ("data=simulated", "data.simulated.customers=4000", "data.simulated.events=false")
QUICK = ("personas.bootstraps=3", "evaluation.bootstraps=20", "origins.most=2", "horizon_days=90")
ATTRIBUTES = {
    "age": "demographic", "income": "demographic", "region": "geographic", "lifestyle": "psychographic",
    "industry": "firmographic", "company_size": "firmographic",
}  # fmt: skip
HEAD = (
    "| lines | customers | passes | scan CPU s | features CPU s | score CPU s | CPU s per million lines | "
    "of features | wall s | peak memory MB |\n" + "|---:" * 10 + "|"
)


def command(*words: str) -> list[str]:
    """`patronage` in a process of its own."""
    return [sys.executable, "-m", "patronage.cli", *words]


def measured(words: list[str], root: Path) -> dict[str, float]:
    """CPU, wall time and peak memory of a process, measured by another one that does nothing else."""
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
    """The data setting of a simulated folder."""
    return [
        "data=tables", f"data.transactions.path={folder}/transactions.parquet",
        f"data.customers.path={folder}/customers.parquet", "data.on_duplicate_rows=keep", "data.money_decimals=2",
        *(f"+data.customers.attributes.{name}={kind}" for name, kind in ATTRIBUTES.items()),
        f"engine.threads={THREADS}", f"engine.memory_limit={MEMORY}",
    ]  # fmt: skip


def scan(folder: Path) -> None:
    """Decode every column of every table once: what no program can do without."""
    import pyarrow.parquet as pq

    for table in ("transactions", "customers"):
        for _ in pq.ParquetFile(folder / f"{table}.parquet").iter_batches():
            pass


def features(folder: Path, model: Path) -> None:
    """The features of everybody in the same passes, and nothing else."""
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
    """All sizes, as a table. What was made in the folder is used again."""
    (root / "mlruns").mkdir(parents=True, exist_ok=True)
    if not (root / "mlruns" / "mlflow.db").exists():
        measured(command("train", *SMALL, *QUICK, f"cutoff={CUTOFF}"), root)
    (model,) = (root / "mlruns" / "artifacts").glob("*/models/*/artifacts/artifacts/bundle")
    rows = []
    for customers in sizes:
        folder = root / f"log_{customers}"
        if not folder.exists():
            settings = [f"data.simulated.customers={customers}", "data.simulated.events=false"]
            subprocess.run(command("simulate", f"output={folder}", *settings), check=True, stdout=sys.stderr)
        floor = measured([sys.executable, __file__, "scan", str(folder)], root)
        alone = measured([sys.executable, __file__, "features", str(folder), str(model)], root)
        output = root / "scores.parquet"
        words = command(
            "score", "model=models:/patronage/1", f"cutoff={CUTOFF}", f"output={output}",
            "data.max_staleness_days=3650", *tables(folder),
        )  # fmt: skip
        run = measured(words, root)
        count = f"SELECT count(*) FROM '{folder}/transactions.parquet'"
        ((lines,),) = duckdb.sql(count).fetchall()
        passes = max(1, -(-(lines + customers) // 5_000_000), -(-customers // 200_000))
        rows.append(
            f"| {lines:,} | {customers:,} | {passes} | {floor['cpu']:.1f} | {alone['cpu']:.1f} | {run['cpu']:.1f} | "
            f"{1e6 * run['cpu'] / lines:.1f} | {run['cpu'] / alone['cpu']:.2f} | {run['wall']:.0f} | "
            f"{run['memory']:.0f} |"
        )
        print(rows[-1], flush=True)
        output.unlink()
    about = (
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the end (other work ran beside it), "
        f"engine.threads={THREADS}, engine.memory_limit={MEMORY}, Python {platform.python_version()}, "
        f"DuckDB {duckdb.__version__}"
    )
    text = f"# Scoring by the size of the log\n\nMade by `benchmarks/score.py`; {about}.\n\n{HEAD}\n"
    Path(__file__).with_suffix(".md").write_text(text + "\n".join(rows) + "\n")


if __name__ == "__main__":
    if sys.argv[1:2] == ["scan"]:
        scan(Path(sys.argv[2]))
    elif sys.argv[1:2] == ["features"]:
        features(Path(sys.argv[2]), Path(sys.argv[3]))
    else:
        main(
            Path(os.environ.get("SCORE_BENCH", "mlruns/score_bench")).resolve(), tuple(map(int, sys.argv[1:])) or SIZES
        )
