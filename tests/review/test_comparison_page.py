"""The page of a comparison."""

from __future__ import annotations

import re
from dataclasses import replace

import pandas as pd
import pytest

from patronage.names import Artifact
from patronage.review.comparison_page import changed, moved_most, render
from patronage.review.page.html import words

pytestmark = pytest.mark.slow


def test_the_page_needs_nothing_but_itself(comparison):
    page = render(comparison)
    markup = re.sub(r"<script( type=\"application/json\"[^>]*)?>.*?</script>", "", page, flags=re.DOTALL)
    assert "<script" not in markup  # nor does a run's name become one
    assert re.findall(r"(?:src|href)=\"(?!data:|#)", markup) == []
    assert "@import" not in page
    assert page.count("data:image/png;base64,") == len(comparison.report.figures)
    for part in ("Who moved, and why", "Personas", "Journey stages", "How good are they?", "frozen"):
        assert part in page
    assert len(page) < 2_500_000


def test_its_numbers_are_those_of_the_tables(comparison):
    table = comparison.report.tables[Artifact.MIGRATION].set_index(["column", "reason"])
    share = table.loc[("persona", "behaviour moved"), "share"]
    page = render(comparison)
    assert f">{share:.1%}</td>" in page
    for topic, sentence in comparison.summary:
        assert words(topic) in page
        assert words(sentence) in page


@pytest.mark.parametrize(
    ("verdicts", "sentence"),
    [
        ([], "cannot be told"),
        (["no clear difference"] * 2,
         "The candidate predicts churn and spend neither better nor worse; of 2 errors on the same customers 0"),
        (["better", "no clear difference", "worse"],
         "The candidate predicts churn better, spend neither better nor worse; of 3 errors on the same customers 1 are "
         "smaller and 1 larger, by more than chance."),
        (["better", "worse", "better"], "The candidate predicts churn better, spend worse; of 3 errors"),
    ],
)  # fmt: skip
def test_one_sentence_gives_the_verdict(comparison, verdicts, sentence):
    metrics = ["churn/log_loss", "clv/spend_rmse", "clv/orders_mae"]
    paired = pd.DataFrame({"metric": metrics[: len(verdicts)], "verdict": verdicts})
    paired = paired.assign(baseline=1.0, difference=0.0, low=-0.1, high=0.1)
    report = replace(comparison.report, tables={**comparison.report.tables, Artifact.PAIRED_DIFFERENCES: paired})
    page = render(replace(comparison, report=report))
    assert sentence in page
    assert not any(metric in page.split("Every metric of both runs")[0] for metric in metrics)  # words, not names


def test_the_largest_moves_come_first_with_their_share():
    moves = pd.DataFrame({"from": ["a", "joined", "b", "a"], "to": ["b", "a", "left", "a"], "customers": [3, 2, 1, 5]})
    table = moved_most(moves)
    assert table[["from", "to", "customers"]].values.tolist() == [["a", "b", 3], ["joined", "a", 2], ["b", "left", 1]]
    assert table["of those"].tolist() == [3 / 8, pytest.approx(float("nan"), nan_ok=True), 1.0]
    assert table.attrs["moved"] == 3 / 8  # of the eight who are in both runs


def test_labels_that_differ_stand_in_one_cell():
    frame = pd.DataFrame({
        "persona before": ["a", "b"], "persona after": ["b", "b"], "value_tier before": ["gold", "lead"],
        "value_tier after": ["iron", "lead"], "churn_probability before": [0.1, 0.2],
        "churn_probability after": [0.3, 0.2], "clv before": [9.0, 1.0], "clv after": [5.0, 1.0], "why": ["x", "y"],
    })  # fmt: skip
    table = changed(frame)
    assert table["labels that changed"].tolist() == ["persona: a → b; value_tier: gold → iron", "none"]
    assert table["CLV after"].tolist() == [5.0, 1.0]
    assert table.shape[1] == 6


def test_the_gates_of_a_promotion_stand_in_short(comparison):
    table = pd.DataFrame(
        [["churn_ece", "at most 0.05", "0.02", "passed"], ["refit_moves", "at most 5%", "9%", "failed"]],
        columns=["gate", "required", "measured", "verdict"],
    )
    report = replace(comparison.report, tables={**comparison.report.tables, Artifact.GATES: table})
    page = render(replace(comparison, report=report))
    assert "1 of 2 gates of a promotion hold; against it: refit_moves" in page
    report = replace(report, tables={**report.tables, Artifact.GATES: table.head(1)})
    assert "All 1 gates of a promotion hold" in render(replace(comparison, report=report))
