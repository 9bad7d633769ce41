"""Types by scores, worked out by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from patronage.errors import ConfigError
from patronage.lenses import scores

BEHAVIOURS = pd.DataFrame({"price": [0.0, 2.0], "service": [5.0, 5.0], "speed": [1.0, 3.0]})


def test_a_score_is_the_weighted_sum_of_standardised_behaviours_standardised_again():
    fitted = scores.fit(BEHAVIOURS, {"bargain": {"price": 1.0, "speed": -0.5}}, "weights")
    assert fitted.behaviours["price"] == {"mean": 1.0, "spread": 1.0}
    # raw scores -1 + .5 and 1 - .5, so mean 0 and spread .5
    assert scores.score(BEHAVIOURS, fitted)["bargain"].tolist() == pytest.approx([-1.0, 1.0])


def test_a_behaviour_that_does_not_differ_is_left_out():
    fitted = scores.fit(BEHAVIOURS, {"helped": {"service": 1.0, "price": 1.0}}, "weights")
    assert set(fitted.behaviours) == {"price", "speed"}
    assert fitted.types == {"helped": {"price": 1.0}}


@pytest.mark.parametrize(("weight", "told"), [(1.0, True), (1.01, False)])
def test_a_type_needs_half_of_its_weight(weight, told):
    fitted = scores.fit(BEHAVIOURS, {"helped": {"service": weight, "price": 1.0}}, "weights")
    assert ("helped" in fitted.types) is told


def test_a_missing_behaviour_counts_as_usual_and_a_far_one_as_three():
    fitted = scores.fit(BEHAVIOURS, {"bargain": {"price": 1.0}}, "weights")
    asked = pd.DataFrame({"price": [np.nan, 4.0, 1e9], "service": 5.0, "speed": 1.0})
    assert scores.score(asked, fitted)["bargain"].tolist() == pytest.approx([0.0, 3.0, 3.0])


def test_the_best_score_wins_where_there_is_evidence():
    table = pd.DataFrame({"a": [1.0, 0.0, 1.0], "b": [0.0, 2.0, 0.0]})
    assert scores.best(table, pd.Series([True, True, False])).tolist() == ["a", "b", "unknown"]
    assert scores.best(table[[]], pd.Series([True] * 3)).tolist() == ["unknown"] * 3


def test_a_weight_of_nothing_known_is_refused():
    with pytest.raises(ConfigError, match="needs.weights: no behaviour mood; expected price, service, speed"):
        scores.fit(BEHAVIOURS, {"x": {"mood": 1.0}}, "needs.weights")
