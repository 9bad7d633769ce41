"""The customers that changed most: three by hand, then those of the small shop."""

from __future__ import annotations

import re

import numpy as np
import pytest

from patronage.names import Artifact
from patronage.review.labellings import labellings
from patronage.review.largest_changes import NO_FEATURE, largest_changes

from .conftest import CUTOFF, run_of

pytestmark = pytest.mark.slow


def test_the_largest_changes_stand_first_with_their_features(comparison):
    table = comparison.report.tables[Artifact.LARGEST_CHANGES]
    assert len(table) == 7
    assert table["change"].is_monotonic_decreasing
    first = table.iloc[0]
    before, after = (run.features.loc[first["customer_id"]] for run in (comparison.baseline, comparison.candidate))
    name, old, new = re.match(r"(\w+) (\S+) → (\S+?)(;|$)", first["why"]).groups()[:3]
    for text, features in ((old, before), (new, after)):
        value = np.nan if text == "none" else float(text.replace(",", ""))
        assert value == pytest.approx(features[name], rel=1e-3, nan_ok=True)


def test_a_change_is_that_of_churn_clv_and_labels(bundle, shop_at):
    """One customer's churn moves by .3; another's CLV, by the most of all; a third has one of four other labels."""
    split, _ = shop_at(CUTOFF)
    baseline = run_of("one", bundle, split)
    first, second, third = (str(one) for one in baseline.assignments.index[:3])
    candidate = run_of("two", bundle, split)
    changed = candidate.assignments
    changed["churn_probability"] = baseline.assignments["churn_probability"].fillna(0.0)
    baseline.assignments["churn_probability"] = changed["churn_probability"]
    changed.loc[first, "churn_probability"] += 0.3
    changed.loc[second, "clv"] += 1000.0
    other = {"platinum": "lead"}.get(changed.loc[third, "value_tier"], "platinum")
    changed["value_tier"] = changed["value_tier"].astype(str)
    changed.loc[third, "value_tier"] = other
    columns, _ = labellings(baseline, candidate, None)
    table = largest_changes(baseline, candidate, columns, most=5)
    assert dict(zip(table["customer_id"], table["change"], strict=True)) == pytest.approx(
        {second: 1.0, first: 0.3, third: 0.25}
    )
    assert set(table["why"]) == {NO_FEATURE}
    assert table["value_tier after"].tolist()[-1] == other
