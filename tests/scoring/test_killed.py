"""Killed at every operation on the disk, one after the other: readers find the old result until the new one."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

import forks


@pytest.mark.slow
@pytest.mark.parametrize("output", ["scores.parquet", "scores", "duckdb://shop.duckdb/scores"])
def test_a_kill_at_any_moment_leaves_the_old_result_or_the_new_one(fitted, tmp_path, output):
    fitted.bundle.save(tmp_path / "bundle")
    older = tmp_path / "older.parquet"
    log = pd.read_parquet(fitted.log)
    log[log["ordered_at"] < "2023-06-25"].to_parquet(older)
    place = tmp_path / "out"
    place.mkdir()
    command = (str(Path(__file__).with_name("dying.py")), str(tmp_path / "bundle"), str(fitted.log))
    done = forks.run(*command, str(older), output, cwd=place)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    old, new = lines[0]["old"], lines[-2]["state"]
    assert old != new
    states = [line["state"] for line in lines[1:-1]]
    assert len(states) > (10 if output == "scores" else 3), done.stderr
    turn = states.index(new)
    assert states == [old] * turn + [new] * (len(states) - turn)
    assert [name for name in lines[-1]["left"] if not name.endswith(".lock")] == [
        output.removeprefix("duckdb://").split("/")[0]
    ]
