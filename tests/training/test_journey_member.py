from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from patronage import names as c
from patronage.labels import LabelledSnapshot, Snapshot
from patronage.models.forecast import ENSEMBLE, Forecast
from patronage.training import journey_member
from patronage.training.journey_member import sees_events, with_journey

ORIGIN = datetime(2023, 4, 2)


class Oracle:
    """Stands for a journey fitted at the earlier origin: it knows, or has the opposite of, what came."""

    def __init__(self, p_order):
        self.values = pd.Series(p_order)

    def filter(self, features):
        return features

    def p_order(self, states, periods):
        return self.values


@pytest.fixture(scope="module")
def case(fitted):
    """A forecast by the ensemble, and customers half of whom churned, by no feature."""
    features = fitted.features[fitted.features[c.N_ORDERS] > 0]
    churned = pd.Series(np.arange(len(features)) % 2, features.index, dtype=float)
    forecast = replace(fitted.bundle.forecast, churn_source=ENSEMBLE)
    return forecast, features, churned, fitted


def joined(case, monkeypatch, p_order, path=None):
    forecast, features, churned, fitted = case
    if path is not None:
        features = features.assign(**{c.JOURNEY_PATH: path})
    labels = pd.DataFrame({c.CHURNED: churned, c.ORDERS: 1 - churned, c.SPEND: 10 * (1 - churned)})
    snapshot = LabelledSnapshot(ORIGIN, 90, features, labels)
    split = SimpleNamespace(current=Snapshot(ORIGIN, 90, features), training=(snapshot,))
    monkeypatch.setattr(journey_member, "fit_at_origin", lambda *_, **__: Oracle(p_order))
    return with_journey(forecast, split, fitted.config, fitted.bundle.journey)


def test_events_are_more_than_orders_and_silence():
    paths = pd.DataFrame({c.JOURNEY_PATH: ["p..m", "p", "", None]})
    assert not sees_events(paths)
    assert sees_events(paths.assign(**{c.JOURNEY_PATH: ["p.e.", "p", "", None]}))


def test_without_events_nothing_changes(case, monkeypatch):
    assert joined(case, monkeypatch, 1 - case[2]) is case[0]


def test_the_journey_takes_part_where_it_was_better_and_only_there(case, monkeypatch):
    knowing = joined(case, monkeypatch, (0.9 - 0.8 * case[2]).to_numpy(), path="p.e.p")
    assert knowing.journey is case[3].bundle.journey
    assert joined(case, monkeypatch, (0.1 + 0.8 * case[2]).to_numpy(), path="p.e.p") is case[0]
    law = (replace(case[0], churn_source="law"), *case[1:])
    assert joined(law, monkeypatch, (0.9 - 0.8 * case[2]).to_numpy(), path="p.e.p") is law[0]


@pytest.mark.parametrize("left_out", [False, True], ids=["BTYD is a member", "BTYD was left out"])
def test_the_journey_has_the_place_of_btyd_in_the_mean(case, left_out):
    forecast, features, _, fitted = case
    if left_out:
        forecast = replace(forecast, ensemble=without_btyd(forecast.ensemble))
    journey = fitted.bundle.journey
    members = forecast.ensemble.member_predictions(*forecast.inputs(features))[c.CHURNED]
    others = [values for name, values in members.items() if name != "btyd"]
    p_order = journey.order_probability(features)
    np.testing.assert_array_equal(p_order, np.asarray(journey.predict(features)[c.JOURNEY_P_ORDER]))
    expected = (sum(others) + 1 - p_order) / (len(others) + 1)
    ordinary = ~forecast.ordinary.outweighing(features)
    predicted = replace(forecast, journey=journey).predict(features)
    np.testing.assert_allclose(predicted[c.CHURN_PROBABILITY][ordinary], expected[ordinary], rtol=1e-12)
    np.testing.assert_allclose(predicted[c.P_ORDER], 1 - predicted[c.CHURN_PROBABILITY], rtol=1e-12)


def without_btyd(ensemble):
    parts = {name: getattr(ensemble, name) for name in ("churn", "orders", "spend")}
    trees = {name: tuple(member for member in part.members if member.name != "btyd") for name, part in parts.items()}
    return replace(ensemble, **{name: replace(part, members=trees[name]) for name, part in parts.items()})


def test_a_forecast_with_a_journey_is_saved_and_loaded(case, tmp_path):
    forecast, features, _, fitted = case
    with_it = replace(forecast, journey=fitted.bundle.journey)
    with_it.save(tmp_path)
    loaded = Forecast.load(tmp_path)
    assert loaded.totals_model == forecast.totals_model
    before, after = (each.predict(features)[c.CHURN_PROBABILITY] for each in (with_it, loaded))
    np.testing.assert_array_equal(before, after)
