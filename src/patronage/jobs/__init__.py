"""One verb a file; the only importers of hydra.

Each verb is an ordinary Hydra app (`-m`, `--help`, `--cfg job`, completion). This module gives its configuration
types, turns Hydra's errors into ours, and imports the verb's file only once the configuration holds.
"""

from __future__ import annotations

import os
import sys
import warnings
from importlib import import_module

import hydra
from hydra.errors import HydraException
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from patronage.config import plain, typed
from patronage.config.places import conf_dir, project_root
from patronage.errors import ConfigError
from patronage.jobs.compose import SCHEMAS, store_schema

HYDRA_OPTIONS = ("--config-dir", "--config-name", "--config-path", "--package", "--cfg", "--info", "--resolve")


def run_verb(verb: str, arguments: list[str]) -> None:
    """Compose conf/{verb}.yaml with the overrides and hand it, typed, to `run` in the verb's file.

    Raises
    ------
    ConfigError
        For whatever Hydra or OmegaConf refuses: unknown keys, options, types, missing values.
    """
    if {"-h", "--help"} & set(arguments):
        print(_help(verb))
        return
    for word in arguments:
        if word.startswith("--") and "=" in word and word.split("=")[0] not in HYDRA_OPTIONS:
            raise ConfigError(f"{word}: overrides are written without dashes: {word.lstrip('-')}")
    store_schema(verb)
    os.environ["PATRONAGE_ROOT"] = str(project_root())
    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra raises instead of printing: the line is ours to write
    # lifetimes, at import; nothing to be done about it here
    warnings.filterwarnings("ignore", message=".*mode.chained_assignment.*")

    def task(config: DictConfig) -> None:
        try:
            settings: object = typed(SCHEMAS[verb], config)
            import_module(f"patronage.jobs.{verb}").run(settings)
        except Exception as error:
            raise _Failed(error) from error

    sys.argv = [f"patronage {verb}", *arguments]
    try:
        hydra.main(version_base="1.3", config_path=str(conf_dir()), config_name=verb)(task)()
    except _Failed as failed:
        raise failed.error from None
    except (HydraException, OmegaConfBaseException) as error:
        cause = error.__cause__
        detail = f"{error} {cause}" if isinstance(cause, OmegaConfBaseException) else str(error)
        raise ConfigError(f"{plain(detail)} (patronage {verb} --help lists the keys)") from error


def _help(verb: str) -> str:
    """The verb's configuration as it stands in conf/: every key with its value and reason, and the options."""
    conf = conf_dir()
    main = (conf / f"{verb}.yaml").read_text().split("\nhydra:")[0]
    groups = sorted({line.split(":")[0].strip(" -") for line in main.splitlines() if line.startswith("  - ")})
    lines = [f"usage: patronage {verb} [key=value ...] [group=option ...]", "", main, ""]
    for group in (name for name in groups if (conf / name).is_dir()):
        lines.append(f"{group}=")
        for path in sorted((conf / group).glob("*.yaml")):
            said = [line[1:].strip() for line in path.read_text().splitlines() if line.startswith("# ")]
            lines.append(f"  {path.stem:<18} {next((one for one in said if not one.startswith('@')), '')}")
    lines += ["", f"the keys of a group stand in {conf}/GROUP/OPTION.yaml"]
    return "\n".join(lines)


class _Failed(BaseException):
    """Carries an error of the job past Hydra, which would print a line of its own about it."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error
