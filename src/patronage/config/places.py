"""Where things are: the configuration tree and the project's mlruns/."""

from __future__ import annotations

import os
from importlib import resources
from pathlib import Path


def conf_dir() -> Path:
    """The configuration tree: $PATRONAGE_CONF, else the one in the wheel, else the one of the repository."""
    if chosen := os.environ.get("PATRONAGE_CONF"):
        return Path(chosen).expanduser().resolve()
    return shipped_conf_dir()


def shipped_conf_dir() -> Path:
    """The configuration tree that belongs to this version: in the wheel, or in the repository."""
    packaged = Path(str(resources.files("patronage"))) / "conf"
    return packaged if packaged.is_dir() else Path(__file__).resolve().parents[3] / "conf"


def project_root() -> Path:
    """Where mlruns/ lives: $PATRONAGE_ROOT, else the nearest folder upwards that has one, else here."""
    if chosen := os.environ.get("PATRONAGE_ROOT"):
        return Path(chosen).expanduser().resolve()
    here = Path.cwd()
    return next((folder for folder in (here, *here.parents) if (folder / "mlruns").is_dir()), here)
