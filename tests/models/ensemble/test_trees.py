"""A text of LightGBM that is not whole is refused before LightGBM's own reader, which ends the process on some."""

from __future__ import annotations

import lightgbm as lgb
import numpy as np
import pytest

from patronage.errors import FitError
from patronage.models.ensemble.trees import read_trees


@pytest.fixture(scope="module")
def text() -> str:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 3))
    settings = {"verbosity": -1, "num_threads": 1, "num_leaves": 4, "min_data_in_leaf": 5}
    return lgb.train(settings, lgb.Dataset(x, x[:, 0]), num_boost_round=4).model_to_string()


def test_a_whole_one_is_read(text, tmp_path):
    (tmp_path / "trees.txt").write_text(text)
    assert read_trees(tmp_path / "trees.txt").num_trees() == 4


@pytest.mark.parametrize("share", [0, 0.05, 0.2, 0.4, 0.6])
def test_a_cut_off_one_is_refused(text, tmp_path, share):
    (tmp_path / "trees.txt").write_text(text[: int(share * text.index("end of trees"))])
    with pytest.raises(FitError, match="no whole LightGBM model"):
        read_trees(tmp_path / "trees.txt")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("num_leaves=4", "num_leaves=9000000"), ("left_child=", "left_child=77 "), ("leaf_value=", "leaf_values="),
        ("threshold=", "threshold=a "), ("Tree=2", "Tree=9"), ("tree_sizes=", "tree_size="),
    ],
)  # fmt: skip
def test_an_altered_one_is_refused(text, tmp_path, old, new):
    (tmp_path / "trees.txt").write_text(text.replace(old, new, 1))
    with pytest.raises(FitError, match="no whole LightGBM model"):
        read_trees(tmp_path / "trees.txt")
