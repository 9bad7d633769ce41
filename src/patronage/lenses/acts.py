"""Acts that a run predicts (`target=event:upgrade`): how often and how recently each customer did them.

Who did something is the likeliest to do it again, or, where it is done once, the least likely; the other lenses know
events and purchases only in sum. The lens has features only where a run has targets; they are read by the models of
these targets alone, so that churn, value and personas are the same with and without a target.
"""

from __future__ import annotations

from patronage import names as c
from patronage.config import LensesConfig
from patronage.config.target import ChosenAct, chosen_acts
from patronage.data.contract import EVENTS, TRANSACTIONS
from patronage.engine import text
from patronage.errors import DataError
from patronage.lenses.history import History
from patronage.lenses.lens import Feature, Lens

RECENT_DAYS = 91


def acts_of(config: LensesConfig) -> tuple[ChosenAct, ...]:
    """The acts of the settings."""
    return chosen_acts(config.acts.chosen, "lenses.acts.chosen")


def _select(history: History, config: LensesConfig) -> str:
    days = "\nUNION ALL\n".join(_days(history, number, act) for number, act in enumerate(acts_of(config)))
    recent = f"{history.age('day')} <= {RECENT_DAYS}"
    columns = []
    for number, act in enumerate(acts_of(config)):
        own = f"act = {number}"
        columns += [
            f"count(DISTINCT CASE WHEN {own} THEN day END) AS {history.engine.quote(c.act_days(act.key))}",
            f"count(DISTINCT CASE WHEN {own} AND {recent} THEN day END) AS "
            f"{history.engine.quote(c.act_recent_days(act.key))}",
            f"{history.age(f'max(CASE WHEN {own} THEN day END)')} AS {history.engine.quote(c.days_since_act(act.key))}",
        ]
    listed = ",\n               ".join(columns)
    return f"SELECT customer_id,\n               {listed}\nFROM (\n{days}\n) AS act_days GROUP BY customer_id"


def _days(history: History, number: int, act: ChosenAct) -> str:
    """SQL: the customers and days of an act."""
    table, column = (EVENTS.name, c.EVENT) if act.column is None else (TRANSACTIONS.name, act.column)
    if not history.has(table, column):
        raise DataError(f"target={act} needs {table}.{column}, which the data lacks; give it, or leave the target out")
    if act.column is None:
        return (
            f"SELECT customer_id, CAST(occurred_at AS DATE) AS day, {number} AS act FROM events "
            f"WHERE event = {text(act.name)}"
        )
    return (
        f"SELECT customer_id, CAST(ordered_at AS DATE) AS day, {number} AS act FROM order_lines "
        f"WHERE amount >= 0 AND {column} = {text(act.name)}"
    )


def _features(config: LensesConfig) -> dict[str, Feature]:
    return {
        name: feature
        for act in acts_of(config)
        for name, feature in (
            (c.act_days(act.key), Feature(f"days with {act}", absent=0)),
            (c.act_recent_days(act.key), Feature(f"days with {act}, of the last {RECENT_DAYS}", absent=0)),
            (c.days_since_act(act.key), Feature(f"days since the last {act}; missing without any")),
        )
    }


LENS = Lens(
    name="acts",
    question="How often and how recently did the customer do what the run predicts?",
    source="Buckinx and Van den Poel 2005",
    features={},
    more_features=_features,
    select=_select,
    ready=lambda config: bool(config.acts.chosen),
)
