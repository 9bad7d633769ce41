"""Pseudonyms: ids as a keyed hash, so that behind the door no customer's own id is known.

The key comes from the environment, never from a configuration, and reaches the engine as a variable: no SQL text,
error line, log or file contains it. The same key gives the same pseudonym, so that tonight's table joins last night's.
With the key, the pseudonym of a known id can be computed; a pseudonym cannot be turned back into its id.
"""

from __future__ import annotations

import os

from patronage.data.keys import CONF, Keys
from patronage.engine import Engine
from patronage.errors import ConfigError

KEY = "PATRONAGE_KEY"
SHORTEST = 16  # characters; a shorter key could be tried out


def take_key(engine: Engine, keys: Keys = CONF) -> None:
    """Hand the key of the environment to the engine.

    Raises
    ------
    ConfigError
        There is none, it is too short, or the engine would show it.
    """
    setting, key = keys.setting("pseudonymise", True), os.environ.get(KEY, "")
    if len(key) < SHORTEST:
        state = "not set" if not key else f"{len(key)} characters long"
        raise ConfigError(f"{setting}: ${KEY} is {state}; expected at least {SHORTEST} random characters")
    if not engine.hides_secrets:
        raise ConfigError(f"{setting}: Spark would show the key in its plans; hash the ids in your tables")
    engine.keep_secret(key)


def pseudonym(engine: Engine, identifier: str) -> str:
    """SQL: the pseudonym of an id, 32 hexadecimal digits; NULL stays NULL."""
    return engine.keyed_hash(identifier)
