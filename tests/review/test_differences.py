"""Differences of settings, data and features of two runs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from patronage.evaluation.drift import compare
from patronage.models.reference import build_reference
from patronage.review import differences

from .conftest import CUTOFF, LATER, run_of


def test_only_settings_that_differ_are_listed():
    table = differences.config_differences({"a": 1, "b": [1, 2], "name": "x"}, {"a": 1, "b": [1, 3], "c": None})
    assert table.to_numpy().tolist() == [["b", "[1, 2]", "[1, 3]"], ["c", "–", "None"]]


def test_metrics_of_either_run_are_listed():
    table = differences.metric_differences({"a/x": 1.0, "a/y": 2.0}, {"a/x": 1.5, "a/z": 3.0}).set_index("metric")
    assert table.loc["a/x", "difference"] == 0.5
    assert np.isnan(table.loc["a/y", "candidate"])
    assert list(table.index) == ["a/x", "a/y", "a/z"]


def test_data_of_two_runs_stand_side_by_side(bundle, shop_at):
    (split, labels), (later, _) = shop_at(CUTOFF), shop_at(LATER)
    first, second = run_of("first", bundle, split, labels), run_of("second", bundle, later)
    table = differences.data_differences(first, second).set_index("property")
    assert table.loc["evaluated from", ["baseline", "candidate"]].tolist() == ["2023-07-01", "none"]
    assert table.loc["log: fingerprint", "same"] == "yes"
    assert table.loc["cutoff", "same"] == "no"


def drift_of(before: list[float], after: list[float]) -> pd.Series:
    return differences.drift(pd.DataFrame({"x": before}), pd.DataFrame({"x": after})).iloc[0]


class TestDrift:
    def test_the_index_of_a_shift_by_hand(self):
        """Half and half becomes 80 to 20: two bins, (q - p) ln(q / p) each."""
        row = drift_of([0.0] * 50 + [1.0] * 50, [0.0] * 80 + [1.0] * 20)
        assert row["psi"] == pytest.approx(0.3 * np.log(0.8 / 0.5) - 0.3 * np.log(0.2 / 0.5))
        assert drift_of([0.0, 1.0], [0.0, 1.0])["psi"] == 0

    def test_missing_values_are_a_bin_of_their_own(self):
        row = drift_of([*map(float, range(100)), *[np.nan] * 100], [*map(float, range(100)), *[1.0] * 100])
        assert row["psi"] > 1
        assert (row["missing_before"], row["missing_after"]) == (0.5, 0.0)
        assert row["mean_before"] == 49.5

    def test_it_is_the_index_of_a_scoring(self):
        """`patronage score` counts in the bins of the model's reference: the same shift must have the same PSI."""
        rng = np.random.default_rng(0)
        before = pd.DataFrame({"x": rng.gamma(1.0, size=4000).round(1), "y": rng.poisson(1, 4000)})
        after = pd.DataFrame({"x": rng.gamma(1.4, size=3000).round(1), "y": rng.poisson(2, 3000)})
        reference = build_reference(before, {}, {})
        scored = compare(reference, reference.count(after)).set_index("column")["psi"]
        compared = differences.drift(before, after).set_index("feature")["psi"]
        pd.testing.assert_series_equal(scored, compared, check_names=False)

    def test_the_furthest_stands_first(self):
        rng = np.random.default_rng(0)
        before = pd.DataFrame({"same": rng.normal(size=5000), "moved": rng.normal(size=5000), "text": "a"})
        after = pd.DataFrame({"same": rng.normal(size=5000), "moved": rng.normal(1, 1, 5000), "text": "b"})
        table = differences.drift(before, after)
        assert table["feature"].tolist() == ["moved", "same"]
        assert table["verdict"].tolist() == ["moved", "stable"]

    @pytest.mark.parametrize(
        ("after", "verdict"), [(0.35, "stable"), (0.34, "shifted"), (0.265, "shifted"), (0.26, "moved")]
    )
    def test_the_borders_of_a_shift_and_of_a_move(self, after, verdict):
        """One of two equal bins falls to .35 (PSI .093), .34 (.106), .265 (.240) and .26 (.251)."""
        ones = round(1000 * after)
        assert drift_of([0.0] * 500 + [1.0] * 500, [1.0] * ones + [0.0] * (1000 - ones))["verdict"] == verdict
