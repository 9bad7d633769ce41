"""How a message names a setting: by its path in conf/, or by the keyword that a Python user gave.

One message of the door then reads right for both: `data.on_bad_rows=quarantine` on the command line,
`on_bad_rows="quarantine"` in a call of `read`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from patronage.data.contract import TRANSACTIONS

PLACEHOLDER = "..."


@dataclass(frozen=True)
class Keys:
    """The paths of conf/data, as the command line takes them.

    Without a value, each method gives the bare name of the setting.
    """

    def setting(self, name: str, value: object = None) -> str:
        """A setting of the whole log."""
        return f"data.{name}" + ("" if value is None else f"={str(value).lower() if value is True else value}")

    def option(self, table: str, name: str, value: object = None) -> str:
        """A setting of one table: path, format, table, date_format, vocabulary, attributes."""
        return self.setting(f"{table}.{name}", value)

    def entry(self, table: str, option: str, key: str) -> str:
        """One entry of a table's setting that maps names."""
        return self.option(table, f"{option}.{key}")

    def column(self, table: str, column: str, value: str = PLACEHOLDER) -> str:
        """The name of the user's column for a canonical one."""
        return self.option(table, f"columns.{column}", value)


@dataclass(frozen=True)
class Keywords(Keys):
    """The keywords of `patronage.read`."""

    def setting(self, name: str, value: object = None) -> str:
        return name + ("" if value is None else f"={_literal(value)}")

    def option(self, table: str, name: str, value: object = None) -> str:
        of_orders = table == TRANSACTIONS.name
        if name == "path":
            return self.setting("source" if of_orders else table, value)
        if of_orders or value is None:
            return self.setting(name, value)
        return f"{name}={{{_literal(table)}: {_literal(value)}}}"

    def entry(self, table: str, option: str, key: str) -> str:
        return f"{option}[{_literal(key)}]"

    def column(self, table: str, column: str, value: str = PLACEHOLDER) -> str:
        if table == TRANSACTIONS.name:
            return self.setting(column, value)
        return f"{table}_columns={{{_literal(column)}: {_literal(value)}}}"


def _literal(value: Any) -> str:
    """A Python literal, text in double quotes."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


CONF = Keys()
KEYWORDS = Keywords()
