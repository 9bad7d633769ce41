"""Simulate, then recover: orders, gaps and spend against the laws that made them."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from scipy import stats

from patronage import names as c
from patronage.data.simulated import simulate
from patronage.simulation.chance import Calendar, choose, generator, pick, running, urns
from patronage.simulation.customers import draw
from patronage.simulation.kinds import LOYALTY_DROPOUT, LOYALTY_RATE, PERSONAS
from patronage.simulation.life import FADING, Life
from patronage.simulation.settings import SimulatedConfig
from patronage.simulation.shelf import PRICE

PURE = {"occasion_share": 0.0, "offers_per_year": 0, "fading_days": 0.0, "return_share": 0.0, "events": False}


@pytest.fixture(scope="module")
def pure():
    """Pareto/NBD and nothing else: a row per customer who bought, with orders and their values."""
    made = simulate(12_000, 0, **PURE)
    lines = made.transactions[made.transactions[c.AMOUNT] > 0]
    orders = lines.groupby([c.CUSTOMER_ID, c.ORDER_ID], sort=False).agg(
        worth=(c.AMOUNT, "sum"), at=(c.ORDERED_AT, "min")
    )
    customers = made.truth.set_index(c.CUSTOMER_ID)
    customers["orders"] = orders.groupby(level=0).size()
    return customers.dropna(subset="orders"), orders.reset_index(level=1)


def near(found, expected, deviation, sigmas=4.5):
    assert abs(found - expected) < sigmas * deviation, (found, expected, deviation)


class TestOrders:
    @pytest.mark.parametrize("shape", [1.0, 4.0])
    def test_one_time_buyers_are_as_many_as_the_law_says(self, pure, shape):
        customers = pure[0][pure[0][c.TRUE_GAP_SHAPE] == shape]
        clock = shape * customers[c.TRUE_RATE] * customers[c.TRUE_EXPOSURE_DAYS]
        chance = stats.gamma.sf(clock, shape)
        near((customers["orders"] == 1).sum(), chance.sum(), np.sqrt((chance * (1 - chance)).sum()))
        assert 0.05 < chance.mean() < 0.6

    def test_repeat_orders_are_poisson_for_half_of_the_customers(self, pure):
        customers = pure[0][pure[0][c.TRUE_GAP_SHAPE] == 1.0]
        mean = customers[c.TRUE_RATE] * customers[c.TRUE_EXPOSURE_DAYS]
        repeat = customers["orders"] - 1
        near(repeat.sum(), mean.sum(), np.sqrt(mean.sum()))
        scaled = (repeat - mean) ** 2 / mean.clip(lower=0.05)
        assert 0.9 < scaled[mean > 0.5].mean() < 1.1

    def test_the_others_are_as_many_and_more_regular(self, pure):
        customers, orders = pure
        regular = customers[customers[c.TRUE_GAP_SHAPE] == 4.0]
        asymptotic = regular[c.TRUE_RATE] * regular[c.TRUE_EXPOSURE_DAYS] - 0.5 * (1 - 1 / 4)
        busy = asymptotic > 4
        near((regular["orders"] - 1)[busy].sum(), asymptotic[busy].sum(), np.sqrt(asymptotic[busy].sum()))
        gaps = orders.groupby(level=0)["at"].diff().dt.total_seconds().dropna()
        variation = gaps.groupby(level=0).std() / gaps.groupby(level=0).mean()
        many = gaps.groupby(level=0).size() >= 10
        by_shape = variation[many].groupby(customers[c.TRUE_GAP_SHAPE]).median()
        assert by_shape[4.0] < 0.65 < 0.8 < by_shape[1.0]

    def test_rates_are_gamma_and_lifetimes_pareto_within_their_factors(self):
        settings = SimulatedConfig(**PURE)
        people = draw(generator(0, 0), settings, Calendar(date(2022, 1, 1), 730), 20_000)
        rate = people.rate / LOYALTY_RATE[people.loyalty]
        rate /= np.array([each.rate for each in PERSONAS.values()])[people.persona]
        law = stats.gamma(settings.purchase_r, scale=1 / settings.purchase_alpha_days)
        assert stats.kstest(rate, law.cdf).pvalue > 1e-3
        dropout = people.dropout / LOYALTY_DROPOUT[people.loyalty] / np.exp(2 * (0.6 - people.satisfaction))
        law = stats.gamma(settings.dropout_s, scale=1 / settings.dropout_beta_days)
        assert stats.kstest(dropout, law.cdf).pvalue > 1e-3

    def test_a_lifetime_is_exponential(self):
        long = Calendar(date(2022, 1, 1), 10**7)  # so that nobody outlives the log
        people = draw(generator(1, 0), SimulatedConfig(**PURE | {"signup_span": 0.0}), long, 20_000)
        buyers = np.isfinite(people.first) & (people.life.end < long.days)
        lived = (people.life.end - people.first)[buyers] * people.dropout[buyers]
        assert buyers.sum() > 15_000
        assert stats.kstest(lived, stats.expon.cdf).pvalue > 1e-3


class TestSpend:
    def test_an_order_is_worth_what_gamma_gamma_says(self, pure):
        customers, orders = pure
        ratio = orders["worth"] / customers[c.TRUE_MEAN_ORDER_VALUE].reindex(orders.index)
        p = SimulatedConfig().spend_p
        assert stats.kstest(ratio, stats.gamma(p, scale=1 / p).cdf).statistic < 0.01

    def test_prices_stay_near_the_list(self, pure):
        lines = simulate(2000, 0, **PURE).transactions
        lines = lines[lines[c.AMOUNT] > 0]
        unit = (lines[c.AMOUNT] + lines[c.DISCOUNT]) / lines[c.QUANTITY]
        typical = unit.groupby(lines[c.PRODUCT_ID]).median()
        assert np.log(unit / typical[lines[c.PRODUCT_ID]].to_numpy()).abs().quantile(0.9) < np.log(2)
        assert PRICE.min() < typical.median() < PRICE.max()
        assert (lines[c.COST] < lines[c.AMOUNT] + lines[c.DISCOUNT] + 0.02).all()


class TestChance:
    def test_an_urn_holds_the_weights(self):
        weights = np.array([[1.0, 1.0, 2.0], [0.0, 1.0, 0.0]])
        assert [np.bincount(row, minlength=3).tolist() for row in urns(weights)] == [[16, 16, 32], [0, 64, 0]]
        drawn = pick(np.random.default_rng(0), urns(weights), np.zeros(20_000, int))
        assert np.bincount(drawn) / 20_000 == pytest.approx([0.25, 0.25, 0.5], abs=0.015)

    def test_a_choice_by_rows_follows_each_row(self):
        row = np.repeat([0, 1], 10_000)
        drawn = choose(np.random.default_rng(0), np.array([[1.0, 3.0], [1.0, 0.0]]), row)
        assert drawn[:10_000].mean() == pytest.approx(0.75, abs=0.02)
        assert drawn[10_000:].sum() == 0

    def test_running_sums_begin_anew(self):
        counts = np.array([2, 0, 3])
        assert running(np.array([1.0, 2, 3, 4, 5]), counts).tolist() == [1, 3, 3, 7, 12]

    def test_the_calendar_knows_leap_years_and_where_weeks_begin(self):
        calendar = Calendar(date(2024, 1, 31), 366)
        assert calendar.month_starts()[:3].tolist() == [-30, 1, 30]
        assert calendar.year_starts().tolist() == [-30, 336]
        assert calendar.month_day(3, 1).tolist() == [30, 395]
        assert calendar.weekday(np.array([0, 4, 5])).tolist() == [2, 6, 0]


class TestLife:
    # interested on day 10, fades from 30, gone on 40, back from 100 to 110
    LIFE = Life(*(np.array([day]) for day in (10.0, 30.0, 40.0, 100.0, 110.0)))

    def test_the_clock_slows_and_stops_and_goes_on(self):
        assert self.LIFE.exposure.tolist() == [20 + 10 * FADING + 10]
        ages = np.array([0.0, 20.0, 20 + 5 * FADING, 20 + 10 * FADING + 3])
        assert self.LIFE.moment(ages, np.zeros(4, int)) == pytest.approx([10, 30, 35, 103])

    def test_presence_is_the_speed_of_the_clock(self):
        days = np.array([9.0, 10.0, 35.0, 40.0, 105.0, 110.0])
        assert self.LIFE.presence(days, np.zeros(6, int)).tolist() == [0, 1, FADING, 0, 1, 0]
