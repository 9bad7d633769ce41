"""Several items in one text: what is packed comes back, whatever the names hold."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd

from patronage.engine import DuckDB
from patronage.lenses.packing import packed, unpacked

NAMES = ("price", "lines", "category")


def pack(rows: list[tuple[str, int, int, int, str]], most: int) -> pd.Series:
    """Rows of (customer, rank, price, lines, category), packed by SQL."""
    engine = DuckDB(threads=1)
    engine.add_frame("items", pd.DataFrame(rows, columns=["customer_id", "rank", *NAMES]))
    sql = packed(SimpleNamespace(engine=engine), ("price", "lines"), "category", most)
    frame = engine.frame(f"SELECT customer_id, {sql} AS items FROM items GROUP BY customer_id ORDER BY customer_id")
    return frame.set_index("customer_id")["items"].fillna("")


def test_items_come_back_in_their_order():
    texts = pack([("a", 2, 7, 1, "tea"), ("a", 1, 9, 3, "soap"), ("b", 1, 5, 2, "gin")], most=10)
    items = unpacked(texts, NAMES)
    assert items.values.tolist() == [[0, 9.0, 3.0, "soap"], [0, 7.0, 1.0, "tea"], [1, 5.0, 2.0, "gin"]]


def test_only_the_first_ranks_are_packed():
    assert unpacked(pack([("a", 1, 9, 3, "soap"), ("a", 2, 7, 1, "tea")], most=1), NAMES)["category"].tolist() == [
        "soap"
    ]


def test_a_name_cannot_end_its_item():
    texts = pack([("a", 1, 9, 3, "so\nap\tbar"), ("a", 2, 7, 1, "")], most=10)
    assert unpacked(texts, NAMES)["category"].tolist() == ["so ap bar", ""]


def test_a_customer_without_items_has_no_rows():
    items = unpacked(pd.Series(["", "9\t3\tsoap\n", ""]), NAMES)
    assert items["row"].tolist() == [1]
    assert unpacked(pd.Series(["", ""]), NAMES).empty
