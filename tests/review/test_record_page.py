"""Any other run as one page."""

from __future__ import annotations

import pandas as pd

from patronage.review.figures import blank
from patronage.review.record import RunRecord
from patronage.review.record_page import with_record_page


def page_of(**parts) -> str:
    record = RunRecord(kind="analysis", name=None, started_ms=0, description="As of today.", **parts)
    return with_record_page(record, "shop: analyses", notes=["cross-sell needs transactions.category"]).texts[
        "report.html"
    ]


def test_each_table_stands_under_its_figure():
    figure, _ = blank("Ten of ten came back")
    page = page_of(tables={"cohorts.json": pd.DataFrame({"retention": [0.25]})}, figures={"cohorts.png": figure})
    assert page.index("data:image/png") < page.index(">25.0%</td>")
    assert page.count("<section") == 2


def test_a_figure_without_a_table_has_its_own_section():
    figure, _ = blank("A line")
    assert "Churn log loss" in page_of(figures={"churn_log_loss.png": figure})


def test_what_is_missing_is_told_first():
    page = page_of()
    assert "cross-sell needs transactions.category" in page
    assert "As of today." in page


def test_a_wide_table_says_how_many_columns_are_left_out():
    page = page_of(tables={"wide.json": pd.DataFrame([range(11)], columns=[f"c{k}" for k in range(11)])})
    assert "3 more columns are in the table" in page
    assert page.count('scope="col"') == 8


def test_an_interval_is_written_as_the_value_that_it_bounds():
    frame = pd.DataFrame({"share": [0.2], "low": [0.1], "high": [0.3]})
    ratio = pd.DataFrame({"ratio": [5.89], "low": [2.17], "high": [16.0]})
    page = page_of(tables={"shares.json": frame, "ratios.json": ratio})
    assert all(text in page for text in (">10.0%</td>", ">30.0%</td>", ">2.17</td>", ">16</td>"))
    assert "217.0%" not in page


def test_shares_beside_shares_are_written_as_shares():
    frame = pd.DataFrame({"share_after": [0.67], "popularity": [0.46], "after_any_purchase": [0.432]})
    assert all(
        text in page_of(tables={"sequences.json": frame}) for text in (">67.0%</td>", ">46.0%</td>", ">43.2%</td>")
    )


def test_answers_come_first_and_what_is_missing_is_opened_by_the_reader():
    record = RunRecord(kind="analysis", name=None, started_ms=0, tables={"pairs.json": pd.DataFrame({"a": [1]})})
    chapters = [("What follows what?", "Tea follows bread", ["pairs.json"])]
    page = with_record_page(record, "shop", ["list nps: the log has no event nps"], "1 answer", chapters).texts[
        "report.html"
    ]
    assert page.index("Tea follows bread") < page.index("What was left out, and why (1)") < page.index("no event nps")


def test_an_answer_that_begins_with_an_abbreviation_is_written_in_capitals():
    record = RunRecord(kind="analysis", name=None, started_ms=0, tables={"overlap.json": pd.DataFrame({"a": [1]})})
    chapters = [("Which agree?", "rfm_segment and value_tier agree most", ["overlap.json"])]
    page = with_record_page(record, "shop", [], "1 answer", chapters).texts["report.html"]
    assert "RFM segment and value tier agree most" in page
    assert "Rfm" not in page


def test_a_column_that_the_log_does_not_fill_is_left_out_and_others_are_understood():
    frame = pd.DataFrame({"buyers": [10], "best_1_share": [0.145], "profit": [None]})
    page = page_of(tables={"pareto.json": frame})
    assert "share paid by the best 1%" in page
    assert ">14.5%</td>" in page
    assert ">profit<" not in page


def test_names_to_be_typed_stay_as_they_are_and_a_feature_told_in_words_has_no_name_beside():
    frame = pd.DataFrame({"what": ["orders"], "driver": ["n_orders"], "would need": ["events:return_requested"]})
    page = page_of(tables={"table.json": frame})
    assert "events:return_requested" in page
    assert "n orders" not in page
    assert "n orders" in page_of(tables={"table.json": frame.assign(what="")})
