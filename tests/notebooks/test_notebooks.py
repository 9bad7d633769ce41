"""Notebooks consume runs: each is executed against a run made here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from conftest import REPO

NOTEBOOKS = sorted((REPO / "notebooks").glob("*.ipynb"))


@pytest.fixture(scope="module")
def a_run(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("project")
    (root / "mlruns").mkdir()
    quick = ["origins.most=1", "churn.max_rounds=30", "churn.laws.mbg_nbd=false", "evaluation.bootstraps=20"]
    quick += ["journey.max_customers=3000", "journey.cadence_classes=2", "personas.bootstraps=5"]
    command = [sys.executable, "-m", "patronage.cli", "train", "experiment=cdnow", *quick]
    subprocess.run(command, cwd=root, check=True, capture_output=True)
    asked = [
        "data=cdnow",
        "rolling.first=1998-04-01",
        "rolling.last=1998-04-01",
        "horizon_days=91",
        "churn=btyd",
        "evaluation.bootstraps=20",
    ]
    command = [sys.executable, "-m", "patronage.cli", "backtest", *asked, "tracking.experiment=cdnow"]
    subprocess.run(command, cwd=root, check=True, capture_output=True)
    return root


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs_from_top_to_bottom(path, a_run):
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(a_run)}}).execute()
    shown = [out for cell in notebook.cells for out in cell.get("outputs", [])]
    assert any("image/png" in out.get("data", {}) for out in shown)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_kept_without_outputs(path):
    notebook = nbformat.read(path, as_version=4)
    assert all(not cell.get("outputs") and cell.get("execution_count") is None for cell in notebook.cells)
