"""Which moments and customers a fit learns from, and which it is measured on.

Learning uses labels that end at or before the cutoff; measuring uses the window after it, or, where the log does not
reach that far, the last window before it, after a fit that ended where that window begins.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

import pandas as pd

from patronage import cutoff as when
from patronage import names as c
from patronage.config import ActsConfig, ContractConfig, LensesConfig, OriginsConfig, TrainConfig
from patronage.config.holidays import Holiday
from patronage.config.journey import AUTO
from patronage.config.target import ChosenAct, chosen_acts
from patronage.data import Tables
from patronage.engine import text
from patronage.errors import ConfigError, DataError
from patronage.labels import LabelledSnapshot, Snapshot, act_labels, buyers, check_acts, held_out, labels_at
from patronage.lenses import Earlier, described, features_at, with_taste
from patronage.models.btyd.heavy import ordinary
from patronage.training.goods import goods_of
from patronage.training.journey import choose_period

log = logging.getLogger(__name__)

SHORTEST_WINDOW = 7  # days of labels
BTYD_LENSES = ("rfm", "btyd")  # the summaries that the laws are fitted to, and which customers have bought
ACTS_LENS = "acts"  # the history of what the run predicts
CONTRACT_LENS = "contract"
RETURNING_LENS = "status"  # it reads all that the chance to come back is learned from
CALENDAR_WINDOW = 91  # days at most that a calendar is held against, from earlier origins a quarter apart
CALENDAR_SPACING, CALENDAR_ORIGINS, CALENDAR_HISTORY = 91, 4, 182


class CalendarHistory(NamedTuple):
    """What a calendar is learned from.

    Attributes
    ----------
    days
        By day since 1970-01-01, to the last one before the cutoff: customers with their `first` order on it, and
        `repeats`, days with an order of the others. Of all customers who do not outweigh the others: a calendar is
        the business's.
    origins
        Labelled snapshots with what BTYD reads alone, the latest first: a quarter of a year apart, up to a year.
    holidays
        The known ones of the business.
    """

    days: pd.DataFrame
    origins: tuple[LabelledSnapshot, ...]
    holidays: tuple[Holiday, ...] = ()


@dataclass(frozen=True)
class Split:
    """What a fit at one cutoff may know, and what it is measured on.

    Attributes
    ----------
    current
        Everyone at the cutoff, without labels.
    training
        Labelled snapshots of earlier origins, the latest first, which knows the goods that were bought, too; their
        label windows may be shorter than the horizon.
    period_days
        Length of a period of the journey paths.
    lenses
        The settings with which the features are made: the configuration's, with what the lenses learned first.
    calendar
        What the calendar is learned from; None where it is off, or the log too short.
    """

    current: Snapshot
    training: tuple[LabelledSnapshot, ...]
    period_days: int
    lenses: LensesConfig
    calendar: CalendarHistory | None = None

    @property
    def window_days(self) -> int:
        """Length of the label windows that are learned from."""
        return self.training[0].horizon_days

    def select(self, keep: pd.Series) -> Split:
        """The same for some of the customers; a customer is on one side at every origin."""
        training = tuple(snapshot.select(keep) for snapshot in self.training)
        calendar = self.calendar
        if calendar is not None:
            calendar = calendar._replace(origins=tuple(origin.select(keep) for origin in calendar.origins))
        return Split(self.current.select(keep), training, self.period_days, self.lenses, calendar)

    def record(self) -> pd.DataFrame:
        """Borders and sizes of every part, and the share of its customers who churned."""
        parts = [("assign", self.current), *(("learn", snapshot) for snapshot in self.training)]
        return pd.DataFrame(
            [
                {
                    "part": part,
                    "features_before": f"{snapshot.cutoff:%Y-%m-%d}",
                    "labels_until": f"{when.window_end(snapshot.cutoff, snapshot.horizon_days):%Y-%m-%d}"
                    if isinstance(snapshot, LabelledSnapshot)
                    else "",
                    "customers": len(snapshot.features),
                    c.CHURNED: snapshot.labels[c.CHURNED].mean()
                    if isinstance(snapshot, LabelledSnapshot)
                    else float("nan"),
                }
                for part, snapshot in parts
            ]
        )


@dataclass(frozen=True)
class Holdout:
    """A fit to be measured, and the labelled customers to measure it on."""

    split: Split
    evaluated: LabelledSnapshot
    unseen: pd.Series


def learnable(features: pd.DataFrame, lenses: LensesConfig) -> tuple[str, ...]:
    """The features of a frame that a model may learn from: a packed one is neither number nor category.

    The first order's value is a covariate of the laws, and the spend on the goods of an axis of taste tells which words
    of personas are true; trees were measured without them. What the lenses acts and contract make is for models of
    their own (`training/targets.py`, `training/contracts.py`).
    """
    left_out = {name for name, feature in described(lenses).items() if feature.packed or feature.date}
    left_out |= set(described(lenses, [ACTS_LENS, CONTRACT_LENS]))
    return tuple(name for name in features if name not in left_out | {c.FIRST_ORDER_VALUE, *c.TASTE_GOODS})


def earlier(snapshots: Sequence[LabelledSnapshot]) -> list[Earlier]:
    """Who came back after earlier cutoffs, for the lenses to learn from."""
    return [Earlier(snapshot.features, (snapshot.labels[c.ORDERS] > 0).to_numpy()) for snapshot in snapshots]


def earlier_of(tables: Tables, cutoff: datetime, lenses: LensesConfig) -> list[Earlier]:
    """The same of the last quarter of a year before the cutoff, or what the log allows; none where it is too short."""
    settings = OriginsConfig()
    window = when.label_window(cutoff, CALENDAR_WINDOW, tables.first, settings.min_history_days)
    if window < SHORTEST_WINDOW:
        return []
    origin = cutoff - timedelta(days=window)
    features = features_at(tables, origin, lenses, window, [RETURNING_LENS])
    labels = labels_at(tables, origin, window, None, features.index)
    return earlier([LabelledSnapshot(origin, window, features, labels)])


def split_at(tables: Tables, cutoff: datetime, config: TrainConfig) -> Split:
    """All that a fit at `cutoff` may know.

    Where the horizon is longer than the log before the cutoff allows, the label windows of the past are shorter.

    Raises
    ------
    ConfigError
        There is no earlier origin to learn from.
    DataError
        Too few customers.
    """
    window = config.origins.window_days or when.label_window(
        cutoff, config.horizon_days, tables.first, config.origins.min_history_days
    )
    origins = when.origins(
        cutoff,
        window,
        tables.first,
        spacing_days=config.origins.spacing_days,
        most=config.origins.most,
        min_history_days=config.origins.min_history_days,
    )
    if window < SHORTEST_WINDOW or not origins:
        raise ConfigError(
            f"the cutoff {cutoff:%Y-%m-%d} leaves nothing to learn from: labels of {max(window, SHORTEST_WINDOW)} "
            "days, if not longer ones, must end at it and begin at least "
            f"{config.origins.min_history_days} days (origins.min_history_days) after the log does, "
            f"on {tables.first:%Y-%m-%d}; give a later cutoff"
            + (", or a shorter origins.window_days" if config.origins.window_days else "")
        )
    period = period_at(tables, cutoff, config)
    lenses = with_acts(tables, with_taste(tables, cutoff, config.lenses), config)
    config = replace(config, lenses=replace(lenses, contract=ContractConfig(config.churn.contractual)))
    current = _snapshot(tables, cutoff, config, period)
    if len(current.features) < config.min_customers:
        raise DataError(
            f"{len(current.features)} customers before the cutoff {cutoff:%Y-%m-%d}; "
            f"expected at least {config.min_customers} (min_customers)"
        )
    earlier = (replace(_snapshot(tables, origin, config, period), horizon_days=window) for origin in origins)
    latest, *others = (_labelled(tables, snapshot, config) for snapshot in earlier)
    training = (replace(latest, goods=goods_of(tables, latest, config.lenses)), *others)
    check_learnable(training, chosen_acts(config.target))
    return Split(current, training, period, config.lenses, _calendar_history(tables, current, config, period))


def with_acts(tables: Tables, lenses: LensesConfig, config: TrainConfig) -> LensesConfig:
    """The settings of the lenses with the acts that the configuration has as targets."""
    acts = chosen_acts(config.target)
    check_acts(tables, acts)
    return replace(lenses, acts=ActsConfig([str(act) for act in acts]))


def check_learnable(training: Sequence[LabelledSnapshot], acts: Sequence[ChosenAct]) -> None:
    """Refuse a target that nobody did in any window that is learned from.

    Raises
    ------
    DataError
        With the windows, and what to do.
    """
    first, latest = training[-1], training[0]
    window = f"{first.cutoff:%Y-%m-%d} to {when.window_end(latest.cutoff, latest.horizon_days):%Y-%m-%d}"
    for act in acts:
        labels = pd.concat([snapshot.labels[c.did_act(act.key)] for snapshot in training])
        if labels.sum() > 0:
            continue
        what = "no customer did it" if labels.notna().any() else "the log shows no event of any name"
        raise DataError(
            f"target={act}: {what} in the windows that are learned from ({window}); give a later cutoff, or leave the "
            "target out"
        )


def period_at(tables: Tables, cutoff: datetime, config: TrainConfig) -> int:
    """The length of a period of the journey: as configured, or by how long customers wait until they order again."""
    if config.journey.period_days != AUTO:
        return int(config.journey.period_days)
    engine = tables.engine
    gap = engine.days("lag(day) OVER (PARTITION BY customer_id ORDER BY day)", "day")
    gaps = engine.frame(
        f"SELECT gap, count(*) AS n FROM (SELECT {gap} AS gap FROM (SELECT DISTINCT customer_id, "
        f"CAST(ordered_at AS DATE) AS day FROM transactions WHERE amount >= 0 "
        f"AND {tables.known(cutoff)})) WHERE gap IS NOT NULL GROUP BY gap ORDER BY gap"
    )
    if gaps.empty:
        return choose_period(float("nan"), config.horizon_days)
    half = gaps["n"].cumsum() >= gaps["n"].sum() / 2
    return choose_period(float(gaps["gap"][half].iloc[0]), config.horizon_days)


def holdout_at(tables: Tables, split: Split, config: TrainConfig) -> Holdout | None:
    """Where assignments of this split can be measured; None where the log is too short for any measurement."""
    cutoff = split.current.cutoff
    if when.is_observed(cutoff, config.horizon_days, tables.last):
        return _holdout(tables, split, config)
    try:
        earlier = split_at(tables, cutoff - timedelta(days=config.horizon_days), config)
    except (ConfigError, DataError) as error:
        log.warning("not evaluated: the log shows no whole horizon after the cutoff, and before it: %s", error)
        return None
    return _holdout(tables, earlier, config)


def measured_at(tables: Tables, cutoff: datetime, config: TrainConfig) -> Holdout:
    """An origin to learn at, and the horizon after it to be measured on.

    Raises
    ------
    ConfigError
        The log does not show the whole horizon after the origin.
    """
    split = split_at(tables, cutoff, config)
    holdout = holdout_at(tables, split, config)
    if holdout is None or holdout.split is not split:
        raise ConfigError(
            f"the log ends on {tables.last:%Y-%m-%d}, before {config.horizon_days} days from the origin "
            f"{cutoff:%Y-%m-%d} are over; give an earlier origin or a shorter horizon"
        )
    return holdout


def _holdout(tables: Tables, split: Split, config: TrainConfig) -> Holdout:
    customers = split.current.features.index
    unseen = held_out(customers, config.evaluation.unseen_share, config.seed, "unseen")
    return Holdout(split, _labelled(tables, split.current, config), unseen)


def _snapshot(
    tables: Tables, cutoff: datetime, config: TrainConfig, period_days: int, lenses: tuple[str, ...] | None = None
) -> Snapshot:
    features = features_at(tables, cutoff, config.lenses, period_days, lenses)
    return Snapshot(cutoff, config.horizon_days, features)


def _calendar_history(
    tables: Tables, current: Snapshot, config: TrainConfig, period_days: int
) -> CalendarHistory | None:
    """What a calendar may be learned from; None where it is off, or the log has no earlier origin."""
    if not config.churn.season:
        return None
    window = min(config.horizon_days, CALENDAR_WINDOW)
    moments = when.origins(
        current.cutoff,
        window,
        tables.first,
        spacing_days=CALENDAR_SPACING,
        most=CALENDAR_ORIGINS,
        min_history_days=CALENDAR_HISTORY,
    )
    if not moments:
        return None
    origins = []
    for origin in moments:
        snapshot = _snapshot(tables, origin, config, period_days, BTYD_LENSES)
        origins.append(_labelled(tables, replace(snapshot, horizon_days=window), config))
    bought = buyers(current).features
    apart = bought.index[ordinary(bought).outweighing(bought)]
    return CalendarHistory(_orders_by_day(tables, current.cutoff, apart), tuple(origins), tables.holidays)


def _orders_by_day(tables: Tables, cutoff: datetime, apart: pd.Index) -> pd.DataFrame:
    """The days of a `CalendarHistory`, without the customers who are set apart."""
    engine = tables.engine
    others = f"AND customer_id NOT IN ({', '.join(map(text, apart))}) " if len(apart) else ""
    since_epoch = engine.days("DATE '1970-01-01'", "day")
    rows = engine.frame(
        f"SELECT {since_epoch} AS day, "
        "count(*) FILTER (WHERE day = began) AS first, count(*) FILTER (WHERE day > began) AS repeats "
        "FROM (SELECT day, min(day) OVER (PARTITION BY customer_id) AS began FROM (SELECT DISTINCT customer_id, "
        f"CAST(ordered_at AS DATE) AS day FROM transactions WHERE amount >= 0 {others}"
        f"AND {tables.known(cutoff)})) GROUP BY day"
    ).set_index("day")
    last = when.days_since_epoch(cutoff) - 1
    return rows.astype("int64").reindex(range(int(min(rows.index, default=last)), last + 1), fill_value=0)


def _labelled(tables: Tables, snapshot: Snapshot, config: TrainConfig) -> LabelledSnapshot:
    labels = labels_at(
        tables,
        snapshot.cutoff,
        snapshot.horizon_days,
        config.lookback_days,
        snapshot.features.index,
        contractual=config.churn.contractual,
    )
    acts = chosen_acts(config.target)
    if acts:
        labels = labels.join(act_labels(tables, snapshot.cutoff, snapshot.horizon_days, acts, labels.index))
    return LabelledSnapshot(snapshot.cutoff, snapshot.horizon_days, snapshot.features, labels)
