"""Words that Hydra would not take as they are: `orders (1).csv`, SQL, a date format, options behind overrides."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException

from patronage.names import Tag

PLAIN = ("data.", str(Tag.OUTPUT))  # keys whose values are names of files, SQL and formats
OPENING = ("[", "{", "$")  # of a value that already follows the grammar
WITH_VALUE = (  # options of Hydra whose value is the next word
    "--config-dir", "-cd", "--config-path", "-cp", "--config-name", "-cn", "--package", "-p", "--cfg", "-c",
)  # fmt: skip


def options_first(arguments: Sequence[str]) -> list[str]:
    """The arguments with the options before the overrides: argparse would refuse overrides on both sides of one."""
    options: list[str] = []
    overrides: list[str] = []
    for number, word in enumerate(arguments):
        after = number > 0 and arguments[number - 1] in WITH_VALUE
        (options if after or word.startswith("-") else overrides).append(word)
    return options + overrides


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
