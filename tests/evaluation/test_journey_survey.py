"""The survey of the journey at the cutoff: by hand where a hand can follow, then a whole small shop."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from patronage import names as c
from patronage.evaluation import journey_survey as survey
from patronage.names import Artifact, Metric


def test_agreement_with_the_status_and_conflicts_of_facts():
    assignments = pd.DataFrame(
        [
            ("prospect", "non_user", True, False),
            ("trial", "prospect", True, False),
            ("prospect", "loyal", False, True),
            ("first_time", "first_time", True, False),
            ("first_time", "regular", False, True),
            ("reactivated", "loyal", True, False),
            ("regular", "first_time", False, True),
            ("at_risk", "first_time", False, False),  # late, and bought once: no contradiction
            ("defector", "at_risk", False, False),
            ("regular", "prospect", False, True),
        ],
        columns=[c.STATUS_SEGMENT, c.JOURNEY_STAGE, "agrees", "conflict"],
    )
    assert survey.agrees_with_status(assignments).tolist() == assignments["agrees"].tolist()
    assert survey.fact_conflicts(assignments).tolist() == assignments["conflict"].tolist()


def test_the_mean_stay_counts_stays_that_have_not_ended():
    stays = pd.DataFrame({"stage": ["loyal", "loyal", "at_risk"], "periods": [4, 8, 5], "ended": [True, False, False]})
    assert survey.mean_stay(stays)["loyal"] == 12  # periods per departure, not the mean of 4
    assert survey.mean_stay(stays)["at_risk"] == np.inf  # no customer left: as stuck as can be


class TestShop:
    def test_the_survey_adds_up(self, journey_holdout):
        model, features = journey_holdout.journey, journey_holdout.evaluated.features
        report = survey.describe(model, features, journey_holdout.assignments, seed=0)
        stages = report.tables[Artifact.JOURNEY_STAGES]
        assert stages["customers"].sum() == len(features)
        flows = report.tables[Artifact.JOURNEY_FLOWS]
        assert flows["customers"].sum() == (features[c.JOURNEY_PATH].str.len() > 13).sum()
        assert flows.groupby("from")["share"].sum().tolist() == pytest.approx([1.0] * flows["from"].nunique())
        assert report.metrics[Metric.JOURNEY_FACT_CONFLICTS] == 0
        assert report.tags == {}
        assert Artifact.journey_stuck_of(c.PERSONA) not in report.tables  # one persona has nothing to compare with

    def test_stays_cover_the_whole_path(self, journey_holdout):
        features = journey_holdout.evaluated.features
        stays = journey_holdout.journey.stays(features)
        assert stays["periods"].groupby(level=0).sum().equals(features[c.JOURNEY_PATH].str.len().rename("periods"))
        assert (~stays["ended"]).sum() == len(features)  # each customer's last stay goes on

    def test_a_conflict_of_facts_is_a_tag(self, journey_holdout):
        wrong = journey_holdout.assignments.assign(**{c.STATUS_SEGMENT: "prospect", c.JOURNEY_STAGE: "loyal"})
        report = survey.describe(journey_holdout.journey, journey_holdout.evaluated.features, wrong, seed=0)
        n = len(wrong)
        assert report.metrics[Metric.JOURNEY_FACT_CONFLICTS] == n
        assert list(report.tags.values()) == [f"{n} customers whose stage and status disagree on what they bought"]

    def test_personas_and_channels_are_told_apart(self, journey_holdout):
        n = len(journey_holdout.assignments)
        assignments = journey_holdout.assignments.assign(
            **{c.PERSONA: np.arange(n) % 2, c.CHANNEL_SEGMENT: ["web", "app"] * (n // 2) + ["web"] * (n % 2)}
        )
        tables = survey.describe(journey_holdout.journey, journey_holdout.evaluated.features, assignments, 0).tables
        stages = tables[Artifact.journey_stages_of(c.CHANNEL)].set_index("group")
        assert stages["customers"].sum() == n
        assert stages.drop(columns="customers").sum(axis=1).tolist() == pytest.approx([1, 1])
        assert tables[Artifact.journey_stuck_of(c.PERSONA)]["group"].tolist() == [0, 1]
        after = tables[Artifact.JOURNEY_AFTER].set_index(["event", "from"])
        assert after.loc[("purchase", "churned"), ["regular", "loyal"]].sum() == pytest.approx(1)

    def test_a_row_per_customer(self, journey_holdout):
        features = journey_holdout.evaluated.features
        table = survey.per_customer(journey_holdout.journey, features)
        assert table.index.equals(features.index)
        assert table[[*survey.STAGES]].sum(axis=1).to_numpy() == pytest.approx(np.ones(len(table)))
        assert (table["reach_loyal"] >= table["loyal"] - 1e-9).all()
        assert table["after_purchase"].isin(["first_time", "regular", "loyal"]).all()
