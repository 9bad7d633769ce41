"""Pooled shares and means: by hand, and that their intervals hold what was drawn."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import beta

from patronage.analyses.pooling import (
    as_one_family,
    by_customer,
    judged,
    means_by_customer,
    pooled_means,
    pooled_shares,
)


def test_small_groups_are_drawn_to_the_common_share_and_chance_to_it_alone():
    share, low, high = pooled_shares(np.array([2.0, 50, 300]), np.array([2.0, 500, 1000]))
    assert 0.1 < share[0] < 0.6  # two of two are no 100 %
    assert abs(share[1] - 0.1) < 0.01
    assert low[2] < 0.3 < high[2]
    rng = np.random.default_rng(1)
    share, _, _ = pooled_shares(rng.binomial(100, 0.2, 200).astype(float), np.full(200, 100.0))
    assert np.ptp(share) < 0.1
    mean, low, high = pooled_means(np.array([5.0, 3.0, 3.5]), np.ones(3), np.array([1.0, 400, 400]))
    assert 3.2 < mean[0] < 5
    assert low[0] < mean[0] < high[0]


def test_pooled_shares_by_hand():
    """Shares .25 and .75 of 8 and 16: common 14/24, between (8*.1111 + 16*.02778 - .24306) / (24 - 320/24)."""
    common = 14 / 24
    noise = common * (1 - common)
    between = (8 * (0.25 - common) ** 2 + 16 * (0.75 - common) ** 2 - noise) / (24 - 320 / 24)
    strength = noise / between - 1
    share, low, high = pooled_shares(np.array([2.0, 12, 0]), np.array([8.0, 16, 0]))
    assert share[0] == pytest.approx((common * strength + 2) / (strength + 8))
    assert share[1] == pytest.approx((common * strength + 12) / (strength + 16))
    assert share[2] == pytest.approx(common)  # a group of which nobody was asked
    of_common = noise / 24 + (64 + 256) * noise / (strength + 1) / 24**2
    spread = share[0] * (1 - share[0]) / (strength + 9) + (strength / (strength + 8)) ** 2 * of_common
    trials = share[0] * (1 - share[0]) / spread - 1
    a, b = share[0] * trials, (1 - share[0]) * trials
    assert (low[0], high[0]) == (pytest.approx(beta.ppf(0.025, a, b)), pytest.approx(beta.ppf(0.975, a, b)))


def test_where_groups_differ_by_chance_each_is_known_as_well_as_all_together():
    """100 of 200 and 300 of 600: the share of all, 400 of 800, with its interval and no narrower one."""
    share, low, high = pooled_shares(np.array([100.0, 300]), np.array([200.0, 600]))
    assert share.tolist() == pytest.approx([0.5, 0.5])
    half = 1.959964 * np.sqrt(0.25 / 800)
    assert (low.tolist(), high.tolist()) == (
        pytest.approx([0.5 - half] * 2, abs=1e-3),
        pytest.approx([0.5 + half] * 2, abs=1e-3),
    )


@pytest.mark.slow
def test_intervals_of_pooled_groups_hold_the_true_values_at_their_level():
    """Six groups whose shares and means are drawn, 400 times: 95 % of the intervals hold what was drawn."""
    rng = np.random.default_rng(5)
    for of_chance in (True, False):
        held = []
        for _ in range(400):
            n = rng.integers(30, 300, 6).astype(float)
            true = np.full(6, 0.2) if of_chance else rng.beta(8, 32, 6)
            _, low, high = pooled_shares(rng.binomial(n.astype(int), true).astype(float), n)
            held.append(((low <= true) & (true <= high)).mean())
            level = 3.0 if of_chance else 3.0 + rng.normal(size=6)
            means = level + rng.normal(size=6) / np.sqrt(n)
            _, low, high = pooled_means(means, np.ones(6), n)
            held.append(((low <= level) & (level <= high)).mean())
        assert 0.92 < np.mean(held) < 0.99


def test_groups_as_different_as_can_be_keep_their_shares():
    share, _, _ = pooled_shares(np.array([0.0, 1000]), np.array([1000.0, 1000]))
    assert share[0] < 0.001
    assert share[1] > 0.999
    share, low, high = pooled_shares(np.zeros(2), np.zeros(2))  # nothing at all
    assert np.isfinite(low).all()
    assert np.isfinite(high).all()


def test_pooled_means_by_hand():
    """Means 4 and 10 of 4 and 8 values with variances 4 and 1: common 8, inside 2, between (4*16 + 8*4 - 2) / 5.333."""
    mean, low, high = pooled_means(np.array([4.0, 10.0]), np.array([4.0, 1.0]), np.array([4.0, 8.0]))
    between = (4 * 16 + 8 * 4 - 2) / (12 - 80 / 12)
    weight = np.array([between / (between + 2 / 4), between / (between + 2 / 8)])
    assert mean.tolist() == pytest.approx((8 + weight * np.array([-4, 2])).tolist())
    of_common = (16 * (between + 0.5) + 64 * (between + 0.25)) / 144
    error = np.sqrt(weight * np.array([0.5, 0.25]) + (1 - weight) ** 2 * of_common)
    assert (high - low).tolist() == pytest.approx((2 * 1.959964 * error).tolist())
    assert ((low + high) / 2).tolist() == pytest.approx(mean.tolist())


def test_means_that_differ_by_chance_are_the_common_mean():
    mean, _, high = pooled_means(np.array([1.0, 1.1]), np.array([9.0, 9.0]), np.array([5.0, 5.0]))
    assert mean.tolist() == pytest.approx([1.05, 1.05])
    assert (high - mean).tolist() == pytest.approx([1.959964 * np.sqrt(9 / 10)] * 2)


def test_answers_of_one_customer_count_as_alike_as_they_are():
    """Customers with a level of their own, in places by lot: of 60 tables few name a place; by rows alone most do."""
    rng = np.random.default_rng(3)
    customer = np.repeat(np.arange(300), rng.integers(1, 9, 300))
    answer = np.round(rng.normal(size=300)[customer] + rng.normal(size=len(customer)), 2)
    rows = pd.DataFrame({"customer_id": customer, "n": 1.0, "total": answer, "squares": answer**2})
    named = {"rows": 0, "customers": 0}
    for _ in range(60):
        labels = pd.Series(np.array(list("abcde"))[rng.integers(0, 5, 300)][customer])
        counts = means_by_customer(rows, labels)
        for by, frame in {"rows": counts.drop(columns=["tt", "tn", "nn"]), "customers": counts}.items():
            named[by] += (judged("rating", "place", frame, shares=False, most=9)["stands_out"] != "").any()
    assert named["customers"] <= 5
    assert named["rows"] > 20


def test_means_and_sums_by_customer_by_hand():
    rows = pd.DataFrame({"customer_id": ["ann", "ann", "bob"], "n": 1.0, "total": [1.0, 3, 5], "squares": [1.0, 9, 25]})
    (row,) = means_by_customer(rows, pd.Series(["x"] * 3)).to_dict("records")
    assert (row["mean"], row["variance"], row["tt"], row["tn"], row["nn"]) == (3, 4, 16 + 25, 8 + 5, 4 + 1)
    (row,) = by_customer(rows.assign(k=[1, 0, 1], label="x"), ["label"]).to_dict("records")
    assert (row["k"], row["kk"], row["kn"], row["nn"]) == (2, 2, 2 + 1, 4 + 1)


def test_of_many_tables_shown_as_one_each_names_no_group_of_its_own_by_chance():
    """Two hundred groups of which one p-value is .004: clear among two, chance among four hundred."""
    two = pd.DataFrame(
        {"value": [0.4, 0.2], "low": [0.3, 0.1], "high": [0.5, 0.3], "common": 0.25, "p_value": [0.004, 0.9]}
    )
    assert as_one_family(two)["stands_out"].tolist() == ["above", ""]
    many = as_one_family(pd.concat([two] + [two.assign(p_value=0.9)] * 199))
    assert (many["stands_out"] == "").all()
