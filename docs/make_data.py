"""Write docs/data.md from the code: python docs/make_data.py. A test holds the file against this."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

from patronage import lenses
from patronage import names as c
from patronage.config import ContactColumns, CustomerColumns, EventColumns, LensesConfig, TransactionColumns
from patronage.data.contract import ANALYSED, CONTRACTS, VOCABULARY, Contract

COLUMNS = {
    "transactions": TransactionColumns,
    "events": EventColumns,
    "customers": CustomerColumns,
    "contacts": ContactColumns,
}
KINDS = {
    "id": "id: text; 17850.0 is 17850",
    "label": "text",
    "time": "a date or a moment",
    "money": "an amount in the currency",
    "number": "a number",
}
PARTS = Path(__file__).parent / "data_parts"


def page() -> str:
    """The whole page."""
    tables = "\n".join(_table(contract) for contract in CONTRACTS)
    words = ", ".join(f"`{name}`" for name in VOCABULARY)
    head, tail = ((PARTS / name).read_text() for name in ("head.md", "tail.md"))
    return f"{head}\n{tables}\nNames of events that are understood: {words}. Others count as engagement only.\n\n{tail}"


def _table(contract: Contract) -> str:
    rows = [
        f"| `{name}`{' (required)' if name in contract.required else ''} | {KINDS[kind]} | {_meaning(contract, name)} "
        f"| {_brings(contract, name)} |"
        for name, kind in contract.kinds.items()
    ]
    title = f"### {contract.name}\n\nIt has {contract.what}.\n\n"
    head = "| column | kind | what it is | lenses that it brings or improves |\n|---|---|---|---|\n"
    return title + head + "\n".join(rows) + "\n"


def _meaning(contract: Contract, name: str) -> str:
    """The comment beside the column's setting."""
    line = re.search(rf"^    {name}:.*?(#.*)?$", inspect.getsource(COLUMNS[contract.name]), re.M)
    told = (line.group(1) if line and line.group(1) else "").lstrip("# ").removeprefix("required: ")
    return "" if told == "required" else told


def _brings(contract: Contract, name: str) -> str:
    """The lenses that ask for a column, or for a name of an event; what only analyses or personas read."""
    if name in ANALYSED:
        return "`patronage analyse`"
    if name == c.SENDER:
        return "next actions, `patronage analyse`"
    if name == c.PRODUCT_NAME:
        return "taste"
    wanted = f"{contract.name}.{name}"
    return ", ".join(lens.name for lens in lenses.of(LensesConfig()) if wanted in (*lens.requires, *lens.improved_by))


if __name__ == "__main__":
    (Path(__file__).parent / "data.md").write_text(page())
