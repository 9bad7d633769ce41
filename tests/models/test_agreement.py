"""Where the labels tell two stories a flag says which, and every label of the lenses has been judged."""

from __future__ import annotations

import numpy as np
import pytest

from patronage import names as c
from patronage.config import ChurnConfig
from patronage.lenses.catalogue import BUILT_IN
from patronage.models.agreement import TOPICS, band_claims, disagreements, perhaps_not_first
from patronage.models.journey import STAGES

BANDS = {"low": 0.3, "middle": 0.6, "high": 0.85, "critical": 1.0}
CLAIMS = band_claims(BANDS, None)
LABELS = {column: set(labels) for lens in BUILT_IN for column, labels in lens.labels.items()}
LABELS |= {c.JOURNEY_STAGE: set(STAGES), c.VALUE_TIER: {"platinum", "gold", "iron", "lead"}}
SILENT = {  # columns that speak neither of activity, loyalty, rate nor amount: when, what, why, by which means, who
    c.RFM_SCORE, c.OCCASION_SEGMENT, c.OCCASION_PERIOD, c.BEST_CONTACT_WINDOW, c.BEST_CONTACT_WEEKDAY,
    c.SATISFACTION_SEGMENT, c.PLATFORM_SEGMENT, c.CHANNEL_SEGMENT, c.ACQUISITION_SEGMENT, c.PURCHASE_SEGMENT,
    c.BENEFIT_SEGMENT, c.NEED_SEGMENT, c.TOP_INTEREST, c.SECOND_INTEREST, c.ADJACENT_INTEREST,
    c.ROYAL,  # follows from the tier and the mind
}  # fmt: skip


def flagged(bands=CLAIMS, **labels: str) -> list[str]:
    columns = {column: np.array([label], object) for column, label in labels.items()}
    return [reason for mask, reason in disagreements(columns, bands) if mask[0]]


@pytest.mark.parametrize("topic", TOPICS)
def test_every_label_of_a_column_is_judged(topic):
    for column, claims in topic.columns.items():
        assert set(claims) == LABELS[column], column


def test_every_column_of_labels_is_judged():
    spoken = {column for topic in TOPICS for column in topic.columns}
    others = {column for column in LABELS if not column.startswith((c.PROFILE, "<"))}
    assert others - spoken == SILENT


def test_labels_that_tell_two_stories_are_named():
    labels = {
        c.STATUS_SEGMENT: np.array(["defector", "regular", "at_risk", "defector"], object),
        c.JOURNEY_STAGE: np.array(["loyal", "regular", "regular", "churned"], object),
        c.RFM_SEGMENT: np.array(["new", "lost", "unknown", "lost"], object),
        c.CHURN_BAND: np.array(["middle", "low", "critical", np.nan], object),
    }
    found = {reason: mask.tolist() for mask, reason in disagreements(labels, CLAIMS)}
    assert found == {
        "labels disagree: active by journey, still a customer by RFM, gone by status": [True, False, False, False],
        "labels disagree: active by status and journey and churn, gone by RFM": [False, True, False, False],
        "labels disagree: active by journey, leaving by status, gone by churn": [False, False, True, False],
    }


@pytest.mark.parametrize(
    "labels",
    [
        {c.RFM_SEGMENT: "hibernating", c.STATUS_SEGMENT: "regular"},
        {c.RFM_SEGMENT: "hibernating", c.STATUS_SEGMENT: "reactivated"},
        {c.RFM_SEGMENT: "hibernating", c.JOURNEY_STAGE: "loyal"},
        {c.RFM_SEGMENT: "hibernating", c.CHURN_BAND: "low"},
        {c.RFM_SEGMENT: "about_to_sleep", c.CHURN_BAND: "low"},
        {c.RFM_SEGMENT: "champions", c.STATUS_SEGMENT: "at_risk"},
        {c.RFM_SEGMENT: "promising", c.JOURNEY_STAGE: "churned"},
        {c.STATUS_SEGMENT: "at_risk", c.JOURNEY_STAGE: "regular"},
        {c.STATUS_SEGMENT: "regular", c.JOURNEY_STAGE: "at_risk"},
        {c.STATUS_SEGMENT: "first_time", c.CHURN_BAND: "critical"},
        {c.ENGAGEMENT_SEGMENT: "active", c.STATUS_SEGMENT: "defector"},
        {c.ENGAGEMENT_SEGMENT: "inactive", c.CHURN_BAND: "low"},
        {c.ACCOUNT_SEGMENT: "dormant", c.STATUS_SEGMENT: "regular"},
        {c.LOYALTY_SEGMENT: "true", c.JOURNEY_STAGE: "churned"},
        {c.LOYALTY_SEGMENT: "none", c.JOURNEY_STAGE: "loyal"},
        {c.LOYALTY_SEGMENT: "latent", c.RFM_SEGMENT: "champions"},
        {c.USAGE_SEGMENT: "one_time", c.RFM_SEGMENT: "loyal"},
        {c.STATUS_SEGMENT: "first_time", c.RFM_SEGMENT: "champions"},
        {c.VALUE_TIER: "lead", c.RFM_SEGMENT: "cannot_lose"},
        {c.VALUE_TIER: "platinum", c.RFM_SEGMENT: "new"},
    ],
)
def test_two_labels_that_cannot_both_be_true_bear_one_flag(labels):
    (reason,) = flagged(**labels)
    assert reason.startswith("labels disagree: ")


@pytest.mark.parametrize(
    "labels",
    [
        {
            c.STATUS_SEGMENT: "first_time",
            c.RFM_SEGMENT: "about_to_sleep",
        },  # bought once, and such customers hardly return
        {c.STATUS_SEGMENT: "at_risk", c.RFM_SEGMENT: "lost"},  # a matter of degree
        {c.STATUS_SEGMENT: "regular", c.CHURN_BAND: "high"},  # usual where most churn
        {c.VALUE_TIER: "platinum", c.USAGE_SEGMENT: "light"},  # few orders, and dear ones
        {c.STATUS_SEGMENT: "prospect", c.RFM_SEGMENT: "unknown"},
        {c.STATUS_SEGMENT: "regular", c.JOURNEY_STAGE: "of a later version"},
    ],
)
def test_two_labels_that_can_both_be_true_bear_none(labels):
    assert flagged(**labels) == []


class TestBands:
    def test_the_first_goes_on_and_the_last_is_gone(self):
        assert CLAIMS == {"low": "active", "middle": None, "high": None, "critical": "gone"}

    @pytest.mark.parametrize(
        ("rarely", "middle", "high"),
        [(0.39, None, None), (0.4, None, "leaving"), (0.69, None, "leaving"), (0.7, "leaving", "leaving")],
    )
    def test_one_between_says_leaving_where_all_of_it_is_rarer_than_everyone(self, rarely, middle, high):
        assert band_claims(BANDS, rarely) == CLAIMS | {"middle": middle, "high": high}

    def test_names_of_your_own_go_by_their_borders(self):
        assert band_claims({"calm": 0.5, "alarm": 1.0}, 0.9) == {"calm": None, "alarm": "gone"}

    def test_the_default_bands_are_these(self):
        assert ChurnConfig().bands == BANDS

    def test_a_regular_customer_of_a_band_that_is_rare_is_flagged(self):
        labels = {c.STATUS_SEGMENT: "regular", c.CHURN_BAND: "high"}
        assert flagged(band_claims(BANDS, 0.75), **labels) == ["labels disagree: active by status, leaving by churn"]


@pytest.mark.parametrize(("left_censored", "flagged"), [(True, [True, False]), (False, [False, False])])
def test_the_first_order_of_a_younger_log_need_not_be_the_first(left_censored, flagged):
    labels = {c.STATUS_SEGMENT: np.array(["first_time", "regular"], object)}
    assert perhaps_not_first(labels, left_censored=left_censored)[0].tolist() == flagged
    late = {c.STATUS_SEGMENT: np.array(["at_risk", "at_risk"]), c.JOURNEY_STAGE: np.array(["first_time", "regular"])}
    assert perhaps_not_first(late, left_censored=left_censored)[0].tolist() == flagged
