from __future__ import annotations

import pytest

from patronage import manifest
from patronage.errors import FitError


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "models").mkdir()
    (tmp_path / "settings.json").write_text("{}")
    (tmp_path / "models" / "law.json").write_text("[1, 2]")
    manifest.write(tmp_path)
    return tmp_path


def test_an_unchanged_folder_passes(folder):
    manifest.check(folder)


def change(folder):
    (folder / "models" / "law.json").write_text("[1, 3]")


def add(folder):
    (folder / "models" / "other.json").write_text("{}")


def remove(folder):
    (folder / "settings.json").unlink()


@pytest.mark.parametrize(
    ("tamper", "name"), [(change, "models/law.json"), (add, "models/other.json"), (remove, "settings.json")]
)
def test_a_changed_an_added_and_a_removed_file_are_named(folder, tamper, name):
    tamper(folder)
    with pytest.raises(FitError, match=f": {name} changed since the model was saved; restore the files"):
        manifest.check(folder)


def test_a_folder_without_a_manifest_is_refused(tmp_path):
    with pytest.raises(FitError, match="no manifest.json, which every bundle has; train it again"):
        manifest.check(tmp_path)


def test_the_checksum_covers_every_file(folder):
    before = manifest.checksum(folder)
    manifest.write(folder)
    assert manifest.checksum(folder) == before
    change(folder)
    manifest.write(folder)
    assert manifest.checksum(folder) != before
