"""The record of a training shows every verdict beside its baseline."""

from __future__ import annotations

import pytest

from patronage.evaluation.intervals import Interval
from patronage.evaluation.scorecard import Headline
from patronage.review.training_record import in_a_sentence, scorecard_table, verdict_tag


@pytest.mark.parametrize(
    ("interval", "verdict"),
    [
        (Interval(-0.1, -0.2, -0.01), "better than"),
        (Interval(-0.1, -0.2, 0.0), "no better than"),
        (Interval(0.0, 0.0, 0.0), "no better than"),
        (Interval(0.1, 0.0, 0.2), "no better than"),
        (Interval(0.1, 0.01, 0.2), "worse than"),
    ],
)
def test_a_row_reads_as_a_sentence(interval, verdict):
    table = scorecard_table([Headline("churn", "log_loss", 0.5, "recency", 0.6, interval)])
    assert table.iloc[0].tolist() == ["churn", "log_loss", 0.5, verdict, "recency", 0.6]


def test_the_verdicts_of_all_models_are_one_sentence():
    better, tie = Interval(-0.1, -0.2, -0.01), Interval(0.0, -0.1, 0.1)
    rows = [("churn", better), ("clv", tie), ("journey", better)]
    headlines = [Headline(model, "log_loss", 0.5, "recency", 0.6, interval) for model, interval in rows]
    sentence = "**How good**: churn and journey better than the best baseline; clv no better than the best baseline."
    assert in_a_sentence(headlines) == sentence
    assert verdict_tag(headlines) == "better: churn, journey; no better: clv"
    assert in_a_sentence([]) == "**How good**: not measured."
    assert verdict_tag([]) == "not measured"
