"""The charts of a comparison hold the numbers of its tables."""

from __future__ import annotations

import pandas as pd
import pytest

from patronage.review import comparison_charts


def rows(spec):
    return spec["data"]["values"]


def test_reasons_are_parts_of_a_bar_and_those_who_stayed_none():
    moved = pd.DataFrame(
        {
            "column": ["persona", "persona", "persona", "journey_stage"],
            "reason": ["stayed", "behaviour moved", "model moved", "behaviour moved"],
            "share": [0.7, 0.2, 0.1, 0.05],
        }
    )
    spec = comparison_charts.reasons(moved, {"persona": "personas", "journey_stage": "stages"})
    assert rows(spec) == [
        {"label": "personas", "reason": "behaviour moved", "share": 0.2},
        {"label": "personas", "reason": "model moved", "share": 0.1},
        {"label": "stages", "reason": "behaviour moved", "share": 0.05},
    ]
    assert spec["encoding"]["color"]["scale"]["domain"] == ["behaviour moved", "model moved"]


def test_losses_are_shares_of_the_baselines():
    paired = pd.DataFrame(
        {"metric": ["clv/spend_rmse"], "baseline": [50.0], "difference": [-1.0], "low": [-2.0], "high": [0.5]}
    )
    spec = comparison_charts.losses(paired)
    (row,) = rows(spec)
    assert spec["layer"][0]["encoding"]["x"]["scale"]["domain"] == pytest.approx([-0.044, 0.044])
    assert row == {"loss": "error of the spend of a customer (RMSE)", "low": -0.04, "difference": -0.02, "high": 0.01}


def test_features_that_moved_most_come_first_and_the_rest_is_in_the_table():
    table = pd.DataFrame({"feature": [f"n_orders_{i}" for i in range(20)], "psi": [1 / (i + 1) for i in range(20)]})
    shown = rows(comparison_charts.drift(table))
    assert len(shown) == 15
    assert shown[0] == {"feature": "n orders 0", "psi": 1}


def test_ribbons_leave_and_reach_their_blocks_and_a_phone_has_the_names_in_a_legend():
    moves = pd.DataFrame(
        [("a", "a", 50), ("a", "b", 10), ("b", "b", 30), ("joined", "b", 5), ("b", "left", 5)],
        columns=["from", "to", "customers"],
    )
    spec = comparison_charts.flows(moves)
    blocks = pd.DataFrame(spec["datasets"]["blocks"]).set_index(["side", "label"])
    assert blocks["customers"].to_dict() == {
        ("left", "a"): 60, ("left", "b"): 35, ("left", "joined"): 5,
        ("right", "a"): 50, ("right", "b"): 45, ("right", "left"): 5,
    }  # fmt: skip
    for _, own in pd.DataFrame(spec["datasets"]["ribbons"]).groupby("flow"):
        first, last = own.iloc[0], own.iloc[-1]
        for side, end in (("left", first), ("right", last)):
            block = blocks.loc[(side, end["from" if side == "left" else "to"])]
            assert block["bottom"] - 1e-4 <= end["bottom"] <= end["top"] <= block["top"] + 1e-4
    legends = [
        layers[0]["encoding"]["color"]["legend"] for layers in (spec["layer"], spec["usermeta"]["narrow"]["layer"])
    ]
    assert legends[0] is None
    assert legends[1] is not None


@pytest.mark.slow
class TestOfTwoRuns:
    def sides(self, comparison):
        return {"baseline": comparison.baseline, "candidate": comparison.candidate}

    def test_the_spread_of_clv_begins_at_nothing_and_ends_at_all(self, comparison):
        spec = comparison_charts.spread(self.sides(comparison))
        frame = pd.DataFrame(rows(spec))
        for _, curve in frame.groupby("run"):
            assert curve["of_clv"].iloc[[0, -1]].tolist() == [0, 1]
            assert curve["of_clv"].is_monotonic_increasing
            assert (curve["of_clv"] <= curve["of_customers"] + 1e-9).all()  # the customers of least CLV first

    def test_a_line_of_calibration_for_each_run_that_was_measured(self, comparison):
        sides = self.sides(comparison)
        measured = [side for side, run in sides.items() if run.evaluation is not None]
        spec = comparison_charts.reliability(sides)
        assert {row["run"].split(",")[0] for row in rows(spec)} == set(measured)
        assert comparison_charts.reliability({}) is None
