"""The whole comparison of two models of the small shop, and the page that tells it."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from patronage.evaluation.intervals import Resampling
from patronage.review import comparison_figures
from patronage.review.comparison import compare
from patronage.review.comparison_page import render

from .conftest import CUTOFF, LATER, past


@pytest.fixture(scope="module")
def found(bundle, shop_at):
    (now, labels), (later, came) = shop_at(CUTOFF), shop_at(LATER)
    baseline = past("before <script>alert(1)</script>", bundle, now, labels)
    return compare(baseline, past("after", bundle, later, came), Resampling(50, 0), most=7)


def test_the_page_needs_nothing_but_itself(found):
    page = render(found)
    assert "<script" not in page  # nor does a run's name become one
    assert re.findall(r"(?:src|href)=\"(?!data:|http://127\.0\.0\.1:5000/#/)", page) == []
    assert "@import" not in page
    assert page.count("data:image/png;base64,") == len(found.figures)
    for words in ("Who moved, and why", "Personas", "Journey stages", "How good are they?", "frozen"):
        assert words in page
    assert len(page) < 3_000_000


def test_its_numbers_are_those_of_the_tables(found):
    page = render(found)
    moved = found.tables["migration.json"].set_index(["answer", "why"]).loc[("persona", "behaviour moved")]
    assert f"{100 * moved['share']:.1f} %" in page
    assert f"behaviour moved {moved['share']:.1%}" in dict(found.lines)["personas"]
    assert found.metrics["migration/persona/behaviour_moved_share"] == moved["share"]
    assert found.metrics["migration/persona/refit_share"] == 0


def test_every_table_can_be_logged_and_every_metric_is_a_number(found):
    for name, table in found.tables.items():
        assert name.endswith(".json")
        assert not any(isinstance(dtype, pd.CategoricalDtype) for dtype in table.dtypes), name
    assert all(isinstance(value, float | int) for value in found.metrics.values())


def test_who_changed_most_and_why(found):
    table = found.tables["movers.json"]
    assert len(table) == 7
    assert table["change"].is_monotonic_decreasing
    first = table.iloc[0]
    before, after = (run.features.loc[first["customer_id"]] for run in (found.baseline, found.candidate))
    name, was, now = re.match(r"(\w+) (\S+) → (\S+?)(;|$)", first["why"]).groups()[:3]
    for said, features in ((was, before), (now, after)):
        assert (
            said == "none"
            if np.isnan(features[name])
            else float(said.replace(",", "")) == pytest.approx(features[name], rel=1e-3)
        )


def test_between_equal_runs_nobody_moved(bundle, shop_at):
    now, labels = shop_at(CUTOFF)
    run = past("one", bundle, now, labels)
    found = compare(run, replace(run, name="two"), Resampling(50, 0), most=7)
    assert found.tables["movers.json"].empty
    assert found.tables["config_differences.json"].empty
    assert dict(found.lines)["personas"].startswith("100.0% stay where they were; ARI 1.000")
    assert found.notes == ()
    assert "Nothing to show" in render(found)


def test_an_alluvial_has_a_block_for_each_label_and_a_ribbon_for_each_move():
    moves = pd.DataFrame(
        [("a", "a", 50), ("a", "b", 10), ("b", "b", 30), ("joined", "b", 5), ("b", "left", 5)],
        columns=["from", "to", "customers"],
    )
    figure = comparison_figures.alluvial(moves, ["a", "b"], "personas")
    (axes,) = figure.axes
    assert {text.get_text() for text in axes.texts} == {
        "a  60", "b  35", "joined  5", "a  50", "b  45", "left  5",
    }  # fmt: skip
    assert len(axes.patches) == 5 + 6
