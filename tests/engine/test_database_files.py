"""The DuckDB files that we make."""

from __future__ import annotations

from patronage.engine import DuckDB

LATEST_OF_1_5 = 68  # the newest storage format that DuckDB 1.5 reads; DuckDB 2 writes 69 unless told otherwise


def test_a_new_file_is_one_that_duckdb_1_5_reads(tmp_path):
    path = tmp_path / "scores.duckdb"
    engine = DuckDB()
    with engine.database(str(path)) as schema:
        engine.run(f"CREATE TABLE {schema}.scores AS SELECT 1 AS a")
    assert int.from_bytes(path.read_bytes()[12:20], "little") <= LATEST_OF_1_5
    with engine.database(str(path)) as schema:
        assert engine.row(f"SELECT a FROM {schema}.scores") == (1,)
