"""The loop, simulated: recommend, contact by lot, learn what contacts change, recommend again.

Each month the policy in force recommends whom to contact. A lot decides: who is recommended is contacted with a high
probability, all others with a low one, so that effects can be learned of everybody. Customers answer as planted by
their shopper type, which nothing that learns reads. Contacts and orders go through the door, and effects are learned of
all months so far, as `patronage effect` learns them of a log with the table contacts.

Beside that, both policies are valued on customers whose two answers are known: the orders that come without the
contact, and what the contact would change of them on average. What policies earn differs only where they treat a
customer differently, so the interval of the difference is narrow. Nobody but a simulator can do that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import t

from patronage import lenses
from patronage import names as c
from patronage.bundle import Bundle
from patronage.config import ActionConfig
from patronage.config.actions import LEAVE_ALONE
from patronage.data import Tables
from patronage.data.reading import read
from patronage.data.simulated import Simulated, answer, coming_orders, planted_effect
from patronage.decisions.contact_state import contact_state
from patronage.decisions.next_action import next_actions
from patronage.errors import ConfigError
from patronage.evaluation.effects import effects_by_label
from patronage.evaluation.simple_policies import learn
from patronage.evaluation.trials import CONTROL, DECIDED, OUTCOME, logged_lot, trial
from patronage.models.effects.estimator import ContactEffects
from patronage.models.effects.policy import LEVEL, mean_interval
from patronage.typing import Array, Mask

ARM = "offer"
MOST_LABELS = 12
POLICIES = NOBODY, ASSUMED, LEARNED = "nobody", "assumed", "learned"
GAIN = "learned beside assumed"
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
    confidence
        Of `ContactEffects`: a policy is in force for a month, then learned anew, and its lot goes on. So it is followed
        as soon as it earned more on unseen customers, which loses least in the worst case (Manski 2004, Stoye 2009).
    """

    worth: float = 12.0
    cost: float = 1.0
    recommended: float = 0.7
    others: float = 0.3
    window_days: int = 14
    confidence: float = 0.0
    folds: int = 3
    rounds: int = 60
    seed: int = 0


class Loop(NamedTuple):
    """What came of it.

    Attributes
    ----------
    months
        A row per month and policy: `nobody` contacted, `assumed`, `learned`; and `GAIN`. All per 1,000 customers:
        `earned` with both answers known, `more` than nobody contacted (of `GAIN`, than the assumed one) with `low` and
        `high`, 95 % over customers, paired; `by_lot`, `lot_low` and `lot_high`, the same as the month's lot measures
        it; and the `share` contacted.
    types
        A row per month and true shopper type: the planted `effect` on what a customer earns beside the measured one.
    effects
        Learned from all months.
    log
        What the door read last: the orders and contacts of all months.
    """

    months: pd.DataFrame
    types: pd.DataFrame
    effects: ContactEffects
    log: Tables


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
    if not cutoffs:
        raise ConfigError("cutoffs: none; expected a moment for each month")
    usual = replace(ACTION, cost=settings.cost)
    plan = replace(bundle.actions, catalogue={ARM: usual}, holdout_share=0.0, order_margin=settings.worth)
    assumed = replace(bundle, actions=plan, effects=None)
    shopper = world.truth.set_index(c.CUSTOMER_ID)[c.TRUE_SHOPPER_TYPE]
    transactions, contacts, past = world.transactions, pd.DataFrame(), list[pd.DataFrame]()
    in_force, months, types = assumed, [], []
    log = _read(world, transactions, contacts)
    for number, cutoff in enumerate(cutoffs):
        features = lenses.features_at(log, cutoff, bundle.lenses, bundle.period_days, bundle.lens_names)
        policies = {
            NOBODY: np.zeros(len(features), bool),
            ASSUMED: recommended(log, assumed, features, cutoff),
            LEARNED: recommended(log, in_force, features, cutoff),
        }
        moments, seed = pd.Series(pd.Timestamp(cutoff), index=features.index), 1000 * settings.seed + number
        without, planted = (
            settings.worth * orders
            for orders in (coming_orders(transactions, moments), planted_effect(transactions, shopper, moments))
        )
        drawn = draw_lot(features.index, policies[LEARNED], cutoff, settings, np.random.default_rng([seed, 2]))
        contacts = pd.concat([contacts, drawn], ignore_index=True)
        reached = drawn.loc[drawn[c.ARM] == ARM, c.CUSTOMER_ID]
        transactions = answer(transactions, shopper, moments[reached], seed=seed)
        log = _read(world, transactions, contacts)
        past.append(month_of(log, assumed, features, cutoff, settings))
        model = learn_of(past, settings)
        in_force = replace(assumed, effects=model.learned_, actions=replace(plan, least=model.learned_.least()))
        scores = model.cross_fit_.scores[-len(past[-1]) :]
        order = features.index.get_indexer(past[-1].index)
        own = {name: chosen[order] for name, chosen in policies.items()}
        planted = planted.iloc[order]
        months.append(_month(cutoff, own, without.to_numpy()[order], planted.to_numpy(), scores, settings.cost))
        types.append(_by_type(cutoff, scores, shopper.reindex(planted.index), planted))
    return Loop(pd.concat(months, ignore_index=True), pd.concat(types, ignore_index=True), model, log)


def monthly(first: datetime, months: int, days: int = 28) -> list[datetime]:
    """So many moments, `days` apart."""
    return [first + timedelta(days=days * number) for number in range(months)]


def recommended(log: Tables, bundle: Bundle, features: pd.DataFrame, cutoff: datetime) -> Mask:
    """Whom the next actions of a scoring would contact, in the order of the features."""
    state = contact_state(log, cutoff, bundle.actions.days)
    actions = next_actions(bundle.assign(features), state, bundle.actions).frame.set_index(c.CUSTOMER_ID)
    return (actions[c.ACTION].reindex(features.index) != LEAVE_ALONE).to_numpy()


def draw_lot(
    customers: pd.Index, chosen: Mask, cutoff: datetime, settings: LoopSettings, rng: np.random.Generator
) -> pd.DataFrame:
    """The month's rows of the table contacts: who is contacted, who is left alone, each with its probability."""
    chance = np.where(chosen, settings.recommended, settings.others)
    contacted = rng.random(len(customers)) < chance
    return pd.DataFrame(
        {
            c.CUSTOMER_ID: customers,
            c.CONTACTED_AT: pd.Timestamp(cutoff),
            c.ARM: np.where(contacted, ARM, CONTROL),
            c.PROPENSITY: np.where(contacted, chance, 1 - chance),
        }
    )


def month_of(
    log: Tables, bundle: Bundle, features: pd.DataFrame, cutoff: datetime, settings: LoopSettings
) -> pd.DataFrame:
    """The trial of one month, read back from the log: what was known, the arm, the probability, and what came."""
    words = bundle.assign(features).drop(columns=list(DECIDED)).select_dtypes(exclude="number")
    labels = words[[name for name in words if 1 < words[name].nunique() <= MOST_LABELS]].astype(str)
    known = features.select_dtypes("number").join(labels)
    rows = trial(
        log, logged_lot(log, cutoff, 1), known, cutoff, days=1, outcome=c.ORDERS, window_days=settings.window_days
    )
    return rows.assign(**{OUTCOME: settings.worth * rows[OUTCOME]})


def learn_of(past: Sequence[pd.DataFrame], settings: LoopSettings) -> ContactEffects:
    """What the lots of all months tell; a customer of several months is in one fold."""
    rows = pd.concat(past, join="inner")
    customers, rows = rows.index, rows.reset_index(drop=True)
    model = ContactEffects(
        propensity=c.PROPENSITY, costs={ARM: settings.cost}, folds=settings.folds, rounds=settings.rounds,
        confidence=settings.confidence, seed=settings.seed,
    )  # fmt: skip
    labels = rows.select_dtypes(exclude="number").drop(columns=c.ARM)
    return learn(model, rows.drop(columns=OUTCOME), rows[OUTCOME], labels, customers)


def over_worlds(months: Mapping[int, pd.DataFrame]) -> pd.DataFrame:
    """The mean of each month and policy over worlds, with 95 % intervals of `more` over worlds.

    Parameters
    ----------
    months
        `Loop.months` of each world; at least two, of the same cutoffs.
    """
    together = pd.concat(months, names=["world"]).reset_index("world")
    grouped = together.groupby(["policy", c.CUTOFF], sort=False)
    table = grouped[["earned", "more", "share"]].mean()
    error = grouped["more"].std(ddof=1) / np.sqrt(len(months))
    half = t.ppf((1 + LEVEL) / 2, len(months) - 1) * error
    return table.assign(low=table["more"] - half, high=table["more"] + half).reset_index()


def _read(world: Simulated, transactions: pd.DataFrame, contacts: pd.DataFrame) -> Tables:
    return read(
        transactions,
        events=world.events if len(world.events) else None,
        customers=world.customers,
        contacts=contacts if len(contacts) else None,
        on_duplicate_rows="keep",
    )


def _month(
    cutoff: datetime, policies: Mapping[str, Mask], without: Array, planted: Array, scores: Array, cost: float
) -> pd.DataFrame:
    """What each policy earns, and the learned one beside the assumed one; per 1,000 customers."""
    profit, by_lot = planted - cost, scores[:, 1] - scores[:, 0] - cost
    given = {name: policies[name].astype(float) for name in POLICIES}
    given[GAIN] = given[LEARNED] - given[ASSUMED]
    rows = []
    for name, own in given.items():
        earned = np.nan if name == GAIN else 1000 * (without + own * profit).mean()
        more, lot = (mean_interval(1000 * own * each)[:3] for each in (profit, by_lot))
        rows.append((cutoff, name, earned, *more, *lot, own.mean()))
    columns = [c.CUTOFF, "policy", "earned", "more", "low", "high", "by_lot", "lot_low", "lot_high", "share"]
    return pd.DataFrame(rows, columns=columns)


def _by_type(cutoff: datetime, scores: Array, shopper: pd.Series, planted: pd.Series) -> pd.DataFrame:
    """The measured effect of each shopper type beside the planted one."""
    table = effects_by_label(shopper.to_frame().reset_index(drop=True), [CONTROL, ARM], scores)
    truth = planted.groupby(shopper).mean()
    return table.assign(**{c.CUTOFF: cutoff, "planted": table["label"].map(truth)}).drop(columns=["labels", c.ARM])
