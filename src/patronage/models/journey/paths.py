"""Path strings as numbers: a column of them becomes one flat array of event codes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from patronage import names as c
from patronage.errors import DataError, in_brackets
from patronage.models.journey.stages import ALPHABET

PERIOD_DAYS = "period_days"  # attribute of a frame of features: days of one character of its paths

_CODES = np.full(256, -1, np.int8)
_CODES[np.frombuffer(ALPHABET.encode(), np.uint8)] = np.arange(len(ALPHABET))


class Paths(NamedTuple):
    """Customer i did `codes[offsets[i] : offsets[i + 1]]`, one event code a period from entry on."""

    codes: NDArray[np.int8]  # (total periods,)
    offsets: NDArray[np.int64]  # (N + 1,)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """(N,) periods observed."""
        return np.diff(self.offsets)


def encode(column: npt.ArrayLike) -> Paths:
    """Read a column of path strings; missing is empty, which is no observed period.

    Arrow stores strings as one buffer and offsets, which is the layout of `Paths`: a million customers take
    milliseconds, and the codes take a byte per customer and period.

    Raises
    ------
    DataError
        If a path holds a character outside the alphabet.
    """
    strings = pa.array(column, type=pa.large_string(), from_pandas=True)
    if isinstance(strings, pa.ChunkedArray):
        strings = strings.combine_chunks()
    strings = pc.fill_null(strings, "")
    _, starts, text = strings.buffers()
    offsets = np.frombuffer(starts, np.int64)[strings.offset : strings.offset + len(strings) + 1]
    if len(strings) == 0 or offsets[-1] == offsets[0]:
        return Paths(np.empty(0, np.int8), np.zeros(len(strings) + 1, np.int64))
    codes = _CODES[np.frombuffer(text, np.uint8)[offsets[0] : offsets[-1]]]
    paths = Paths(codes, offsets - offsets[0])
    if codes.min() < 0:
        raise DataError(_unknown_events(pd.Series(column), paths))
    return paths


def _unknown_events(column: pd.Series[str], paths: Paths) -> str:
    positions = np.flatnonzero(paths.codes < 0)
    rows = np.unique(np.searchsorted(paths.offsets, positions, side="right") - 1)
    return (
        f"{c.JOURNEY_PATH}: a character outside {ALPHABET!r} in {len(rows)} of {len(column)} rows"
        f"{in_brackets(column.iloc[rows[0]])}; expected the features of `patronage.features`"
    )
