"""The page of a comparison."""

from __future__ import annotations

import re
from dataclasses import replace

import pandas as pd
import pytest

from patronage.names import Artifact
from patronage.review.comparison_page import pivot, render

pytestmark = pytest.mark.slow


def test_the_page_needs_nothing_but_itself(comparison):
    page = render(comparison)
    markup = page[: page.rindex("<script>")]
    assert "<script" not in markup  # nor does a run's name become one
    assert re.findall(r"(?:src|href)=\"(?!data:|#)", markup) == []
    assert "@import" not in page
    assert page.count("data:image/png;base64,") == len(comparison.report.figures)
    for words in ("Who moved, and why", "Personas", "Journey stages", "How good are they?", "frozen"):
        assert words in page
    assert len(page) < 2_500_000


def test_its_numbers_are_those_of_the_tables(comparison):
    table = comparison.report.tables[Artifact.MIGRATION].set_index(["column", "reason"])
    share = table.loc[("persona", "behaviour moved"), "share"]
    page = render(comparison)
    assert f">{share:.1%}</td>" in page
    for topic, sentence in comparison.summary:
        assert topic in page
        assert sentence in page


@pytest.mark.parametrize(
    ("verdicts", "sentence"),
    [
        ([], "cannot be told"),
        (["no", "no"], "On none of 2 metrics do the runs differ by more than chance."),
        (["better", "no"], "The candidate is better on m0, by more than chance; 2 metrics were compared."),
        (["better", "worse"], "The candidate is better on m0 and worse on m1, by more than chance"),
    ],
)
def test_one_sentence_gives_the_verdict(comparison, verdicts, sentence):
    paired = pd.DataFrame({"metric": [f"m{place}" for place in range(len(verdicts))], "verdict": verdicts})
    report = replace(comparison.report, tables={**comparison.report.tables, Artifact.PAIRED_DIFFERENCES: paired})
    assert sentence in render(replace(comparison, report=report))


def test_moves_become_a_square_with_joined_and_left_last():
    moves = pd.DataFrame({"from": ["a", "joined", "b", "a"], "to": ["b", "a", "left", "a"], "customers": [3, 2, 1, 5]})
    square = pivot(moves).set_index("from")
    assert square.index.tolist() == ["a", "b", "joined"]
    assert square.columns.tolist() == ["a", "b", "left"]
    assert square.loc["a"].tolist() == [5, 3, 0]


def test_the_gates_of_a_promotion_stand_in_short(comparison):
    table = pd.DataFrame(
        [["churn_ece", "at most 0.05", "0.02", "passed"], ["refit_moves", "at most 5 %", "9 %", "failed"]],
        columns=["gate", "required", "measured", "verdict"],
    )
    report = replace(comparison.report, tables={**comparison.report.tables, Artifact.GATES: table})
    page = render(replace(comparison, report=report))
    assert "1 of 2 gates of a promotion hold; against it: refit_moves" in page
    report = replace(report, tables={**report.tables, Artifact.GATES: table.head(1)})
    assert "All 1 gates of a promotion hold" in render(replace(comparison, report=report))
