"""Where data comes in. One source a file; every table of a source goes through the door.

contract.py     the canonical tables
door.py         one table through the door; columns.py, row_rules.py and duplicates.py say what is checked
loading.py      all tables of a source through the door; log.py holds what comes out
expressions.py  SQL in place of a column; left_out.py: rows that the user leaves out
line_attributes.py    attributes of customers that only order lines tell
returns.py      refunds undo what they refund, in versions of a line that hold until the refund is known
reading.py      what a Python user calls: `patronage.read`; frames.py turns pandas into Arrow
plain_table.py  a table with a row per customer that is no log
keys.py         how messages name the settings
cdnow.py, complete_journey.py, simulated.py, tables.py    the sources, chosen by `data.source`
"""

from patronage.data.fingerprint import fingerprint
from patronage.data.loading import load, load_tables
from patronage.data.log import Tables
from patronage.data.plain_table import read_table
from patronage.data.reading import read
from patronage.data.sample import Sampler, sampler

__all__ = ["Sampler", "Tables", "fingerprint", "load", "load_tables", "read", "read_table", "sampler"]
