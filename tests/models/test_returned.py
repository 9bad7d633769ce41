"""What was sent back counts in the value of a customer."""

from __future__ import annotations

import pandas as pd
import pytest

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
