"""Lists: whom to ask stands for all who are silent; who is due is so by the customer's own rhythm."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from patronage.analyses import candidates
from patronage.analyses.contract import Population, Result, View
from patronage.analyses.ranking import Lift
from patronage.config import CandidatesConfig


class Silence:
    """A history in which the first hundred customers answered."""

    def frame(self, sql: str) -> pd.DataFrame:
        return pd.DataFrame({"customer_id": [f"c{number:04d}" for number in range(100)]})


@pytest.fixture
def view():
    ids = pd.Index([f"c{number:04d}" for number in range(1000)], name="customer_id")
    features = pd.DataFrame({"n_orders": 2.0}, index=ids)
    tiers = pd.DataFrame({"value_tier": np.where(np.arange(1000) < 700, "lead", "gold")}, index=ids)
    return View(Silence(), Population(features, tiers), None, 91, 0)


def test_the_sample_stands_for_all_who_are_silent(view):
    result = Result()
    candidates._to_ask(result, view, CandidatesConfig(ask=200, strata=["value_tier"]))
    sample = result.lists["whom_to_ask"]
    assert sample["weight"].sum() == pytest.approx(900)
    assert not sample["customer_id"].isin([f"c{number:04d}" for number in range(100)]).any()
    groups = result.tables["whom_to_ask_groups"].set_index("group")
    assert groups["silent"].to_dict() == {"gold": 300, "lead": 600}
    # of gold nobody answered yet: more of them are asked, and each stands for fewer
    assert groups.loc["gold", "weight"] < groups.loc["lead", "weight"]


def test_where_nobody_was_asked_no_share_answered(view):
    """A share of 0 % would say that all were asked and none answered."""

    class Unasked(Silence):
        def frame(self, sql: str) -> pd.DataFrame:
            return super().frame(sql).iloc[:0]

    result = Result()
    candidates._to_ask(result, replace(view, history=Unasked()), CandidatesConfig(ask=200, strata=["value_tier"]))
    assert list(result.tables["whom_to_ask_groups"]) == ["group", "silent", "asked", "weight"]


def test_a_share_and_the_usual_one_are_rounded_alike():
    result = Result()
    candidates._measured(result, {"loyal": Lift(100, 12, 0.112, 0.0631, 1.2, 2.5, 1.0)})
    assert "best loyal: 11.2% beside 6.3%" in result.finding


def test_who_is_due_is_at_the_end_of_the_own_gap():
    features = pd.DataFrame(
        {"days_since_last_order": [30.0, 30, 30, 30], "mean_gap_days": [30.0, 90, 30, 30],
         "n_gaps": [5.0, 5, 1, 5], "net_revenue": [50.0, 50, 50, 50], "return_share": [0, 0, 0, 0.9]},
        index=list("abcd"),
    )  # fmt: skip
    phase = candidates._phase(features)
    assert phase["a"] == 1.0
    assert phase["b"] == pytest.approx(1 / 3)
    assert phase[["c", "d"]].isna().all()  # no known rhythm; sends most of it back
