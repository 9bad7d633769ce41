"""The configuration of a verb, composed outside its command: for notebooks, tests and the Python front door."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import hydra
from hydra.core.config_store import ConfigStore
from omegaconf import DictConfig

from patronage.config import (
    AnalyseConfig,
    BacktestConfig,
    CheckConfig,
    CleanConfig,
    CompareConfig,
    PromoteConfig,
    RelogConfig,
    ReproduceConfig,
    RollbackConfig,
    ScoreConfig,
    SearchConfig,
    SimulateConfig,
    TrainConfig,
    typed,
)
from patronage.config.places import conf_dir

SCHEMAS: dict[str, type] = {
    "train": TrainConfig,
    "backtest": BacktestConfig,
    "search": SearchConfig,
    "score": ScoreConfig,
    "relog": RelogConfig,
    "analyse": AnalyseConfig,
    "check": CheckConfig,
    "simulate": SimulateConfig,
    "compare": CompareConfig,
    "promote": PromoteConfig,
    "rollback": RollbackConfig,
    "reproduce": ReproduceConfig,
    "clean": CleanConfig,
}


def store_schema(verb: str) -> None:
    """Register the schema that conf/VERB.yaml names first in its defaults list."""
    ConfigStore.instance().store(name=f"{verb}_schema", node=SCHEMAS[verb])


def composed(verb: str, overrides: Sequence[str] = ()) -> DictConfig:
    """Compose conf/VERB.yaml with the overrides of a command line; nothing is checked yet but keys and types."""
    store_schema(verb)
    with hydra.initialize_config_dir(version_base="1.3", config_dir=str(conf_dir())):
        return hydra.compose(verb, overrides=list(overrides))


def settings(verb: str, overrides: Sequence[str] = ()) -> Any:
    """The settings with which `patronage VERB OVERRIDES` runs.

    Parameters
    ----------
    verb
        A key of `SCHEMAS`.
    overrides
        As on the command line: `["data=cdnow", "cutoff=1998-01-01"]`.

    Returns
    -------
    object
        An instance of the schema of the verb, with every range checked.

    Raises
    ------
    ConfigError
        An unknown key, a wrong type, a value out of range or a missing one.
    hydra.errors.HydraException
        An option or key that does not exist.
    """
    return typed(SCHEMAS[verb], composed(verb, overrides))
