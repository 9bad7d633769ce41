"""Categories of text become numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd

from patronage.models.ensemble.encoding import Matrices, columns_of, learn_encoding


def test_categories_are_ordered_by_number_and_name_whatever_the_rows():
    frame = pd.DataFrame({"x": [1.0, np.nan, 3, 4, 5], "town": ["b", "a", "", "c", "c"]})
    encoding = learn_encoding(frame, ["town", "x"])
    assert encoding.levels == {"town": ("c", "a", "b")}
    assert learn_encoding(frame[::-1], ["town", "x"]) == encoding
    assert encoding.categorical == [0]
    np.testing.assert_array_equal(encoding.matrix(frame)[:, 0], [2, 1, np.nan, 0, 0])
    np.testing.assert_array_equal(encoding.matrix(frame)[:, 1], frame["x"])
    by_columns = Matrices(columns_of(frame), [encoding, encoding.only(())])
    np.testing.assert_array_equal(by_columns.of(encoding), encoding.matrix(frame))
    assert by_columns.of(encoding.only(())).shape == (len(frame), 0)
