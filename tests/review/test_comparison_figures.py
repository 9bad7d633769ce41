"""Figures of a comparison draw what the tables hold, and say it in their titles."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from patronage.review import comparison_figures as figures


def title(figure) -> str:
    return " ".join(figure.axes[0].get_title(loc="left").split())


def test_an_alluvial_has_a_block_for_each_label_and_a_ribbon_for_each_move():
    moves = pd.DataFrame(
        [("a", "a", 50), ("a", "b", 10), ("b", "b", 30), ("joined", "b", 5), ("b", "left", 5)],
        columns=["from", "to", "customers"],
    )
    figure = figures.alluvial(moves, ["a", "b"], "personas")
    (axes,) = figure.axes
    assert {text.get_text() for text in axes.texts} == {
        "a  60", "b  35", "joined  5", "a  50", "b  45", "left  5", "baseline, customers", "candidate, customers",
    }  # fmt: skip
    assert len(axes.patches) == 5 + 6
    assert title(figure) == "89% of the customers in both runs keep their persona"


def test_the_bars_of_a_migration_are_its_shares():
    by_reason = {
        "personas": pd.DataFrame({"reason": ["stayed", "behaviour moved", "model moved"], "share": [0.7, 0.1, 0.2]}),
        "stages": pd.DataFrame({"reason": ["stayed", "behaviour moved", "model moved"], "share": [0.95, 0.05, 0.0]}),
    }
    figure = figures.migration(by_reason)
    assert sorted(bar.get_width() for bar in figure.axes[0].patches) == pytest.approx([0, 5, 10, 20])
    assert title(figure) == "Of all labels, personas changed most (30%), most often: model moved"
    still = {"personas": pd.DataFrame({"reason": ["stayed", "model moved"], "share": [1.0, 0.0]})}
    assert title(figures.migration(still)) == "No customer moved"


def test_drift_counts_what_moved():
    table = pd.DataFrame({"feature": ["a", "b"], "psi": [0.4, 0.05], "verdict": ["moved", "stable"]})
    figure = figures.drift(table)
    assert [bar.get_width() for bar in figure.axes[0].patches] == [0.05, 0.4]
    assert title(figure).startswith("1 of 2 features moved")


def test_a_lorenz_curve_by_hand():
    """One of two customers has it all: Gini 1/2. Both the same: 0."""
    figure = figures.lorenz({"baseline": np.array([0.0, 10.0]), "candidate": np.array([5.0, 5.0])})
    assert title(figure) == "CLV is spread with a Gini index of 0.50 and 0.00"
    assert figure.axes[0].lines[1].get_ydata().tolist() == [0, 0, 100]


def test_reliability_shows_actual_against_predicted():
    y_true, y_pred = np.array([0.0, 1.0] * 50), np.full(100, 0.4)
    figure = figures.reliability({"baseline": (y_true, y_pred), "candidate": (y_true, np.full(100, 0.5))})
    assert title(figure) == "Predicted churn is off by 10.0 and 0.0 points"
    line = figure.axes[0].lines[0]
    assert (line.get_xdata().tolist(), line.get_ydata().tolist()) == ([pytest.approx(40)], [pytest.approx(50)])
    assert figure.axes[0].get_xlabel().startswith("predicted")
    assert figure.axes[0].get_ylabel().startswith("actual")


def test_differences_are_percents_of_the_baselines_loss():
    paired = pd.DataFrame(
        [
            ("churn/log_loss", 0.5, -0.05, -0.1, -0.01, "better"),
            ("clv/spend_mae", 10.0, 0.0, -1, 1, "no clear difference"),
        ],
        columns=["metric", "baseline", "difference", "low", "high", "verdict"],
    )
    figure = figures.paired_differences(paired)
    intervals = [list(line.get_xdata()) for line in figure.axes[0].lines[1::2]]
    assert intervals == [pytest.approx([-20, -2]), pytest.approx([-10, 10])]
    assert title(figure) == "The candidate is better in 1 and worse in 0 of 2 losses"
