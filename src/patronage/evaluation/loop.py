"""The loop, simulated: recommend, contact by lot, learn what contacts change, recommend again.

Each month the policy in force recommends whom to contact. A lot decides: who is recommended is contacted with a high
probability, all others with a low one, so that effects can be learned of everybody. Customers answer as planted by
their shopper type, which nothing that learns reads. The policy by what was learned until the month before is then held
beside the assumed one, on the month's own lot, which neither of them has seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

import numpy as np
import pandas as pd

from patronage import lenses
from patronage import names as c
from patronage.bundle import Bundle
from patronage.config import ActionConfig
from patronage.config.actions import LEAVE_ALONE
from patronage.data import Tables
from patronage.data.reading import read
from patronage.data.simulated import Simulated, answer, planted_effect
from patronage.decisions.contact_state import contact_state
from patronage.decisions.next_action import next_actions
from patronage.errors import ConfigError
from patronage.evaluation.effects import effects_by_label
from patronage.evaluation.trials import CONTROL, OUTCOME, Lot, trial
from patronage.models.effects.estimator import ContactEffects
from patronage.models.effects.policy import mean_interval
from patronage.typing import Mask

ARM = "offer"
LABELS = (c.PURCHASE_SEGMENT, c.BENEFIT_SEGMENT, c.PERSONA)  # that effects may differ by, beside every number
ACTION = ActionConfig(
    conditions={c.JOURNEY_STAGE: ["first_time", "regular", "loyal", "at_risk", c.CHURNED]},
    gain="order", rate=0.1, rate_low=0.0, rate_high=0.2, arm=ARM,
)  # fmt: skip


@dataclass(frozen=True)
class LoopSettings:
    """How the loop runs.

    Attributes
    ----------
    worth
        Of an order, what it earns.
    cost
        Of a contact.
    recommended, others
        The probability of a contact by the lot.
    window_days
        After the contact, in which orders count.
    """

    worth: float = 12.0
    cost: float = 1.0
    recommended: float = 0.7
    others: float = 0.3
    window_days: int = 14
    folds: int = 3
    rounds: int = 60
    seed: int = 0


class Loop(NamedTuple):
    """What came of it.

    Attributes
    ----------
    months
        A row per month and policy, assumed, learned, and `gain` of the learned one over the assumed: `profit` per 1,000
        customers as measured by the month's lot, `low` and `high` (95 %), `planted`: what it is in truth; `share`
        contacted.
    types
        A row per month and true shopper type: the planted `effect` on what a customer earns beside the measured one.
    effects
        Learned from all months.
    """

    months: pd.DataFrame
    types: pd.DataFrame
    effects: ContactEffects


def close_loop(world: Simulated, bundle: Bundle, cutoffs: Sequence[datetime], settings: LoopSettings) -> Loop:
    """Run month after month.

    Parameters
    ----------
    world
        Simulated customers until after the last window.
    bundle
        Trained on what was known at the first of the cutoffs, or earlier.
    cutoffs
        When customers are contacted, at least a window apart.
    """
    usual = replace(ACTION, cost=settings.cost)
    plan = replace(bundle.actions, catalogue={ARM: usual}, holdout_share=0.0, order_margin=settings.worth)
    bundle = replace(bundle, actions=plan, effects=None)
    shopper = world.truth.set_index(c.CUSTOMER_ID)[c.TRUE_SHOPPER_TYPE]
    transactions, log = world.transactions, _log(world, world.transactions)
    past: list[pd.DataFrame] = []
    months, types, learned = [], [], None
    for number, cutoff in enumerate(cutoffs):
        features = lenses.features_at(log, cutoff, bundle.lenses, bundle.period_days, bundle.lens_names)
        assumed = _recommended(log, bundle, features, cutoff)
        own = (
            assumed
            if learned is None
            else _recommended(log, replace(bundle, effects=learned.learned_), features, cutoff)
        )
        rng = np.random.default_rng([settings.seed, number, 1])  # no stream of the answers
        chance = np.where(own, settings.recommended, settings.others)
        contacted = rng.random(len(features)) < chance
        moments = pd.Series(pd.Timestamp(cutoff), index=features.index)
        planted = settings.worth * planted_effect(transactions, shopper, moments)
        transactions = answer(transactions, shopper, moments[contacted], seed=settings.seed + number)
        log = _log(world, transactions)
        lot = _lot(features.index, contacted, chance, cutoff)
        known = features.select_dtypes("number").join(bundle.assign(features)[list(LABELS)])
        rows = trial(log, lot, known, cutoff, days=0, outcome=c.ORDERS, window_days=settings.window_days)
        rows[OUTCOME] *= settings.worth
        scores = _learn([rows], settings).cross_fit_.scores
        months.append(_month(cutoff, scores, {"assumed": assumed, "learned": own}, planted, settings.cost))
        types.append(_by_type(cutoff, scores, shopper.reindex(features.index), planted))
        past.append(rows)
        learned = _learn(past, settings)
    if learned is None:
        raise ConfigError("cutoffs: none; expected a moment for each month")
    return Loop(pd.concat(months, ignore_index=True), pd.concat(types, ignore_index=True), learned)


def monthly(first: datetime, months: int, days: int = 28) -> list[datetime]:
    """So many moments, `days` apart."""
    return [first + timedelta(days=days * number) for number in range(months)]


def _log(world: Simulated, transactions: pd.DataFrame) -> Tables:
    return read(
        transactions,
        events=world.events if len(world.events) else None,
        customers=world.customers,
        on_duplicate_rows="keep",
    )


def _recommended(log: Tables, bundle: Bundle, features: pd.DataFrame, cutoff: datetime) -> Mask:
    """Whom the next actions of a scoring would contact."""
    state = contact_state(log, cutoff, bundle.actions.days)
    actions = next_actions(bundle.assign(features), state, bundle.actions).frame.set_index(c.CUSTOMER_ID)
    return (actions[c.ACTION].reindex(features.index) != LEAVE_ALONE).to_numpy()


def _lot(customers: pd.Index, contacted: Mask, chance: np.ndarray, cutoff: datetime) -> Lot:
    columns = {
        c.ARM: np.where(contacted, ARM, CONTROL),
        c.CONTACTED_AT: pd.Timestamp(cutoff),
        c.PROPENSITY: np.where(contacted, chance, 1 - chance),
    }
    return Lot(pd.DataFrame(columns, index=customers))


def _learn(trials: list[pd.DataFrame], settings: LoopSettings) -> ContactEffects:
    rows = pd.concat(trials, ignore_index=True)
    model = ContactEffects(
        propensity=c.PROPENSITY, costs={ARM: settings.cost}, folds=settings.folds, rounds=settings.rounds,
        seed=settings.seed,
    )  # fmt: skip
    return model.fit(rows.drop(columns=OUTCOME), rows[OUTCOME])


def _month(
    cutoff: datetime, scores: np.ndarray, policies: dict[str, Mask], planted: pd.Series, cost: float
) -> pd.DataFrame:
    """The profit of each policy, and of the last beside the first."""
    profit, truth = scores[:, 1] - scores[:, 0] - cost, planted.to_numpy() - cost
    given = {name: chosen.astype(float) for name, chosen in policies.items()}
    given["gain"] = given["learned"] - given["assumed"]
    rows = [
        (
            cutoff,
            name,
            *(1000 * value for value in mean_interval(own * profit)[:3]),
            1000 * (own * truth).mean(),
            own.mean(),
        )
        for name, own in given.items()
    ]
    return pd.DataFrame(rows, columns=[c.CUTOFF, "policy", c.PROFIT, "low", "high", "planted", "share"])


def _by_type(cutoff: datetime, scores: np.ndarray, shopper: pd.Series, planted: pd.Series) -> pd.DataFrame:
    """The measured effect of each shopper type beside the planted one."""
    table = effects_by_label(shopper.to_frame().reset_index(drop=True), [CONTROL, ARM], scores)
    truth = planted.groupby(shopper).mean()
    return table.assign(**{c.CUTOFF: cutoff, "planted": table["label"].map(truth)}).drop(columns=["labels", c.ARM])
