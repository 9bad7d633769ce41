"""Two runs are numbered in one order of customers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from patronage.review.training_run import with_row_numbers

from .conftest import CUTOFF, run_of

pytestmark = pytest.mark.slow


def test_the_same_customer_has_the_same_number_in_both_runs(bundle, shop_at):
    split, labels = shop_at(CUTOFF)
    run = run_of("one", bundle, split, labels)
    rows = run.assignments.index[::-1][:50]
    other = replace(
        run, assignments=run.assignments.loc[rows], features=run.features.loc[rows], evaluation=run.evaluation.loc[rows]
    )
    first, second, customers = with_row_numbers(run, other)
    assert list(customers[second.assignments.index]) == list(rows)
    assert list(customers[second.evaluation.index]) == list(rows)
    assert list(customers[first.features.index]) == list(run.features.index)
