"""Passwords and keys, taken out of whatever is printed, logged or written.

Three rules, in one place: the password of an address (`scheme://user:password@host`), the value of whatever has a name
that means a secret (`password=...`, `token: ...`, `Authorization: ...`), and the values of
environment variables with such a name.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, TextIO, TypeVar
from urllib.parse import quote, unquote, urlsplit, urlunsplit

MASK = "***"
V = TypeVar("V")

_NAMES = (
    r"(?:[\w.-]*(?:passw(?:or)?d|passphrase|secret)\w*"
    r"|(?:[\w.-]*[_.-])?(?:pwd|pass|token|(?:api|access|account|private)[_-]?key|credentials?|sig)(?:_\w+)?"
    r"|[\w-]+-signature|shared_?access_?signature)"
)
# A password may hold an @ or a / of its own, so it ends at the last @ of the word
_ADDRESS = re.compile(r"(?P<scheme>\b[a-z][a-z0-9+.-]*://)(?P<user>[^\s/:@'\"]*)(?P<password>:[^\s'\"]*)?@", re.I)
_NAMED = re.compile(rf"(?P<name>\b{_NAMES}['\"]?\s*[=:]\s*)(?P<value>'[^']*'|\"[^\"]*\"|[^\s'\"&;,)}}\]]+)", re.I)
# What follows the scheme, if there is one: Authorization: Bearer ...
_HEADER = re.compile(r"(?P<name>\bauthorization['\"]?\s*[:=]\s*['\"]?(?:\w+\s+)?)[^\s'\"&;,]+", re.I)
_VARIABLE = re.compile(rf"{_NAMES}|(?:\w+_)?(?:key|auth|jwt|pat|bearer)(?:_\w+)?|sshpass", re.I)
_LONGEST = 1000  # characters of a connection string; a list of colours may be longer, and takes time
_SHORTEST = 6  # characters; a shorter value stands in ordinary words
_COMMON = ("patronage", "mlflow")  # values that would take every address of ours with them


def mask(text: str) -> str:
    """The text without its secrets."""
    text = _ADDRESS.sub(_without_password, text)
    text = _NAMED.sub(lambda match: match["name"] + _quoted_alike(match["value"]), text)
    text = _HEADER.sub(lambda match: match["name"] + MASK, text)
    for value in _of_environment():
        text = text.replace(value, MASK)
    return text


def mask_all(value: V) -> V:
    """Mask every text in nested mappings and sequences; anything else stays what it is."""
    masked: Any = value
    if isinstance(value, str):
        masked = mask(value)
    elif isinstance(value, Mapping):
        masked = {key: _masked_item(key, item) for key, item in value.items()}
    elif isinstance(value, (list, tuple)):
        masked = type(value)(mask_all(item) for item in value)
    return masked


def without_user(address: str) -> str:
    """An address without its user and password, to be opened in a browser."""
    parts = urlsplit(address)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


class MaskedStream:
    """A text stream that masks what is written to it.

    Where it can no longer be written (its reader has gone, its disk is full) the text is dropped: what is printed about
    the work must not end the work.

    Attributes
    ----------
    failure
        Why it can no longer be written; None while it can.
    """

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.failure: OSError | None = None

    def write(self, text: str) -> int:
        masked = mask(text)
        with self._while_it_lasts():
            self.stream.write(masked)
        return len(text)

    def writelines(self, lines: list[str]) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        with self._while_it_lasts():
            self.stream.flush()

    @contextmanager
    def _while_it_lasts(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self.failure = self.failure or error
            with suppress(OSError):  # what it still holds goes nowhere, at the exit too
                os.dup2(os.open(os.devnull, os.O_WRONLY), self.stream.fileno())

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


def _without_password(match: re.Match[str]) -> str:
    if match["password"] is not None:
        return f"{match['scheme']}{match['user']}:{MASK}@"
    alone = match["scheme"].lower().startswith("http")  # there the user alone may be a token
    return f"{match['scheme']}{MASK if alone else match['user']}@"


def _quoted_alike(value: str) -> str:
    return f"{value[0]}{MASK}{value[0]}" if value[0] in "'\"" else MASK


def _masked_item(key: object, value: object) -> object:
    if isinstance(value, str) and value and re.fullmatch(_NAMES, str(key), re.I):
        return MASK
    return mask_all(value)


def _of_environment() -> Iterator[str]:
    """The secrets in environment variables, as they are and as an address spells them, the longest first."""
    values = set()
    for name, value in os.environ.items():
        if _VARIABLE.fullmatch(name) and not os.path.isabs(value):  # PWD, or where a key lies, is no secret
            values.add(value)
        if match := _ADDRESS.search(value):
            values.add((match["password"] or "").removeprefix(":"))
        if len(value) <= _LONGEST:
            values |= {match["value"].strip("'\"") for match in _NAMED.finditer(value)}  # of a connection string
    forms = {form for value in values for form in (value, quote(value, safe=""), unquote(value))}
    yield from sorted((form for form in forms if len(form) >= _SHORTEST and form not in _COMMON), key=len, reverse=True)
