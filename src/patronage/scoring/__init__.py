"""From a fitted bundle and a log to a table of assignments, whole or not at all, and over nothing that is not ours.

target.py     where the result goes
mark.py       how a result of ours is known again
inputs.py     what the job reads, and whether the output would touch it
claim.py      whether the result may go there: ours or given up by force, and no input
work.py       the folder beside it in which it grows; finished shares outlive a killed job
actions.py    the next action of each customer
passes.py     customers by shares through memory
on_spark.py   all customers at once, on a cluster
example.py    made-up customers
publish.py    the atomic move
plausible.py  whether the result can be true at all; same_past.py: whether the log can
changes.py    what moved since the last time, what drifted since training
"""

from patronage.scoring.actions import agree, keep_actions, plan_scored
from patronage.scoring.changes import GONE, NEW, Verdict, check_form, count_customers, judge_drift, movements
from patronage.scoring.claim import Claim
from patronage.scoring.example import example_features
from patronage.scoring.on_spark import score_with_spark
from patronage.scoring.passes import how_many, score_part
from patronage.scoring.plausible import (
    Extent,
    extent_of,
    extent_of_training,
    judge_extent,
    judge_log,
    judge_shift,
    series,
)
from patronage.scoring.publish import publish
from patronage.scoring.target import OutputTarget, check_place, parse
from patronage.scoring.work import Work, alone, begin

__all__ = [
    "GONE",
    "NEW",
    "Claim",
    "Extent",
    "OutputTarget",
    "Verdict",
    "Work",
    "agree",
    "alone",
    "begin",
    "check_form",
    "check_place",
    "count_customers",
    "example_features",
    "extent_of",
    "extent_of_training",
    "how_many",
    "judge_drift",
    "judge_extent",
    "judge_log",
    "judge_shift",
    "keep_actions",
    "plan_scored",
    "movements",
    "parse",
    "publish",
    "score_part",
    "score_with_spark",
    "series",
]
