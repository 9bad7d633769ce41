"""The next actions beside a scoring."""

from __future__ import annotations

import json

import pandas as pd
import pyarrow.parquet as pq
import pytest

from patronage.scoring import mark

pytestmark = pytest.mark.slow


def both_say_the_same(actions: pd.DataFrame, assignments: pd.DataFrame) -> None:
    """The assignments follow what is recommended within the budget and beside what was sent."""
    own, other = (table.set_index("customer_id").sort_index() for table in (actions, assignments))
    for name in ("action", "holdout", "expected_profit", "expected_profit_low", "expected_profit_high"):
        pd.testing.assert_series_equal(own[name], other[name], check_dtype=False)
    assert own["basis"].tolist() == other["expected_profit_basis"].tolist()


def test_actions_come_beside_the_assignments_marked_and_the_same_again(patronage, fitted, registered, project):
    def run(*more: str):
        return patronage(
            "score", "model=models:/patronage@champion", "data=tables", f"data.transactions.path={fitted.log}",
            "cutoff=2023-07-01", "output=out.parquet", f"tracking.uri={registered}", *more,
        )  # fmt: skip

    code, out, err = run("next_actions=actions.parquet", "passes=3")
    assert code == 0, err
    assert "get one" in out
    assert "assumed, not learned" in out
    actions, assignments = pd.read_parquet("actions.parquet"), pd.read_parquet("out.parquet")
    assert sorted(actions["customer_id"]) == sorted(assignments["customer_id"])
    assert set(actions["basis"]) == {"assumed"}
    both_say_the_same(actions, assignments)
    file = pq.read_metadata("actions.parquet")
    assert json.loads(file.metadata[mark.KEY.encode()])["rows"] == len(actions)
    one = (project / "actions.parquet").read_bytes()
    assert run("next_actions=actions.parquet", "passes=1")[0] == 0
    assert one == (project / "actions.parquet").read_bytes()
    assert run("next_actions=actions.parquet", "budget=5")[0] == 0
    cheap = pd.read_parquet("actions.parquet")
    assert cheap["expected_cost"].sum() <= 5 < actions["expected_cost"].sum()
    both_say_the_same(cheap, pd.read_parquet("out.parquet"))
    # what is not ours stays, and with it the assignments
    (project / "actions.parquet").write_text("mine")
    before = (project / "out.parquet").read_bytes()
    code, _, err = run("next_actions=actions.parquet")
    assert code == 1
    assert "was not written by patronage score" in err
    assert ((project / "actions.parquet").read_text(), (project / "out.parquet").read_bytes()) == ("mine", before)
    assert "give another place" in run("next_actions=out.parquet")[2]
    assert "lie one inside the other" in run("next_actions=out.parquet/actions.parquet")[2]
    assert not [path.name for path in project.iterdir() if path.name.endswith(".scoring")]
