"""The configuration of a verb, composed outside its command: for notebooks, tests and the Python front door."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import is_dataclass
from functools import cache
from typing import Any

import hydra
from hydra.core.config_store import ConfigStore
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from patronage.config import (
    AnalyseConfig,
    BacktestConfig,
    CheckConfig,
    CleanConfig,
    CompareConfig,
    EffectConfig,
    PromoteConfig,
    RelogConfig,
    ReproduceConfig,
    RollbackConfig,
    ScoreConfig,
    SearchConfig,
    SimulateConfig,
    TrainConfig,
    plain,
    typed,
)
from patronage.config.places import conf_dir
from patronage.errors import ConfigError

SCHEMAS: dict[str, type] = {
    "train": TrainConfig,
    "backtest": BacktestConfig,
    "search": SearchConfig,
    "score": ScoreConfig,
    "relog": RelogConfig,
    "analyse": AnalyseConfig,
    "effect": EffectConfig,
    "check": CheckConfig,
    "simulate": SimulateConfig,
    "compare": CompareConfig,
    "promote": PromoteConfig,
    "rollback": RollbackConfig,
    "reproduce": ReproduceConfig,
    "clean": CleanConfig,
}

REFUSALS = (HydraException, OmegaConfBaseException, ValueError, TypeError)
ENTRIES = re.compile(r"data\.\w+\.(where|attributes|vocabulary)(\.[^=]+=|=\{)")


def store_schema(verb: str) -> None:
    """Register the schema that conf/VERB.yaml names first in its defaults list, and take away that of another verb.

    Hydra copies all that is registered, each time that it composes.
    """
    store, name = ConfigStore.instance(), f"{verb}_schema"
    for other in {f"{each}_schema.yaml" for each in SCHEMAS} - {f"{name}.yaml"}:
        store.repo.pop(other, None)
    if f"{name}.yaml" not in store.repo:
        store.store(name=name, node=_schema(verb))


@cache
def _schema(verb: str) -> DictConfig:
    schema = OmegaConf.structured(SCHEMAS[verb])
    _open_tables(schema)
    return schema


def _open_tables(schema: DictConfig) -> None:
    """Let the command line add entries to tables (`data.customers.attributes={country: geographic}`) without a `+`."""
    for key in schema:
        node = schema._get_node(key)
        if not isinstance(node, DictConfig) or node._is_none() or node._is_missing():
            continue
        if is_dataclass(OmegaConf.get_type(node)):
            _open_tables(node)
        else:
            OmegaConf.set_struct(node, False)


def opened(overrides: Sequence[str]) -> list[str]:
    """The overrides of a command line; an entry of a table of data needs no `+`, also where data is optional."""
    return [f"++{word}" if ENTRIES.match(word) else word for word in overrides]


def composed(verb: str, overrides: Sequence[str] = ()) -> DictConfig:
    """Compose conf/VERB.yaml with the overrides of a command line; nothing is checked yet but keys and types."""
    store_schema(verb)
    with hydra.initialize_config_dir(version_base="1.3", config_dir=str(conf_dir())):
        try:
            return hydra.compose(verb, overrides=opened(overrides))
        except REFUSALS as error:
            raise refusal(error, verb, overrides) from error


def refusal(error: Exception, verb: str, words: Sequence[str]) -> ConfigError:
    """What Hydra and OmegaConf refuse, one of `REFUSALS`, as a line.

    Two options that exclude each other end in a `ValueError`, a number or a list in place of the name of an option in a
    `TypeError`.
    """
    if not isinstance(error, HydraException | OmegaConfBaseException):
        if isinstance(error, ValueError):
            return ConfigError(plain(str(error)))
        what = "Hydra cannot compose this; expected the name of an option for each group"
        return ConfigError(f"{' '.join(words)}: {what}")
    cause = error.__cause__
    detail = f"{error} {cause}" if isinstance(cause, OmegaConfBaseException) else str(error)
    return ConfigError(f"{plain(detail)} (patronage {verb} --help lists the keys)")


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
        An unknown key or option, a wrong type, a value out of range or a missing one.
    """
    return typed(SCHEMAS[verb], composed(verb, overrides))
