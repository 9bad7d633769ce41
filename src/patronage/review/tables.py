"""Tables as a page of MLflow shows them: few columns, short numbers."""

from __future__ import annotations

from pathlib import PurePath

import numpy as np
import pandas as pd

from patronage.names import Artifact

MOST_COLUMNS = 8  # beside each other on a laptop
DIGITS = 5
EXACT = (Artifact.METRICS,)  # read back and compared


def as_shown(name: str, frame: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """A table by the name of its file; a wide one in two parts, each of which begins with the words that name its rows.

    Of a table that is wider still, the rest of the columns is left to its Parquet file.

    Examples
    --------
    >>> from patronage.review.tables import as_shown
    >>> wide = pd.DataFrame({"stage": ["loyal"], **{f"day {day}": [day / 3] for day in range(9)}})
    >>> {name: list(part) for name, part in as_shown("days.json", wide).items()}["days_2.json"]
    ['stage', 'day 7', 'day 8']
    """
    if name in EXACT:
        return {name: frame}
    short = frame.apply(_rounded)
    if frame.shape[1] <= MOST_COLUMNS:
        return {name: short}
    keys = _keys(frame)
    rest = [column for column in short if column not in keys]
    room, path = MOST_COLUMNS - len(keys), PurePath(name)
    return {
        path.stem + (f"_{start // room + 1}" if start else "") + path.suffix: short[
            [*keys, *rest[start : start + room]]
        ]
        for start in range(0, min(len(rest), 2 * room), room)
    }


def _keys(frame: pd.DataFrame) -> list[str]:
    """The leading columns of words, two at the most."""
    keys = []
    for name in list(frame)[:2]:
        if pd.api.types.is_numeric_dtype(frame[name]):
            break
        keys.append(name)
    return keys or [next(iter(frame))]


def _rounded(column: pd.Series) -> pd.Series:
    """Floats with few digits: the rest is noise, and in nobody's way in the Parquet files."""
    if not pd.api.types.is_float_dtype(column):
        return column
    values = column.to_numpy(np.float64)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        scale = 10.0 ** (DIGITS - 1 - np.floor(np.log10(np.abs(values))))
        scale = np.maximum(scale, 1)  # a count stays a count
        short = np.where(np.isfinite(scale), np.round(values * scale) / scale, values)
    return pd.Series(short, column.index)


def whole(name: str, frame: pd.DataFrame) -> str | None:
    """The name of the Parquet file of a table that is shown in parts; None where it is shown whole."""
    return None if name in EXACT or frame.shape[1] <= MOST_COLUMNS else str(PurePath(name).with_suffix(".parquet"))
