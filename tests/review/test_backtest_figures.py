"""The figure of a backtest counts where the shipped forecast is best."""

from __future__ import annotations

import pandas as pd

from patronage.review.backtest_figures import axis_title, customers_of, over_origins

ROWS = pd.DataFrame(
    [
        ("2023-01-01", "shipped", 0.4), ("2023-01-01", "btyd", 0.5),
        ("2023-04-01", "shipped", 0.6), ("2023-04-01", "btyd", 0.5),
        ("2023-07-01", "shipped", 0.3), ("2023-07-01", "btyd", 0.5),
    ],
    columns=["origin", "model", "value"],
)  # fmt: skip


def test_less_of_a_loss_is_better():
    axes = over_origins(ROWS, "loss", "n = 7").axes[0]
    assert axes.get_title(loc="left") == "shipped is best at 2 of 3 origins"
    assert {text.get_text() for text in axes.texts} == {"shipped", "btyd"}
    assert axes.get_xlabel().endswith("; n = 7")
    assert axes.get_ylabel() == "loss"


def test_more_of_a_score_is_better():
    axes = over_origins(ROWS, "score", more_is_better=True).axes[0]
    assert axes.get_title(loc="left") == "shipped is best at 1 of 3 origins"


def test_an_axis_names_metric_unit_and_direction():
    assert axis_title("spend/rmse", "EUR", more_is_better=False) == "per customer, EUR; less is better"
    assert axis_title("orders/rmse", more_is_better=False) == "orders per customer; less is better"
    assert axis_title("spend/gini", more_is_better=True) == "0 = chance, 1 = perfect; more is better"


def test_the_customers_of_all_origins():
    rows = pd.DataFrame({"metric": ["backtest/customers", "backtest/customers", "orders/rmse"],
                         "value": [1200.0, 900.0, 3.0]})  # fmt: skip
    assert customers_of(rows) == "n = 900 to 1,200 by origin"
    assert customers_of(rows.iloc[:1]) == "n = 1,200"
    assert customers_of(rows.iloc[2:]) == ""
