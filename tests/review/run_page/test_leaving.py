"""Who is leaving, in the words of the kind of leaving."""

from __future__ import annotations

from dataclasses import replace

import pytest

from patronage.review.page.blocks import Chart
from patronage.review.run_page.leaving import leaving


@pytest.mark.parametrize(("contractual", "risk"), [(False, "risk of no order"), (True, "risk of cancelling")])
def test_a_contract_is_cancelled_and_a_shop_gets_no_order(view, contractual, risk):
    config = replace(view.config, churn=replace(view.config.churn, contractual=contractual))
    section = leaving(replace(view, config=config))
    histogram, calibration, *_ = (block for block in section.blocks if isinstance(block, Chart))
    assert histogram.spec["encoding"]["x"]["title"] == f"predicted {risk}"
    assert risk in histogram.description
    assert ("cancelled" in calibration.description) == contractual
