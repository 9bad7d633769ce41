"""pandas frames as Arrow tables: every column of one type, the index of customers a column."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

import pandas as pd
import pyarrow as pa

from patronage.errors import DataError

NUMBERS = ("integer", "floating", "decimal", "mixed-integer-float", "boolean")  # names of
TEXTS = ("string", "bytes")  # pandas.api.types.infer_dtype
SHOWN = 5  # column names in a message


def to_arrow(frame: pd.DataFrame, wanted: Collection[str]) -> pa.Table:
    """Convert a frame, and leave it as it is.

    A column of Python objects becomes numbers where all are numbers, else text, so that mixed types reach the door as
    what they say.

    Parameters
    ----------
    wanted
        Names that a column may have; a level of the index with such a name becomes a column.

    Raises
    ------
    DataError
        Two columns have the same name, or names that differ in case only, which SQL does not tell apart.
    """
    columns = {
        str(name): frame.index.get_level_values(level).to_series()
        for level, name in enumerate(frame.index.names)
        if name is not None and str(name) in wanted and name not in frame.columns
    }
    names = [*columns, *map(str, frame.columns)]
    counts = Counter(name.casefold() for name in names)
    if repeated := sorted({name for name in names if counts[name.casefold()] > 1}):
        raise DataError(
            f"the frame has the columns {', '.join(repeated[:SHOWN])}, which SQL does not tell apart; "
            "give every column a name of its own"
        )
    if not names:
        raise DataError("the frame has no columns; expected a row per order, with a customer, a moment and an amount")
    arrays = [_array(column) for column in columns.values()]
    arrays += [_array(frame.iloc[:, position]) for position in range(frame.shape[1])]
    return pa.table(dict(zip(names, arrays, strict=True)))


def _array(column: pd.Series) -> pa.Array | pa.ChunkedArray:
    """One column as Arrow; as text where Arrow, or the engine, has no type for it."""
    if column.dtype == object:
        inferred = pd.api.types.infer_dtype(column, skipna=True)
        several = isinstance(next(iter(column.dropna()), None), list | tuple | dict)  # which the door refuses as ids
        if inferred not in (*NUMBERS, *TEXTS) and not several:
            return _text(column)
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        return pa.chunked_array(column)  # pa.array makes pandas warn of what pandas 4 changes
    try:
        array = pa.array(column, from_pandas=True)
    except (pa.ArrowException, OverflowError, TypeError):
        return _text(column)
    if pa.types.is_float16(array.type):
        return array.cast(pa.float32())
    return _text(column) if isinstance(array.type, pa.ExtensionType) else array


def _text(column: pd.Series) -> pa.Array | pa.ChunkedArray:
    """The values as text, missing ones as nulls."""
    missing = column.isna()
    values = (None if empty else str(value) for value, empty in zip(column, missing, strict=True))
    return pa.array(values, pa.string())
