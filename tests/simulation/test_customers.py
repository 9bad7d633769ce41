from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from patronage.simulation.customers import choose, choose_by_row, draw_customers, lookup_table, pick
from patronage.simulation.parameters import LOYALTY_DROPOUT, LOYALTY_RATE, PERSONA_RATE
from patronage.simulation.settings import SimulatedConfig


@pytest.fixture(scope="module")
def customers(pure_settings):
    return draw_customers(np.random.default_rng(0), SimulatedConfig(**pure_settings), 20_000)


def test_rates_and_dropout_rates_are_gamma_within_their_factors(customers):
    settings = SimulatedConfig()
    rate = customers.rate / LOYALTY_RATE[customers.loyalty] / PERSONA_RATE[customers.persona]
    law = stats.gamma(settings.purchase_r, scale=1 / settings.purchase_alpha_days)
    assert stats.kstest(rate, law.cdf).pvalue > 1e-3
    dropout = customers.dropout / LOYALTY_DROPOUT[customers.loyalty] / np.exp(2 * (0.6 - customers.satisfaction))
    law = stats.gamma(settings.dropout_s, scale=1 / settings.dropout_beta_days)
    assert stats.kstest(dropout, law.cdf).pvalue > 1e-3


def test_affinities_are_shares_and_categories_are_picked_by_them(customers):
    assert customers.affinity.sum(axis=1) == pytest.approx(np.ones(20_000))
    category = customers.pick_category(np.random.default_rng(0), np.zeros(20_000, int))
    assert np.bincount(category, minlength=12) / 20_000 == pytest.approx(customers.affinity[0], abs=0.02)


def test_a_survey_is_answered_at_both_ends_of_satisfaction(customers):
    satisfaction = np.array([0.0, 0.15, 0.55, 0.95, 1.0])
    assert replace(customers, satisfaction=satisfaction).eagerness == pytest.approx([1, 1, 0.08, 1, 1])


def test_a_recurring_occasion_has_a_day_of_its_period(customers):
    occasions = draw_customers(np.random.default_rng(0), SimulatedConfig(occasion_share=1.0), 20_000)
    last = {0: 0, 1: 0, 2: 7, 3: 28, 4: 365}
    for occasion, day in last.items():
        drawn = occasions.occasion_day[occasions.occasion == occasion]
        assert drawn.max(initial=0) == day
        assert drawn.min(initial=day) == min(day, 1)
    assert not customers.occasion.any()


def test_a_share_of_the_customers_belongs_to_accounts_of_five(customers):
    business = customers.account[customers.account >= 0]
    assert len(business) / 20_000 == pytest.approx(0.2, abs=0.01)
    assert np.bincount(business).mean() == pytest.approx(5, abs=0.3)


class TestChoices:
    def test_a_lookup_table_holds_the_weights(self):
        weights = np.array([[1.0, 1.0, 2.0], [0.0, 1.0, 0.0]])
        assert [np.bincount(row, minlength=3).tolist() for row in lookup_table(weights)] == [[16, 16, 32], [0, 64, 0]]
        drawn = pick(np.random.default_rng(0), lookup_table(weights), np.zeros(20_000, int))
        assert np.bincount(drawn) / 20_000 == pytest.approx([0.25, 0.25, 0.5], abs=0.015)

    def test_choices_have_the_probabilities_of_the_weights(self):
        drawn = choose(np.random.default_rng(0), np.array([1.0, 0.0, 3.0]), 20_000)
        assert np.bincount(drawn) / 20_000 == pytest.approx([0.25, 0, 0.75], abs=0.015)

    def test_a_choice_by_row_follows_each_row(self):
        row = np.repeat([0, 1], 10_000)
        drawn = choose_by_row(np.random.default_rng(0), np.array([[1.0, 3.0], [1.0, 0.0]]), row)
        assert drawn[:10_000].mean() == pytest.approx(0.75, abs=0.02)
        assert drawn[10_000:].sum() == 0
