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
from hydra.core.config_store import ConfigStore
from hydra.errors import HydraException
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from patronage.config import CheckConfig, SimulateConfig, TrainConfig, conf_dir, plain, project_root, typed
from patronage.errors import ConfigError

SCHEMAS: dict[str, type] = {"train": TrainConfig, "check": CheckConfig, "simulate": SimulateConfig}


def run_verb(verb: str, arguments: list[str]) -> None:
    """Compose conf/{verb}.yaml with the overrides and hand it, typed, to `run` in the verb's file.

    Raises
    ------
    ConfigError
        For whatever Hydra or OmegaConf refuses: unknown keys, options, types, missing values.
    """
    ConfigStore.instance().store(name=f"{verb}_schema", node=SCHEMAS[verb])
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


class _Failed(BaseException):
    """Carries an error of the job past Hydra, which would print a line of its own about it."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error
