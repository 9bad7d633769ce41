"""Passwords on the command line and in conf/, kept out of the files that Hydra writes."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from hydra.core.hydra_config import HydraConfig

from patronage.masking import mask

VARIABLE = "PATRONAGE_SECRET_"


def hide(overrides: Sequence[str]) -> list[str]:
    """The overrides, with a value that holds a secret moved to the environment, from where the configuration reads it.

    Hydra writes the overrides and the configuration to disk as they are, but not what `${oc.env:...}` stands for.
    """
    hidden = []
    for number, override in enumerate(overrides):
        key, equals, value = override.partition("=")
        if equals and not key.startswith("-") and mask(override) != override:
            os.environ[f"{VARIABLE}{number}"] = value.strip("'\"")
            override = f"{key}=${{oc.env:{VARIABLE}{number}}}"
        hidden.append(override)
    return hidden


def forget() -> None:
    """Take the secrets out of the environment again."""
    for name in [name for name in os.environ if name.startswith(VARIABLE)]:
        del os.environ[name]


def mask_files() -> None:
    """Mask what Hydra has written of this job: a password may stand in a file of conf/."""
    config = HydraConfig.get()
    folders = [Path(config.runtime.output_dir)] if config.output_subdir else []
    for folder in folders:
        for path in (folder / str(config.output_subdir)).glob("*.yaml"):
            mask_file(path)
    mask_file(Path(config.sweep.dir) / "multirun.yaml")


def mask_file(path: Path) -> None:
    """Rewrite a file without its secrets, if it has any."""
    if path.is_file() and (masked := mask(text := path.read_text())) != text:
        path.write_text(masked)
