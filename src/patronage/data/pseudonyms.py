"""Pseudonyms: ids as a keyed hash, so that behind the door nobody's own id is known.

The key comes from the environment, never from a configuration, and reaches the engine as a variable: it stands in no
SQL text, error line, log or file. The same key gives the same pseudonym, so that tonight's table joins last night's;
whoever has the key can compute the pseudonym of a known id, nobody can turn one back.
"""

from __future__ import annotations

import os

from patronage.engine import Engine
from patronage.errors import ConfigError

KEY = "PATRONAGE_KEY"
SHORTEST = 16  # characters; a shorter key could be tried out


def take_key(engine: Engine) -> None:
    """Hand the key to the engine.

    Raises
    ------
    ConfigError
        There is none, it is too short, or the engine would show it.
    """
    key = os.environ.get(KEY, "")
    if len(key) < SHORTEST:
        found = "not set" if not key else f"{len(key)} characters long"
        raise ConfigError(f"data.pseudonymise=true: ${KEY} is {found}; expected at least {SHORTEST} random characters")
    if not engine.hides_secrets:
        raise ConfigError("data.pseudonymise=true: Spark would show the key in its plans; hash the ids in your tables")
    engine.keep_secret(key)


def pseudonym(engine: Engine, identifier: str) -> str:
    """SQL: the pseudonym of an id, 32 hexadecimal digits; NULL stays NULL."""
    return engine.keyed_hash(identifier)
