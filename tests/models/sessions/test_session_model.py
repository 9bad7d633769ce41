"""The session model: planted probabilities, and the least number of cases."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from patronage.errors import FitError
from patronage.models.sessions import PROBABILITY, fit_order_model, frequent_events, session_table, touchpoint_features
from patronage.models.sessions.clickstream import build_clickstream
from patronage.models.sessions.session_model import fit_session_model

CUTOFF = datetime(2024, 3, 1)


def test_recovers_the_planted_probabilities(random_log):
    touchpoints, orders, probability = random_log(8_000, seed=1)
    clickstream = build_clickstream(touchpoints, orders, CUTOFF)
    sessions = session_table(clickstream)
    features, keys = touchpoint_features(clickstream, sessions, frequent_events(clickstream))
    training = (keys["session_row"] % 2 == 0).to_numpy()
    y_true, customers = keys["ordered_later"].to_numpy(), keys["customer"].to_numpy()
    model = fit_order_model(features[training], y_true[training], customers[training], seed=0)
    at_last = ~training & (features["position"] == 3).to_numpy()
    planted = probability[sessions["session"].to_numpy()[keys["session_row"][at_last]]].to_numpy()
    predicted = model.predict(features[at_last])[PROBABILITY]
    assert abs(predicted[planted == 0.7].mean() - 0.7) < 0.05
    assert abs(predicted[planted == 0.2].mean() - 0.2) < 0.05
    assert model.predict(features.head(0))[PROBABILITY].shape == (0,)


@pytest.mark.parametrize(("with_it", "without", "enough"), [(100, 100, True), (99, 400, False), (400, 99, False)])
def test_a_hundred_cases_with_and_without_the_outcome_are_needed(with_it, without, enough):
    y_true = np.repeat([1.0, 0.0], [with_it, without])
    features = pd.DataFrame({"x": np.random.default_rng(0).normal(size=len(y_true)) + y_true})
    arguments = (features, y_true, np.arange(len(y_true)), "an order", 0)
    if enough:
        assert fit_session_model(*arguments).columns == ("x",)
    else:
        with pytest.raises(FitError, match="an order: .* expected 100 with it and without it"):
            fit_session_model(*arguments)
