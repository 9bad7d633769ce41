from __future__ import annotations

import hashlib
import json

import pandas as pd
import pyarrow as pa
import pytest

from patronage.data.simulated import simulate
from patronage.errors import DataError
from patronage.simulation.settings import SimulatedConfig
from patronage.simulation.tables import BLOCK_SIZE
from patronage.simulation.writing import TABLES, simulate_blocks, write

SMALL = {"customers": 1500, "days": 200, "seed": 7}


def digests(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


@pytest.mark.slow
def test_the_number_of_threads_changes_no_byte(tmp_path):
    settings = SimulatedConfig(customers=9 * BLOCK_SIZE + 5, days=120)
    write(settings, tmp_path / "one", threads=1)
    write(settings, tmp_path / "three", threads=3)
    assert digests(tmp_path / "one") == digests(tmp_path / "three")
    assert set(digests(tmp_path / "one")) == {"settings.json", *(f"{name}.parquet" for name in TABLES)}


def test_chunks_change_no_row():
    settings = SimulatedConfig(customers=3 * BLOCK_SIZE + 5, days=60)
    whole = simulate_blocks(settings)
    chunks = [simulate_blocks(settings, first, 2) for first in (0, 2)]
    for name in TABLES:
        joined = pa.concat_tables([chunk[name] for chunk in chunks]).unify_dictionaries()
        assert joined.equals(whole[name])
        assert len(joined)


@pytest.mark.slow
def test_written_tables_are_the_simulated_ones(tmp_path):
    rows = write(SimulatedConfig(**SMALL), tmp_path / "out")
    log = simulate(**SMALL)
    for name in TABLES:
        frame = getattr(log, name)
        assert rows[name] == len(frame) > 0
        read = pd.read_parquet(tmp_path / "out" / f"{name}.parquet")
        pd.testing.assert_frame_equal(read, frame, check_dtype=False)
    assert json.loads((tmp_path / "out" / "settings.json").read_text())["seed"] == 7


def test_without_events_there_is_no_such_file(tmp_path):
    rows = write(SimulatedConfig(**SMALL, events=False), tmp_path / "out")
    assert "events" not in rows
    assert not (tmp_path / "out" / "events.parquet").exists()


def test_progress_is_reported_after_each_row_group(tmp_path):
    lines = []
    write(SimulatedConfig(customers=9 * BLOCK_SIZE, days=30, events=False), tmp_path / "out", on_progress=lines.append)
    assert lines == ["simulated 8,192 of 9,216 customers", "simulated 9,216 of 9,216 customers"]


def test_a_failure_leaves_nothing_behind(tmp_path):
    def full_disk(line):
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="the disk is full"):
        write(SimulatedConfig(**SMALL), tmp_path / "out", on_progress=full_disk)
    assert list(tmp_path.iterdir()) == []


def test_a_full_folder_is_not_overwritten(tmp_path):
    (tmp_path / "mine.csv").write_text("a\n")
    with pytest.raises(DataError, match="there already and no empty folder; give a new one"):
        write(SimulatedConfig(**SMALL), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.csv"]


def test_an_empty_folder_is_filled(tmp_path):
    (tmp_path / "out").mkdir()
    assert write(SimulatedConfig(**SMALL), tmp_path / "out")["customers"] == 1500
