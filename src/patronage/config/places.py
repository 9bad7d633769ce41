"""The folders of the configuration tree and of the project."""

from __future__ import annotations

import os
from importlib import resources
from pathlib import Path


def conf_dir() -> Path:
    """Give the folder of the configuration tree: $PATRONAGE_CONF, else the one shipped with this version."""
    if chosen := os.environ.get("PATRONAGE_CONF"):
        return Path(chosen).expanduser().resolve()
    return shipped_conf_dir()


def shipped_conf_dir() -> Path:
    """Give the folder of the configuration tree of this version: in the wheel, or in the repository."""
    packaged = Path(str(resources.files("patronage"))) / "conf"
    return packaged if packaged.is_dir() else Path(__file__).resolve().parents[3] / "conf"


def project_root() -> Path:
    """Give the folder of mlruns/: $PATRONAGE_ROOT, else the nearest folder upwards that has one.

    Without either it is the current folder.
    """
    if chosen := os.environ.get("PATRONAGE_ROOT"):
        return Path(chosen).expanduser().resolve()
    current = Path.cwd()
    return next((folder for folder in (current, *current.parents) if (folder / "mlruns").is_dir()), current)
