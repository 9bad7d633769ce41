from __future__ import annotations

import numpy as np
import pytest

from patronage.evaluation.intervals import GROUPS, Resampling, paired_difference, resample_weights, resampled_sums


def test_pairing_shows_a_small_difference_between_two_noisy_losses():
    rng = np.random.default_rng(0)
    noise = rng.gamma(1, 10, 5000)
    interval = paired_difference(noise - 0.05 + rng.normal(0, 0.1, 5000), noise, Resampling(500, 0))
    assert interval.low < -0.05 < interval.high < 0
    assert interval.mean == pytest.approx(-0.05, abs=0.005)
    assert interval.high - interval.low == pytest.approx(2 * 1.96 * 0.1 / np.sqrt(5000), rel=0.15)


def test_the_last_digits_of_one_forecast_are_no_difference():
    losses = np.random.default_rng(0).gamma(1, 10, 200)
    assert paired_difference(losses * (1 + 1e-15), losses, Resampling(50, 0)) == (0, 0, 0)
    assert paired_difference(losses * (1 + 1e-8), losses, Resampling(50, 0)).low > 0


@pytest.mark.slow
def test_the_interval_covers_as_often_as_it_claims():
    rng = np.random.default_rng(1)
    covered = 0
    for seed in range(200):
        interval = paired_difference(rng.normal(1, 1, 100), np.zeros(100), Resampling(200, seed))
        covered += interval.low <= 1 <= interval.high
    assert 0.89 <= covered / 200 <= 0.985


def test_each_resample_draws_as_many_customers_as_there_are():
    weights = resample_weights(50, Resampling(20, 0))
    assert weights.shape == (50, 20)
    assert (weights.sum(axis=0) == 50).all()
    assert not (weights == weights[:, :1]).all()
    assert (weights.sum(axis=1) > 0).all()  # nobody is never drawn
    assert weights.dtype == np.float64
    np.testing.assert_array_equal(weights, resample_weights(50, Resampling(20, 0)))
    assert not np.array_equal(weights, resample_weights(50, Resampling(20, 1)))


class TestResampledSums:
    def test_every_column_sees_the_same_resamples(self):
        values = np.random.default_rng(0).normal(size=300)
        sums = resampled_sums([values, 2 * values, np.ones(300)], 300, Resampling(50, 0))
        np.testing.assert_allclose(sums[:, 1], 2 * sums[:, 0])
        np.testing.assert_array_equal(sums[:, 2], np.full(50, 300))

    @pytest.mark.parametrize("n", [30, 2 * GROUPS])
    def test_a_seed_is_a_set_of_resamples_in_which_everyone_may_be(self, n):
        values = np.zeros(n)
        values[0] = 1.0
        sums, again, other = (resampled_sums([values, np.ones(n)], n, Resampling(300, seed)) for seed in (3, 3, 4))
        np.testing.assert_array_equal(sums, again)
        assert not np.array_equal(sums, other)
        assert sums[:, 0].mean() == pytest.approx(1, abs=0.25)
        assert (sums[:, 1] == n).all()

    @pytest.mark.parametrize("n", [GROUPS, GROUPS + 1, 2 * GROUPS, 3 * GROUPS])
    def test_groups_vary_as_customers_do_in_whatever_order_the_rows_stand(self, n):
        """Half 0 and half 1, in order: groups that were not drawn at random would all have the same sum."""
        values = np.repeat([0.0, 1.0], [n - n // 2, n // 2])
        sums = resampled_sums([values], n, Resampling(400, 0))[:, 0]
        assert sums.mean() == pytest.approx(n / 2, rel=0.01)
        assert sums.std() == pytest.approx(0.5 * np.sqrt(n), rel=0.12)


def test_a_seed_gives_one_interval_and_every_customer_may_be_drawn():
    losses = np.zeros(40)
    losses[0] = 40.0
    interval, again, other = (paired_difference(losses, np.zeros(40), Resampling(400, seed)) for seed in (3, 3, 4))
    assert interval == again
    assert interval != other
    assert interval.low == 0 < interval.mean == 1 < interval.high
