"""Reports merge part by part."""

from __future__ import annotations

import pandas as pd

from patronage.report import Report


def test_every_part_of_both_reports_is_in_the_merged_one():
    table = pd.DataFrame({"x": [1]})
    merged = Report(metrics={"a": 1.0}, tables={"a.json": table}, messages=["first"]) | Report(
        metrics={"b": 2.0}, tags={"t": "x"}, frames={"b.parquet": table}, messages=["second"]
    )
    assert merged.metrics == {"a": 1.0, "b": 2.0}
    assert list(merged.tables) == ["a.json"]
    assert list(merged.frames) == ["b.parquet"]
    assert merged.tags == {"t": "x"}
    assert merged.figures == {}
    assert merged.messages == ("first", "second")


def test_the_second_of_two_values_counts_and_neither_report_changes():
    first, second = Report(metrics={"a": 1.0}), Report(metrics={"a": 2.0})
    assert (first | second).metrics == {"a": 2.0}
    assert first.metrics == {"a": 1.0}
    assert (first | Report()) == first
