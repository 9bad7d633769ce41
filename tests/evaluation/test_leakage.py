from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from patronage.evaluation.leakage import SUSPECT, single_auc
from patronage.labels import LabelledSnapshot


@pytest.fixture
def judged() -> LabelledSnapshot:
    rng = np.random.default_rng(0)
    churned = (rng.random(500) < 0.6).astype(float)
    features = pd.DataFrame({"honest": rng.normal(size=500) + churned, "knows": 3 - churned, "path": "p.."})
    features.loc[:20, "honest"] = np.nan
    labels = pd.DataFrame({"churned": churned, "orders": 0.0, "spend": 0.0})
    labels.loc[490:, "churned"] = np.nan
    return LabelledSnapshot(datetime(2024, 1, 1), 90, features, labels)


def test_a_feature_that_knows_the_future_gives_itself_away(judged):
    found = single_auc(judged)
    assert found.index.tolist() == ["knows", "honest"]
    assert found["knows"] == 1
    assert found["honest"] < SUSPECT


def test_it_is_the_roc_auc_in_the_better_direction(judged):
    known = judged.labels["churned"].notna()
    filled = judged.features["honest"].fillna(-99)[known]
    assert single_auc(judged)["honest"] == pytest.approx(roc_auc_score(judged.labels.loc[known, "churned"], filled))
    turned = LabelledSnapshot(judged.cutoff, 90, -judged.features[["knows"]], judged.labels)
    assert single_auc(turned)["knows"] == 1


def test_where_only_one_thing_happened_nothing_is_ranked(judged):
    assert single_auc(judged.select(judged.labels["churned"] == 1)).empty
