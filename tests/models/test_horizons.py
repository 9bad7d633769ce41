"""One training answers any horizon, and never contradicts itself."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from patronage import names as c
from patronage.models.btyd.bg_nbd import BgNbd, MbgNbd
from patronage.models.btyd.calendar import FLAT, CalendarClock
from patronage.models.btyd.clv import CLVModel, CLVSettings
from patronage.models.btyd.optimum import Fit
from patronage.models.btyd.pareto_nbd import ParetoNbd
from patronage.models.btyd.spend import GammaGamma
from patronage.models.horizons import LawInputs, OrdersAhead

SURE = Fit(1000, 1000, 0.0, 0.0, 1, None)
LAWS = {"bg_nbd": BgNbd(0.6, 20.0, 0.5, 2.5), "mbg_nbd": MbgNbd(0.6, 20.0, 0.5, 2.5),
        "pareto_nbd": ParetoNbd(0.6, 20.0, 0.4, 30.0)}  # fmt: skip
SEASON = CalendarClock(waves=(0.4, -0.3), covariance=((0.0, 0.0), (0.0, 0.0)), levels=(0.8, 1.0, 1.0, 1.2))
DAYS = (1, 7, 30, 89, 90, 91, 200, 365)

CUSTOMERS = pd.DataFrame(
    {
        c.FREQUENCY: [0.0, 1.0, 5.0, 40.0],
        c.RECENCY: [0.0, 20.0, 90.0, 99.0],
        c.T: [5.0, 100.0, 100.0, 100.0],
        c.MONETARY_VALUE: [0.0, 30.0, 20.0, 10.0],
        c.OBSERVED_DAY: 19_000,
    }
)


def _ahead(name: str, calendar: CalendarClock, factor: float = 1.5, alive: np.ndarray | None = None) -> OrdersAhead:
    settings = CLVSettings(name, 90.0, 365.0, 0.1, 1.0, 0.8)
    model = CLVModel(settings, LAWS[name], GammaGamma(6.0, 4.0, 15.0), SURE, SURE)
    on_clock = pd.DataFrame(calendar.operational(CUSTOMERS))
    multiplier = factor * calendar.factor(CUSTOMERS, 90)
    shipped = model.predict(on_clock, multiplier, alive)
    return OrdersAhead(model, calendar, LawInputs(on_clock, multiplier, alive), shipped)


@pytest.mark.parametrize("calendar", [FLAT, SEASON], ids=["flat", "season"])
@pytest.mark.parametrize("name", LAWS)
def test_a_longer_horizon_never_has_less(name, calendar):
    ahead = _ahead(name, calendar)
    for curve in (ahead.p_order, ahead.expected_orders):
        assert (np.diff([curve(days) for days in DAYS], axis=0) >= 0).all()
    assert (np.diff([ahead.p_order(days) for days in (7, 90, 365)], axis=0) > 0).all()


@pytest.mark.parametrize("calendar", [FLAT, SEASON], ids=["flat", "season"])
def test_the_trained_horizon_is_what_is_shipped(calendar):
    ahead = _ahead("bg_nbd", calendar, alive=np.array([0.2, 0.5, 0.9, 1.3]))
    columns = ahead.columns([90])
    for name in (c.P_ORDER, c.EXPECTED_ORDERS, c.EXPECTED_SPEND):
        assert columns[c.at_horizon(name, 90)] == pytest.approx(ahead.shipped[name])
    unbounded = OrdersAhead(ahead.clv, calendar, ahead.inputs, ahead.shipped)
    near = unbounded.p_order(90 - 1e-9)  # and the law itself arrives there: nothing jumps
    assert near == pytest.approx(ahead.shipped[c.P_ORDER], abs=1e-6)


def test_any_order_is_one_of_the_expected():
    ahead = _ahead("mbg_nbd", FLAT, alive=np.array([0.2, 0.5, 0.9, 1.3]))
    for days in DAYS:
        assert (ahead.p_order(days) <= ahead.expected_orders(days) + 1e-12).all()


@pytest.mark.parametrize("calendar", [FLAT, SEASON], ids=["flat", "season"])
def test_the_next_order_comes_on_the_first_day_of_a_probability(calendar):
    ahead = _ahead("bg_nbd", calendar)
    for level in (0.1, 0.5, 0.9):
        day = ahead.days_until(level)
        reached = ~np.isnan(day)
        assert (reached == (ahead.p_order(365) >= level)).all()
        on_it = ahead.p_order(np.where(reached, day, 1.0))
        before = np.where(day > 1, ahead.p_order(np.where(day > 1, day - 1, 1.0)), 0.0)
        assert (on_it[reached] >= level).all()
        assert (before[reached] < level).all()
    early, middle, late = (ahead.days_until(level) for level in (0.1, 0.5, 0.9))
    assert not (early > middle).any()
    assert not (middle > late).any()
