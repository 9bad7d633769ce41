"""The report on a log: as text that fits a terminal, and as a page."""

from __future__ import annotations

from patronage.data.finding import DataFinding, Severity
from patronage.review.data_page import findings_text, text_table


def test_long_cells_go_on_below_and_columns_keep_their_width():
    text = text_table(("a", "b"), [("one two three", "x")], (7, 4))
    assert text.splitlines() == ["a        b", "-------  ----", "one two  x", "three"]


def test_a_finding_has_its_effect_and_its_remedy():
    finding = DataFinding("t.c", "3 rows", "bends all", "mend it", Severity.SEVERE)
    text = findings_text([finding])
    assert [word in text for word in ("severe", "3 rows", "> bends all", "to do: mend it")] == [True] * 4
    assert "nothing is wrong" in findings_text([])
