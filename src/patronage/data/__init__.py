"""Where data comes in. One source a file; every table of a source goes through the door.

door.py         one table: checked, typed and kept under its canonical name
loading.py      the tables of a source, and what is known of them together
contract.py     the canonical tables
cdnow.py, complete_journey.py, simulated.py, tables.py    the sources, named by `data.name`
"""

from patronage.data.contract import Tables
from patronage.data.fingerprint import fingerprint
from patronage.data.loading import load, load_tables
from patronage.data.sample import Sampler, sampler

__all__ = ["Sampler", "Tables", "fingerprint", "load", "load_tables", "sampler"]
