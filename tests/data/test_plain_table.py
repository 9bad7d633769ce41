"""A table that is no log: by content, with its own types, refused in a line."""

from __future__ import annotations

import gzip

import pandas as pd
import pytest

from patronage.data import read_table
from patronage.errors import DataError


def test_csv_packed_csv_and_parquet_give_the_same(tmp_path):
    frame = pd.DataFrame({"arm": ["mail", "control"], "spent": [1.5, 2.0], "age": [30, 40]})
    frame.to_csv(tmp_path / "a.csv", index=False)
    (tmp_path / "b.csv").write_bytes(gzip.compress((tmp_path / "a.csv").read_bytes()))
    frame.to_parquet(tmp_path / "c.parquet")
    for name in ("a.csv", "b.csv", "c.parquet"):
        read = read_table(str(tmp_path / name))
        assert read["spent"].tolist() == [1.5, 2.0], name
        assert read["arm"].tolist() == ["mail", "control"], name


def test_what_is_no_table_is_one_line(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        read_table(str(tmp_path / "nowhere.csv"))
    (tmp_path / "x.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(DataError, match=r"x\.parquet"):
        read_table(str(tmp_path / "x.parquet"))
