"""Vocabularies, calendars and weights as the shipped conf/ has them: tables that are written down once, in YAML."""

from __future__ import annotations

from functools import cache
from typing import Any

from omegaconf import DictConfig, OmegaConf

from patronage.config.places import shipped_conf_dir


def shipped(option: str, key: str) -> Any:
    """A fresh copy of the table at a dotted key of conf/OPTION.yaml, such as `shipped("churn/ensemble", "bands")`."""
    table = OmegaConf.select(_option(option), key)
    return OmegaConf.to_container(table) if OmegaConf.is_config(table) else table


@cache
def _option(option: str) -> DictConfig:
    return DictConfig(OmegaConf.load(shipped_conf_dir() / f"{option}.yaml"))
