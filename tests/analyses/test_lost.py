"""The lost: two planted reasons to leave become two groups, each with its name and its value."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from patronage.analyses import lost
from patronage.analyses.contract import Population, View
from patronage.config import LostConfig
from patronage.errors import DataError

N = 2000
IDS = pd.Index([f"c{number:04d}" for number in range(N)], name="customer_id")


class NoActs:
    def age(self, day: str) -> str:
        return day

    def frame(self, sql: str, steps: object = None) -> pd.DataFrame:
        return pd.DataFrame({"customer_id": IDS, "act": "visit", "times": 1})


def view(leaves: np.ndarray, complaints: np.ndarray, discount: np.ndarray) -> View:
    then = pd.DataFrame(
        {"days_since_last_order": 10.0, "n_orders": 3.0, "net_revenue": 100.0, "complaints": complaints,
         "late_parcels": discount}, index=IDS,
    )  # fmt: skip
    now = then.assign(days_since_last_order=np.where(leaves, 101.0, 20.0))
    segments = pd.DataFrame(index=IDS)
    words = {"late_parcels": "parcels that came late, in days (of the carrier)"}
    return View(NoActs(), Population(now, segments), Population(then, segments), 91, 0, words)


@pytest.mark.slow
def test_two_reasons_are_two_groups():
    rng = np.random.default_rng(0)
    complaints, late = (rng.random((2, N)) < 0.2).astype(float)
    leaves = rng.random(N) < 0.05 + 0.6 * np.maximum(complaints, late)
    result = lost.run(view(leaves, complaints, late), LostConfig())
    table = result.tables["lost_groups"]
    assert table["customers"].sum() == leaves.sum()
    text = " ".join(table["group"])
    assert "high: complaints" in text  # nobody told what it is
    assert "high: parcels that came late" in text
    assert "late_parcels" not in text
    assert table["value"].sum() == pytest.approx(100 * leaves.sum())
    assert "who may come back" in result.notes[0]
    assert "expected_back" not in table  # nobody knows, which is not zero


def test_leaving_by_lot_has_no_reasons():
    rng = np.random.default_rng(1)
    complaints, late = (rng.random((2, N)) < 0.2).astype(float)
    with pytest.raises(DataError, match="no better than chance"):
        lost.run(view(rng.random(N) < 0.3, complaints, late), LostConfig())
