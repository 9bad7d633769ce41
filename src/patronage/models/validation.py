"""The check of the frame that a public estimator is given."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from patronage.errors import DataError


def require_columns(X: pd.DataFrame, names: Iterable[str], estimator: str) -> None:
    """Raise one line unless X is a DataFrame with these columns."""
    if not isinstance(X, pd.DataFrame):
        raise DataError(f"{estimator}: X is a {type(X).__name__}; expected the DataFrame that patronage.features gives")
    if missing := [name for name in names if name not in X]:
        raise DataError(
            f"{estimator}: X lacks {', '.join(missing)}; expected the DataFrame that patronage.features gives"
        )
