"""The record of a training shows every verdict beside its baseline."""

from __future__ import annotations

import pytest

from patronage.evaluation.intervals import Interval
from patronage.evaluation.scorecard import Headline
from patronage.review.training_record import by_how_much, in_a_sentence, scorecard_table, verdict_tag


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
    assert table.iloc[0].tolist()[:6] == ["churn", "log_loss", 0.5, verdict, "recency", 0.6]


@pytest.mark.parametrize(
    ("metric", "value", "baseline", "interval", "words"),
    [
        ("log_loss", 0.4, 0.5, Interval(-0.1, -0.2, -0.01), "-0.10 [-0.20, -0.01]"),
        (
            "spend_rmse",
            3.0,
            5.0,
            Interval(-16.0, -21.0, 11.0),
            "-2.0 [-3.0, +1.0]",
        ),  # of squared errors: 9, 4 and 36 for 25
        ("later_behaviour", 0.03, 0.01, Interval(-0.02, -0.03, -0.01), "+0.020 [+0.010, +0.030]"),  # more is better
    ],
)
def test_it_says_by_how_much_in_the_unit_of_the_metric(metric, value, baseline, interval, words):
    assert by_how_much(Headline("model", metric, value, "best", baseline, interval)) == words


def test_the_verdicts_of_all_models_are_one_sentence():
    better, tie = Interval(-0.1, -0.2, -0.01), Interval(0.0, -0.1, 0.1)
    rows = [("churn", better), ("clv", tie), ("journey", better), ("personas", better)]
    headlines = [Headline(model, "log_loss", 0.5, "recency", 0.6, interval) for model, interval in rows]
    better_ones, others = "churn, journey and personas better than", "CLV no better than"
    sentence = f"**How good**: {better_ones} the best baseline; {others} the best baseline."
    assert in_a_sentence(headlines) == sentence
    assert verdict_tag(headlines) == "better: churn, journey, personas; no better: clv"
    assert in_a_sentence([]) == "**How good**: not measured."
    assert verdict_tag([]) == "not measured"
