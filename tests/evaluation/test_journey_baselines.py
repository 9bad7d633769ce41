"""Baselines of the journey by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from patronage.evaluation import journey_baselines as baselines
from patronage.models.journey.paths import encode


def paths(*texts: str):
    return encode(pd.Series(list(texts), dtype="str"))


class TestRuleStages:
    """0 never bought; then five silences (to 2, 4, 13, 26 periods, more) for each of six numbers of purchases."""

    def test_each_period_has_its_stage(self):
        assert baselines.rule_stages(paths("..pp", "m.")).tolist() == [0, 0, 1, 6, 1, 1]
        assert baselines.RULE_STAGES == 31

    @pytest.mark.parametrize(
        ("path", "stage"),
        [
            ("", 0), (".e", 0),
            ("p" + 2 * ".", 1), ("p" + 3 * ".", 2), ("p" + 4 * ".", 2), ("p" + 5 * ".", 3), ("p" + 13 * ".", 3),
            ("p" + 14 * ".", 4), ("p" + 26 * ".", 4), ("p" + 27 * ".", 5),
            (2 * "p", 6), (3 * "p", 11), (4 * "p", 16), (7 * "p", 16), (8 * "p", 21), (15 * "p", 21), (16 * "p", 26),
            (99 * "p" + 27 * ".", 30),
        ],
    )  # fmt: skip
    def test_both_sides_of_each_border(self, path, stage):
        assert baselines.last_rule_stage(paths("ppp", path, "p")).tolist() == [11, stage, 1]


class TestChain:
    def test_the_chain_by_hand(self):
        # After one purchase, four steps: one more purchase, three silences.
        quiet = baselines.chain(paths("p..", "pp", "p."))
        assert quiet[1, 1] == pytest.approx(3 / 4)
        assert baselines.p_order(quiet, np.array([1]), 2)[0] == pytest.approx(1 - (3 / 4) ** 2)
        assert baselines.p_order(quiet, np.array([1]), 1.5)[0] == pytest.approx(1 - (3 / 4) ** 1.5)
        # a stage that no customer was observed in has the mean chance, one in four
        assert baselines.p_order(quiet, np.array([7]), 5)[0] == pytest.approx(1 - (3 / 4) ** 5)

    def test_no_step_leads_from_one_customer_to_the_next(self):
        assert baselines.chain(paths("p", "p", "p"))[1, 1] == 1.0  # no steps at all


def test_rates_of_groups_and_of_an_unseen_group():
    rates = baselines.rates(np.array(["a", "a", "b"]), np.array([1.0, 0.0, 0.0]), np.array(["b", "a", "z"]))
    assert rates.tolist() == [0.0, 0.5, pytest.approx(1 / 3)]


def test_all_baselines_forecast_every_evaluated_customer(journey_holdout):
    holdout = journey_holdout
    forecasts = baselines.forecasts(
        holdout.learned_from.training, holdout.learned_from.current.features, holdout.evaluated.features,
        holdout.by_btyd, holdout.lens_states, holdout.journey.horizon, 0,
    )  # fmt: skip
    assert list(forecasts) == ["rate", "status", "recency_frequency", "markov", "btyd", "lightgbm"]
    assert forecasts["btyd"].tolist() == holdout.by_btyd.tolist()  # not what is shipped, which rests on more
    for forecast in forecasts.values():
        assert len(forecast) == len(holdout.evaluated.features)
        assert ((forecast >= 0) & (forecast <= 1)).all()
