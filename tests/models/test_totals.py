from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest

from patronage import names as c
from patronage.models.btyd.totals import LEVEL_SD
from patronage.models.totals import APART_SD, TotalErrors, TotalsModel, learn_totals

SIZE, VALUE = 3_000, 20.0


def origin(rng, level_sd=0.2, apart_sd=0.0):
    """Customers whose orders come at the expected rate, times a level of all and one of each group."""
    frequency = rng.choice([0.0, 2.0, 5.0, 20.0], SIZE)
    expected = 0.1 + 0.2 * frequency
    group = np.searchsorted([0, 2, 7], frequency)
    level = rng.normal(0, level_sd) + rng.normal(0, apart_sd, 4)[group]
    orders = rng.poisson(expected * np.exp(level))
    spend = np.where(orders > 0, rng.gamma(2.0 * np.maximum(orders, 1), VALUE / 2), 0.0)
    columns = (frequency, expected, VALUE * expected, orders.astype(float), spend)
    return dict(zip((c.FREQUENCY, c.EXPECTED_ORDERS, c.EXPECTED_SPEND, c.ORDERS, c.SPEND), columns, strict=True))


@pytest.mark.slow
def test_the_truth_lies_in_the_interval_as_often_as_it_should():
    """Over simulated logs, each with four earlier origins and one to come, for all customers and for the lightest."""
    rng = np.random.default_rng(6)
    inside = {(who, name): 0 for who in ("base", "group") for name in (c.ORDERS, c.SPEND)}
    times = 200
    for _ in range(times):
        model = learn_totals([origin(rng, 0.15, 0.1) for _ in range(4)], 90.0, 360.0)
        later = origin(rng, 0.15, 0.1)
        base = model.totals(later[c.FREQUENCY], later, horizon_days=90, level=0.8)
        light = later[c.FREQUENCY] == 0
        part = {name: later[name][light] for name in later}
        expected = {name: total.expected for name, total in base.items()}
        group = model.totals(part[c.FREQUENCY], part, horizon_days=90, level=0.8, base=expected)
        for who, totals, truth in (("base", base, later), ("group", group, part)):
            for name, total in totals.items():
                inside[who, name] += total.low <= truth[name].sum() <= total.high
    shares = {key: number / times for key, number in inside.items()}
    assert min(shares.values()) > 0.7
    assert max(shares.values()) < 0.92


def test_what_is_learned_is_shrunk_towards_other_logs():
    rng = np.random.default_rng(2)
    calm = learn_totals([origin(rng, 0.0) for _ in range(8)], 90.0, 720.0)
    wild = learn_totals([origin(rng, 0.4) for _ in range(8)], 90.0, 720.0)
    assert LEVEL_SD / 4 < calm.orders.level_sd < LEVEL_SD < 0.25 < wild.orders.level_sd < 0.6
    assert max(calm.orders.apart_sd) < APART_SD[c.ORDERS]
    assert calm.orders.dispersion == pytest.approx((1.0,) * 4, abs=0.15)  # of Poisson counts
    assert calm.spend.dispersion == pytest.approx((1.5,) * 4, abs=0.25)  # with values of a coefficient of variation .71
    overlapping = learn_totals([origin(rng, 0.0) for _ in range(8)], 90.0, 30.0)
    assert overlapping.orders.level_sd > calm.orders.level_sd


def test_an_interval_by_hand():
    errors = TotalErrors(0.1, (0.3, 0.2, 0.2, 0.2), (1.0, 1.0, 1.0, 1.0))
    model = TotalsModel(errors, errors, 90.0)
    customers = {c.EXPECTED_ORDERS: np.array([60.0, 40.0]), c.EXPECTED_SPEND: np.array([600.0, np.nan])}
    frequency = np.array([0.0, 4.0])
    whole = model.totals(frequency, customers, horizon_days=90, level=0.8)
    reach = 1.28155 * np.sqrt(0.1**2 + 1 / 100)
    assert whole[c.ORDERS] == pytest.approx((100, 100 * np.exp(-reach), 100 * np.exp(reach)), rel=1e-4)
    assert whole[c.SPEND].expected == 600
    part = model.totals(frequency, customers, horizon_days=360, level=0.8, base={c.ORDERS: 200.0, c.SPEND: 600.0})
    apart = 0.6 * 0.3 + 0.4 * 0.2
    reach = 1.28155 * np.sqrt(4 * (0.1**2 + 0.5 * apart**2) + 1 / 100)
    assert part[c.ORDERS].high == pytest.approx(100 * np.exp(reach), rel=1e-4)
    nothing = {c.EXPECTED_ORDERS: np.zeros(2), c.EXPECTED_SPEND: np.zeros(2)}
    assert model.totals(frequency, nothing, horizon_days=90, level=0.8)[c.SPEND] == (0, 0, 0)


def test_without_an_earlier_origin_it_is_what_other_logs_show():
    assert learn_totals([], 90.0, 0.0) == TotalsModel()
    assert TotalsModel().window_days is None


def test_a_model_is_written_and_read_back():
    model = learn_totals([origin(np.random.default_rng(1))], 90.0, 0.0)
    assert TotalsModel.of(asdict(model)) == model
