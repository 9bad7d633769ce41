"""A sample of the customers with their whole histories: how to learn from a log that is larger than memory.

The engine holds the other customers back: features and labels are computed for the sample alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from patronage import names as c
from patronage.data.contract import CUSTOMERS
from patronage.data.log import Tables
from patronage.engine import text

EVERYONE = "everyone_"  # the prefix of the tables that hold all customers


@dataclass(frozen=True)
class Sampler:
    """Draws one customer in `one_in`.

    Attributes
    ----------
    tables
        The log. Its tables hold the sample that was drawn last; its facts (`customers`, `fingerprint`, ...) stay those
        of all customers.
    """

    tables: Tables
    one_in: int

    def draw(self, seed: int) -> None:
        """Leave only the drawn customers in every table, and undo an earlier draw.

        The draw is a hash of the id and the seed: the same seed draws the same customers.
        """
        engine = self.tables.engine
        drawn = engine.bucket(f"concat({c.CUSTOMER_ID}, {text(f'/{seed}')})", self.one_in)
        for name in self.tables.present:
            engine.table(name, f"SELECT * FROM {EVERYONE}{name} WHERE {drawn} = 0")


def sampler(tables: Tables, most: int | None, seed: int) -> Sampler | None:
    """Draw about `most` customers.

    Returns
    -------
    Sampler or None
        To draw again with another seed; None where the log has no more customers, or `most` is None.
    """
    known = max(tables.customers, tables.rows.get(CUSTOMERS.name, 0))
    if most is None or known <= most:
        return None
    _ = tables.fingerprint  # of all customers: it is taken before the others are held back
    for name in tables.present:
        tables.engine.rename(name, EVERYONE + name)
    drawing = Sampler(tables, ceil(known / most))
    drawing.draw(seed)
    return drawing
