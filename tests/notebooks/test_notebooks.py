"""Notebooks consume runs: each is executed against a run made here."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from jupyter_client import KernelManager
from nbclient import NotebookClient

from conftest import REPO, command, with_store
from patronage.data.cdnow import dataset

NOTEBOOKS = sorted((REPO / "notebooks").glob("*.ipynb"))


ONE_IN = 8  # customers of CDNOW, so that each notebook has what it shows in a fraction of the time


@pytest.fixture(scope="module")
def a_run(tmp_path_factory, empty_store) -> Path:
    """The runs that the notebooks read, as `make run` makes them, of a part of its customers."""
    root = with_store(tmp_path_factory.mktemp("project"), empty_store)
    lines = pd.read_csv(dataset("CDNOW_master.txt"), sep=r"\s+", header=None, skiprows=1, dtype=str)
    lines.columns = ["customer_id", "ordered_at", "quantity", "amount"]
    lines["order_id"] = [f"o{number}" for number in range(len(lines))]
    lines["ordered_at"] = pd.to_datetime(lines["ordered_at"])
    lines = lines.astype({"quantity": int, "amount": float})
    lines[lines["customer_id"].astype(int) % ONE_IN == 0].to_parquet(root / "cdnow.parquet", index=False)
    of_it = ["data=tables", "data.name=cdnow", "data.transactions.path=cdnow.parquet", "data.money_decimals=2"]
    quick = ["origins.most=1", "churn.max_rounds=30", "churn.laws.mbg_nbd=false", "evaluation.bootstraps=20"]
    quick += ["journey.cadence_classes=2", "personas.bootstraps=5", *of_it]
    quick += ["personas.k_range=[3,5]"]
    asked = [
        *of_it,
        "rolling.first=1998-04-01",
        "rolling.last=1998-04-01",
        "horizon_days=91",
        "churn=btyd",
        "churn.laws.mbg_nbd=false",
        "origins.most=1",
        "evaluation.bootstraps=20",
    ]
    with contextlib.chdir(root):
        earlier = ["cutoff=1997-10-01", "churn=btyd", "name=earlier", "register=false"]
        for words in (
            ("train", "experiment=cdnow", *quick, *earlier),
            ("train", "experiment=cdnow", *quick),
            ("backtest", *asked, "tracking.experiment=cdnow"),
        ):
            code, _, err = command(*words)
            assert code == 0, err
    return root


@pytest.fixture(scope="module")
def kernel() -> Iterator[KernelManager]:
    """One for all: to start it and to import what every notebook imports takes longer than most of them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATRONAGE_SMALL", "1")  # a notebook that simulates does so in small
        manager = KernelManager()
        yield manager
        manager.shutdown_kernel(now=True)


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs_from_top_to_bottom(path, a_run, kernel):
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.insert(0, nbformat.v4.new_code_cell("%reset -f"))  # no name of another notebook
    NotebookClient(notebook, kernel, timeout=300, resources={"metadata": {"path": str(a_run)}}).execute()
    shown = [out for cell in notebook.cells for out in cell.get("outputs", [])]
    assert any("image/png" in out.get("data", {}) for out in shown)
    assert not unseen(shown)


def unseen(outputs: list[nbformat.NotebookNode]) -> list[str]:
    """Figures of which a reader sees but their size: no backend that draws was chosen before them."""
    shown = [out.get("data", {}) for out in outputs]
    return [data["text/plain"] for data in shown if data.get("text/plain", "").startswith("<Figure") and len(data) == 1]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_kept_with_what_it_shows(path):
    """`make notebooks` keeps it: pictures, nothing in red, small enough to be read on a page."""
    text = path.read_text()
    outputs = [out for cell in nbformat.reads(text, as_version=4).cells for out in cell.get("outputs", [])]
    assert any("image/png" in out.get("data", {}) for out in outputs)
    assert not unseen(outputs)
    assert not [out for out in outputs if out.get("name") == "stderr" or out["output_type"] == "error"]
    assert len(text) < 400_000
