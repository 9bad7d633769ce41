"""Whether two commits train to the same numbers: every assignment and every metric of CDNOW and Complete Journey.

    python benchmarks/same_numbers.py --before COMMIT [--after COMMIT] [--folder DIR] [--only EXPERIMENT]

Each commit is checked out into a folder and trained there with the packages of this environment; a folder that has
been trained before is used again. Writes `same_numbers.md` beside this script. Exit code 1 where a number moved that
CHANGED_ON_PURPOSE does not name.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd

HERE = Path(__file__).resolve().parent
EXPERIMENTS = ("cdnow", "complete_journey")
TOLERANCE = 1e-9  # relative and absolute

# Values that differ on purpose, by column, metric prefix or parameter, with the reason.
CHANGED_ON_PURPOSE = {
    "run_id": "another run",
    "churn_reasons": "the words speak of the customer",
    "persona_reason": "the words speak of the customer",
    "flags": "the words name what is left empty",
    "rfm_segment": "champions and loyal ask for everyone's chance to come back",
}


def main() -> int:
    """Train where needed, compare, write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--before", required=True)
    parser.add_argument("--after", default="HEAD")
    parser.add_argument("--folder", type=Path, default=HERE.parent / "build" / "same_numbers")
    parser.add_argument("--only", choices=EXPERIMENTS, help="one of the logs; both without it")
    arguments = parser.parse_args()
    experiments = (arguments.only,) if arguments.only else EXPERIMENTS
    before, after = (trained(commit, arguments.folder, experiments) for commit in (arguments.before, arguments.after))
    rows = [row for experiment in experiments for row in compared(experiment, before, after)]
    table = pd.DataFrame(rows)
    moved = table[(table["largest difference"] > TOLERANCE) & (table["on purpose"] == "")]
    report(table, moved, before.name, after.name)
    print(table.to_string(index=False))
    return int(len(moved) > 0)


def trained(commit: str, folder: Path, experiments: tuple[str, ...]) -> Path:
    """The checkout of a commit, with the experiments trained in it."""
    repo = HERE.parent
    full = subprocess.run(["git", "rev-parse", commit], cwd=repo, check=True, capture_output=True, text=True).stdout
    checkout = folder.resolve() / full.strip()[:12]
    if not checkout.is_dir():
        checkout.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["git", "clone", "--quiet", "--no-checkout", str(repo), str(checkout)], check=True)
        subprocess.run(["git", "checkout", "--quiet", full.strip()], cwd=checkout, check=True)
    for experiment in experiments:
        done = checkout / "mlruns" / f"{experiment}.trained"
        if done.exists():
            continue
        environment = {**os.environ, "PYTHONPATH": str(checkout / "src"), "PATRONAGE_ROOT": str(checkout)}
        command = [sys.executable, "-m", "patronage.cli", "train", f"experiment={experiment}"]
        subprocess.run(command, cwd=checkout, env=environment, check=True)
        done.touch()
    return checkout


def compared(experiment: str, before: Path, after: Path) -> list[dict[str, object]]:
    """A row for each column of the assignments and each metric that both runs have, and for those that one lacks."""
    (old, old_metrics), (new, new_metrics) = (run_of(checkout, experiment) for checkout in (before, after))
    old, new = (frame.set_index("customer_id").sort_index() for frame in (old, new))
    rows = [
        row_of(experiment, f"assignments.{name}", largest_difference(old[name], new[name].reindex(old.index)))
        for name in old
        if name in new
    ]
    rows += [row_of(experiment, f"assignments.{name}", np.inf) for name in set(old) ^ set(new)]
    for name in sorted(old_metrics.keys() | new_metrics.keys()):
        values = [metrics.get(name, np.nan) for metrics in (old_metrics, new_metrics)]
        rows.append(row_of(experiment, f"metric {name}", largest_difference(*(pd.Series([value]) for value in values))))
    return rows


def row_of(experiment: str, name: str, difference: float) -> dict[str, object]:
    key = name.removeprefix("assignments.").removeprefix("metric ")
    reason = next((reason for start, reason in CHANGED_ON_PURPOSE.items() if key.startswith(start)), "")
    return {"experiment": experiment, "what": name, "largest difference": difference, "on purpose": reason}


def largest_difference(old: pd.Series, new: pd.Series) -> float:
    """Of numbers, relative where they are above 1; of text, the share of rows that differ."""
    if pd.api.types.is_numeric_dtype(old) and pd.api.types.is_numeric_dtype(new):
        a, b = old.to_numpy(np.float64), new.to_numpy(np.float64)
        if (np.isnan(a) != np.isnan(b)).any():
            return np.inf
        gap = np.abs(a - b) / np.maximum(1, np.abs(a))
        return float(np.nanmax(gap, initial=0.0))
    texts = (column.astype(object).where(column.notna(), "").astype(str).to_numpy() for column in (old, new))
    return float(np.not_equal(*texts).mean())


def run_of(checkout: Path, experiment: str) -> tuple[pd.DataFrame, dict[str, float]]:
    """Assignments and all metrics of the latest training run of an experiment in a checkout's store."""
    client = mlflow.MlflowClient(f"sqlite:///{checkout}/mlruns/mlflow.db")
    found = client.get_experiment_by_name(experiment)
    run = client.search_runs([found.experiment_id], "tags.kind = 'train'", max_results=1)[0]
    folder = Path(run.info.artifact_uri.removeprefix("file://"))
    return pd.read_parquet(folder / "assignments.parquet"), run.data.metrics | table_of_metrics(folder)


def table_of_metrics(folder: Path) -> dict[str, float]:
    """The metrics that a run shows in a table alone."""
    if not (folder / "metrics.json").exists():
        return {}
    table = json.loads((folder / "metrics.json").read_text())
    shown = pd.DataFrame(table["data"], columns=table["columns"])
    return dict(zip(shown["metric"], pd.to_numeric(shown["value"]), strict=True))


def report(table: pd.DataFrame, moved: pd.DataFrame, before: str, after: str) -> None:
    """Write what was compared, and every value that differs."""
    shown = table[table["largest difference"] > TOLERANCE].copy()
    lines = [
        "# The same numbers",
        "",
        f"Made by `benchmarks/same_numbers.py`; commits {before} and {after}, trained with the same packages.",
        "",
        *(
            f"- {experiment}: {rows['what'].str.startswith('assignments').sum()} columns of the assignments and "
            f"{rows['what'].str.startswith('metric').sum()} metrics compared; "
            f"{(rows['largest difference'] <= TOLERANCE).sum()} equal to {TOLERANCE:g}"
            for experiment, rows in table.groupby("experiment")
        ),
        f"- {len(moved)} moved without being meant to",
        "",
        "| experiment | what | largest difference, or share of rows that differ | on purpose |",
        "|---|---|---:|---|",
        *(f"| {row[0]} | {row[1]} | {row[2]:.3g} | {row[3]} |" for row in shown.itertuples(index=False)),
        "",
    ]
    (HERE / "same_numbers.md").write_text("\n".join(lines))


if __name__ == "__main__":
    sys.exit(main())
