"""The whole comparison of two models of the small shop."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from patronage.errors import DataError
from patronage.evaluation.intervals import Resampling
from patronage.names import Artifact
from patronage.review.comparison import compare, headlines
from patronage.review.comparison_page import render

from .conftest import CUTOFF, run_of


def test_its_numbers_are_those_of_the_tables(comparison):
    report = comparison.report
    table = report.tables[Artifact.MIGRATION].set_index(["column", "reason"])
    moved = table.loc[("persona", "behaviour moved")]
    assert f"behaviour moved {moved['share']:.1%}" in dict(comparison.summary)["personas"]
    assert report.metrics["migration/persona/behaviour_moved_share"] == moved["share"]
    assert report.metrics["migration/persona/refit_share"] == 0
    agreement = report.tables[Artifact.AGREEMENT].set_index(["column", "step"])
    assert report.metrics["agreement/persona/whole_ari"] == agreement.loc[("persona", "whole"), "ari"]
    paired = report.tables[Artifact.PAIRED_DIFFERENCES].set_index("metric")
    assert report.metrics["difference/churn_log_loss_low"] == paired.loc["churn/log_loss", "low"]
    assert report.metrics["drift/largest_psi"] == report.tables[Artifact.DRIFT]["psi"].max()


def test_every_table_can_be_logged_and_every_metric_is_a_number(comparison):
    for name, table in comparison.report.tables.items():
        assert name.endswith(".json")
        assert not any(isinstance(dtype, pd.CategoricalDtype) for dtype in table.dtypes), name
    assert all(isinstance(value, float | int) for value in comparison.report.metrics.values())


def test_the_runs_keep_their_customer_ids(comparison):
    customers = comparison.report.tables[Artifact.LARGEST_CHANGES]["customer_id"]
    assert set(customers) <= set(comparison.baseline.assignments.index)


def test_between_equal_runs_no_customer_moved(bundle, shop_at):
    split, labels = shop_at(CUTOFF)
    run = run_of("one", bundle, split, labels)
    comparison = compare(run, replace(run, name="two"), Resampling(50, 0), most=7)
    report = comparison.report
    assert report.tables[Artifact.LARGEST_CHANGES].empty
    assert report.tables[Artifact.CONFIG_DIFFERENCES].empty
    assert set(report.tables[Artifact.PAIRED_DIFFERENCES]["verdict"]) == {"no clear difference"}
    assert dict(comparison.summary)["personas"] == "100.0% stay where they were; ARI 1.000"
    assert list(report.messages) == []
    page = render(comparison)
    assert "Nothing to show" not in page  # each part says in its words that nothing moved
    assert "No customer of both runs changed." in page


def test_runs_without_a_customer_in_common_are_refused(bundle, shop_at):
    split, _ = shop_at(CUTOFF)
    run = run_of("one", bundle, split)
    strange = run.assignments.set_axis(run.assignments.index + "x")
    with pytest.raises(DataError, match="one and two share no customer"):
        compare(run, replace(run, name="two", assignments=strange), Resampling(50, 0), most=7)


def test_the_headlines_are_some_fifteen_of_its_metrics(comparison):
    first = headlines(comparison.report)
    assert 5 <= len(first) <= 16
    assert {"drift/largest_psi", "migration/persona/refit_share", "agreement/persona/whole_ari"} <= set(first)
    assert first.items() <= comparison.report.metrics.items()
