"""The checks of what a public estimator is given."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pandas as pd

from patronage import names as c
from patronage.errors import DataError
from patronage.typing import Array

SHOWN = 5  # names of columns in a message
FEATURES = "the DataFrame that patronage.features gives"


def require_columns(X: pd.DataFrame, names: Iterable[str], estimator: str, expected: str = FEATURES) -> None:
    """Raise one line unless X is a DataFrame with these columns, each of its columns once."""
    if not isinstance(X, pd.DataFrame):
        raise DataError(f"{estimator}: X is a {type(X).__name__}; expected {expected}")
    if missing := [str(name) for name in names if name not in X]:
        more = f" and {len(missing) - SHOWN} more" if len(missing) > SHOWN else ""
        raise DataError(f"{estimator}: X lacks {', '.join(missing[:SHOWN])}{more}; expected {expected}")
    if twice := list(dict.fromkeys(map(str, X.columns[X.columns.duplicated()]))):
        named = ", ".join(twice[:SHOWN])
        raise DataError(f"{estimator}: X has {named} more than once; give each column a name of its own")


def require_summaries(features: pd.DataFrame) -> None:
    """Raise one line where nothing is known of a customer's orders, of which every model asks."""
    bought = features[c.N_ORDERS].to_numpy(float) > 0
    for name in (c.N_ORDERS, c.FREQUENCY, c.RECENCY, c.T):
        missing = features[name].isna().to_numpy() & (bought | (name == c.N_ORDERS))
        if missing.any():
            raise DataError(f"{name}: missing in {missing.sum()} of {len(features)} rows; expected {FEATURES}")


def require_single_values(X: pd.DataFrame, names: Iterable[str], estimator: str) -> None:
    """Raise one line where a column holds lists or tables, or numbers without an end."""
    for name in names:
        values = X[name]
        if values.dtype == object and values.map(pd.api.types.is_list_like).any():
            raise DataError(f"{estimator}: {name} holds lists or tables; expected a number or a text in each row")
        if values.dtype.kind == "f" and np.isinf(values.to_numpy(float, na_value=np.nan)).any():
            raise DataError(f"{estimator}: {name} holds infinite numbers; expected finite or missing ones")


def numbers_of(y: npt.ArrayLike, rows: int, what: str) -> Array:
    """(N,) labels as floats, NaN where one is missing.

    Parameters
    ----------
    what
        Is expected for each of the rows, such as "an outcome".

    Raises
    ------
    DataError
        They are no numbers, or not one for each row.
    """
    try:
        numbers = np.asarray(y, np.float64)
        words = np.asarray(y).dtype.kind in "USO" and any(isinstance(value, str) for value in np.ravel(np.asarray(y)))
    except (TypeError, ValueError):
        words = True
    if words:
        raise DataError(f"y holds what is no number; expected {what} for each of the {rows} rows of X")
    if numbers.shape != (rows,):
        remedy = "; give one column of it" if numbers.ndim > 1 else ""
        raise DataError(f"y has shape {numbers.shape}; expected {what} for each of the {rows} rows of X{remedy}")
    return numbers
