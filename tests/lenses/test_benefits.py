"""Benefits: by hand, and what can be recovered of a benefit that shows through behaviour only."""

from __future__ import annotations

import pytest


def test_features_by_hand(rich_features):
    # 3 teas and 2 soaps: 25 / 13; one ticket for three orders
    assert rich_features["category_spread"].tolist() == pytest.approx(
        [16 / 10, 1]
    )  # the soap that was sent back is no purchase
    assert rich_features["service_contacts"].tolist() == pytest.approx([1 / 3, 0])


@pytest.mark.slow
def test_the_planted_benefit_shows_above_chance(simulated_customers):
    said, truth = simulated_customers["benefit_segment"], simulated_customers["true_benefit"]
    known = said != "unknown"
    found = (said == truth)[known].groupby(truth[known]).mean()
    assert found.mean() > 0.36  # of six; the majority's is 0.17
    assert found.min() > 0.17
