"""A hundred bad inputs at the door: each ends with exit code, one line, and nothing written; and a fuzz of the door."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import patronage as pt
from patronage.errors import PatronageError

pytestmark = pytest.mark.slow

GOOD = pd.DataFrame(
    {
        "customer_id": [f"c{number % 5}" for number in range(20)],
        "ordered_at": pd.date_range("2024-01-01", periods=20, freq="3D").astype(str),
        "amount": [10.0 + number for number in range(20)],
        "order_id": [f"o{number}" for number in range(20)],
    }
)
CSV = GOOD.to_csv(index=False)


def changed(column: str, value: object, row: int = 3) -> pd.DataFrame:
    frame = GOOD.astype({column: object})
    frame.loc[row, column] = value
    return frame


# Texts of a CSV file that cannot be a log
TEXTS = {
    "nothing": "",
    "a blank line": "\n",
    "a header alone": "customer_id,ordered_at,amount\n",
    "no header": "\n".join(CSV.splitlines()[1:]),
    "a column less in one row": CSV + "c1,2024-03-01\n",
    "a column more in one row": CSV + "c1,2024-03-01,5,o99,more\n",
    "an open quote": CSV + '"c1,2024-03-01,5,o99\n',
    "two equal names": CSV.replace("order_id", "amount", 1),
    "an unheard-of delimiter": CSV.replace(",", "~"),
    "zeros": "\x00" * 500,
    "half a character": CSV + "c1\udcff,2024-03-01,5,o99\n",
    "html": "<html><body>404 not found</body></html>",
    "json": '[{"customer_id": "a"}]',
    "git conflict": CSV + "<<<<<<< HEAD\n",
    "a header twice": CSV + CSV,
}
VALUES = {  # of the one bad cell
    "customer_id": [None, "", "   ", np.nan],
    "ordered_at": [
        None, "", "soon", "2024-13-01", "2024-02-30", "31/01/2024", "2024-01-01T25:00", "20240101x", "0000-00-00",
        "1e9", "NaT", "now()", "2024-1-1-1", "24-01-01T", "Monday",
    ],
    "amount": [
        None, "", "ten", "1,000.00", "1.000,00", "€10", "10 EUR", "NaN", "inf", "-inf", "1e400", "0x10", "--5", "1 0",
        "five", "1e30", "9" * 40, "=1+1", "TRUE",
    ],
}  # fmt: skip
CELLS = [(column, value) for column, values in VALUES.items() for value in values]
FRAMES = {
    "no rows": GOOD.head(0),
    "no amount": GOOD.drop(columns="amount"),
    "no customer": GOOD.drop(columns="customer_id"),
    "no date": GOOD.drop(columns="ordered_at"),
    "all refunds": GOOD.assign(amount=-GOOD["amount"]),
    "amounts as lists": GOOD.assign(amount=[["a"]] * len(GOOD)),
    "mixed objects": GOOD.assign(amount=[object()] * len(GOOD)),
    "complex numbers": GOOD.assign(amount=GOOD["amount"] * 1j),
    "dates as numbers": GOOD.assign(ordered_at=range(len(GOOD))),
    "equal rows": pd.concat([GOOD, GOOD.head(1)]),
    "columns twice": pd.concat([GOOD, GOOD[["amount"]]], axis=1),
}
OTHERS = {
    "no frame": 42, "none": None, "a set": {"a"}, "an empty list": [], "a number in a list": [1],
    "a series": GOOD["amount"], "no file": "no/such/file.csv", "no match": "no_*.parquet", "a folder": ".",
    "no ending": "Makefile", "an address": "http://127.0.0.1:9/x.csv",
}  # fmt: skip
SETTINGS = [
    {"timezone": "Mars/Olympus"}, {"money_decimals": 99}, {"money_decimals": -1}, {"on_bad_rows": "ignore"},
    {"on_duplicate_rows": "maybe"}, {"entity": "planet"}, {"max_staleness_days": -1}, {"amount": "nope"},
    {"amonut": "amount"}, {"customer_id": "amount\"; DROP TABLE x; --"}, {"date_format": "%Q"},
    {"attributes": {"x": "astral"}}, {"vocabulary": {"x": "nonsense"}},
]  # fmt: skip


def refused(source: object, **given: object) -> str:
    """The line with which the door refuses."""
    with pytest.raises(PatronageError) as caught:
        pt.read(source, **given).close()
    line = str(caught.value)
    assert caught.value.exit_code in (1, 2)
    assert line
    assert "\n" not in line
    assert "Traceback" not in line
    return line


@pytest.mark.parametrize("case", TEXTS)
def test_files_that_are_no_log(case, tmp_path):
    path = tmp_path / "log.csv"
    path.write_bytes(TEXTS[case].encode(errors="surrogateescape"))
    before = path.read_bytes()
    refused(path)
    assert [each.name for each in tmp_path.iterdir()] == ["log.csv"]
    assert path.read_bytes() == before


@pytest.mark.parametrize(("column", "value"), CELLS, ids=[f"{column}={value}"[:40] for column, value in CELLS])
def test_one_bad_cell_is_named(column, value):
    line = refused(changed(column, value))
    assert column in line


@pytest.mark.parametrize("case", FRAMES)
def test_frames_that_are_no_log(case):
    refused(FRAMES[case])


@pytest.mark.parametrize("case", OTHERS)
def test_things_that_are_no_source(case, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    refused(OTHERS[case])


@pytest.mark.parametrize("given", SETTINGS, ids=str)
def test_settings_that_do_not_fit(given):
    extra = {"customers": GOOD[["customer_id"]].drop_duplicates()} if "attributes" in given else {}
    if "vocabulary" in given:
        extra |= {"events": GOOD[["customer_id"]].assign(occurred_at="2024-01-01", event="x")}
    refused(GOOD, **given, **extra)


@pytest.mark.parametrize("name", ["log.parquet", "log.duckdb", "log.csv.gz"])
@pytest.mark.parametrize("content", [b"", b"PAR1", b"not what it is named", b"\x1f\x8b\x08\x00broken"])
def test_files_that_are_not_what_their_names_tell(name, content, tmp_path):
    (tmp_path / name).write_bytes(content)
    refused(tmp_path / name, **({"table": "orders"} if name.endswith("duckdb") else {}))


def test_a_parquet_file_cut_off(tmp_path):
    path = tmp_path / "log.parquet"
    GOOD.to_parquet(path)
    path.write_bytes(path.read_bytes()[:-20])
    refused(path)


cells = st.one_of(
    st.none(), st.text(max_size=12), st.integers(), st.floats(), st.booleans(), st.binary(max_size=4), st.datetimes()
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    rows=st.lists(st.tuples(cells, cells, cells), max_size=6),
    bad=st.sampled_from(["fail", "quarantine"]),
    twice=st.sampled_from(["fail", "keep", "drop"]),
)
@pytest.mark.slow
def test_whatever_comes_is_read_or_refused_in_a_line(rows, bad, twice):
    frame = pd.DataFrame(rows, columns=["customer_id", "ordered_at", "amount"], dtype=object)
    with contextlib.suppress(PatronageError):
        pt.read(frame, on_bad_rows=bad, on_duplicate_rows=twice).close()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=80), where=st.integers(0, len(CSV)))
@pytest.mark.slow
def test_a_file_with_anything_in_its_middle(text, where, tmp_path):
    path = Path(tmp_path, "log.csv")
    path.write_bytes((CSV[:where] + text + CSV[where:]).encode(errors="replace"))
    with contextlib.suppress(PatronageError):
        pt.read(path).close()
