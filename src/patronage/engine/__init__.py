"""Where SQL runs, and the few tokens in which engines differ.

Every feature, label and check of the package is SQL text. The text is the same on every engine but for the methods
that return a `str`: they are the whole dialect. Rules that keep engines equal: money is summed as integers, dates are
subtracted only as DATEs, every ordering ends with a unique key, and a mean is a quotient of two exact sums.

protocol.py     what an engine must do
duckdb.py       inside the process
spark.py        in a Spark session
failures.py     memory or disk ran out, or another process holds the database
connection.py   the engine of the configuration
literals.py     SQL that every engine spells alike
"""

from patronage.engine.connection import connect
from patronage.engine.duckdb import DuckDB
from patronage.engine.failures import held_by_another, shortage
from patronage.engine.literals import number, text, texts
from patronage.engine.protocol import Engine
from patronage.engine.spark import Spark

__all__ = ["DuckDB", "Engine", "Spark", "connect", "held_by_another", "number", "shortage", "text", "texts"]
