"""The page of a backtest: verdicts by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from patronage.review.backtest_page import verdicts, with_backtest_page
from patronage.review.record import RunRecord

HEADLINES = {"churn/log_loss": False, "churn/roc_auc": True}


def rows(metric: str, *intervals: tuple[float, float], model: str = "shipped") -> list[dict]:
    """A row per origin: the interval of the difference to the best structural model."""
    return [
        {"origin": f"2023-0{number}-01", "model": model, "holdout": "later_seen", "metric": metric, "value": 0.5,
         "low": low, "high": high, "baseline": "bg_nbd"}
        for number, (low, high) in enumerate(intervals, start=1)
    ]  # fmt: skip


TABLE = pd.DataFrame(
    [
        *rows("churn/log_loss", (-0.2, -0.1), (-0.1, 0.1), (-0.2, -0.1)),
        *rows("churn/roc_auc", (-0.2, -0.1), (0.0, 0.1), (0.1, 0.2)),
        *rows("churn/log_loss", (0.0, 0.0), (0.0, 0.0), (0.0, 0.0), model="bg_nbd"),
    ]
)


def test_it_is_better_where_the_interval_leaves_out_zero_on_the_side_of_the_metric():
    counted = verdicts(TABLE, HEADLINES).set_index("metric")
    assert counted.loc["churn log-loss"].tolist() == [2, 1, 0]  # less is better
    assert counted.loc["churn ROC-AUC"].tolist() == [1, 1, 1]  # more is


@pytest.fixture
def page() -> str:
    ratios = pd.DataFrame({"origin": ["geometric mean"], "churn/log_loss": [0.98765], "1 - churn/roc_auc": [1.0]})
    tables = {"backtest.json": TABLE, "ratios.json": ratios, "intervals.json": pd.DataFrame({"orders 80": [81.5]})}
    n = {"origin": "2023-01-01", "model": "shipped", "holdout": "later_seen", "metric": "backtest/customers"}
    tables["backtest.json"] = pd.concat([TABLE, pd.DataFrame([{**n, "value": 1234.0}])], ignore_index=True)
    record = RunRecord(kind="backtest", name=None, started_ms=0, tables=tables)
    return with_backtest_page(record, "shop: backtest", HEADLINES).texts["report.html"]


def test_the_verdict_comes_first_and_every_table_has_its_place(page):
    assert "more often better than worse on churn log-loss; neither on churn ROC-AUC" in page
    assert (
        page.index("<h2>Is what is shipped better?")
        < page.index("<h2>Origin by origin")
        < page.index("<h2>Every model")
    )
    assert ">0.988</td>" in page
    assert ">81.5</td>" in page  # a table that it does not know


def test_figures_say_unit_and_customers(page):
    assert '"title": "nats per customer; less is better"' in page
    assert "customers seen in training; n = 1,234." in page


def test_a_line_for_each_model_over_the_origins(page):
    assert '"domain": ["shipped", "BG/NBD"]' in page
    assert '{"date": 1, "month": 2, "utc": true, "year": 2023}' in page or '"year": 2023, "month": 2' in page


def test_models_have_the_names_of_the_literature_in_every_table(page):
    assert "BG NBD" not in page
    assert "bg nbd" not in page
    assert page.count(">BG/NBD</td>") > 1
