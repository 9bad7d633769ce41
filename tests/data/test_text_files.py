"""Text that is not UTF-8 is read by its encoding; JSON that breaks off is named with its place."""

from __future__ import annotations

import gzip
import json
import tempfile
from pathlib import Path

import pytest

from conftest import BY_HAND
from patronage import read
from patronage.config import DataConfig, TransactionsConfig
from patronage.data import load
from patronage.engine import DuckDB
from patronage.errors import ConfigError, DataError

CSV = BY_HAND.assign(category="Käse").to_csv(index=False)
ROWS = [json.dumps(row, ensure_ascii=False) for row in json.loads(
    BY_HAND.assign(category="Käse", ordered_at=BY_HAND["ordered_at"].astype(str)).to_json(orient="records")
)]  # fmt: skip
ENCODINGS = ["cp1252", "latin-1", "utf-16", "utf-16-le", "utf-8", "mac-roman"]


@pytest.fixture
def place(tmp_path, monkeypatch) -> Path:
    """The current folder, whose temporary folder is its own."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize(("name", "text"), [("o.csv", CSV), ("o.jsonl", "\n".join(ROWS))], ids=["csv", "json"])
def test_the_same_text_in_any_encoding_is_the_same_log(place, encoding, name, text):
    (place / "plain").mkdir()
    (place / "plain" / name).write_text(text, encoding="utf-8")
    (place / name).write_bytes(text.encode(encoding))
    (place / f"{name}.gz").write_bytes(gzip.compress(text.encode(encoding)))
    expected = read(place / "plain" / name).fingerprint
    assert read(place / name, encoding=encoding).fingerprint == expected
    assert read(place / f"{name}.gz", encoding=encoding).fingerprint == expected
    assert list((place / "tmp").iterdir()) == []  # a copy in clear goes when the log is behind the door


def test_several_files_of_an_encoding_are_one_log(place):
    head, *rows = CSV.splitlines()
    for number, part in enumerate((rows[:4], rows[4:])):
        (place / f"{number}.csv").write_bytes("\n".join([head, *part]).encode("cp1252"))
    (place / "2.csv").write_text(CSV.replace("a1", "later"), encoding="utf-8")  # since the system was changed
    config = DataConfig(
        "shop", transactions=TransactionsConfig(path="*.csv", encoding="cp1252"), on_duplicate_rows="keep"
    )
    tables = load(DuckDB(1), config)
    assert tables.rows == {"transactions": 20}
    assert tables.engine.row("SELECT DISTINCT category FROM transactions") == ("Käse",)


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        ("o.csv", CSV.encode("cp1252"), r"Line: 2 of o\.csv; a line is not UTF-8 text: save it as UTF-8, or name"),
        ("o.csv", CSV.replace("category", "Größe").encode("cp1252"), r"^o\.csv is not UTF-8 text \(line 1\); save"),
        ("o.csv", CSV.encode("utf-16"), r"^o\.csv is UTF-16 text and not UTF-8 text; save it .*encoding=utf-16$"),
        ("o.jsonl", "\n".join(ROWS).encode("cp1252"), r"^o\.jsonl is not UTF-8 text \(line 1\); save"),
    ],
)
def test_the_refusal_names_the_file_and_the_setting(place, name, content, line):
    (place / name).write_bytes(content)
    config = DataConfig("shop", transactions=TransactionsConfig(path=name))
    with pytest.raises(DataError, match=line) as refusal:
        load(DuckDB(1), config)
    assert "such as data.transactions.encoding=" in str(refusal.value)


@pytest.mark.parametrize(
    ("content", "encoding", "error", "line"),
    [
        (CSV, "klingon", ConfigError, 'encoding="klingon": no such encoding'),
        (CSV, "hex", ConfigError, 'encoding="hex": no such encoding'),
        (CSV, "ascii", DataError, r'encoding="ascii": o\.csv is no text of this encoding \(line 2\); name another'),
        ("PAR1", "cp1252", ConfigError, r"o\.csv is no text file; leave it out"),
    ],
)
def test_a_wrong_encoding(place, content, encoding, error, line):
    (place / "o.csv").write_text(content, encoding="utf-8")
    with pytest.raises(error, match=line):
        read("o.csv", encoding=encoding)
    assert list((place / "tmp").iterdir()) == []


@pytest.mark.parametrize("path", ["postgresql://host/shop", "s3://bucket/o.csv"])
def test_an_encoding_of_what_is_no_file(path):
    with pytest.raises(ConfigError, match="encoding=.cp1252.: only text files of this machine have one"):
        read(path, encoding="cp1252")
    with pytest.raises(ConfigError, match="encoding=.cp1252.: only text files of this machine have one"):
        read(BY_HAND, encoding="cp1252")


LINES = "\n".join(ROWS)
BROKEN = {
    "the last line breaks off": (LINES[:-20], "o.json breaks off in line 10, the last; its writer was stopped: write"),
    "with blank lines": (LINES[:-20] + "\n\n", "o.json breaks off in line 10, the last;"),
    "a line in the middle": ("\n".join([*ROWS[:3], ROWS[3][:9], *ROWS[4:]]), "o.json: line 4 is no whole JSON object;"),
    "a list on one line": (f"[{', '.join(ROWS)}]"[:-20], "o.json breaks off in line 1, the last: its list of rows has"),
    "a list of lines": ("[" + ",\n".join(ROWS), "o.json breaks off in line 10, the last: its list of rows has no end"),
    "no object a line": ("{\n" + LINES, "the JSON cannot be read: "),
}


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("broken", BROKEN)
def test_json_that_breaks_off_is_named_with_its_place(place, broken, packed):
    text, line = BROKEN[broken]
    content = text.encode()
    (place / "o.json").write_bytes(gzip.compress(content) if packed else content)
    with pytest.raises(DataError, match=f"^{line}") as refusal:
        read("o.json")
    assert "\n" not in str(refusal.value)
    assert "anna" not in str(refusal.value)


def test_the_file_that_breaks_off_among_several_is_named(place):
    (place / "a.json").write_text(LINES)
    (place / "b.json").write_text(LINES[:-20])
    with pytest.raises(DataError, match="^b.json breaks off in line 10"):
        read(["a.json", "b.json"])
