"""The next actions of a scored base, beside its assignments: whole or not at all, with a mark of their own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from patronage import names as c
from patronage.data import Tables
from patronage.decisions.catalogue import ActionPlan
from patronage.decisions.contact_state import contact_state
from patronage.decisions.next_action import AGREED, NextActions, next_actions, reads
from patronage.engine import DuckDB
from patronage.models.reference import Counts
from patronage.scoring.passes import stamped, to_arrow
from patronage.scoring.work import Work, begin


def plan_scored(
    work: Work, files: DuckDB, tables: Tables, cutoff: datetime, plan: ActionPlan, budget: float | None
) -> tuple[NextActions, pd.DataFrame]:
    """Choose among the finished shares of a scoring; gives the assignments that this looked at, too."""
    parts = files.parquet([str(path) for path in work.files])
    present = files.types(parts)
    columns = [c.CUSTOMER_ID, *(name for name in reads(plan) if name in present)]
    scored = files.frame(f"SELECT {', '.join(files.quote(name) for name in columns)} FROM {parts}")
    assignments = scored.set_index(c.CUSTOMER_ID)
    return next_actions(assignments, contact_state(tables, cutoff, plan.days), plan, budget), assignments


def agree(work: Work, actions: NextActions) -> None:
    """Let the finished shares say what the next actions say: these know the budget and what was sent lately."""
    frame = actions.frame.set_index(c.CUSTOMER_ID)
    for path in work.files:
        share = pq.read_table(path)
        own = frame.loc[share[c.CUSTOMER_ID].to_pylist()].reset_index()
        for name in AGREED:
            place = share.schema.get_field_index(name)
            values = own[c.BASIS if name == c.EXPECTED_PROFIT_BASIS else name]
            share = share.set_column(place, share.field(place), pa.array(values, share.field(place).type))
        work.replace(path, share)


def keep_actions(work: Work, actions: NextActions, cutoff: datetime, stamps: Mapping[str, str]) -> Work:
    """Write them as the only share of their own working folder; `publish` puts it where it belongs."""
    fresh = begin(work.folder, {"actions": len(actions.frame)})
    fresh.restart()
    fresh.parts.mkdir()
    rows = stamped(actions.frame.set_index(c.CUSTOMER_ID), cutoff, dict(stamps))
    fresh.keep(0, [(to_arrow(rows), Counts())])
    return fresh
