"""What a job reads is never written over, not even by force."""

from __future__ import annotations

import os

import pytest

from patronage.errors import OutputError
from patronage.scoring.inputs import would_match

from .conftest import ORDERS, content, make_result, make_table, rows_of

pytestmark = pytest.mark.slow


def log_is_the_output(place):
    return "log.parquet", "log.parquet"


def log_through_a_link(place):
    (place / "link.parquet").symlink_to("log.parquet")
    return "link.parquet", "log.parquet"


def log_by_a_hard_link(place):
    os.link("log.parquet", "twin.parquet")
    return "twin.parquet", "log.parquet"


def log_in_the_output(place):
    (place / "data" / "deep").mkdir(parents=True)
    (place / "log.parquet").rename(place / "data" / "deep" / "log.parquet")
    return "data", "data/deep/log.parquet"


def output_under_the_glob(place):
    return "scores.parquet", "*.parquet"


def parts_under_the_glob(place):
    return "data/scores", "data/**/*.parquet"


def parts_under_a_glob_of_folders(place):
    return "scores", "*/*.parquet"


def output_under_a_glob_through_a_link(place):
    (place / "real").mkdir()
    (place / "linked").symlink_to("real")
    return "real/scores.parquet", "linked/*.parquet"


def output_under_a_glob_of_links(place):
    (place / "real").mkdir()
    (place / "log1").symlink_to("real")
    ORDERS.to_parquet("real/x.parquet")
    return "real/scores.parquet", "log*/*.parquet"


def log_in_the_working_folder(place):
    (place / ".scores.scoring" / "parts").mkdir(parents=True)
    (place / "log.parquet").rename(place / ".scores.scoring" / "parts" / "part-00000.parquet")
    return "scores", ".scores.scoring/parts/part-00000.parquet"


MEETING = [
    log_is_the_output, log_through_a_link, log_by_a_hard_link, log_in_the_output, output_under_the_glob,
    parts_under_the_glob, parts_under_a_glob_of_folders, output_under_a_glob_through_a_link,
    output_under_a_glob_of_links, log_in_the_working_folder,
]  # fmt: skip


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("meeting", MEETING, ids=lambda make: make.__name__)
def test_output_and_input_do_not_meet(place, meeting, force):
    output, log = meeting(place)
    before = content(place)
    with pytest.raises(OutputError, match=r"meets data.transactions.path=.*, which this job reads"):
        make_result(output, log=log, force=force)
    after = content(place)
    assert {name: after[name] for name in before} == before


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize(
    "output", ["duckdb://shop.duckdb/orders", "duckdb://shop.duckdb/Orders", "duckdb://link/orders"]
)
def test_a_table_that_is_read_is_not_written(place, output, force):
    make_table("shop.duckdb", "CREATE TABLE {schema}.orders AS SELECT 1 AS x")
    (place / "link").symlink_to("shop.duckdb")
    with pytest.raises(OutputError, match=r"meets data.transactions.path=shop.duckdb"):
        make_result(output, log="shop.duckdb", table="orders", force=force)
    assert rows_of("duckdb://shop.duckdb/orders") == 1


def test_a_database_may_hold_the_log_and_the_result(place):
    make_table("shop.duckdb", "CREATE TABLE {schema}.orders AS SELECT 1 AS x")
    for rows in (3, 4):
        make_result("duckdb://shop.duckdb/scores", rows, log="shop.duckdb", table="orders")
    assert rows_of("duckdb://shop.duckdb/scores") == 8
    assert rows_of("duckdb://shop.duckdb/orders") == 1


@pytest.mark.parametrize(
    ("path", "pattern", "matches"),
    [
        ("log/a.parquet", "log/*.parquet", True), ("log/a.parquet", "log/*.csv", False),
        ("log/deep/a.parquet", "log/*.parquet", False), ("log/deep/a.parquet", "log/**/*.parquet", True),
        ("log/a.parquet", "log/**/*.parquet", True), ("other/a.parquet", "log/**/*.parquet", False),
        ("log/deep/er/a", "log/**", True), ("log/a1", "log/a[0-9]", True), ("a.parquet", "./a.parquet", True),
    ],
)  # fmt: skip
def test_what_a_glob_would_match(place, path, pattern, matches):
    assert would_match(place / path, pattern) == matches
