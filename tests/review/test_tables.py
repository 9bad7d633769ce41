"""Tables as MLflow shows them: few columns, short numbers, nothing lost."""

from __future__ import annotations

import pandas as pd

from patronage.review.tables import MOST_COLUMNS, as_shown, whole


def test_a_narrow_table_keeps_its_name_and_loses_digits_but_no_counts():
    row = {"stage": "loyal", "share": 0.123456789, "customers": 1_234_567, "revenue": 987654.321}
    table = pd.DataFrame([row])
    (shown,) = as_shown("stages.json", table).values()
    assert shown.iloc[0].tolist() == ["loyal", 0.12346, 1_234_567, 987654.0]
    assert whole("stages.json", table) is None


def test_missing_zero_and_infinite_numbers_stay():
    table = pd.DataFrame({"x": [0.0, float("nan"), float("inf"), -1.23456789]})
    shown = as_shown("x.json", table)["x.json"]["x"]
    assert shown.isna().tolist() == [False, True, False, False]
    assert shown.dropna().tolist() == [0.0, float("inf"), -1.2346]


def test_a_wide_table_is_shown_in_two_parts_with_the_words_of_its_rows_and_kept_whole():
    table = pd.DataFrame({"column": ["a"], "label": ["b"], **{f"m{i}": [i] for i in range(20)}})
    parts = as_shown("segments.json", table)
    assert {name: list(part)[:3] for name, part in parts.items()} == {
        "segments.json": ["column", "label", "m0"],
        "segments_2.json": ["column", "label", "m6"],
    }
    assert all(part.shape[1] <= MOST_COLUMNS for part in parts.values())
    assert whole("segments.json", table) == "segments.parquet"


def test_what_is_read_back_is_exact():
    table = pd.DataFrame({"metric": ["a"], "value": [0.123456789012345]})
    assert as_shown("metrics.json", table)["metrics.json"] is table
