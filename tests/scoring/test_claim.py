"""What stands at an output and is not a result of ours stays, byte by byte."""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from patronage import scoring
from patronage.config import DataConfig, TransactionsConfig
from patronage.engine import DuckDB
from patronage.errors import OutputError
from patronage.scoring import mark

from .conftest import ORDERS, content, make_result, make_table, rows_of

pytestmark = pytest.mark.slow

OUTPUTS = ["scores.parquet", "scores", "duckdb://shop.duckdb/scores"]


@pytest.mark.parametrize("output", OUTPUTS)
class TestOurOwn:
    def test_a_result_replaces_a_result(self, place, output):
        make_result(output, 3)
        assert rows_of(output) == 6
        make_result(output, 5)
        assert rows_of(output) == 10
        left = {path.name for path in place.iterdir() if path.suffix != ".lock"}
        assert left == {"log.parquet", output.removeprefix("duckdb://").split("/")[0]}

    def test_a_result_that_was_changed_is_not_ours(self, place, output):
        make_result(output, 3)
        if output == "scores.parquet":  # with its metadata, as pyarrow copies them
            table = pq.read_table(output).replace_schema_metadata(pq.read_metadata(output).metadata)
            pq.write_table(table.slice(1), output)
        elif output == "scores":
            ORDERS.to_parquet("scores/part-00001.parquet")
        else:
            make_table("shop.duckdb", "INSERT INTO {schema}.scores VALUES ('dora')")
        before = content(place)
        with pytest.raises(OutputError, match=r"would be lost; give another output, or force=true to destroy it"):
            make_result(output, 5)
        assert content(place) == {name: before[name] for name in before}

    def test_force_replaces_what_is_foreign_and_nothing_else(self, place, output):
        Path("other.txt").write_text("other")
        if output == "scores.parquet":
            ORDERS.to_parquet(output)
        elif output == "scores":
            Path("scores/deep").mkdir(parents=True)
            Path("scores/deep/holiday.jpg").write_text("sun")
        else:
            make_table("shop.duckdb", "CREATE TABLE {schema}.scores AS SELECT 1 AS x")
            make_table("shop.duckdb", "CREATE TABLE {schema}.orders AS SELECT 2 AS y")
        with pytest.raises(OutputError, match="force=true"):
            make_result(output)
        make_result(output, force=True)
        assert rows_of(output) == 6
        assert Path("other.txt").read_text() == "other"
        make_result(output, 4)  # it carries the mark now
        if output.startswith("duckdb"):
            assert rows_of("duckdb://shop.duckdb/orders") == 1


def a_text(place):
    (place / "scores.parquet").write_text("not Parquet")


def an_empty_file(place):
    (place / "scores.parquet").touch()


def a_foreign_parquet_file(place):
    ORDERS.to_parquet(place / "scores.parquet")


def a_link_to_a_foreign_file(place):
    ORDERS.to_parquet(place / "precious.parquet")
    (place / "scores.parquet").symlink_to(place / "precious.parquet")


def a_folder_named_like_the_file(place):
    (place / "scores.parquet").mkdir()
    (place / "scores.parquet" / "note.txt").write_text("x")


def part_files_of_somebody(place):
    (place / "scores").mkdir()
    for number in range(2):
        ORDERS.to_parquet(place / "scores" / f"part-{number:05d}.parquet")


def a_folder_named_like_a_part(place):
    (place / "scores" / "part-00000.parquet").mkdir(parents=True)
    (place / "scores" / "part-00000.parquet" / "note.txt").write_text("x")


def our_parts_and_a_note(place):
    make_result("scores")
    (place / "scores" / "note.txt").write_text("x")


def our_parts_and_a_link(place):
    make_result("scores")
    (place / "scores" / "part-00001.parquet").unlink()
    (place / "scores" / "part-00001.parquet").symlink_to(place / "log.parquet")


def a_manifest_of_somebody(place):
    (place / "scores").mkdir()
    (place / "scores" / mark.MANIFEST).write_text('["mine"]')


def a_link_to_a_folder(place):
    (place / "precious").mkdir()
    (place / "precious" / "note.txt").write_text("x")
    (place / "scores").symlink_to(place / "precious")


def a_foreign_table(place):
    make_table("shop.duckdb", "CREATE TABLE {schema}.scores AS SELECT 1 AS x")


def a_table_in_other_letters(place):
    make_table("shop.duckdb", 'CREATE TABLE {schema}."SCORES" AS SELECT 1 AS x')


def a_view(place):
    make_table("shop.duckdb", "CREATE VIEW {schema}.scores AS SELECT 1 AS x")


def a_table_with_a_comment(place):
    make_table("shop.duckdb", "CREATE TABLE {schema}.scores AS SELECT 1 AS x")
    make_table("shop.duckdb", "COMMENT ON TABLE {schema}.scores IS 'scores of patronage'")


def no_database(place):
    (place / "shop.duckdb").write_text("notes" * 1000)


def a_database_of_another_kind(place):
    import sqlite3

    sqlite3.connect(place / "shop.duckdb").execute("CREATE TABLE scores (x)")


FOREIGN = {
    a_text: 0, an_empty_file: 0, a_foreign_parquet_file: 0, a_link_to_a_foreign_file: 0,
    a_folder_named_like_the_file: 0, part_files_of_somebody: 1, a_folder_named_like_a_part: 1, our_parts_and_a_note: 1,
    our_parts_and_a_link: 1, a_manifest_of_somebody: 1, a_link_to_a_folder: 1, a_foreign_table: 2,
    a_table_in_other_letters: 2, a_view: 2, a_table_with_a_comment: 2, no_database: 2, a_database_of_another_kind: 2,
}  # fmt: skip


@pytest.mark.parametrize("stands", FOREIGN, ids=lambda make: make.__name__)
def test_what_is_not_ours_stays(place, stands):
    stands(place)
    before = content(place)
    with pytest.raises(OutputError, match=r"^output=.*; give (another output|the file of a DuckDB database)"):
        make_result(OUTPUTS[FOREIGN[stands]])
    assert content(place) == before


@pytest.mark.parametrize("stands", [a_folder_named_like_the_file, a_view, no_database], ids=lambda make: make.__name__)
def test_force_does_not_remove_what_is_of_another_kind(place, stands):
    stands(place)
    before = content(place)
    with pytest.raises(OutputError, match="^output="):
        make_result(OUTPUTS[FOREIGN[stands]], force=True)
    assert content(place) == before


def test_force_does_not_take_the_folder_that_one_stands_in(place):
    (place / "there" / "here").mkdir(parents=True)
    os.chdir(place / "there" / "here")
    with pytest.raises(OutputError, match="holds the current or the home folder"):
        make_result(place / "there", force=True, log=str(place / "log.parquet"))


def test_an_empty_folder_is_free(place):
    (place / "scores").mkdir()
    make_result("scores")
    assert rows_of("scores") == 6


# The working folder and the lock


def test_a_working_folder_of_somebody_stays(place):
    (place / ".scores.scoring" / "parts").mkdir(parents=True)
    (place / ".scores.scoring" / "parts" / "mine.txt").write_text("x")
    before = content(place)
    with pytest.raises(OutputError, match="holds parts, and was not made by patronage score; move it away"):
        make_result("scores")
    after = content(place)
    assert {name: after[name] for name in before} == before


@pytest.mark.parametrize("name", ["notes.txt", "parts/notes.txt", "ready", "growing.txt", "patronage-x/notes.txt"])
def test_foreign_files_in_a_working_folder_of_ours_stay(place, name):
    target = scoring.parse("scores.parquet")
    with scoring.alone(target) as folder:
        work = scoring.begin(folder, {"killed": 1})
        work.keep(0, [(pa.table({"customer_id": ["anna"]}), {})])
    (target.work / name).parent.mkdir(exist_ok=True)
    (target.work / name).write_text("precious")
    with pytest.raises(OutputError, match=f"{name} was not written by patronage score, and would be lost"):
        make_result("scores.parquet")
    assert (target.work / name).read_text() == "precious"


def test_what_comes_into_the_working_folder_during_a_job_stays(place):
    target = scoring.parse("scores.parquet")
    claim = scoring.Claim(target, DataConfig("tables", transactions=TransactionsConfig(path="log.parquet")))
    with scoring.alone(target) as folder:
        work = scoring.begin(folder, {})
        work.keep(0, [(pa.table({"customer_id": ["anna"]}), {})])
        (work.parts / "notes.txt").write_text("precious")
        scoring.publish(work, claim, DuckDB(1))
    assert rows_of("scores.parquet") == 1
    assert (work.parts / "notes.txt").read_text() == "precious"


def test_a_lock_that_holds_something_is_no_lock(place):
    (place / ".scores.parquet.lock").write_text("precious")
    with pytest.raises(OutputError, match="is in the way, and is no lock of patronage"):
        make_result("scores.parquet")
    assert (place / ".scores.parquet.lock").read_text() == "precious"


# The race: something foreign comes after the check


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("first", [False, True])
def test_what_comes_between_the_check_and_the_move_stays(place, output, first):
    """The check is passed by an object that looks at nothing; what is moved out is looked at once more."""
    if not first:
        make_result(output)
    foreign = {"scores.parquet": a_foreign_parquet_file, "scores": part_files_of_somebody}.get(output, a_foreign_table)
    target = scoring.parse(output)

    class Late(scoring.Claim):
        def check(self, cluster=None):
            if target.path.is_dir():
                for path in target.path.iterdir():
                    path.unlink()
                target.path.rmdir()
            target.path.unlink(missing_ok=True)
            foreign(place)
            self.__dict__["before"] = content(target.path) if target.path.is_dir() else rows_of(output)

    claim = Late(target, DataConfig("tables", transactions=TransactionsConfig(path="log.parquet")))
    with scoring.alone(target) as folder:
        work = scoring.begin(folder, {})
        work.keep(0, [(pa.table({"customer_id": ["anna"]}), {})])
        with pytest.raises(OutputError, match="would be lost"):
            scoring.publish(work, claim, DuckDB(1))
    assert (content(target.path) if target.path.is_dir() else rows_of(output)) == claim.before
    with pytest.raises(OutputError):
        make_result(output)
