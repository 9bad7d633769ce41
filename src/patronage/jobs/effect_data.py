"""The customers of `patronage effect`: of a table, or of a log with its contacts."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from patronage import cutoff as when
from patronage import data, lenses, tracking
from patronage import names as c
from patronage.config import EffectConfig, TrainConfig
from patronage.config.effect import several
from patronage.data import Tables, read_table
from patronage.decisions.contact_state import contact_state
from patronage.engine import connect
from patronage.errors import ConfigError, DataError
from patronage.evaluation import trials
from patronage.models.effects.randomness import missing_reasons
from patronage.names import Artifact
from patronage.tracking import Store
from patronage.training.origins import earlier_of, period_at

FROM_TABLE = "table"
MOST_LABELS = 12  # of a column that counts as a labelling


class TrialData(NamedTuple):
    """What effects are learned from.

    Attributes
    ----------
    features
        A row per customer, with the arm and the propensity.
    outcome
        In the unit of the costs.
    labels
        Columns of labels, on the rows of the features.
    source
        In words.
    by_days
        Of a log: the outcome in spans of days since the contact.
    contacts_before
        How many contacts each customer had before, where it is known.
    customers
        Of each row, where it is known and not their index.
    left_out
        Of a table: the columns that are no attributes, such as ids.
    """

    features: pd.DataFrame
    outcome: pd.Series
    labels: pd.DataFrame
    propensity: str | None
    source: str
    by_days: pd.DataFrame | None = None
    contacts_before: pd.Series | None = None
    customers: pd.Index | None = None
    left_out: pd.DataFrame | None = None

    @property
    def groups(self) -> pd.Index | None:
        """The customer of each row where some have several; else None."""
        return self.customers if self.customers is not None and self.customers.has_duplicates else None


def trial_data(config: EffectConfig, store: Store) -> TrialData:
    """Read the customers of the configuration.

    Raises
    ------
    DataError
        A table lacks a column, or there are no contacts.
    """
    if config.path is not None:
        return _of_table(config)
    if config.data is None or config.cutoff is None:
        raise ConfigError("effect: give path=FILE, or data=... with cutoff=YYYY-MM-DD")
    with closing(connect(config.engine)) as engine:
        tables = data.load(engine, config.data, own_label=config.lenses.purchase.own_label)
        print(tables.summary(), flush=True)
        lots = [_of_log(own, tables, when.parse(own.cutoff), store) for own in _by_cutoff(config)]
        return lots[0] if len(lots) == 1 else _together(lots, config.arm)


def _of_table(config: EffectConfig) -> TrialData:
    """The customers whose arm and outcome are known."""
    table = read_table(str(config.path))
    columns = [config.arm, config.outcome, *config.labels, *config.leave_out]
    columns += [name for name in (config.propensity, config.contacts_before, config.customer) if name]
    if lacking := [name for name in columns if name not in table]:
        raise DataError(f"{config.path}: no column {', '.join(lacking)}; the table has {', '.join(table)}")
    table = table[table[config.arm].notna()].reset_index(drop=True)
    customer = config.customer or (c.CUSTOMER_ID if c.CUSTOMER_ID in table else None)
    try:
        outcome = table[config.outcome].astype(float) * config.outcome_value
    except (TypeError, ValueError) as error:
        raise DataError(f"{config.path}: the column {config.outcome} holds no numbers ({error})") from error
    known = outcome.notna()
    _check_missing(table[config.arm].astype(str), known, str(config.path))
    table, outcome = table[known].reset_index(drop=True), outcome[known].reset_index(drop=True)
    own = [customer] if customer else []
    features = table.drop(columns=[*{config.outcome, *config.leave_out, *own}])
    before = table[config.contacts_before].fillna(0) if config.contacts_before else None
    return TrialData(
        features, outcome, table[config.labels], config.propensity, str(config.path), contacts_before=before,
        customers=pd.Index(table[customer], name=c.CUSTOMER_ID) if customer else None,
        left_out=table[list(config.leave_out)],
    )  # fmt: skip


def _check_missing(arm: pd.Series, known: pd.Series, path: str) -> None:
    """Tell the rows without an outcome, and refuse them where one arm has more of them than another."""
    if known.all():
        return
    print(f"left out     {int((~known).sum()):,} of {len(arm):,} rows without an outcome")
    counts = arm.groupby(arm).size()
    present = arm[known].groupby(arm[known]).size().reindex(counts.index, fill_value=0)
    if told := missing_reasons(list(counts.index), present.to_numpy(), (counts - present).to_numpy()):
        raise DataError(f"{path}: {told[0]}")


def _by_cutoff(config: EffectConfig) -> list[EffectConfig]:
    """The configuration for each cutoff alone, with its own tables of past actions and assignments."""
    cutoffs = several(config.cutoff)
    nothing: list[str | None] = [None] * len(cutoffs)
    past, assigned = ([*several(value)] or nothing for value in (config.past_actions, config.assignments))
    return [
        replace(config, cutoff=cutoff, past_actions=actions, assignments=assignments)
        for cutoff, actions, assignments in zip(cutoffs, past, assigned, strict=True)
    ]


def _together(lots: list[TrialData], arm: str) -> TrialData:
    """The lots of several cutoffs, with the columns that all of them have; each keeps its own probabilities."""
    features = []
    for lot in lots:
        own = lot.features
        if lot.propensity is None:  # the shares of this lot: another one may have had others
            own = own.assign(**{c.PROPENSITY: own[arm].map(own[arm].value_counts(normalize=True))})
        features.append(own)
    customers = pd.Index(np.concatenate([own.index.to_numpy(object) for own in features]), name=c.CUSTOMER_ID)

    joined = partial(pd.concat, join="inner", ignore_index=True)
    return TrialData(
        features=joined(features),
        outcome=joined([lot.outcome for lot in lots]),
        labels=joined([lot.labels for lot in lots]),
        propensity=c.PROPENSITY,
        source=lots[0].source,
        by_days=joined([lot.by_days for lot in lots]),
        contacts_before=joined([lot.contacts_before for lot in lots]),
        customers=customers,
    )


def _of_log(config: EffectConfig, tables: Tables, cutoff: datetime, store: Store) -> TrialData:
    """The customers of a lot, with their features and segments as of the cutoff."""
    when.check_inside(cutoff, tables.first, tables.last, tables.max_staleness_days)
    period = period_at(tables, cutoff, TrainConfig(lenses=config.lenses))
    frame = lenses.features_at(tables, cutoff, config.lenses, period)
    segments = lenses.segments(frame, lenses.fit(frame, config.lenses, earlier_of(tables, cutoff, config.lenses)))
    known = frame.select_dtypes("number").join(segments)
    if config.assignments is not None:
        own = _own_table(config.assignments, Artifact.ASSIGNMENTS, cutoff, store)
        known = known.join(
            own.drop(columns=[name for name in own if name in known or name in trials.DECIDED]), how="left"
        )
    lot, days = _lot(config, tables, cutoff, known.index, store)
    for note in lot.notes:
        print(f"contacts     {note}")
    trial = trials.trial(tables, lot, known, cutoff, days=days, outcome=config.outcome, window_days=config.window_days)
    outcome = trial.pop(trials.OUTCOME) * config.outcome_value
    words = [name for name in trial if not pd.api.types.is_numeric_dtype(trial[name]) and name != c.ARM]
    labels = trial[[name for name in words if trial[name].nunique() <= MOST_LABELS]].astype(str)
    if config.labels:
        if lacking := [name for name in config.labels if name not in labels]:
            raise ConfigError(f"labels: no labelling {', '.join(lacking)}; expected some of {', '.join(labels)}")
        labels = labels[config.labels]
    dropped = [name for name in words if name not in labels or name in config.leave_out]
    features = trial.drop(
        columns=[*dropped, *(name for name in config.leave_out if name in trial and name not in words)]
    )
    varied = [name for name in features if name == c.PROPENSITY or features[name].nunique() > 1]
    print(
        f"contacts     {len(trial):,} customers: "
        + ", ".join(f"{arm} {count:,}" for arm, count in trial[c.ARM].value_counts().items())
    )
    by_days = trials.outcomes_by_days(
        tables, lot, trial.index, cutoff, days=days, outcome=config.outcome, ends=config.decay_days
    )
    return TrialData(
        features=features[varied].rename(columns={c.ARM: config.arm}),
        outcome=outcome,
        labels=labels,
        propensity=c.PROPENSITY if c.PROPENSITY in trial else None,
        source=tables.source,
        by_days=by_days * config.outcome_value,
        contacts_before=_contacts_before(tables, cutoff, config.pressure_days, trial.index),
    )


def _contacts_before(tables: Tables, cutoff: datetime, days: int, customers: pd.Index) -> pd.Series:
    """How many messages and contacts each customer was sent in so many days before the cutoff."""
    state = contact_state(tables, cutoff, days)
    sent = state.groupby(c.CUSTOMER_ID)[c.MESSAGES].sum().astype(float)
    return sent.reindex(customers).fillna(0.0)


def _lot(
    config: EffectConfig, tables: Tables, cutoff: datetime, customers: pd.Index, store: Store
) -> tuple[trials.Lot, int]:
    """Who was sent what, and in how many days from the cutoff."""
    if config.past_actions is not None:
        rows = _own_table(config.past_actions, Artifact.ACTIONS, cutoff, store)
        return trials.action_lot(rows, cutoff, config.action), 0
    if config.contacts == FROM_TABLE:
        return trials.logged_lot(tables, cutoff, config.contact_days, config.campaign), config.contact_days
    return trials.event_lot(tables, cutoff, config.contact_days, config.contacts, customers), config.contact_days


def _own_table(place: str, artifact: str, cutoff: datetime, store: Store) -> pd.DataFrame:
    """A table by customer of our own: a file, or what a run logged.

    Raises
    ------
    DataError
        It was made at another cutoff, or does not tell at which.
    """
    rows = pd.read_parquet(place) if Path(place).exists() else tracking.table_of(store, place, artifact)
    if c.CUSTOMER_ID in rows:
        rows = rows.set_index(c.CUSTOMER_ID)
    if c.CUTOFF not in rows:
        raise DataError(
            f"{place}: no column {c.CUTOFF}, so nobody can tell as of when it was made; give the table of a run or a "
            "scoring, or add the column"
        )
    cutoffs = pd.to_datetime(rows.pop(c.CUTOFF)).unique()
    if len(cutoffs) != 1 or cutoffs[0] != np.datetime64(cutoff):
        days = ", ".join(f"{pd.Timestamp(each):%Y-%m-%d}" for each in cutoffs[:3])
        raise DataError(f"{place}: made at the cutoff {days}; expected cutoff={cutoff:%Y-%m-%d}")
    return rows.drop(columns=[name for name in (c.RUN_ID, c.MODEL_VERSION) if name in rows])
