"""`patronage check`: hold data against the contract, and say what it supports."""

from __future__ import annotations

from patronage import data, lenses
from patronage.config import CheckConfig
from patronage.engine import connect


def run(config: CheckConfig) -> None:
    """Read the data through the door and print what was found; bad data raises as it does in training."""
    tables = data.load(connect(config.engine), config.data)
    print("the data keeps the contract")
    print(tables.summary())
    print()
    print(lenses.support(tables).to_string(index=False))
