"""The search's measure of settings: ratios to BTYD by hand, and one origin of the small shop."""

from __future__ import annotations

from datetime import datetime

import pytest

from conftest import through_the_door
from patronage import names as c
from patronage.config import ChurnConfig, ClvConfig, TrainConfig
from patronage.evaluation.search import loss_ratios, overall, search_origin

pytestmark = pytest.mark.slow


def test_the_mean_of_ratios_is_geometric():
    ratios = overall([{c.CHURNED: 0.5, c.SPEND: 1.0}, {c.CHURNED: 2.0, c.SPEND: 4.0}])
    assert ratios == pytest.approx({"all": 2**0.5, c.CHURNED: 1.0, c.SPEND: 2.0})


def settings(lenses, horizon_days: int, **members: bool) -> TrainConfig:
    churn = ChurnConfig(members=members, laws={"bg_nbd": True}, bands={"all": 1.0}, max_rounds=20)
    config = TrainConfig(
        churn=churn,
        clv=ClvConfig(model="bg_nbd"),
        lenses=lenses,
        cutoff="2023-07-01",
        horizon_days=horizon_days,
        seed=0,
    )
    config.origins.most = 2
    return config


@pytest.mark.parametrize("horizon_days", [60, 170])
def test_btyd_alone_loses_what_btyd_loses(shop, lens_settings, horizon_days):
    """Over 170 days the label windows before the origin are shorter than the horizon."""
    config = settings(lens_settings, horizon_days, btyd=True)
    config.origins.window_days = 60
    origin = search_origin(through_the_door(shop), datetime(2023, 7, 1), config)
    assert (origin.btyd_at_horizon is not None) == (horizon_days == 170)
    assert loss_ratios(origin, config.churn, seed=0) == pytest.approx({c.CHURNED: 1, c.ORDERS: 1, c.SPEND: 1}, rel=1e-3)


def test_the_evaluated_customers_are_not_learned_from(shop, lens_settings):
    config = settings(lens_settings, 60, btyd=True, features=True)
    origin = search_origin(through_the_door(shop), datetime(2023, 7, 1), config)
    for snapshot in origin.training:
        assert not set(snapshot.features.index) & set(origin.evaluated.features.index)
    ratios = loss_ratios(origin, config.churn, seed=0)
    assert all(0.5 < ratio < 1.5 for ratio in ratios.values())
    assert ratios == loss_ratios(origin, config.churn, seed=0)
