"""What this data cannot show, and what would bring it."""

from __future__ import annotations

import pandas as pd

from patronage.names import Artifact
from patronage.review.page.blocks import Block, Section, Table, Text
from patronage.review.run_page.inputs import RunView

MARKS = {"available": "good", "partial": "odd", "absent": "bad"}
ORDER = ("absent", "partial", "available")


def limits(view: RunView) -> Section:
    """The lenses that the data supports in part or not at all."""
    title = "What this data cannot show"
    support = view.table(Artifact.LENSES)
    if support is None:
        return Section(title, "Nothing is known of what the data supports.")
    support = support.sort_values("state", key=lambda states: states.map(ORDER.index), kind="stable")
    lacking = support[support["state"] != "available"]
    finding = (
        f"{(support['state'] == 'available').sum()} of {len(support)} ways of looking at a customer are fully "
        f"supported; for {(support['state'] == 'absent').sum()} there is no data at all."
    )
    frame = pd.DataFrame(
        {
            "question": lacking["question"],
            "lens": lacking["lens"],
            "state": lacking["state"],
            "would need": lacking["would need"],
        }
    )
    blocks: list[Block] = [
        Table(frame, "What further data would bring", marks=MARKS, most=30, verbatim=("would need",))
    ]
    blocks += [Text(message, warning=True) for message in view.notes]
    return Section(title, finding, blocks)
