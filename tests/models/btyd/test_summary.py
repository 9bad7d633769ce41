from __future__ import annotations

import numpy as np
import pandas as pd

from patronage.models.btyd.summary import Summary


def test_reads_a_frame_and_arrays_in_the_order_of_the_rows():
    frame = pd.DataFrame({"T": [9, 5], "frequency": [1, 0], "recency": [4, 0], "other": ["a", "b"]}, index=["y", "x"])
    for features in (frame, dict(frame)):
        x, t_x, T = Summary.of(features)
        assert (x.tolist(), t_x.tolist(), T.tolist()) == ([1, 0], [4, 0], [9, 5])
        assert x.dtype == t_x.dtype == T.dtype == np.float64
    assert Summary.of(frame).at(np.array([1])) == (0, 0, 5)
