from __future__ import annotations

import numpy as np
import pytest

from patronage import statistics as metrics

HAPPENED = np.array([1, 1, 0, 0, 0, 1, 0, 0, 0, 0], float)
SAID = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.05])


def test_ranking_by_hand():
    found = metrics.classification(HAPPENED, SAID)
    # 21 pairs of one that happened and one that did not; the third event is ranked below three non-events
    assert found["roc_auc"] == pytest.approx(18 / 21)
    assert found["pr_auc"] == pytest.approx((1 / 1 + 2 / 2 + 3 / 6) / 3)
    assert found["top_decile_lift"] == pytest.approx((1 / 3) / 0.1)
    assert found["log_loss"] == pytest.approx(-np.mean(np.log(np.where(HAPPENED == 1, SAID, 1 - SAID))))
    assert found["brier"] == pytest.approx(np.mean((HAPPENED - SAID) ** 2))


def test_one_class_has_no_ranking_but_a_loss():
    found = metrics.classification(np.ones(10), SAID)
    assert np.isnan(found["roc_auc"])
    assert np.isfinite(found["log_loss"])


def test_a_calibrated_probability_has_no_calibration_error():
    rng = np.random.default_rng(0)
    said = rng.uniform(size=200_000)
    happened = (rng.uniform(size=said.size) < said).astype(float)
    assert metrics.calibration_error(happened, said) < 0.005
    assert metrics.calibration_error(happened, said**2) == pytest.approx(1 / 2 - 1 / 3, abs=0.005)


def test_ties_do_not_depend_on_the_order_of_rows():
    rng = np.random.default_rng(1)
    happened, said = rng.integers(0, 2, 1000).astype(float), rng.integers(1, 4, 1000) / 4
    order = rng.permutation(1000)
    for measure in (
        metrics.calibration_error,
        metrics.normalised_gini,
        lambda h, s: metrics.top_share(h, s, 0.1),
    ):
        assert measure(happened[order], said[order]) == pytest.approx(measure(happened, said), rel=1e-12)


def test_a_constant_score_finds_its_share_and_ranks_nothing():
    assert metrics.top_share(HAPPENED, np.full(10, 0.5), 0.3) == pytest.approx(0.3)
    assert metrics.normalised_gini(HAPPENED, np.full(10, 0.5)) == pytest.approx(0)


def test_gini_is_one_for_the_perfect_ranking_and_minus_one_for_its_reverse():
    spend = np.array([0, 0, 0, 5, 10, 100.0])
    assert metrics.normalised_gini(spend, spend) == pytest.approx(1)
    assert metrics.normalised_gini(spend, -spend) == pytest.approx(-1)


def test_amounts_by_hand():
    found = metrics.regression(np.array([0, 10, 20.0]), np.array([0, 12, 24.0]))
    assert found["rmse"] == pytest.approx(np.sqrt(20 / 3))
    assert found["mae"] == pytest.approx(2)
    assert found["bias_percent"] == pytest.approx(20)
    assert found["spearman"] == pytest.approx(1)
