"""Figures of a CLV model draw what the model predicts, and say it in their titles."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from conftest import BY_HAND, through_the_door
from patronage import names as c
from patronage.labels import LabelledSnapshot, weekly_orders
from patronage.models.btyd.bg_nbd import BgNbd
from patronage.models.btyd.clv import CLVModel, CLVSettings
from patronage.models.btyd.optimum import Fit
from patronage.models.btyd.spend import GammaGamma, ShrunkenMean
from patronage.review import clv_figures

SURE = Fit(1000, 1000, 0.0, 0.0, 1, None)


@pytest.fixture(scope="module")
def model() -> CLVModel:
    settings = CLVSettings("bg_nbd", 28.0, 365.0, 0.1, 1.0, 0.8)
    return CLVModel(settings, BgNbd(0.6, 20.0, 0.5, 2.5), GammaGamma(6.0, 4.0, 15.0), SURE, SURE)


@pytest.fixture(scope="module")
def evaluated() -> LabelledSnapshot:
    rng = np.random.default_rng(0)
    x, age = rng.poisson(2, 300), np.full(300, 70.0)
    features = pd.DataFrame(
        {
            c.N_ORDERS: x + 1, c.FREQUENCY: x.astype(float), c.RECENCY: np.where(x > 0, rng.uniform(1, 70, 300), 0),
            c.T: age, c.MONETARY_VALUE: np.where(x > 0, rng.gamma(4, 8, 300), 0),
        }
    )  # fmt: skip
    labels = pd.DataFrame({c.ORDERS: rng.poisson(0.5, 300).astype(float), c.SPEND: rng.gamma(1, 10, 300)})
    return LabelledSnapshot(datetime(2024, 3, 1), 28, features, labels)


def test_weekly_orders_of_ten_rows():
    """Anna's repeat days are 19 and 29 days before the first of March 2024 (weeks -5, -3), and that day itself."""
    tables = through_the_door(BY_HAND)
    found = weekly_orders(tables, datetime(2024, 3, 1), 14, pd.Index(["anna", "ben", "cleo"]))
    assert found[found > 0].to_dict() == {-8: 1, -5: 1, -3: 1, 0: 1}
    assert found.index.tolist() == list(range(-8, 2))


def test_tracking_ends_where_the_forecast_does(model, evaluated):
    weekly = pd.Series(3, index=range(-9, 4))
    figure = clv_figures.tracking(model, evaluated.features, weekly)
    cumulative = figure.axes[0].lines[1]
    x, t_x, age = (evaluated.features[name].to_numpy() for name in (c.FREQUENCY, c.RECENCY, c.T))
    ahead = model.law.expected_orders(28, x, t_x, age).sum()
    at_cutoff = float(np.interp(0, *cumulative.get_data()))
    assert cumulative.get_ydata()[-1] - at_cutoff == pytest.approx(ahead)
    before = (model.law.expected_orders(age, 0, 0, 0) - model.law.expected_orders(age - 63, 0, 0, 0)).sum()
    assert at_cutoff == pytest.approx(before)


def test_every_figure_is_drawn(model, evaluated):
    assignments = pd.DataFrame(model.predict(evaluated.features), evaluated.features.index)
    weekly = pd.Series(3, index=range(-9, 4))
    drawn = clv_figures.of_model(model, evaluated.features) | clv_figures.of_measurement(
        model, evaluated, weekly, assignments
    )
    assert sorted(drawn) == [
        "clv_by_frequency.png", "clv_coverage.png", "clv_lorenz.png", "clv_order_values.png", "clv_p_alive.png",
        "clv_tracking.png",
    ]  # fmt: skip
    shares = [bar.get_height() for bar in drawn["clv_coverage.png"].axes[0].patches]
    assert sum(shares) == pytest.approx(clv_figures.BINS)


def test_what_cannot_be_drawn_is_left_out(model, evaluated):
    from dataclasses import replace

    simple = replace(model, spend_law=ShrunkenMean(30.0, 2.0))
    assert list(clv_figures.of_model(simple, evaluated.features)) == ["clv_p_alive.png"]
    valueless = pd.DataFrame(model.predict(evaluated.features)).assign(**{c.EXPECTED_SPEND: np.nan})
    drawn = clv_figures.of_measurement(model, evaluated, pd.Series(3, index=range(-9, 4)), valueless)
    assert "clv_lorenz.png" not in drawn
