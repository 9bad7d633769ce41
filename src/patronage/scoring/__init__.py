"""From a fitted bundle and a log to a table of assignments, whole or not at all.

target.py     where the result goes
work.py       the folder beside it in which it grows; finished shares outlive a killed job
passes.py     customers by shares through memory
on_spark.py   everybody at once, on a cluster
publish.py    the atomic move
changes.py    what moved since the last time, what drifted since training
"""

from patronage.scoring.changes import Verdict, check_anyone, check_form, judge_drift, movements
from patronage.scoring.on_spark import score_with_spark
from patronage.scoring.passes import how_many, score_part
from patronage.scoring.publish import publish
from patronage.scoring.target import Target, check_place, parse
from patronage.scoring.work import Work, alone, begin

__all__ = [
    "Target",
    "Verdict",
    "Work",
    "alone",
    "begin",
    "check_anyone",
    "check_form",
    "check_place",
    "how_many",
    "judge_drift",
    "movements",
    "parse",
    "publish",
    "score_part",
    "score_with_spark",
]
