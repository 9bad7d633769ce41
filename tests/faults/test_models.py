"""Bundles that were cut off, altered, forged, or come from another version: a line, and no more."""

from __future__ import annotations

import json
import shutil

import pytest

from patronage import manifest
from patronage.bundle import FORMAT, Bundle
from patronage.errors import ConfigError, FitError


@pytest.fixture
def saved(fitted, tmp_path):
    fitted.bundle.save(tmp_path / "bundle")
    return tmp_path / "bundle"


def files_of(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_cut_off_with_a_forged_manifest(saved):
    """Every file at several lengths: never a crash, another error, or a silent answer from half a file."""
    lines, silent = [], []
    for name in files_of(saved):
        if name == manifest.FILE:
            continue
        whole = (saved / name).read_bytes()
        for share in (0.0, 0.3, 0.9):
            (saved / name).write_bytes(whole[: int(share * len(whole))])
            manifest.write(saved)
            try:
                Bundle.load(saved)
            except FitError as error:
                lines.append(str(error))
            else:
                silent.append((name, share))
        (saved / name).write_bytes(whole)
    assert silent == []
    assert not [line for line in lines if "\n" in line]
    manifest.write(saved)
    Bundle.load(saved)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"bundle.json": "0"}', "\x00\xff"])
def test_a_damaged_manifest(saved, text):
    (saved / manifest.FILE).write_text(text)
    with pytest.raises(FitError, match=r"damaged|changed since the model was saved"):
        Bundle.load(saved)


@pytest.mark.parametrize("version", [1, 5, FORMAT + 1, "six"])
def test_a_bundle_of_another_format(saved, version):
    state = json.loads((saved / "bundle.json").read_text())
    (saved / "bundle.json").write_text(json.dumps(state | {"format": version}))
    manifest.write(saved)
    with pytest.raises(FitError, match=rf"bundle format {version}, expected \d+; train it again, or score"):
        Bundle.load(saved)


class TestSignature:
    def test_tampering_is_evident_with_a_key(self, fitted, tmp_path, monkeypatch):
        monkeypatch.setenv(manifest.KEY, "a key of the company")
        folder = tmp_path / "signed"
        fitted.bundle.save(folder)
        Bundle.load(folder)
        state = (folder / "bundle.json").read_text()
        (folder / "bundle.json").write_text(state.replace('"horizon_days": 90', '"horizon_days": 91'))
        monkeypatch.delenv(manifest.KEY)
        manifest.write(folder)  # as somebody without the key
        monkeypatch.setenv(manifest.KEY, "a key of the company")
        with pytest.raises(FitError, match="not signed by the key in \\$PATRONAGE_SIGNING_KEY"):
            Bundle.load(folder)

    def test_what_is_not_signed_is_refused_with_a_key_alone(self, saved, monkeypatch):
        Bundle.load(saved)
        monkeypatch.setenv(manifest.KEY, "a key of the company")
        with pytest.raises(FitError, match="not signed"):
            Bundle.load(saved)

    def test_a_short_key(self, saved, monkeypatch):
        monkeypatch.setenv(manifest.KEY, "short")
        with pytest.raises(ConfigError, match="has 5 characters; expected 16 or more"):
            Bundle.load(saved)


def test_a_file_too_many(saved):
    shutil.copy(saved / "bundle.json", saved / "more.json")
    with pytest.raises(FitError, match="more.json changed"):
        Bundle.load(saved)
