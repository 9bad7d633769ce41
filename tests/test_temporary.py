"""Folders for a while: what a killed process left is removed, what a living one holds is not."""

from __future__ import annotations

import subprocess
import sys

import pytest

from patronage import temporary
from patronage.errors import OutputError

LEFT = """
import os, sys
from pathlib import Path
from patronage.temporary import TemporaryFolder
folder = TemporaryFolder(Path(sys.argv[1]))
(folder.path / "clear.csv").write_text("anna")
"""


def left(place, how: str) -> None:
    subprocess.run([sys.executable, "-c", LEFT + how, str(place)], check=False)


def test_what_a_killed_process_left_goes_with_the_next(tmp_path):
    left(tmp_path, "os.kill(os.getpid(), 9)")
    (dead,) = tmp_path.iterdir()
    assert temporary.leftovers(tmp_path) == [dead]
    living = temporary.TemporaryFolder(tmp_path)
    assert list(tmp_path.iterdir()) == [living.path]
    assert temporary.sweep(tmp_path) == []
    living.close()
    assert list(tmp_path.iterdir()) == []


def test_an_ordinary_end_leaves_nothing(tmp_path):
    left(tmp_path, "sys.exit(1)")
    assert list(tmp_path.iterdir()) == []


def test_what_was_not_made_here_stays(tmp_path):
    (tmp_path / "patronage-mine").mkdir()
    (tmp_path / "patronage-file").write_text("x")
    temporary.TemporaryFolder(tmp_path).close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["patronage-file", "patronage-mine"]


def test_a_result_that_grows_is_whole_or_not_there(tmp_path):
    place = tmp_path / "list.csv"
    place.write_text("old")
    (tmp_path / ".list.csv.growing").mkdir()  # a killed job left it
    with temporary.growing(place, "output=list.csv") as beside:
        beside.write_text("new")
        assert place.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["list.csv"]
    assert place.read_text() == "new"

    def fill() -> None:
        with temporary.growing(place, "output=list.csv") as beside:
            beside.write_text("half")
            raise OSError(28, "No space left on device")

    with pytest.raises(OutputError, match="output=list.csv cannot be written: No space left on device; make room"):
        fill()
    assert [path.name for path in tmp_path.iterdir()] == ["list.csv"]
    assert place.read_text() == "new"
