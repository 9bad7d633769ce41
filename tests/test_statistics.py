"""Every statistic against values worked out by hand, with a row on each border."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score, cohen_kappa_score, roc_auc_score

from patronage import statistics

Y_TRUE = np.array([1, 1, 0, 0, 0, 1, 0, 0, 0, 0], float)
Y_PRED = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.05])


class TestProbabilities:
    def test_all_measures_by_hand(self):
        measures = statistics.classification(Y_TRUE, Y_PRED)
        # 21 pairs of an event and a non-event; the third event is ranked below three non-events
        assert measures["roc_auc"] == pytest.approx(18 / 21)
        assert measures["pr_auc"] == pytest.approx((1 / 1 + 2 / 2 + 3 / 6) / 3)
        assert measures["top_decile_lift"] == pytest.approx((1 / 3) / 0.1)
        assert measures["log_loss"] == pytest.approx(-np.mean(np.log(np.where(Y_TRUE == 1, Y_PRED, 1 - Y_PRED))))
        assert measures["brier"] == pytest.approx(np.mean((Y_TRUE - Y_PRED) ** 2))

    def test_log_losses_by_hand(self):
        losses = statistics.log_losses(np.array([1.0, 0.0]), np.array([0.25, 0.25]))
        assert losses == pytest.approx([np.log(4), np.log(4 / 3)])

    def test_a_certain_forecast_that_was_wrong_has_a_large_finite_loss(self):
        losses = statistics.log_losses(np.array([1.0, 0.0, 1.0]), np.array([0.0, 1.0, 1.0]))
        assert losses == pytest.approx([-np.log(1e-12)] * 2 + [0], abs=1e-3)

    def test_clipping_leaves_the_inside_alone(self):
        np.testing.assert_array_equal(
            statistics.clip_probability(np.array([0.0, 0.05, 0.5, 0.95, 1.0]), 0.1), [0.1, 0.1, 0.5, 0.9, 0.9]
        )

    def test_a_tie_of_an_event_and_a_non_event_counts_half(self):
        assert statistics.roc_auc(np.array([1.0, 0.0]), np.array([0.3, 0.3])) == 0.5
        # of four pairs two are right, one is a tie and one is wrong
        assert statistics.roc_auc(np.array([1.0, 1, 0, 0]), np.array([0.9, 0.2, 0.5, 0.2])) == pytest.approx(2.5 / 4)

    @pytest.mark.parametrize("event", [0.0, 1.0])
    def test_one_class_has_no_ranking_but_a_loss(self, event):
        measures = statistics.classification(np.full(10, event), Y_PRED)
        for name in ("roc_auc", "pr_auc", "top_decile_lift"):
            assert np.isnan(measures[name])
        assert np.isfinite(measures["log_loss"])


class TestCalibration:
    def test_bins_count_by_their_customers(self):
        """Eight customers at .2 with two events, two at .9 with one: (8 x |.2 - .25| + 2 x |.9 - .5|) / 10."""
        y_pred = np.array([0.2] * 8 + [0.9] * 2)
        y_true = np.array([1, 1, 0, 0, 0, 0, 0, 0, 1, 0], float)
        assert statistics.calibration_error(y_true, y_pred) == pytest.approx(0.12)
        table = statistics.calibration_table(y_true, y_pred)
        assert table["predicted"].tolist() == pytest.approx([0.2, 0.9])
        assert table["actual"].tolist() == [0.25, 0.5]
        assert table["customers"].tolist() == [8, 2]

    @pytest.mark.parametrize(
        ("y_pred", "sizes"),
        [
            ([0.1, 0.4, 0.6, 0.9], [2, 2]),
            ([0.1, 0.5, 0.5, 0.9], [1, 3]),  # the tie lies across the border: it goes up as one
            ([0.5, 0.5, 0.5, 0.9], [4]),
            ([0.1, 0.5, 0.5, 0.5], [1, 3]),
        ],
    )
    def test_equal_probabilities_share_a_bin(self, y_pred, sizes):
        table = statistics.calibration_table(np.zeros(4), np.array(y_pred), bins=2)
        assert table["customers"].tolist() == sizes

    def test_a_calibrated_probability_has_no_calibration_error(self):
        rng = np.random.default_rng(0)
        y_pred = rng.uniform(size=200_000)
        y_true = (rng.uniform(size=y_pred.size) < y_pred).astype(float)
        assert statistics.calibration_error(y_true, y_pred) < 0.005
        assert statistics.calibration_error(y_true, y_pred**2) == pytest.approx(1 / 2 - 1 / 3, abs=0.005)


class TestAmounts:
    def test_errors_by_hand(self):
        measures = statistics.regression(np.array([0, 10, 20.0]), np.array([0, 12, 24.0]))
        assert measures["rmse"] == pytest.approx(np.sqrt(20 / 3))
        assert measures["mae"] == pytest.approx(2)
        assert measures["bias_percent"] == pytest.approx(20)
        assert measures["spearman"] == pytest.approx(1)

    def test_a_total_of_nothing_has_no_bias_and_no_ranking(self):
        measures = statistics.regression(np.zeros(3), np.array([0.0, 1, 2]))
        for name in ("bias_percent", "gini", "spearman", "top_decile_share"):
            assert np.isnan(measures[name])

    def test_gini_is_one_for_the_perfect_ranking_and_minus_one_for_its_reverse(self):
        spend = np.array([0, 0, 0, 5, 10, 100.0])
        assert statistics.normalised_gini(spend, spend) == pytest.approx(1)
        assert statistics.normalised_gini(spend, -spend) == pytest.approx(-1)

    def test_gini_by_hand(self):
        """The curve of the ranking goes by (1/2, 1/4) to (1, 1), that of the perfect one by (1/2, 3/4)."""
        assert statistics.concentration_area(np.array([3.0, 1.0]), np.array([3.0, 1.0])) == pytest.approx(0.125)
        assert statistics.normalised_gini(np.array([3.0, 1.0]), np.array([0.0, 1.0])) == pytest.approx(-1)
        assert statistics.normalised_gini(np.array([3.0, 1.0, 0, 0]), np.array([1.0, 1, 0, 0])) == pytest.approx(4 / 5)

    def test_more_refunds_than_sales_rank_nothing(self):
        assert np.isnan(statistics.normalised_gini(np.array([-10.0, 1.0, 2.0]), np.array([1.0, 2.0, 3.0])))


class TestTopShare:
    @pytest.mark.parametrize(
        ("share", "expected"),
        [
            (0.25, 4 / 10),  # one customer of four
            (0.5, 5 / 10),  # the second place is shared by a 2 and a 0
            (0.75, 6 / 10),
            (0.625, 5.5 / 10),  # two and a half customers
            (1.0, 1.0),
        ],
    )
    def test_ties_at_the_border_count_by_their_mean(self, share, expected):
        y_true, y_pred = np.array([4.0, 2.0, 0.0, 4.0]), np.array([0.9, 0.5, 0.5, 0.1])
        assert statistics.top_share(y_true, y_pred, share) == pytest.approx(expected)

    def test_half_a_customer_counts_by_half(self):
        """A tenth of 15 customers is the first and half of the second."""
        y_true = np.array([4.0, 2.0, 4.0, *[0.0] * 12])
        assert statistics.top_share(y_true, -np.arange(15.0), 0.1) == pytest.approx(5 / 10)

    def test_the_top_decile_is_a_tenth(self):
        y_true, y_pred = np.array([1.0, 1.0, 0.0, 1.0, 1.0, *[0.0] * 15]), -np.arange(20.0)
        assert statistics.regression(y_true, y_pred)["top_decile_share"] == pytest.approx(2 / 4)
        chances = 1 / (2 + np.arange(20.0))
        assert statistics.classification(y_true, chances)["top_decile_lift"] == pytest.approx(5)

    def test_a_constant_forecast_gives_its_share_and_ranks_nothing(self):
        assert statistics.top_share(Y_TRUE, np.full(10, 0.5), 0.3) == pytest.approx(0.3)
        assert statistics.normalised_gini(Y_TRUE, np.full(10, 0.5)) == pytest.approx(0)


def test_ties_do_not_depend_on_the_order_of_rows():
    rng = np.random.default_rng(1)
    y_true, y_pred = rng.integers(0, 2, 1000).astype(float), rng.integers(1, 4, 1000) / 4
    order = rng.permutation(1000)
    for measure in (
        statistics.calibration_error,
        statistics.normalised_gini,
        statistics.roc_auc,
        lambda y_true, y_pred: statistics.top_share(y_true, y_pred, 0.1),
    ):
        assert measure(y_true[order], y_pred[order]) == pytest.approx(measure(y_true, y_pred), rel=1e-12)


class TestWeights:
    """Weights are how often a resample draws each customer: as good as drawing the rows."""

    @pytest.fixture
    def rows(self):
        rng = np.random.default_rng(0)
        y_pred = rng.uniform(size=500).round(2)  # with ties
        y_true = (rng.uniform(size=500) < y_pred).astype(float)
        return y_true, y_pred, rng.integers(0, 500, 500)

    @pytest.mark.parametrize(
        "measure",
        [
            statistics.log_loss, statistics.brier, statistics.roc_auc, statistics.rmse, statistics.mae,
            statistics.bias_percent, statistics.concentration_area, statistics.normalised_gini,
        ],
    )  # fmt: skip
    def test_they_are_as_good_as_drawing_the_customers(self, measure, rows):
        y_true, y_pred, drawn = rows
        weights = np.column_stack([np.ones(500), np.bincount(drawn, minlength=500)]).astype(float)
        values = measure(y_true, y_pred, weights)
        expected = [measure(y_true, y_pred), measure(y_true[drawn], y_pred[drawn])]
        np.testing.assert_allclose(values, expected, rtol=1e-11)

    def test_the_ranking_is_scikit_learns(self, rows):
        y_true, y_pred, _ = rows
        assert statistics.roc_auc(y_true, y_pred) == pytest.approx(roc_auc_score(y_true, y_pred), rel=1e-12)

    def test_a_resample_of_one_class_has_no_ranking(self):
        weights = np.array([[1.0, 2.0], [1.0, 0.0]])
        values = statistics.roc_auc(np.array([1.0, 0.0]), np.array([0.9, 0.1]), weights)
        assert values[0] == 1
        assert np.isnan(values[1])


class TestAgreement:
    def test_kappa_by_hand(self):
        """Cohen: 35 of 50 agree, 25 would by chance: (.7 - .5) / (1 - .5)."""
        assert statistics.cohen_kappa([[20, 5], [10, 15]]) == pytest.approx(0.4)
        assert statistics.cohen_kappa([[0, 5], [5, 0]]) == pytest.approx(-1)
        assert statistics.cohen_kappa([[7, 0], [0, 0]]) == 1

    def test_shares_have_the_kappa_of_their_counts(self):
        assert statistics.cohen_kappa([[0.4, 0.1], [0.2, 0.3]]) == pytest.approx(0.4)

    def test_the_adjusted_rand_index_by_hand(self):
        """One pair is together in both, 1 and 2 of 6 in either: (1 - 1/3) / (3/2 - 1/3)."""
        assert statistics.adjusted_rand_index([[2, 0], [0, 1], [0, 1]]) == pytest.approx(4 / 7)
        assert statistics.adjusted_rand_index([[0, 3], [2, 0]]) == pytest.approx(1)  # names do not matter
        assert statistics.adjusted_rand_index([[5]]) == 1

    @pytest.mark.parametrize("labels_of", [(4, 4), (3, 5), (1, 1), (1, 3)])
    def test_both_are_scikit_learns(self, labels_of):
        rng = np.random.default_rng(3)
        first = rng.integers(0, labels_of[0], 500)
        second = np.where(rng.random(500) < 0.6, first, rng.integers(0, labels_of[1], 500))
        table = np.zeros((5, 5), int)
        np.add.at(table, (first, second), 1)
        assert statistics.adjusted_rand_index(table) == pytest.approx(adjusted_rand_score(first, second))
        assert statistics.adjusted_mutual_information(table) == pytest.approx(adjusted_mutual_info_score(first, second))
        if labels_of != (1, 1):  # scikit-learn divides by zero
            assert statistics.cohen_kappa(table) == pytest.approx(cohen_kappa_score(first, second))


class TestPopulationStability:
    def test_it_is_the_sum_over_the_bins(self):
        by_hand = -0.3 * np.log(30 / 60) + 0.3 * np.log(70 / 40)
        assert statistics.population_stability([60, 40], [30, 70]) == pytest.approx(by_hand)
        assert statistics.population_stability([60, 40], [3, 7]) == pytest.approx(by_hand)

    def test_equal_shares_have_none(self):
        assert statistics.population_stability([60, 40, 0], [6, 4, 0]) == 0

    def test_an_empty_bin_counts_by_the_floor(self):
        by_hand = (1 - 1e-4) * (np.log(1e4) + np.log(1e4))
        assert statistics.population_stability([9, 0], [0, 9]) == pytest.approx(by_hand)
        assert statistics.population_stability([9, 0], [0, 0]) == pytest.approx((1 - 1e-4) * np.log(1e4))


def test_wilson_against_the_printed_example():
    # Newcombe (1998), table I: 81 of 263 gives .2553 to .3662
    low, high = statistics.wilson_interval(np.array([81.0, 0.0]), np.array([263.0, 0.0]))
    assert (low[0], high[0]) == (pytest.approx(0.2553, abs=1e-4), pytest.approx(0.3662, abs=1e-4))
    assert np.isnan(low[1])


def test_false_discoveries_against_benjamini_and_hochberg_by_hand():
    adjusted = statistics.false_discovery(np.array([0.01, np.nan, 0.04, 0.03]))
    assert adjusted[[0, 2, 3]].tolist() == pytest.approx([0.03, 0.04, 0.04])
    assert np.isnan(adjusted[1])


def test_mean_differences_are_those_of_welch():
    y, group = np.array([1.0, 2, 3, 5, 7, 9]), np.array([[1.0], [1], [1], [0], [0], [0]])
    found = statistics.mean_differences(y, group)
    assert found.value[0] == pytest.approx(2 - 7)
    assert found.error[0] == pytest.approx(np.sqrt(1 / 3 + 4 / 3))


def test_linear_effects_of_a_single_group_are_its_mean_difference():
    rng = np.random.default_rng(0)
    group = (rng.random(500) < 0.3).astype(float)
    y = 2 * group + rng.normal(size=500) * (1 + group)
    both = statistics.linear_effects(group[:, None], y), statistics.mean_differences(y, group[:, None])
    assert both[0].value[0] == pytest.approx(both[1].value[0])
    assert both[0].error[0] == pytest.approx(both[1].error[0], rel=0.01)


def test_an_effect_beside_others_is_that_of_the_regression_on_all():
    rng = np.random.default_rng(2)
    other = rng.normal(size=400)
    x = (other + rng.normal(size=400) > 0).astype(float)
    y = x + 3 * other + rng.normal(size=400)
    alone = statistics.single_effects(statistics.residuals(x[:, None], other[:, None]),
                                      statistics.residuals(y, other[:, None]))  # fmt: skip
    together = statistics.linear_effects(np.column_stack([x, other]), y)
    assert alone.value[0] == pytest.approx(together.value[0])
    assert alone.error[0] == pytest.approx(together.error[0], rel=0.3)


def test_wilson_at_the_ends():
    # none of 10: 0 to Z**2 / (10 + Z**2)
    low, high = statistics.wilson_interval(np.array([0.0, 10, 1]), np.array([10.0, 10, 1]))
    assert (low[0], high[0]) == (0, pytest.approx(3.8415 / 13.8415, abs=1e-4))
    assert (low[1], high[1]) == (pytest.approx(1 - 3.8415 / 13.8415, abs=1e-4), 1)
    assert (low[2], high[2]) == (pytest.approx(1 / 4.8415, abs=1e-4), 1)


def test_no_discovery_is_surer_than_certain_to_be_chance():
    assert statistics.false_discovery(np.array([0.9, 0.95, 0.7])).max() <= 1
    assert statistics.two_sided([1.959964, -1.959964, 0.0]) == pytest.approx([0.05, 0.05, 1.0])


def test_a_slope_without_a_constant_by_hand():
    """x = 1, 2, 2 and y = 1, 3, 6: slope 19/9, residuals -10/9, -11/9, 16/9; robust error sum(x²e²) ** .5 / 9."""
    found = statistics.single_effects(np.array([[1.0], [2.0], [2.0]]), np.array([1.0, 3.0, 6.0]))
    assert found.value[0] == pytest.approx(19 / 9)
    robust = np.sqrt((100 + 4 * 121 + 4 * 256) / 81) / 9
    plain = np.sqrt(46 / 3 / 9)  # of no difference: below it no error falls
    assert plain > robust
    assert found.error[0] == pytest.approx(plain)
    wide = statistics.single_effects(np.array([[1.0], [-1.0], [10.0]]), np.array([5.0, 5.0, 0.0]))
    slope = 0.0
    assert wide.value[0] == pytest.approx(slope)
    assert wide.error[0] == pytest.approx(np.sqrt(50 / 3 / 102))
    far = statistics.single_effects(np.array([[0.1], [0.1], [10.0]]), np.array([0.1, 0.1, 30.0]))
    residual = np.array([0.1, 0.1, 30]) - far.value[0] * np.array([0.1, 0.1, 10])
    assert far.value[0] == pytest.approx(300.02 / 100.02)
    assert far.error[0] == pytest.approx(
        max(np.sqrt((np.array([0.01, 0.01, 100]) * residual**2).sum()) / 100.02, np.sqrt(900.02 / 3 / 100.02))
    )


def test_the_error_of_a_regression_counts_what_was_estimated():
    """y = 0, 2, 1 on x = 0, 1, 2: slope 1/2, residuals -.5, 1, -.5, one degree of freedom: HC1 gives sqrt(3 / 8)."""
    found = statistics.linear_effects(np.array([[0.0], [1.0], [2.0]]), np.array([0.0, 2.0, 1.0]))
    assert found.value[0] == pytest.approx(0.5)
    assert found.error[0] == pytest.approx(np.sqrt(3 * (0.25 + 0.25) / 4))


def test_ranks_are_compared_and_not_values():
    assert statistics.rank_correlation(np.array([1.0, 2, 3]), np.array([1.0, 10, 1000])) == pytest.approx(1)
    assert np.isnan(statistics.rank_correlation(np.array([1.0, 1]), np.array([1.0, 2])))
    assert np.isnan(statistics.rank_correlation(np.array([1.0, 2]), np.array([1.0, 1])))


def test_one_cluster_tells_nothing_of_two():
    assert statistics.adjusted_mutual_information([[3, 4]]) == 0
    assert statistics.top_share(np.array([1.0, 0]), np.array([2.0, 1]), 0.5) == 1


def test_ten_bins_unless_others_are_given():
    p = np.linspace(0.01, 0.99, 99)
    assert len(statistics.calibration_table((p > 0.5).astype(float), p)) == 10
    y = np.array([0.0, 1, 0, 1])
    assert statistics.calibration_error(y, np.array([0.4, 0.6, 0.8, 0.2]), bins=1) == pytest.approx(0)
    assert statistics.calibration_error(y, np.array([0.4, 0.6, 0.8, 0.2])) > 0.3


def test_effects_of_several_columns_are_each_its_own():
    """Robust errors count where customers far out differ most; many rows, each column and outcome by the definition."""
    x, y = np.repeat([[3.0, 1], [3, -1], [1, 2], [0, 0.5]], 600, axis=0), np.repeat([6.0, -3, 1, 0.5], 600)
    found, several = statistics.single_effects(x, y), statistics.single_effects(x, np.stack([y, -2 * y]))
    for number, column in enumerate(x.T):
        slope = column @ y / (column @ column)
        robust = np.sqrt((column**2 * (y - slope * column) ** 2).sum()) / (column @ column)
        error = max(robust, np.sqrt((y**2).mean() / (column @ column)))
        assert [found.value[number], *several.value[:, number]] == pytest.approx([slope, slope, -2 * slope])
        assert [found.error[number], *several.error[:, number]] == pytest.approx([error, error, 2 * error])
        assert (robust == error) == (number == 0)
    groups = np.array([[1.0, 0], [1, 1], [0, 1], [0, 1], [0, 0]])
    spread = statistics.mean_differences(np.array([0.1, 0.2, 0.4, 0.3, 0.2]), groups)
    assert spread.value == pytest.approx([-0.15, 0.15])
    assert spread.error == pytest.approx([np.sqrt(0.005 / 2 + 0.01 / 3), np.sqrt(0.01 / 3 + 0.005 / 2)])


@pytest.mark.slow
def test_even_true_probabilities_have_an_error_in_few_customers():
    rng = np.random.default_rng(0)
    few, many = (statistics.calibration_error_by_chance(rng.beta(1, 4, n), seed=0) for n in (300, 30_000))
    assert 0.02 < few < 0.06
    assert many < 0.006
