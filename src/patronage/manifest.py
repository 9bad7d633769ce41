"""Checksums of the files of a folder, so that a bundle that was changed after it was saved is refused."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

from patronage.errors import FitError

FILE = "manifest.json"


def write(folder: Path) -> None:
    """Write the checksum of every file of the folder to its manifest."""
    (folder / FILE).write_text(json.dumps(_checksums(folder), indent=1))


def check(folder: Path) -> None:
    """Compare every file of the folder with the manifest.

    Raises
    ------
    FitError
        The manifest is missing, or a file was changed, added or removed.
    """
    path = folder / FILE
    if not path.is_file():
        raise FitError(f"{folder}: no {FILE}, which every bundle has; train it again")
    saved, actual = json.loads(path.read_text()), _checksums(folder)
    changed = sorted(name for name in saved.keys() | actual.keys() if saved.get(name) != actual.get(name))
    if changed:
        raise FitError(
            f"{folder}: {', '.join(changed)} changed since the model was saved; "
            "restore the files from the registry's store, or train it again"
        )


def checksum(folder: Path) -> str:
    """Give the checksum of the manifest, which covers every file of the folder."""
    return sha256((folder / FILE).read_bytes()).hexdigest()


def _checksums(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path != folder / FILE)
    return {path.relative_to(folder).as_posix(): sha256(path.read_bytes()).hexdigest() for path in files}
