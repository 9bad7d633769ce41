from __future__ import annotations

import pytest

from patronage import scoring
from patronage.errors import ConfigError, OutputError


@pytest.mark.parametrize(
    ("output", "kind", "name", "table"),
    [
        ("out/scores.parquet", "file", "scores.parquet", ""),
        ("out/scores", "folder", "scores", ""),
        ("duckdb://out/shop.duckdb/scores", "table", "shop.duckdb", "scores"),
    ],
)
def test_the_form_of_the_output_says_what_it_is(tmp_path, monkeypatch, output, kind, name, table):
    monkeypatch.chdir(tmp_path)
    target = scoring.parse(output)
    assert (target.kind, target.path, target.table) == (kind, tmp_path / "out" / name, table)
    assert target.work.parent == target.path.parent  # a rename must not cross file systems


@pytest.mark.parametrize("output", ["", " ", "s3://bucket/scores", "duckdb://scores", "duckdb://shop.duckdb/two words"])
def test_places_of_no_known_form_are_refused(output):
    with pytest.raises(ConfigError, match="expected .*duckdb://FILE/TABLE"):
        scoring.parse(output)


def test_two_jobs_on_one_output(tmp_path):
    target = scoring.parse(str(tmp_path / "scores.parquet"))
    with scoring.alone(target), pytest.raises(OutputError, match="another job is writing it"), scoring.alone(target):
        pass
    with scoring.alone(target):
        pass
