"""The decision rule, on posteriors that can be judged by eye."""

from __future__ import annotations

import numpy as np
import pytest

from patronage.models.journey.stages import (
    AT_RISK,
    CHURNED,
    FIRST_TIME,
    LOYAL,
    PROSPECT,
    REGULAR,
    decide,
    hysteresis,
)


def posterior(**mass):
    order = ("non", "prospect", "first", "regular", "loyal", "risk", "churned")
    return np.array([[mass.get(stage, 0.0) for stage in order]])


class TestDecide:
    @pytest.mark.parametrize(
        ("mass", "stage"),
        [
            ({"regular": 0.3, "loyal": 0.2, "churned": 0.5}, REGULAR),  # active holds half
            ({"regular": 0.2, "loyal": 0.29, "churned": 0.51}, CHURNED),
            ({"regular": 0.45, "risk": 0.1, "churned": 0.45}, AT_RISK),  # torn, though hardly ever most probable
            ({"first": 0.45, "risk": 0.45, "churned": 0.1}, AT_RISK),
            ({"prospect": 0.6, "non": 0.4}, PROSPECT),
        ],
    )
    def test_takes_the_median_of_the_order(self, mass, stage):
        assert decide(posterior(**mass)) == [stage]

    def test_rows_do_not_see_each_other(self):
        rows = np.random.default_rng(0).dirichlet(np.ones(7), 500)
        alone = [decide(row[None])[0] for row in rows]
        assert decide(rows).tolist() == alone
        assert len(set(alone)) == 7


class TestHysteresis:
    @pytest.mark.parametrize(
        ("mass", "shown", "stage"),
        [
            ({"regular": 0.45, "loyal": 0.55}, REGULAR, REGULAR),
            ({"regular": 0.39, "loyal": 0.61}, REGULAR, LOYAL),
            ({"regular": 0.42, "churned": 0.58}, REGULAR, REGULAR),
            ({"regular": 0.38, "churned": 0.62}, REGULAR, CHURNED),
            ({"regular": 0.58, "churned": 0.42}, CHURNED, CHURNED),
            ({"regular": 0.62, "churned": 0.38}, CHURNED, REGULAR),
            ({"risk": 0.45, "churned": 0.55}, AT_RISK, AT_RISK),
            ({"risk": 0.35, "churned": 0.65}, AT_RISK, CHURNED),
        ],
    )
    def test_changes_only_when_the_evidence_leads_by_the_margin(self, mass, shown, stage):
        assert hysteresis(posterior(**mass), np.array([shown])) == [stage]

    def test_stays_where_the_lead_is_exactly_the_margin(self):
        even = posterior(regular=0.25, loyal=0.75)
        assert hysteresis(even, np.array([REGULAR]), margin=0.5) == [REGULAR]
        assert hysteresis(even, np.array([REGULAR]), margin=0.49) == [LOYAL]
        assert hysteresis(posterior(regular=0.25, churned=0.75), np.array([REGULAR]), margin=0.5) == [REGULAR]
        assert hysteresis(posterior(regular=0.25, churned=0.75), np.array([REGULAR]), margin=0.49) == [CHURNED]

    def test_leaves_a_stage_that_the_facts_exclude_at_once(self):
        torn = posterior(regular=0.51, loyal=0.49)
        assert hysteresis(torn, np.array([FIRST_TIME])) == [REGULAR]

    def test_without_margin_is_the_decision(self):
        rows, shown = np.random.default_rng(1).dirichlet(np.ones(7), 500), np.arange(500) % 7
        assert np.array_equal(hysteresis(rows, shown, margin=0.0), decide(rows))
