"""Checksums of the files of a folder, so that a bundle that was changed after it was saved is refused."""

from __future__ import annotations

import hmac
import json
import os
from hashlib import sha256
from pathlib import Path

from patronage.errors import ConfigError, FitError

FILE, SIGNATURE = "manifest.json", "manifest.sig"
KEY = "PATRONAGE_SIGNING_KEY"  # of an HMAC: who has it can sign, and no one else
SHORTEST_KEY = 16


def write(folder: Path) -> None:
    """Write the checksum of every file of the folder to its manifest, and sign that, if there is a key."""
    (folder / FILE).write_text(json.dumps(_checksums(folder), indent=1))
    if key := _key():
        (folder / SIGNATURE).write_text(_signature(folder, key))


def check(folder: Path) -> None:
    """Compare every file of the folder with the manifest.

    Raises
    ------
    FitError
        The manifest is missing, or a file was changed, added or removed; or there is a key, and the manifest was not
        signed by it.
    """
    path = folder / FILE
    if not path.is_file():
        raise FitError(f"{folder}: no {FILE}, which every bundle has; train it again")
    if key := _key():
        given = folder / SIGNATURE
        signature = given.read_text(errors="replace").strip() if given.is_file() else ""
        if not hmac.compare_digest(signature.encode(), _signature(folder, key).encode()):
            raise FitError(
                f"{folder}: {FILE} is not signed by the key in ${KEY}; restore the files, train it again with the key, "
                "or unset it to load what is not signed"
            )
    try:
        saved, actual = dict(json.loads(path.read_text())), _checksums(folder)
    except (ValueError, TypeError) as error:
        raise FitError(f"{path} is cut off or damaged; restore the files from the registry's store") from error
    changed = sorted(name for name in saved.keys() | actual.keys() if saved.get(name) != actual.get(name))
    if changed:
        raise FitError(
            f"{folder}: {', '.join(changed)} changed since the model was saved; "
            "restore the files from the registry's store, or train it again"
        )


def checksum(folder: Path) -> str:
    """Give the checksum of the manifest, which covers every file of the folder."""
    return sha256((folder / FILE).read_bytes()).hexdigest()


def _key() -> bytes:
    key = os.environ.get(KEY, "")
    if key and len(key) < SHORTEST_KEY:
        raise ConfigError(f"${KEY} has {len(key)} characters; expected {SHORTEST_KEY} or more")
    return key.encode()


def _signature(folder: Path, key: bytes) -> str:
    return hmac.new(key, (folder / FILE).read_bytes(), sha256).hexdigest()


def _checksums(folder: Path) -> dict[str, str]:
    own = (folder / FILE, folder / SIGNATURE)
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path not in own)
    return {path.relative_to(folder).as_posix(): sha256(path.read_bytes()).hexdigest() for path in files}
