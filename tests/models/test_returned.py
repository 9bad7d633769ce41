"""What was sent back counts in the value of a customer, and where the labels tell two stories a flag says which."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from patronage.models.agreement import disagreements, perhaps_not_first
from patronage.models.returned import nearly_all_sent_back, retained_share, worth

CUSTOMERS = pd.DataFrame(
    {
        "n_orders": [1.0, 1.0, 1.0, 1.0],
        "net_revenue": [100.0, 15.0, -200.0, 60.0],  # none, most, more than ever bought in the log, some
        "refunds": [0.0, 295.0, 308.0, 40.0],
    }
)


def test_a_customer_is_worth_the_share_that_was_kept_where_most_was_sent_back():
    assert retained_share(CUSTOMERS) == pytest.approx([1, 15 / 310, 0, 0.6])
    assert worth(CUSTOMERS) == pytest.approx([1, 15 / 310, 0, 1])
    assert nearly_all_sent_back(CUSTOMERS).tolist() == [False, True, True, False]


def test_where_refunds_are_not_known_nothing_changes():
    assert worth(CUSTOMERS[["n_orders"]]).tolist() == [1, 1, 1, 1]


def test_labels_that_tell_two_stories_are_named():
    labels = {
        "status_segment": np.array(["defector", "regular", "at_risk", "defector"], object),
        "journey_stage": np.array(["loyal", "regular", "regular", "churned"], object),
        "rfm_segment": np.array(["new", "lost", "unknown", "lost"], object),
        "churn_band": np.array(["middle", "low", "critical", np.nan], object),
    }
    found = {reason: mask.tolist() for mask, reason in disagreements(labels)}
    assert found == {
        "labels disagree: active by journey, gone by status": [True, False, False, False],
        "labels disagree: active by status and journey and churn, gone by RFM": [False, True, False, False],
        "labels disagree: active by journey, gone by churn": [False, False, True, False],
    }


@pytest.mark.parametrize(("left_censored", "flagged"), [(True, [True, False]), (False, [False, False])])
def test_the_first_order_of_a_younger_log_need_not_be_the_first(left_censored, flagged):
    labels = {"status_segment": np.array(["first_time", "regular"], object)}
    assert perhaps_not_first(labels, left_censored=left_censored)[0].tolist() == flagged
