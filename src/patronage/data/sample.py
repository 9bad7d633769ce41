"""A share of the customers, of whom everything is read: how to learn from a log that is larger than memory.

The engine holds the others back, so that features and labels of none but these ever leave it.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from patronage import names as c
from patronage.data.contract import CUSTOMERS, Tables
from patronage.engine import text

EVERYONE = "everyone_"


@dataclass(frozen=True)
class Sampler:
    """Draws one customer in `one_in`.

    Attributes
    ----------
    tables
        Of whoever was drawn last; what is known of them (`customers`, `fingerprint`, ...) is still that of everyone.
    """

    tables: Tables
    one_in: int

    def draw(self, seed: int) -> None:
        """Leave these customers in every table, by a hash of the id and the seed, whoever was drawn before."""
        engine = self.tables.engine
        drawn = engine.bucket(f"concat({c.CUSTOMER_ID}, {text(f'/{seed}')})", self.one_in)
        for name in self.tables.present:
            engine.table(name, f"SELECT * FROM {EVERYONE}{name} WHERE {drawn} = 0")


def sampler(tables: Tables, most: int | None, seed: int) -> Sampler | None:
    """What draws about `most` customers, and has drawn the first; None where there are no more, or all are wanted."""
    known = max(tables.customers, tables.rows.get(CUSTOMERS.name, 0))
    if most is None or known <= most:
        return None
    for name in tables.present:
        tables.engine.rename(name, EVERYONE + name)
    found = Sampler(tables, ceil(known / most))
    found.draw(seed)
    return found
