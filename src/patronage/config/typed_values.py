"""A configuration that is of the right types already, as its dataclass.

Hydra composes a configuration against its schema, a bundle keeps one that was checked before, and `patronage.read`
gives the few keys that its user set. To build the schema once more with OmegaConf takes a third of a second for a
training; to look at each value takes a hundredth of it.
"""

from __future__ import annotations

import math
import types
from collections.abc import Iterator
from dataclasses import is_dataclass
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

C = TypeVar("C")

MISSING, INTERPOLATION = "???", "${"  # as OmegaConf writes them


class InexactError(Exception):
    """A value that only OmegaConf can convert, refuse or leave."""


def exact(schema: type[C], given: Any) -> C | None:
    """The dataclass, where each value that is given is of the type of its field; None anywhere else.

    A key that is left out has its default, if it has one. An integer for a float becomes one, as OmegaConf makes it.
    Whatever would be converted otherwise, is missing, unknown, infinite or an interpolation, gives None: OmegaConf
    then converts it, or names it in its error.
    """
    try:
        settings: C = _value(schema, given)
    except InexactError:
        return None
    return settings


@cache
def _types(schema: type) -> dict[str, Any]:
    return get_type_hints(schema)


def _value(kind: Any, value: Any, default: Any = None) -> Any:
    if is_dataclass(kind):
        return _settings(kind, value, default)
    if kind is float and type(value) is int:
        return float(value)
    if kind is Any:
        return _anything(value)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return _one_of(arguments, value, default)
    if origin is list and type(value) is list:
        return [_value(arguments[0], item) for item in value]
    if origin is dict and type(value) is dict and all(type(key) is str for key in value):
        return {key: _value(arguments[1], item) for key, item in value.items()}
    if origin is None and type(value) is kind:
        return _anything(value)
    raise InexactError


def _settings(schema: Any, given: Any, default: Any) -> Any:
    """The dataclass of a table; what is left out comes from the default of the key that it stands under."""
    kinds = _types(schema)
    if type(given) is not dict or not given.keys() <= kinds.keys():
        raise InexactError
    if type(default) is not schema:
        default = _default(schema)
    left_out = {key: getattr(default, key, MISSING) for key in kinds.keys() - given.keys()}
    for value in left_out.values():
        _require_whole(value)
    return schema(
        **left_out, **{key: _value(kinds[key], value, getattr(default, key, None)) for key, value in given.items()}
    )


def _default(schema: Any) -> Any:
    try:
        return schema()
    except TypeError:  # a key without a default
        return None


def _require_whole(default: Any) -> None:
    if is_dataclass(default):
        default = vars(default)
    if isinstance(default, dict):
        for value in default.values():
            _require_whole(value)
    else:
        _anything(default)


def misplaced(kind: Any, value: Any, path: str = "") -> Iterator[str]:
    """What OmegaConf lets pass: a list or table inside a list of single values, or a value in place of a table."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        rest = [each for each in arguments if each is not types.NoneType]
        kind = rest[0] if len(rest) == 1 and value is not None else Any
        origin, arguments = get_origin(kind), get_args(kind)
    of_keys = is_dataclass(kind)
    if of_keys and isinstance(value, dict):
        kinds = _types(kind)
        for key, item in value.items():
            yield from misplaced(kinds.get(key, Any), item, f"{path}.{key}" if path else key)
    elif origin is list and isinstance(value, list):
        for number, item in enumerate(value):
            yield from misplaced(arguments[0], item, f"{path}[{number}]")
    elif origin is dict and isinstance(value, dict):
        for key, item in value.items():
            yield from misplaced(arguments[1], item, f"{path}.{key}")
    elif of_keys or origin is dict:
        yield f"{path}={value}; expected a table"
    elif origin is list:
        yield f"{path}={value}; expected a list"
    elif kind in (str, int, float, bool) and isinstance(value, list | dict):
        yield f"{path}={value}; expected a single value, not a list or a table"


def _one_of(kinds: tuple[Any, ...], value: Any, default: Any) -> Any:
    """A value of the first of the types that it is of; of two types of numbers OmegaConf must choose."""
    if value is None and types.NoneType in kinds:
        return None
    rest = [kind for kind in kinds if kind is not types.NoneType]
    if len(rest) == 1:
        return _value(rest[0], value, default)
    if type(value) in rest:
        return _anything(value)
    raise InexactError


def _anything(value: Any) -> Any:
    """A plain value, and all that is in it, if it stands for itself."""
    if isinstance(value, dict):
        return {key: _anything(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_anything(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        raise InexactError
    if isinstance(value, str) and (value == MISSING or INTERPOLATION in value):
        raise InexactError
    return value
