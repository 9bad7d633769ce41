"""An installed wheel works anywhere: it carries conf/."""

from __future__ import annotations

import re
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
    _own_settings_are_found(where, code)


def _own_settings_are_found(where, code):
    """The worked mappings of docs/data.md, as options of a folder of one's own beside the installed package."""
    (where / "mine" / "data").mkdir(parents=True)
    for name, mapping in re.findall(r"# mine/data/(\w+).yaml\n(.*?)```", (REPO / "docs" / "data.md").read_text(), re.S):
        (where / "mine" / "data" / f"{name}.yaml").write_text(mapping)
    (where / "exports").mkdir()
    header = "Kunde,Datum,Summe,Bon,Artikel,Warengruppe\n"
    (where / "exports" / "orders_1.csv").write_text(f"{header}a,31.12.2024 14:05,9.50,1,x,tea\n")
    (where / "events").mkdir()
    events = [
        '{"user": "a", "ts": "2024-01-01", "type": "open", "session": "s"}',
        '{"user": "a", "ts": "2024-01-02", "type": "purchase", "price": 3.5, "session": "s"}',
    ]
    (where / "events" / "1.jsonl").write_text("\n".join(events))
    for name in ("shop", "app"):
        done = subprocess.run(
            [sys.executable, "-c", code, "check", "--config-dir", "mine", f"data={name}"],
            cwd=where,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert "1 customers, 1 transactions" in done.stdout
