from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from patronage.evaluation.leakage import SUSPECT, single_auc
from patronage.labels import LabelledSnapshot


@pytest.fixture
def evaluated() -> LabelledSnapshot:
    rng = np.random.default_rng(0)
    churned = (rng.random(500) < 0.6).astype(float)
    features = pd.DataFrame({"honest": rng.normal(size=500) + churned, "knows": 3 - churned, "path": "p.."})
    features.loc[:20, "honest"] = np.nan
    labels = pd.DataFrame({"churned": churned, "orders": 0.0, "spend": 0.0})
    labels.loc[490:, "churned"] = np.nan
    return LabelledSnapshot(datetime(2024, 1, 1), 90, features, labels)


def test_a_feature_that_knows_the_future_gives_itself_away(evaluated):
    areas = single_auc(evaluated)
    assert areas.index.tolist() == ["knows", "honest"]
    assert areas["knows"] == 1
    assert areas["honest"] < SUSPECT


def test_it_is_the_roc_auc_in_the_better_direction(evaluated):
    known = evaluated.labels["churned"].notna()
    filled = evaluated.features["honest"].fillna(-99)[known]
    assert single_auc(evaluated)["honest"] == pytest.approx(
        roc_auc_score(evaluated.labels.loc[known, "churned"], filled)
    )
    turned = LabelledSnapshot(evaluated.cutoff, 90, -evaluated.features[["knows"]], evaluated.labels)
    assert single_auc(turned)["knows"] == 1


def test_one_class_ranks_nothing(evaluated):
    assert single_auc(evaluated.select(evaluated.labels["churned"] == 1)).empty
    assert single_auc(evaluated.select(evaluated.labels["churned"] == 0)).empty
    assert single_auc(evaluated.select(evaluated.labels["churned"].isna())).empty
