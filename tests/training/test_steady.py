"""Features whose distribution moved are not learned from."""

from __future__ import annotations

import numpy as np
import pandas as pd

from patronage.training.steady import MOST_DRIFT, steady


def test_features_that_moved_are_not_steady():
    rng = np.random.default_rng(0)
    before = pd.DataFrame({"same": rng.normal(size=900), "aged": rng.normal(size=900), "town": ["a", "b", "c"] * 300})
    now = pd.DataFrame({"same": rng.normal(size=700), "aged": rng.normal(1, 1, 700), "town": ["a", "b"] * 350})
    assert steady(now, before, ["same", "aged", "town"]) == ("same",)
    gone = now.assign(same=np.where(np.arange(700) < 200, np.nan, now["same"]))
    assert steady(gone, before, ["same"]) == ()  # missing counts as a value of its own
    assert steady(now.head(0), before, ["aged"]) == ("aged",)


def test_the_border_belongs_to_the_steady():
    earlier = pd.DataFrame({"x": np.arange(10.0)})
    assert MOST_DRIFT == 0.2
    two, three = (earlier.where(earlier["x"] < border, 100.0) for border in (8, 7))
    assert steady(two, earlier, ["x"]) == ("x",)  # two of ten customers moved
    assert steady(three, earlier, ["x"]) == ()
