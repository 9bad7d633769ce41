"""The fit: order and ids of the rows, the seed, the cold start, and one line for each wrong argument."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from patronage import names as c
from patronage.config import JourneyConfig
from patronage.errors import ConfigError, FitError
from patronage.models import journey

pytestmark = pytest.mark.slow


def frame(*paths):
    return pd.DataFrame({c.JOURNEY_PATH: list(paths)}, [f"c{i}" for i in range(len(paths))])


def test_depends_on_no_order_and_no_id(model, book, fit):
    shuffled = book.sample(frac=1, random_state=0).reset_index(drop=True)
    again = fit(shuffled)
    assert np.array_equal(again.parameters.transitions, model.parameters.transitions)
    assert np.array_equal(again.parameters.emissions, model.parameters.emissions)


def test_the_seed_decides_the_sample(book, fit):
    first, same, other = (fit(book, 1, max_customers=400, horizon_days=28, seed=seed) for seed in (0, 0, 1))
    assert first.history == same.history
    assert first.history != other.history


def test_does_not_change_the_frame(book, fit):
    before = book.copy(deep=True)
    fit(book, 1)
    assert book.equals(before)


def test_with_fewer_customers_than_the_least_the_model_is_its_prior(book, fit):
    observed = book[book[c.JOURNEY_PATH] != ""]
    cold, warm = fit(observed.iloc[:199], "auto"), fit(observed.iloc[:200], 2)
    assert (cold.fitted, cold.classes, len(cold.history)) == (False, 3, 1)
    assert len(set(cold.predict(book)[c.JOURNEY_STAGE])) == 7
    assert warm.fitted


def test_auto_compares_three(book, fit):
    model = fit(book, "auto")
    assert [candidate.classes for candidate in model.candidates] == [1, 2, 3]
    assert model.classes == 2


def test_one_order_makes_nobody_regular_in_a_log_that_begins_late(book, fit):
    late = fit(book, left_censored=True)
    posterior, paths = late.stage_probabilities(late.filter(book)), book[c.JOURNEY_PATH]
    once = (paths.str.count("p") == 1) & ~paths.str.contains("m")
    assert (posterior.loc[once, ["regular", "loyal"]] == 0).all(axis=None)
    assert (posterior.loc[paths.str.endswith("p") & once, "first_time"] > 1 - 1e-12).all()
    assert late.left_censored


def test_a_retraining_takes_the_same_number_of_cadence_classes(perturbed, simulate):
    # chosen anew at each cutoff, the retail log took three and then one, and 53 % of the stages changed
    for cadences in ((0.15,), (0.08, 0.5)):
        features = simulate(perturbed(0, cadences), 1500, seed=1).features
        assert journey.fit(features, JourneyConfig(), horizon_days=90, period_days=7, seed=0).classes == 3


def test_orders_alone(book, fit):
    orders = book[c.JOURNEY_PATH].str.replace("[ei]", ".", regex=True).str.lstrip(".").to_frame()
    model = fit(orders)
    stages = model.predict(orders)[c.JOURNEY_STAGE][orders[c.JOURNEY_PATH] != ""]
    assert set(stages) == {"first_time", "regular", "loyal", "at_risk", "churned"}
    assert model.predict(frame("e.i"))[c.JOURNEY_STAGE].tolist() == ["prospect"]  # an event that the fit lacked


@pytest.mark.parametrize(
    ("features", "settings", "error", "message"),
    [
        (pd.DataFrame({"x": [1]}), {}, FitError, "features lack the column journey_path"),
        (frame("", ""), {}, FitError, "journey_path: none of 2 customers has an observed period"),
        (frame("p"), {"classes": 4}, ConfigError, "cadence_classes: found 4, expected auto or one of"),
        (frame("p"), {"period_days": 0}, ConfigError, "period_days: found 0, expected 1 to the horizon of 90"),
        (frame("p"), {"period_days": 91}, ConfigError, "period_days: found 91"),
    ],
)
def test_says_what_is_wrong(features, settings, error, message, fit):
    with pytest.raises(error, match=message):
        fit(features, **settings)


def test_a_period_may_be_as_long_as_the_horizon(book, fit):
    assert fit(book.head(300), 1, period_days=90).horizon == 1
