"""A page as HTML: it needs nothing else, escapes all that it holds, and shows numbers as readers want them."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from patronage.review.page import charts
from patronage.review.page.blocks import Card, Cards, Chart, Fact, Facts, More, Page, Section, Table, Text
from patronage.review.page.html import number, percent, render, sentence, signed

EVIL = "</script><script>alert('x')</script>"


def page_of(*blocks, **settings) -> str:
    return render(Page("A log", "of some days", [Section("Who they are", "Two groups.", blocks)], **settings))


@pytest.mark.parametrize(
    ("value", "shown", "text"),
    [(0, "", "0"), (3.0, "", "3"), (0.12345, "", "0.123"), (12345.6, "", "12,346"), (0.0004, "", "0.0004"),
     (3e-11, "", "below 0.0001"),
     (np.nan, "", "–"), (np.inf, ",.0f", "no end"), (0.256, ".0%", "26%"), (-2.5, "", "-2.5"),
     (-0.0004, ".0%", ">-0.1%"), (-0.04, "+.0f", "0"), (-0.02, ".0%", "-2%"), (68 / 23570, ".0%", "0.3%"),
     (1e-5, ".1%", "<0.1%"), (0.0, ".0%", "0%"), (0.004, "+.1%", "+0.4%"), (0.006, ".0%", "1%")],
)  # fmt: skip
def test_numbers_have_three_digits_that_matter(value, shown, text):
    assert number(value, shown) == text


@pytest.mark.parametrize(
    ("values", "texts"),
    [((-0.0013, -0.0034, 1.1e-07), ["-0.0013", "-0.0034", "0"]), ((-2.3e-18, -6.9e-18, 3.2e-18), ["0", "0", "0"]),
     ((1234.5, -3, 99999), ["+1,234", "-3", "+99,999"]), ((0, 0, 0), ["0", "0", "0"]),
     ((0.016, -0.043), ["+0.016", "-0.043"])],
)  # fmt: skip
def test_differences_have_the_digits_of_the_largest(values, texts):
    assert signed(*values) == texts


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.0, "0%"), (0.00049, "<0.1%"), (-0.0001, ">-0.1%"), (0.0005, "0.1%"), (0.0029, "0.3%"), (0.0994, "9.9%"),
     (0.0996, "10%"), (0.5, "50%"), (np.nan, "unknown")],
)  # fmt: skip
def test_a_share_that_is_there_is_not_0(share, text):
    assert percent(share) == text


def test_all_that_it_holds_is_escaped():
    rows = pd.DataFrame({"name": [EVIL], "value": [1.0]})
    page = page_of(
        Facts([Fact(EVIL, EVIL, EVIL)]),
        Text(EVIL),
        Table(rows, EVIL),
        Chart(EVIL, charts.bars(rows, "name", "value", EVIL), EVIL),
        Cards([Card(EVIL, EVIL, [Fact(EVIL, EVIL)], {EVIL: EVIL}, group=EVIL)]),
        More(EVIL, [Text(EVIL)]),
        choice=(EVIL, [EVIL]),
        footer=EVIL,
    )
    assert "<script>alert" not in page
    assert "alert('x')" not in page


def test_a_heading_of_a_card_has_a_line_for_each_text():
    page = page_of(Cards([Card("a", "", (), {"one": "alone", "several": ["first", "second"]})]))
    assert re.findall(r"<dt>one</dt>(.*?)</dl>", page) == [
        "<dd>alone</dd><dt>several</dt><dd>first</dd><dd>second</dd>"
    ]


def test_it_needs_nothing_but_itself():
    page = page_of(Chart("t", charts.bars(pd.DataFrame({"name": ["a"], "value": [1]}), "name", "value", "n"), "d"))
    markup = re.sub(r"<script>.*?</script>", "", page, flags=re.S)
    assert re.findall(r"(?:src|href)=\"(?!data:|#)", markup) == []
    assert "@import" not in markup
    assert "vegaEmbed" in page
    assert len(page) < 900_000


def test_without_a_figure_it_brings_no_library():
    assert len(page_of(Text("nothing to draw"))) < 30_000


def test_a_figure_inside_a_fold_brings_the_library():
    chart = Chart("t", charts.bars(pd.DataFrame({"name": ["a"], "value": [1]}), "name", "value", "n"), "d")
    assert len(page_of(More("more", [chart]))) > 800_000


def test_a_reader_without_scripts_has_a_picture_or_the_numbers():
    spec = charts.bars(pd.DataFrame({"name": ["a"], "value": [17]}), "name", "value", "n")
    drawn, counted = page_of(Chart("t", spec, "d", picture=b"PNG")), page_of(Chart("t", spec, "d"))
    inside = re.compile(r"<noscript>(.*?)</noscript>", re.S)
    assert "data:image/png;base64,UE5H" in inside.findall(drawn)[0]
    assert ">17</td>" in inside.findall(counted)[0]


def test_a_long_table_says_how_much_more_there_is():
    page = page_of(Table(pd.DataFrame({"n": range(20)}), most=15))
    assert page.count("<td") == 15
    assert "5 more rows are in the run" in page


def test_missing_values_are_a_dash_and_sort_last():
    page = page_of(Table(pd.DataFrame({"n": [1.0, np.nan], "name": ["a", None]})))
    assert 'data-key="" data-label="n" class="n">–' in page
    assert page.count(">–</td>") == 2


def test_marks_colour_the_cells_that_have_them():
    page = page_of(Table(pd.DataFrame({"verdict": ["inside", "outside"]}), marks={"inside": "good", "outside": "bad"}))
    assert '<span class="mark good">inside</span>' in page
    assert '<span class="mark bad">outside</span>' in page


def test_labels_are_words_but_what_is_to_be_typed_again_is_not():
    page = page_of(
        Table(pd.DataFrame({"label": ["at_risk, low usage_trend"], "key": ["max_rounds"]}), verbatim=("key",))
    )
    assert ">at risk, low usage trend</td>" in page
    assert ">max_rounds</td>" in page


def test_a_sentence_names_labels_in_words_and_settings_as_they_are_typed():
    told = "needs_proof (purchase_segment) is harmed; give costs={ARM_X: 1}; effects_by_label.json has the clv of all"
    assert sentence(told) == (
        "needs proof (purchase segment) is harmed; give costs={ARM_X: 1}; effects_by_label.json has the CLV of all"
    )


def test_one_more_row_is_one():
    assert "1 more row is in the run" in page_of(Table(pd.DataFrame({"n": range(16)}), most=15))
