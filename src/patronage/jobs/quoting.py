"""Values on the command line that Hydra's grammar would not take as they are: `orders (1).csv`, SQL, a date format."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException

from patronage.names import Tag

PLAIN = ("data.", str(Tag.OUTPUT))  # keys whose values are names of files, SQL and formats
OPENING = ("[", "{", "$")  # of a value that already follows the grammar


def quote_values(arguments: Sequence[str]) -> list[str]:
    """The arguments, with quotes around a value of ours that the grammar would refuse or take for a list of values."""
    parser = OverridesParser.create()
    return [_quoted(argument, parser) for argument in arguments]


def _quoted(argument: str, parser: OverridesParser) -> str:
    key, equals, value = argument.partition("=")
    if not equals or not key.lstrip("+").startswith(PLAIN) or not value or value.startswith(OPENING):
        return argument
    if _follows_grammar(argument, parser) and not ("," in value and Path(value).exists()):
        return argument
    escaped = value.replace('"', '\\"')
    return f'{key}="{escaped}"'


def _follows_grammar(argument: str, parser: OverridesParser) -> bool:
    try:
        parser.parse_override(argument)
    except HydraException:
        return False
    return True
