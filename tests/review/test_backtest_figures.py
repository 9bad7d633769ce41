"""The figure of a backtest counts where the shipped forecast is best."""

from __future__ import annotations

import pandas as pd

from patronage.review.backtest_figures import over_origins

ROWS = pd.DataFrame(
    [
        ("2023-01-01", "shipped", 0.4), ("2023-01-01", "btyd", 0.5),
        ("2023-04-01", "shipped", 0.6), ("2023-04-01", "btyd", 0.5),
        ("2023-07-01", "shipped", 0.3), ("2023-07-01", "btyd", 0.5),
    ],
    columns=["origin", "model", "value"],
)  # fmt: skip


def test_less_of_a_loss_is_better():
    axes = over_origins(ROWS, "churn/log_loss").axes[0]
    assert axes.get_title(loc="left") == "shipped is best at 2 of 3 origins"
    assert {text.get_text() for text in axes.texts} == {"shipped", "btyd"}


def test_more_of_a_score_is_better():
    axes = over_origins(ROWS, "churn/roc_auc", more_is_better=True).axes[0]
    assert axes.get_title(loc="left") == "shipped is best at 1 of 3 origins"
