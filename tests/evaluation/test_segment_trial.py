"""Segments on trial, on customers whose later behaviour is planted."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from patronage.evaluation import segment_answers as answers
from patronage.evaluation.intervals import Resampling
from patronage.evaluation.segment_trial import try_segments
from patronage.labels import LabelledSnapshot
from patronage.statistics import false_discovery

N = 2_000
TIMES = Resampling(20, 0)


@pytest.fixture(scope="module")
def planted():
    """Half of the customers are `regular` and buy at .9; `defector` buy at .2; `at_risk` buy at .9 as well."""
    rng = np.random.default_rng(0)
    index = pd.Index([f"c{n}" for n in range(N)], name="customer_id")
    status = pd.Series(np.select([np.arange(N) < 1000, np.arange(N) < 1500], ["regular", "at_risk"], "defector"), index)
    orders = (rng.random(N) < np.where(status == "defector", 0.2, 0.9)).astype(float)
    labels = pd.DataFrame({"orders": orders, "spend": 10 * orders, "churned": 1.0 - orders}, index)
    features = pd.DataFrame({"revenue": 1.0, "profit": np.where(status == "defector", -5.0, 5.0)}, index)
    assignments = pd.DataFrame(
        {
            "status_segment": status,
            "need_segment": rng.choice(["financial", "physical"], N),
            "persona": np.where(status == "defector", "lapsed, quiet", "busy"),
            "usage_segment": np.where(np.arange(N) < 10, "heavy", "unknown"),
            "clv": orders + rng.random(N),
            "churn_probability": 1 - orders,
            "benefit_segment": np.where(orders > 0, "price", "service"),
        },
        index,
    )
    return assignments, LabelledSnapshot(datetime(2024, 1, 1), 90, features, labels)


@pytest.fixture(scope="module")
def trial(planted):
    return try_segments(*planted, ["status_segment", "need_segment", "persona", "usage_segment"], TIMES)


def verdict(trial, column, label):
    rows = trial.segments.set_index(["column", "label"])
    return rows.loc[(column, label), "verdict"]


def test_a_name_holds_by_what_came(trial):
    assert verdict(trial, "status_segment", "defector") == "holds"
    assert verdict(trial, "status_segment", "at_risk") == "name does not hold"  # who buy more than the others
    assert verdict(trial, "persona", "lapsed, quiet") == "holds"
    assert verdict(trial, "need_segment", "financial") == "says nothing"
    assert verdict(trial, "usage_segment", "heavy") == "too few"
    assert verdict(trial, "usage_segment", "unknown") == ""


def test_the_numbers_by_hand(trial, planted):
    assignments, evaluated = planted
    row = trial.segments.set_index(["column", "label"]).loc[("status_segment", "defector")]
    came = evaluated.labels["orders"]
    own = came[assignments["status_segment"] == "defector"]
    assert (row["customers"], row["share"], row["revenue_share"]) == (500, 0.25, pytest.approx(0.25))
    assert row["orders"] == pytest.approx(own.mean())
    assert row["orders_lift"] == pytest.approx(own.mean() / came.mean())
    se = own.std() / 500**0.5
    assert row["orders_low"] == pytest.approx(own.mean() - 1.96 * se, abs=1e-4)
    assert row["churn_actual"] == pytest.approx(1 - own.mean())
    assert row["orders_lift_low"] < row["orders_lift"] < row["orders_lift_high"]


def test_two_customers_who_both_bought_prove_nothing(planted):
    """Of two equal customers the normal interval would have no width."""
    assignments, evaluated = planted
    buyers = np.flatnonzero(evaluated.labels["orders"] == 1)[:2]
    kind = np.where(np.isin(np.arange(N), buyers), "pair", "others")
    row = (
        try_segments(assignments[[]].assign(kind=kind), evaluated, ["kind"], TIMES)
        .segments.set_index("label")
        .loc["pair"]
    )
    everyone = evaluated.labels["orders"].mean()
    assert row["bought_lift"] == pytest.approx(1 / everyone)
    assert row["bought_lift_low"] == pytest.approx(row["bought_low"] / everyone, abs=0.01)  # Wilson's, .34
    assert row["bought_lift_low"] < 0.6


@pytest.mark.slow
def test_the_interval_of_the_lift_covers(planted):
    """Over many draws the interval of the ratio holds the true one in about 95 %."""
    rng, covered = np.random.default_rng(1), []
    index = pd.RangeIndex(600)
    labels = pd.Series(np.where(np.arange(600) < 200, "a", "b"))
    features = pd.DataFrame({"revenue": 1.0}, index)
    for _ in range(200):
        orders = rng.poisson(np.where(labels == "a", 2.0, 1.0)).astype(float)
        came = pd.DataFrame({"orders": orders, "spend": orders, "churned": np.nan}, index)
        snapshot = LabelledSnapshot(datetime(2024, 1, 1), 90, features, came)
        row = try_segments(labels.to_frame("kind"), snapshot, ["kind"], TIMES).segments.set_index("label").loc["a"]
        covered.append(row["orders_lift_low"] <= 2 / (4 / 3) <= row["orders_lift_high"])
    assert 0.9 < np.mean(covered) < 0.99


def test_ordered_names_are_held_against_their_order(trial):
    columns = trial.columns.set_index("column")
    assert columns.loc["status_segment", "order"].startswith("in order")
    assert columns.loc["need_segment", "order"] == ""
    assert columns.loc["status_segment", "split_half"] > 0.9


def test_names_in_the_wrong_order_do_not_hold(planted):
    assignments, evaluated = planted
    swapped = assignments.replace({"status_segment": {"regular": "defector", "defector": "regular"}})
    trial = try_segments(swapped, evaluated, ["status_segment"], TIMES)
    assert trial.columns["order"].iloc[0].startswith("not in order")
    assert verdict(trial, "status_segment", "regular") == "name does not hold"


@pytest.mark.slow
def test_chance_makes_few_verdicts(planted):
    """Of a hundred labels by lot, hardly one is said to hold."""
    assignments, evaluated = planted
    rng = np.random.default_rng(3)
    names = [f"lot_{k}" for k in range(25)]
    lots = assignments[[]].assign(**{name: rng.choice(list("abcd"), N) for name in names})
    trial = try_segments(lots, evaluated, names, TIMES)
    assert (trial.segments["verdict"] == "holds").sum() <= 1


def test_false_discoveries_by_hand():
    assert false_discovery(np.array([0.01, np.nan, 0.04, 0.03])) == pytest.approx(
        [0.03, np.nan, 0.04, 0.04], nan_ok=True
    )


def test_the_answers(trial, planted):
    assignments, _ = planted
    profits = answers.profitable(trial, margin=1.0).set_index(["column", "label"])["profitable"]
    assert profits["status_segment", "defector"] == "no"
    assert profits["status_segment", "regular"] == "yes"
    churned = (
        (assignments["benefit_segment"] == "service").astype(float).where(assignments.index != assignments.index[0])
    )
    benefits = answers.benefits_sought(assignments, churned).set_index(["group", "benefit"])
    assert benefits.loc[("highest CLV", "price"), "share"] == 1
    assert benefits.loc[("lowest CLV", "service"), "share"] == 1
    assert benefits.loc["left", "share"].to_dict() == {"price": 0, "service": 1}
    assert benefits.loc[("left", "service"), "customers"] == (churned == 1).sum()
    alike = answers.same_labels(assignments, trial)
    assert ("status_segment", "defector", "persona", "lapsed, quiet") in set(
        alike.iloc[:, :4].itertuples(index=False, name=None)
    )
    narrow = answers.too_narrow(trial)
    assert narrow["label"].tolist() == ["heavy"]
