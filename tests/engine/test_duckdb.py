"""DuckDB's dialect by hand, what it reads, and how it is closed."""

from __future__ import annotations

import gc
from datetime import datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from patronage.engine import DuckDB
from patronage.errors import ConfigError

ENGINE = DuckDB(threads=1)


def value(expression: str) -> object:
    return ENGINE.row(f"SELECT {expression}")[0]


@pytest.mark.parametrize(("day", "weekday"), [("2024-01-01", 1), ("2024-01-06", 6), ("2024-01-07", 7)])
def test_monday_is_1_and_sunday_7(day, weekday):
    assert value(ENGINE.weekday(f"DATE '{day}'")) == weekday


def test_days_count_midnights_over_a_leap_day():
    assert value(ENGINE.days("DATE '2024-02-28'", "DATE '2024-03-01'")) == 2


def test_money_squares_do_not_overflow():
    assert value(f"sum({ENGINE.wide('x')} * {ENGINE.wide('x')}) FROM (SELECT 10**13::BIGINT AS x)") == 10**26


def test_texts_are_joined_in_the_order_of_the_key():
    rows = "(VALUES (1, 'a'), (3, 'c'), (2, 'b')) AS v(k, piece)"
    assert value(f"{ENGINE.join_text('piece', 'k DESC')} FROM {rows}") == "cba"


def test_an_instant_becomes_the_clock_time_of_the_business():
    instant = "TIMESTAMPTZ '2024-07-01 22:30:00+00'"
    assert value(ENGINE.local_time(instant, "Europe/Berlin")) == datetime(2024, 7, 2, 0, 30)


@pytest.mark.parametrize("name", ['a"b', "from", "mit Leer", "naïve"])
def test_any_column_name_can_be_quoted(name):
    assert ENGINE.types(f"(SELECT 1 AS {ENGINE.quote(name)})") == {name: "INTEGER"}


@pytest.mark.parametrize(
    ("text", "matches"),
    [("Sold", True), ("unsOLD", True), ("so ld", False), ("", False)],
)
def test_a_pattern_matches_whatever_the_case(text, matches):
    assert value(ENGINE.matches(f"'{text}'", "sold")) is matches


@pytest.mark.parametrize(
    ("number", "finite"), [("0.0", True), ("1e308", True), ("'inf'", False), ("'-inf'", False), ("'nan'", False)]
)
def test_nan_and_infinity_are_not_finite(number, finite):
    assert value(ENGINE.finite(f"CAST({number} AS DOUBLE)")) is finite


@pytest.mark.parametrize("digits", ["0", "ff", "fffffffffffff"])
def test_hexadecimal_digits_are_a_number(digits):
    assert value(ENGINE.hexadecimal(f"'{digits}'")) == int(digits, 16)


@pytest.mark.parametrize("buckets", [1, 2, 7])
def test_every_text_is_in_one_bucket(buckets):
    rows = f"SELECT {ENGINE.bucket('CAST(range AS VARCHAR)', buckets)} AS b FROM range(200)"
    assert ENGINE.frame(f"SELECT DISTINCT b FROM ({rows}) ORDER BY b")["b"].tolist() == list(range(buckets))


@pytest.mark.parametrize("kind", ["money", "number", "time", "label"])
def test_null_has_the_type_of_its_kind(kind):
    types = {"money": "BIGINT", "number": "DOUBLE", "time": "TIMESTAMP", "label": "VARCHAR"}
    assert ENGINE.types(f"(SELECT {ENGINE.null(kind)} AS x)") == {"x": types[kind]}


def test_a_format_reads_what_it_says_and_nothing_else():
    assert value(ENGINE.clock_of_format("'31/01/2024'", "%d/%m/%Y")) == datetime(2024, 1, 31)
    assert value(ENGINE.clock_of_format("'2024-01-31'", "%d/%m/%Y")) is None


def test_one_row_is_one_row():
    for rows in (0, 2):
        with pytest.raises(ValueError):
            ENGINE.row(f"SELECT * FROM range({rows})")


def test_categories_are_text():
    engine = DuckDB(threads=1)
    engine.run("CREATE TYPE size AS ENUM ('S', 'M')")
    engine.run("CREATE TABLE shirts (size size, n INTEGER)")
    assert engine.types("shirts") == {"size": "VARCHAR", "n": "INTEGER"}


@pytest.mark.parametrize("form", [pd.DataFrame, pa.table, lambda data: pa.table(data).to_reader()])
def test_data_in_memory_becomes_a_table(form):
    engine = DuckDB(threads=1)
    engine.add_frame("numbers", form({"n": [1, 2, 3]}))
    assert engine.row("SELECT sum(n) FROM numbers") == (6,)
    engine.drop("numbers")
    with pytest.raises(engine.failure, match="numbers"):
        engine.row("SELECT sum(n) FROM numbers")


def test_a_table_may_be_replaced_by_a_query_of_itself_and_renamed():
    engine = DuckDB(threads=1)
    engine.table("numbers", "SELECT range AS n FROM range(4)")
    engine.table("numbers", "SELECT n FROM numbers WHERE n > 1")
    engine.rename("numbers", "large")
    assert engine.row("SELECT count(*) FROM large") == (2,)


def test_it_runs_in_this_process():
    assert ENGINE.cluster is None
    assert ENGINE.files is ENGINE
    assert ENGINE.hides_secrets
    assert not ENGINE.has_catalog
    with pytest.raises(ConfigError, match="^sales: engine=duckdb reads tables from files; give the path"):
        ENGINE.named("sales")


def test_a_keyed_hash_depends_on_the_key_and_the_text():
    first, second = DuckDB(threads=1), DuckDB(threads=1)
    first.keep_secret("a")
    second.keep_secret("b")
    hashes = [
        engine.row(f"SELECT {engine.keyed_hash(text)}")[0] for engine in (first, second) for text in ("'x'", "'y'")
    ]
    assert len(set(hashes)) == 4
    assert {len(digits) for digits in hashes} == {32}
    assert first.row(f"SELECT {first.keyed_hash('CAST(NULL AS VARCHAR)')}") == (None,)


class TestClosing:
    def limited(self, folder: Path) -> DuckDB:
        engine = DuckDB(threads=1, memory_limit="200MB", folder=folder)
        engine.table("numbers", "SELECT * FROM range(1000)")
        assert len(list(folder.iterdir())) == 1
        return engine

    def test_removes_the_file_of_the_tables_once(self, tmp_path):
        engine = self.limited(tmp_path)
        engine.close()
        engine.close()
        assert list(tmp_path.iterdir()) == []
        with pytest.raises(ConfigError, match="the log was closed"):
            engine.row("SELECT 1")

    def test_happens_when_the_engine_is_collected(self, tmp_path):
        engine = self.limited(tmp_path)
        del engine
        gc.collect()
        assert list(tmp_path.iterdir()) == []

    def test_without_a_limit_there_is_no_file(self, tmp_path):
        DuckDB(threads=1, folder=tmp_path).table("numbers", "SELECT * FROM range(1000)")
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("limit", ["much", "-1GB"])
def test_a_limit_that_is_no_size_is_refused(limit):
    with pytest.raises(ConfigError, match=f"engine.memory_limit={limit}: not a size; expected one such as 3GB"):
        DuckDB(memory_limit=limit)


def test_a_table_takes_the_place_of_a_view_that_it_reads():
    engine = DuckDB(threads=1)
    engine.view("numbers", "SELECT * FROM range(3) AS r(n)")
    engine.table("numbers", "SELECT n + 1 AS n FROM numbers")
    assert engine.row("SELECT sum(n), min(n) FROM numbers") == (6, 1)
    engine.table("numbers", "SELECT n FROM numbers WHERE n > 1")  # by now it is a table
    assert engine.row("SELECT count(*) FROM numbers") == (2,)


def test_a_view_is_renamed_and_dropped_as_a_table_is():
    engine = DuckDB(threads=1)
    engine.view("numbers", "SELECT * FROM range(3) AS r(n)")
    engine.rename("numbers", "figures")
    assert engine.row("SELECT count(*) FROM figures") == (3,)
    engine.table("numbers", "SELECT 1 AS n")
    engine.drop("figures")
    engine.drop("numbers")
    assert engine.row("SELECT count(*) FROM duckdb_views() WHERE NOT internal") == (0,)


def test_every_row_has_a_number_that_lasts():
    engine = DuckDB(threads=1)
    engine.table("letters", "SELECT chr(97 + n::INT) AS letter FROM range(5) AS r(n)")
    numbers = f"SELECT {engine.number_rows('letters')} AS number, letter FROM letters ORDER BY letter"
    first = engine.frame(numbers)
    assert first["number"].is_unique
    pd.testing.assert_frame_equal(engine.frame(numbers), first)


class TestOwnCopies:
    def test_are_beside_the_tables_and_go_with_them(self, tmp_path):
        (tmp_path / "one").write_bytes(b"1")
        (tmp_path / "two").write_bytes(b"2")
        engine = DuckDB(threads=1, memory_limit="200MB", folder=tmp_path)
        first, second = engine.own_copies([str(tmp_path / "one")]), engine.own_copies([str(tmp_path / "two")])
        (tmp_path / "one").write_bytes(b"another")
        assert [Path(path).read_bytes() for path in (*first, *second)] == [b"1", b"2"]
        engine.close()
        assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "two"]

    def test_are_none_where_tables_lie_in_memory_or_a_file_cannot_be_copied(self, tmp_path):
        (tmp_path / "one").write_bytes(b"1")
        assert DuckDB(threads=1).own_copies([str(tmp_path / "one")]) is None
        engine = DuckDB(threads=1, memory_limit="200MB", folder=tmp_path)
        assert engine.own_copies([str(tmp_path / "one"), str(tmp_path / "absent")]) is None
        assert not list(tmp_path.rglob("copy_*"))
