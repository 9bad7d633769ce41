"""Folders for a while: what a killed process left is removed, what a living one holds is not."""

from __future__ import annotations

import subprocess
import sys

from patronage import temporary

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
