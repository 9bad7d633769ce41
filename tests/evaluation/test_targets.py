from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from patronage.config.target import ChosenAct
from patronage.evaluation.intervals import Resampling
from patronage.evaluation.targets import baselines, evaluate_target, in_words
from patronage.labels import LabelledSnapshot

ACT = ChosenAct("event", "up")


def snapshot(n: int = 1000, seed: int = 0, days: int = 30) -> LabelledSnapshot:
    """Half did it before; those who did it lately do it again with probability .6, others with .1."""
    rng = np.random.default_rng(seed)
    since = np.where(rng.uniform(size=n) < 0.5, np.nan, rng.integers(1, 101, n))
    p = np.where(since <= 50, 0.6, 0.1)
    index = pd.Index([f"c{i}" for i in range(n)], name="customer_id")
    features = pd.DataFrame({"days_since_event_up": since, "days_since_last_order": 5.0, "p": p}, index=index)
    labels = pd.DataFrame({"did_event_up": (rng.uniform(size=n) < p).astype(float)}, index=index)
    return LabelledSnapshot(datetime(2024, 1, 1), days, features, labels)


PAST, LATER = snapshot(4000), snapshot(1000, 1)


def card(p: np.ndarray):
    forecasts = pd.DataFrame({"p_event_up": p}, LATER.features.index)
    return evaluate_target(ACT, forecasts, [PAST], LATER, Resampling(50, 0))


def test_baselines_are_the_rate_and_the_rate_by_recency():
    naive = baselines(ACT, [PAST], LATER.features, 30)
    np.testing.assert_allclose(naive["rate"], PAST.labels["did_event_up"].mean())
    recent = (LATER.features["days_since_event_up"] <= 40).to_numpy()
    never = LATER.features["days_since_event_up"].isna().to_numpy()
    assert abs(naive["last_act"][recent].mean() - 0.6) < 0.05
    assert abs(naive["last_act"][never].mean() - 0.1) < 0.02
    assert baselines(ACT, [PAST], LATER.features, 60)["rate"][0] == pytest.approx(1 - (1 - naive["rate"][0]) ** 2)


def test_a_tie_and_a_loss_are_told():
    by_recency = baselines(ACT, [PAST], LATER.features, 30)["last_act"]
    tie, loss = card(by_recency), card(np.full(1000, 0.5))
    assert tie.headlines[0].baseline == "last_act"
    assert "TELLS NO MORE than the days since" in in_words(tie.headlines[0])
    assert "LOSES to" in in_words(loss.headlines[0])
    low, high = (loss.metrics[f"event_up/difference_{end}/log_loss"] for end in ("low", "high"))
    assert 0 < low < high
    assert tie.metrics["event_up/actual"] == LATER.labels["did_event_up"].sum()


def test_of_unknown_labels_there_is_no_card():
    unknown = replace(LATER, labels=LATER.labels * np.nan)
    forecasts = pd.DataFrame({"p_event_up": 0.5}, LATER.features.index)
    assert evaluate_target(ACT, forecasts, [PAST], unknown, Resampling(50, 0)).headlines == ()
