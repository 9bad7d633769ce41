"""The frame that an estimator is given."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from patronage.errors import DataError
from patronage.models.validation import require_columns


def test_a_frame_with_the_columns_passes():
    require_columns(pd.DataFrame({"a": [1], "b": [2]}), ["b"], "CLV")


def test_what_is_missing_is_named():
    with pytest.raises(DataError, match="CLV: X lacks c, d; expected the DataFrame that patronage.features gives"):
        require_columns(pd.DataFrame({"a": [1]}), ["a", "c", "d"], "CLV")


@pytest.mark.parametrize("X", [np.ones((2, 2)), [[1.0]], {"a": [1]}, None])
def test_what_is_no_frame_is_named_by_its_type(X):
    with pytest.raises(DataError, match=f"Churn: X is a {type(X).__name__}; expected the DataFrame"):
        require_columns(X, ["a"], "Churn")
