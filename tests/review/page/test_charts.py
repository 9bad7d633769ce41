"""Figures as specifications: the rows they hold, the axes they carry, and that they follow the page's choice."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from patronage.review.page import charts

NAMED = pd.DataFrame({"name": ["a", "b"], "value": [1.0, 2.5]})


def marks(spec: dict) -> list[str]:
    layers = spec.get("layer", [spec])
    return [mark if isinstance(mark := layer["mark"], str) else mark["type"] for layer in layers]


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (1.0, 1),
        (0.123456789, 0.12346),
        (123456.7, 123460),
        (np.nan, None),
        (None, None),
        ("a", "a"),
        (np.int64(7), 7),
    ],
)
def test_rows_are_what_json_can_hold(value, plain):
    (row,) = charts.records(pd.DataFrame({"x": pd.Series([value], dtype=object)}))
    assert row == {"x": plain}
    json.dumps(row, allow_nan=False)


def test_rows_of_a_group_follow_the_choice_and_others_do_not():
    free = charts.bars(NAMED, "name", "value", "orders")
    linked = charts.bars(NAMED.assign(group="everyone"), "name", "value", "orders")
    assert "params" not in free
    assert linked["params"] == [{"name": "group", "value": "everyone"}]
    assert linked["transform"] == [{"filter": "datum.group == group"}]


def test_bars_keep_the_order_of_the_rows():
    spec = charts.bars(NAMED.iloc[::-1], "name", "value", "orders")
    assert spec["layer"][0]["encoding"]["y"]["sort"] == ["b", "a"]
    assert marks(spec) == ["bar", "text"]


def test_an_interval_has_the_actual_value_only_where_there_is_one():
    rows = pd.DataFrame({"what": ["orders"], "low": [1], "mid": [2], "high": [3], "actual": [2.5]})
    with_actual = charts.intervals(rows, "what", "low", "mid", "high", "orders", actual="actual")
    assert len(with_actual["layer"]) == 3
    assert len(charts.intervals(rows, "what", "low", "mid", "high", "orders")["layer"]) == 2


def test_calibration_is_drawn_over_the_range_of_its_values():
    rows = pd.DataFrame({"p": [0.04, 0.06], "a": 0.05, "low": [0.03, 0.04], "high": 0.07, "customers": 9})
    spec = charts.calibration(rows, "p", "a", "low", "high", "predicted", "actual")
    assert spec["layer"][1]["encoding"]["x"]["scale"]["domain"] == [0.03, 0.07]
    assert spec["layer"][1]["encoding"]["x"]["scale"]["zero"] is False


@pytest.mark.parametrize(
    "spec",
    [
        charts.bars(NAMED, "name", "value", "orders"),
        charts.paired_bars(NAMED.assign(part="x"), "name", "value", "part", "orders"),
        charts.lines(pd.DataFrame({"x": [0, 1], "y": [1, 2], "of": "x"}), "x", "y", "of", "days", "orders"),
        charts.heat(
            pd.DataFrame({"to": ["a"], "from": ["a"], "share": [1.0]}), "to", "from", "share", ["a"], "to", "from"
        ),
        charts.histogram(
            pd.DataFrame({"low": [0.0], "high": [0.1], "n": [3]}), "low", "high", "n", "risk", "customers"
        ),
    ],
)
def test_a_specification_is_json_and_fetches_nothing(spec):
    text = json.dumps(spec, allow_nan=False)
    assert spec["width"] == "container"
    assert spec["$schema"] == charts.SCHEMA
    assert "url" not in text.replace("schema", "")
