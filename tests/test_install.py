"""An installed wheel works anywhere: it carries conf/."""

from __future__ import annotations

import subprocess
import sys
import zipfile

import pytest

from conftest import REPO

pytestmark = pytest.mark.slow


@pytest.mark.slow
def test_the_wheel_carries_the_configuration_and_runs_from_any_folder(tmp_path):
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=REPO, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        shipped = {name for name in archive.namelist() if name.startswith("patronage/conf/")}
        archive.extractall(tmp_path / "installed")
    ours = {f"patronage/conf/{path.relative_to(REPO / 'conf').as_posix()}" for path in (REPO / "conf").rglob("*.yaml")}
    assert shipped == ours
    code = f"import sys; sys.path.insert(0, {str(tmp_path / 'installed')!r}); from patronage.cli import main; main()"
    where = tmp_path / "elsewhere"
    where.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", code, "check", "data=cdnow"],
        cwd=where,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "23,570 customers" in done.stdout
