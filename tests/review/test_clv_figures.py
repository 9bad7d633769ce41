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
from patronage.models.btyd.calendar import FLAT
from patronage.models.btyd.clv import CLVModel, CLVSettings
from patronage.models.btyd.optimum import Fit
from patronage.models.btyd.spend import GammaGamma, ShrunkenMean
from patronage.models.horizons import LawInputs, OrdersAhead
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


def _ahead(model, features, factor: float = 1.0) -> OrdersAhead:
    """What is shipped: the law at `factor` times the rates of the customers' histories."""
    inputs = LawInputs(features, np.full(len(features), factor))
    return OrdersAhead(model, FLAT, inputs, model.predict(features, inputs.multiplier))


def test_tracking_cumulates_what_is_shipped_from_the_cutoff_on(model, evaluated):
    weekly = pd.Series(3, index=range(-9, 4))
    figure = clv_figures.tracking(_ahead(model, evaluated.features, 1.7), evaluated.features, weekly)
    cumulative, by_week = figure.axes[0].lines[1], figure.axes[1].lines[1]
    x, t_x, age = (evaluated.features[name].to_numpy() for name in (c.FREQUENCY, c.RECENCY, c.T))
    assert cumulative.get_ydata()[0] == 0
    assert cumulative.get_ydata()[-1] == pytest.approx(model.law.expected_orders(28, x, t_x, age, 1.7).sum())
    before = (model.law.expected_orders(age, 0, 0, 0) - model.law.expected_orders(age - 63, 0, 0, 0)).sum()
    assert by_week.get_ydata()[:9].sum() == pytest.approx(before)


def test_the_figures_draw_what_is_shipped_and_not_the_bare_law(model, evaluated):
    plain, shipped = (_ahead(model, evaluated.features, factor) for factor in (1.0, 2.0))
    orders = evaluated.labels[c.ORDERS]
    bars = [
        [bar.get_height() for bar in clv_figures.by_frequency(ahead, evaluated.features, orders).axes[0].patches]
        for ahead in (plain, shipped)
    ]
    half = len(bars[0]) // 2
    assert bars[0][:half] == bars[1][:half]  # actual
    assert (np.array(bars[1][half:]) > np.array(bars[0][half:])).all()
    title = clv_figures.pit(shipped, orders).axes[0].get_title(loc="left")
    assert title != clv_figures.pit(plain, orders).axes[0].get_title(loc="left")


def test_every_figure_is_drawn(model, evaluated):
    assignments = pd.DataFrame(model.predict(evaluated.features), evaluated.features.index)
    weekly = pd.Series(3, index=range(-9, 4))
    drawn = clv_figures.of_model(model, evaluated.features) | clv_figures.of_measurement(
        _ahead(model, evaluated.features), evaluated, weekly, assignments
    )
    assert sorted(drawn) == [
        "clv_by_frequency.png", "clv_coverage.png", "clv_lorenz.png", "clv_order_values.png", "clv_p_alive.png",
        "clv_tracking.png",
    ]  # fmt: skip
    shares = [bar.get_height() for bar in drawn["clv_coverage.png"].axes[0].patches]
    assert sum(shares) == pytest.approx(clv_figures.BINS)


def test_every_figure_says_of_how_many_customers(model, evaluated):
    """Of the figure of order values those with repeat orders alone."""
    assignments = pd.DataFrame(model.predict(evaluated.features), evaluated.features.index)
    drawn = clv_figures.of_model(model, evaluated.features) | clv_figures.of_measurement(
        _ahead(model, evaluated.features), evaluated, pd.Series(3, index=range(-9, 4)), assignments
    )
    repeat = int((evaluated.features[c.FREQUENCY] > 0).sum())
    for name, figure in drawn.items():
        n = repeat if name == "clv_order_values.png" else 300
        assert f"{n} customers" in " ".join(axes.get_xlabel() for axes in figure.axes), name


def test_the_figure_of_the_law_says_that_it_is_the_law(model, evaluated):
    title = clv_figures.p_alive(model, evaluated.features).axes[0].get_title(loc="left")
    assert title.startswith("By BG/NBD alone, ")


def test_what_cannot_be_drawn_is_left_out(model, evaluated):
    from dataclasses import replace

    simple = replace(model, spend_law=ShrunkenMean(30.0, 2.0))
    assert list(clv_figures.of_model(simple, evaluated.features)) == ["clv_p_alive.png"]
    valueless = pd.DataFrame(model.predict(evaluated.features)).assign(**{c.EXPECTED_SPEND: np.nan})
    ahead = _ahead(model, evaluated.features)
    drawn = clv_figures.of_measurement(ahead, evaluated, pd.Series(3, index=range(-9, 4)), valueless)
    assert "clv_lorenz.png" not in drawn
