"""The totals by category, by hand: two lines of tea, one of soap that is sent back, and a line without a category."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
import pytest

from conftest import through_the_door
from patronage.config import LensesConfig
from patronage.lenses.relations import look_back

LINES = pd.DataFrame(
    [
        ("anna", "2024-02-01", "o1", 10.0, 2.0, "tea", "t1", "own"),
        ("anna", "2024-02-02", "o2", 12.0, 2.0, "tea", "t1", None),
        ("anna", "2024-02-03", "o3", 9.0, 1.0, "tea", "t2", None),
        ("anna", "2024-02-04", "o4", 6.0, 1.0, "soap", None, None),
        ("anna", "2024-02-05", "r4", -2.0, -1.0, "soap", None, None),
        ("anna", "2024-02-06", "o5", 1.0, None, None, "x", None),
        ("anna", "2024-03-01", "o6", 99.0, 9.0, "tea", "t1", "own"),
    ],
    columns=["customer_id", "ordered_at", "order_id", "amount", "quantity", "category", "product_id", "private_label"],
).astype({"ordered_at": "datetime64[us]"})


@pytest.fixture(scope="module")
def totals():
    tables = through_the_door(LINES, on_duplicate_rows="keep")
    with look_back(tables, datetime(2024, 3, 1), LensesConfig(), 7) as history:
        frame = history.frame("SELECT * FROM category_totals")
    return frame.assign(category=frame["category"].fillna("none")).set_index("category")


def test_a_row_per_category_and_one_without(totals):
    assert sorted(totals.index) == ["none", "soap", "tea"]


@pytest.mark.parametrize(
    ("column", "tea", "soap"),
    [("n_lines", 3, 1), ("units", 5_000, 667), ("paid", 310_000, 40_000),
     ("net", 310_000, 40_000), ("n_with_product", 3, 0), ("n_with_quantity", 3, 1)],
)  # fmt: skip
def test_counts_and_sums(totals, column, tea, soap):
    assert (totals.loc["tea", column], totals.loc["soap", column]) == (tea, soap)


def test_pairs_of_one_product_are_ordered_pairs(totals):
    assert totals.loc["tea", "n_same_product"] == 2  # t1 twice: two ordered pairs; t2 once: none


def test_what_has_no_quantity_counts_as_a_line_only(totals):
    assert (totals.loc["none", "n_lines"], totals.loc["none", "n_with_quantity"]) == (1, 0)
