"""The page of a comparison."""

from __future__ import annotations

import re

from patronage.names import Artifact
from patronage.review.comparison_page import render


def test_the_page_needs_nothing_but_itself(comparison):
    page = render(comparison)
    assert "<script" not in page  # nor does a run's name become one
    assert re.findall(r"(?:src|href)=\"(?!data:|http://127\.0\.0\.1:5000/#/)", page) == []
    assert "@import" not in page
    assert page.count("data:image/png;base64,") == len(comparison.report.figures)
    for words in ("Who moved, and why", "Personas", "Journey stages", "How good are they?", "frozen"):
        assert words in page
    assert len(page) < 3_000_000


def test_its_numbers_are_those_of_the_tables(comparison):
    table = comparison.report.tables[Artifact.MIGRATION].set_index(["column", "reason"])
    share = table.loc[("persona", "behaviour moved"), "share"]
    page = render(comparison)
    assert f"{100 * share:.1f} %" in page
    for topic, sentence in comparison.summary:
        assert topic in page
        assert sentence in page
