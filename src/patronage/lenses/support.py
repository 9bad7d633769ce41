"""What the data supports, lens by lens."""

from __future__ import annotations

import pandas as pd

from patronage.config import LensesConfig
from patronage.data import Tables
from patronage.data.contract import EVENTS
from patronage.lenses.catalogue import has_form, of


def support(tables: Tables, config: LensesConfig) -> pd.DataFrame:
    """Lens by lens: available, partial or absent on this data, and what would bring the rest.

    An event counts only where the log holds some of its rows.
    """
    rows = []
    for lens in of(config):
        absent = bool(lens.requires) and not any(_has_rows(tables, requirement) for requirement in lens.requires)
        wanted = dict.fromkeys((*lens.improved_by, *lens.requires))
        lacking = [requirement for requirement in wanted if not _has_rows(tables, requirement)]
        state = "absent" if absent else "partial" if set(lacking) & set(lens.improved_by) else "available"
        needed = "" if state == "available" else ", ".join(lacking)
        rows.append({"lens": lens.name, "state": state, "question": lens.question, "would need": needed})
    return pd.DataFrame(rows)


def _has_rows(tables: Tables, requirement: str) -> bool:
    table, _, event = requirement.partition(":")
    return event in tables.events if table == EVENTS.name and event else has_form(tables, requirement)
