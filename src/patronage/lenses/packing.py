"""Several items in one text column, such as the prices paid by category: a line per item, tabs between its parts."""

from __future__ import annotations

import numpy as np
import pandas as pd

from patronage.lenses.history import History

END, TAB = "\n", "\t"  # the end of an item, and what stands between its parts


def packed(history: History, parts: tuple[str, ...], name: str, most: int) -> str:
    """SQL, an aggregate: a customer's items up to that `rank` as one text, of each the numbers, then the name.

    What would end an item early becomes a blank.
    """
    numbers = " || ".join(f"CAST({part} AS STRING) || chr(9)" for part in parts)
    item = f"{numbers} || {clean(name)} || chr(10)"
    return history.engine.join_text(f"CASE WHEN rank <= {most} THEN {item} END", "rank")


def clean(name: str) -> str:
    """SQL: a text without line breaks and tabs."""
    return f"replace(replace({name}, chr(10), ' '), chr(9), ' ')"


def unpacked(texts: pd.Series, names: tuple[str, ...]) -> pd.DataFrame:
    """The items of packed texts.

    Returns
    -------
    DataFrame
        A row per item: `row` (position of the customer in `texts`), then `names`, of which the last is text and
        the others are numbers; items in their order.
    """
    row = np.repeat(np.arange(len(texts)), [packed_text.count(END) for packed_text in texts])
    parts = "".join(texts).replace(END, TAB).split(TAB)[:-1]
    columns = {name: parts[k :: len(names)] for k, name in enumerate(names)}
    numbers = {name: np.array(columns[name], dtype=np.bytes_).astype(float) for name in names[:-1]}
    return pd.DataFrame({"row": row, **numbers, names[-1]: np.array(columns[names[-1]], dtype=object)})
