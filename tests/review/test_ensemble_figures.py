"""Figures of the ensemble draw shares of the gain and profits."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from patronage.config import LensesConfig
from patronage.decisions.retention import ProfitCurve
from patronage.review import ensemble_figures as figures


def title(figure) -> str:
    return figure.axes[0].get_title(loc="left")


def test_the_importance_of_a_lens_is_the_sum_of_its_features_and_the_mean_of_the_members():
    importance = pd.DataFrame(
        {"churn features": [0.5, 0.3, 0.2], "churn offset": [0.9, 0.1, 0.0]}, ["recency", "frequency", "not_of_a_lens"]
    )
    figure = figures.importance_by_lens(importance, LensesConfig())
    assert sorted(bar.get_width() for bar in figure.axes[0].patches) == pytest.approx([10, 90])
    assert title(figure) == "The trees use btyd most"


def test_without_trees_there_is_nothing_to_draw():
    figure = figures.importance_by_lens(pd.DataFrame(index=["recency"]), LensesConfig())
    assert title(figure) == "No tree was fitted"


def test_the_best_share_has_the_highest_expected_profit():
    share = np.array([0.0, 0.5, 1.0])
    expected, actual = ProfitCurve(share, np.array([0.0, 2.0, 1.0])), ProfitCurve(share, np.array([0.0, 1.0, 3.0]))
    figure = figures.profit_by_share(expected, actual, 10)
    assert title(figure) == "Contacting 50% promised 20; 10 came with the actual churn"
    line = next(line for line in figure.axes[0].lines if line.get_label() == "with the predicted churn")
    assert list(line.get_ydata()) == [0, 20, 10]
    loss = ProfitCurve(share, np.array([0.0, -1.0, -2.0]))
    assert title(figures.profit_by_share(loss, loss, 10)) == "No contact pays"
