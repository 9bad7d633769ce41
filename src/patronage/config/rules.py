"""What every configuration is held against: keys, types, and rules between keys."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from patronage.config.typed_values import exact, misplaced
from patronage.errors import ConfigError

C = TypeVar("C")

MAY_BE_EMPTY = ("where",)  # a condition on nothing leaves nothing out


def typed(schema: type[C], config: DictConfig) -> C:
    """The composed configuration as the dataclass, with every key, type and range checked.

    The schema in the defaults list does not see keys that were added with `+`; this merge does.

    Raises
    ------
    ConfigError
        For an unknown key, a wrong type, a value out of range or one that is still `???`.
    """
    try:
        given = OmegaConf.to_container(config, resolve=True)
        if (settings := exact(schema, given)) is None:
            settings = _converted(schema, given)
    except OmegaConfBaseException as error:
        raise ConfigError(plain(str(error))) from error
    for key in _empty(settings):
        raise ConfigError(f"{key}= is empty; give a value, or leave the key out")
    check(settings)
    return settings


def _empty(settings: Any, path: str = "") -> Iterator[str]:
    """Keys that were given as a text of nothing, where that is not what the key has by default."""
    for key in fields(settings):
        value = getattr(settings, key.name)
        if is_dataclass(value):
            yield from _empty(value, f"{path}{key.name}.")
        elif isinstance(value, str) and not value.strip() and key.default != value and key.name not in MAY_BE_EMPTY:
            yield f"{path}{key.name}"


def _converted(schema: type[C], given: Any) -> C:
    """Plain keys and values as the dataclass, converted and held against it by OmegaConf."""
    merged = OmegaConf.merge(_without_default_tables(OmegaConf.structured(schema), given), given)
    if missing := sorted(OmegaConf.missing_keys(merged)):
        raise ConfigError(f"{', '.join(missing)} not set; give {' '.join(f'{key}=...' for key in missing)}")
    for key, value in _numbers(OmegaConf.to_container(merged)):
        if not math.isfinite(value):
            raise ConfigError(f"{key}={value}; expected a finite number")
    for message in misplaced(schema, OmegaConf.to_container(merged)):
        raise ConfigError(message)
    return OmegaConf.to_object(merged)  # type: ignore[return-value]


def _numbers(node: Any, path: str = "") -> Iterator[tuple[str, float]]:
    """Every number of a configuration with its key, those of tables and lists too, whose keys no schema knows."""
    children = node.items() if isinstance(node, Mapping) else enumerate(node) if isinstance(node, list) else ()
    for key, value in children:
        yield from _numbers(value, f"{path}.{key}" if path else str(key))
    if isinstance(node, int | float):
        yield path, node


def _without_default_tables(schema: DictConfig, given: Any) -> DictConfig:
    """The schema with an empty table wherever one is given: a merge would bring back the entries that were left out."""
    for key, value in given.items() if isinstance(given, Mapping) else ():
        default = schema._get_node(key) if key in schema else None
        if not isinstance(default, DictConfig) or default._is_none() or default._is_missing():
            continue
        if is_dataclass(OmegaConf.get_type(default)):
            _without_default_tables(default, value)
        else:
            schema[key] = {}
    return schema


def plain(message: str) -> str:
    """A message of Hydra or OmegaConf in one line, without what only their developers can use."""
    text = " ".join(message.split())
    return re.sub(
        r"To append to your config use \S+|(Config search path|full_key|reference_type|object_type)[:=].*",
        "",
        text,
    ).strip()


def check(settings: Any) -> None:
    """Ranges and rules between keys, group by group: types alone do not see them."""
    for key in fields(settings):
        value = getattr(settings, key.name)
        if is_dataclass(value):
            check(value)
    if hasattr(settings, "check"):
        settings.check()


def one_of(key: str, value: object, allowed: tuple[object, ...]) -> None:
    if value not in allowed:
        raise ConfigError(f"{key}={value}; expected one of {', '.join(map(str, allowed))}")


def within(key: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ConfigError(f"{key}={value}; expected {low} to {high}")


def at_least(key: str, values: Mapping[str, float], low: float) -> None:
    for name, value in values.items():
        if value < low:
            raise ConfigError(f"{key}.{name}={value}; expected at least {low}")


def month_day(key: str, value: str) -> None:
    month, _, day = value.partition("-")
    if not (month.isdigit() and day.isdigit() and 1 <= int(month) <= 12 and 1 <= int(day) <= 31 and len(value) == 5):
        raise ConfigError(f"{key}: {value} is not a day of the year; expected MM-DD, such as 12-24")


def day(key: str, value: str) -> None:
    """Refuse what is no day.

    Raises
    ------
    ConfigError
        The key, the value and what was expected.
    """
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", str(value)):
        raise ConfigError(f"{key}={value} is not a day; expected YYYY-MM-DD")


def check_model_name(name: str | None) -> None:
    """Refuse a name of a registered model that MLflow could not address."""
    if name is not None and (not name or set(name) & set("/:@")):
        raise ConfigError(
            f"tracking.registered_model={name!r}: a name without / : @ is expected, such as patronage-shop"
        )
