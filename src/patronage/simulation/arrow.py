"""Numbers as Arrow columns: codes as labels, seconds as moments."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from patronage.simulation.chance import Calendar

MICRO = 1_000_000


def labels(codes: NDArray[np.integer], texts: Sequence[str] | pa.Array) -> pa.DictionaryArray:
    """Codes as positions in `texts`; a negative one is null. Every distinct text is stored once."""
    codes = codes.astype(np.int32, copy=False)
    indices = pa.array(codes, mask=codes < 0)
    return pa.DictionaryArray.from_arrays(indices, texts if isinstance(texts, pa.Array) else pa.array(list(texts)))


def moments(calendar: Calendar, seconds: NDArray[np.generic], known: NDArray[np.bool_] | None = None) -> pa.Array:
    """Seconds of the log as zone-less timestamps; null where not `known`."""
    origin = int(np.datetime64(calendar.start, "s").astype(np.int64))
    stamps = (origin + seconds.astype(np.int64)) * MICRO
    return pa.array(stamps, mask=None if known is None else ~known).cast(pa.timestamp("us"))


def names(prefix: str, numbers: NDArray[np.int64], digits: int) -> pa.Array:
    """Ids from numbers, padded so that they sort as the numbers do."""
    return pa.array([f"{prefix}{number:0{digits}d}" for number in numbers.tolist()])
