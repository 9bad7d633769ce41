"""How good the forecasts within sessions and of abandoned carts are, on later sessions of unseen customers.

All sessions lie before the cutoff: the last `EVALUATED_DAYS` of it evaluate what was learned from the time before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from patronage import names as c
from patronage.errors import FitError
from patronage.evaluation.intervals import ENDS, Resampling, resampled_sums
from patronage.labels import held_out
from patronage.models import sessions
from patronage.models.sessions import DAY, HALF_AN_HOUR, PROBABILITY, Clickstream, SessionModel
from patronage.names import Artifact, Metric
from patronage.report import Report
from patronage.statistics import classification, log_losses
from patronage.typing import Array, Mask

Integers = npt.NDArray[np.int64]
Learn = Callable[[pd.DataFrame, Array, Integers, int], SessionModel]

EVALUATED_DAYS = 56
TOUCHPOINTS = (1, 2, 3, 4, 5, 8)
ENOUGH = 20  # sessions with an order, and without: an AUC of fewer is not shown
MANY = 3  # counts from here on are one group
PATHS = 20
MODEL = "model"
MEASURES = ("log_loss", "roc_auc", "ece")


@dataclass(frozen=True)
class Cases:
    """Moments at which a forecast is made.

    Attributes
    ----------
    features
        What is known at each.
    keys
        On the same index, whose (`customer`) and where each lies.
    y_true
        1 if an order followed.
    """

    features: pd.DataFrame
    keys: pd.DataFrame
    y_true: Array

    @property
    def customers(self) -> Integers:
        """(N,) the position of each case's customer."""
        return self.keys["customer"].to_numpy()

    def select(self, keep: Mask) -> Cases:
        """The same for some of the cases."""
        return Cases(self.features[keep], self.keys[keep], self.y_true[keep])


def evaluate_sessions(clickstream: Clickstream, unseen_share: float, resampling: Resampling) -> Report:
    """P(an order later in this session) after each touchpoint, beside the rates of the last one and of their counts.

    `path_alone` is the same model without what was known of the customer as the session began.
    """
    table, events = sessions.session_table(clickstream), sessions.frequent_events(clickstream)
    features, keys = sessions.touchpoint_features(clickstream, table, events)
    cases = Cases(features, keys, keys["ordered_later"].to_numpy())
    over = table["ended"].to_numpy()[keys["session_row"]] + HALF_AN_HOUR
    begun = table["begun"].to_numpy()[keys["session_row"]]
    border = -EVALUATED_DAYS * DAY
    unseen = _unseen(clickstream, keys, unseen_share, resampling.seed)
    training = cases.select((over <= border) & ~unseen)
    evaluated = cases.select((begun >= border) & (over <= 0) & unseen)
    groups = {"last_event": ["last"], "counts": [name for name in features if name.startswith("n_")]}
    forecasts = _forecasts(training, evaluated, sessions.fit_order_model, groups, resampling.seed)
    path = [name for name in features if name not in sessions.HISTORY]
    alone = sessions.fit_order_model(training.features[path], training.y_true, training.customers, resampling.seed)
    forecasts["path_alone"] = alone.predict(evaluated.features)[PROBABILITY]
    scores = forecast_table(evaluated, forecasts, resampling)
    return Report(
        _metrics("sessions", scores)
        | {Metric.SESSIONS_UNSEEN_SESSIONS: float(evaluated.keys["session_row"].nunique())},
        {
            Artifact.SESSION_FORECASTS: scores.rename_axis("forecast").reset_index(),
            Artifact.SESSION_TOUCHPOINTS: by_touchpoints(evaluated, forecasts),
            Artifact.SESSION_PATHS: by_path(evaluated, forecasts[MODEL], events),
        },
    )


def evaluate_carts(
    clickstream: Clickstream, recent_days: int, return_days: int, unseen_share: float, resampling: Resampling
) -> tuple[Report, SessionModel]:
    """P(an order within `return_days`) after a cart was abandoned, and the model of all carts so far."""
    features, keys = sessions.cart_moments(clickstream, sessions.session_table(clickstream), recent_days, return_days)
    cases = Cases(features, keys, keys["returned"].to_numpy()).select(keys["returned"].notna().to_numpy())
    at, border = cases.keys["at"].to_numpy(), -EVALUATED_DAYS * DAY
    unseen = _unseen(clickstream, cases.keys, unseen_share, resampling.seed)
    training = cases.select((at + return_days * DAY <= border) & ~unseen)
    evaluated = cases.select((at >= border) & unseen)
    groups = {"last_event": ["checkout"], "counts": ["n_added", c.N_ORDERS]}
    forecasts = _forecasts(training, evaluated, sessions.fit_return_model, groups, resampling.seed)
    table = forecast_table(evaluated, forecasts, resampling)
    model = sessions.fit_return_model(cases.features, cases.y_true, cases.customers, resampling.seed)
    metrics = _metrics("carts", table) | {Metric.CARTS_RETURNED_SHARE: float(cases.y_true.mean())}
    return Report(metrics, {Artifact.CART_FORECASTS: table.rename_axis("forecast").reset_index()}), model


def forecast_table(cases: Cases, forecasts: Mapping[str, Array], resampling: Resampling) -> pd.DataFrame:
    """A row per forecast, the model's first: log-loss, AUC, ECE, and its loss minus theirs (95 %, over customers)."""
    _, customer = np.unique(cases.customers, return_inverse=True)
    n = customer.max() + 1
    own = log_losses(cases.y_true, forecasts[MODEL])
    rows = {}
    for name, forecast in forecasts.items():
        scores = classification(cases.y_true, forecast)
        row = {measure: scores[measure] for measure in MEASURES}
        if name != MODEL:
            gap = own - log_losses(cases.y_true, forecast)
            columns = [np.bincount(customer, gap, n), np.bincount(customer, minlength=n).astype(float)]
            sums = resampled_sums(columns, n, resampling)
            low, high = np.quantile(sums[:, 0] / sums[:, 1], ENDS)
            row |= {"difference": gap.mean(), "low": float(low), "high": float(high)}
        rows[name] = row
    return pd.DataFrame.from_dict(rows, orient="index")


def by_touchpoints(cases: Cases, forecasts: Mapping[str, Array]) -> pd.DataFrame:
    """A row per number of touchpoints so far: cases, the share with an order later, and the AUC of each forecast."""
    rows = []
    position = cases.features["position"].to_numpy()
    for n in TOUCHPOINTS:
        these = position == n
        y_true = cases.y_true[these]
        if min(y_true.sum(), (1 - y_true).sum()) < ENOUGH:
            continue
        areas = {name: classification(y_true, forecast[these])["roc_auc"] for name, forecast in forecasts.items()}
        rows.append({"touchpoints": n, "sessions": int(these.sum()), "ordered": y_true.mean()} | areas)
    return pd.DataFrame(rows)


def by_path(cases: Cases, y_pred: Array, events: tuple[str, ...]) -> pd.DataFrame:
    """The most frequent paths so far: cases, the share with an order later, and the mean forecast."""
    paths = sessions.path_names(cases.features, cases.keys, events)
    frame = pd.DataFrame({"path": paths, "ordered": cases.y_true, "predicted": y_pred})
    table = frame.groupby("path").agg(
        sessions=("predicted", "size"), ordered=("ordered", "mean"), predicted=("predicted", "mean")
    )
    return table.sort_values("sessions", ascending=False, kind="stable").head(PATHS).reset_index()


def _forecasts(
    training: Cases, evaluated: Cases, learn: Learn, groups: Mapping[str, list[str]], seed: int
) -> dict[str, Array]:
    """Forecasts of the evaluated cases: by the model, by the base rate, and by the rates of groups of cases."""
    model = learn(training.features, training.y_true, training.customers, seed)
    events, n = int(evaluated.y_true.sum()), len(evaluated.y_true)
    if not 0 < events < n:
        raise FitError(f"an order followed {events} of the {n} cases to evaluate; expected some with and some without")
    base_rate = np.full(n, training.y_true.mean())
    return {MODEL: model.predict(evaluated.features)[PROBABILITY], "rate": base_rate} | {
        name: _group_rates(training, evaluated, columns) for name, columns in groups.items()
    }


def _unseen(clickstream: Clickstream, keys: pd.DataFrame, share: float, seed: int) -> Mask:
    """(N,) whether the case's customer is kept out of the fit."""
    return held_out(clickstream.customers, share, seed, "visits").to_numpy()[keys["customer"]]


def _group_rates(training: Cases, evaluated: Cases, columns: list[str]) -> Array:
    """The rate of all cases with the same values of some features; counts from `MANY` on are one group."""

    def group(cases: Cases) -> Integers:
        values = cases.features[columns].to_numpy(np.int64)
        if len(columns) == 1:
            return values[:, 0]
        return values.clip(max=MANY) @ (MANY + 1) ** np.arange(len(columns))

    return shrunk_rates(group(training), training.y_true, group(evaluated))


def shrunk_rates(training_groups: Integers, y_true: Array, groups: Integers) -> Array:
    """The rate of each group, shrunk by one case towards the base rate, which is that of an unseen group."""
    base_rate = y_true.mean()
    totals = pd.Series(y_true).groupby(training_groups).agg(["sum", "size"])
    shrunk = (totals["sum"] + base_rate) / (totals["size"] + 1)
    return pd.Series(groups).map(shrunk).fillna(base_rate).to_numpy(np.float64)


def _metrics(room: str, table: pd.DataFrame) -> dict[str, float]:
    metrics = {}
    for name in table.index:
        for measure in MEASURES:
            metric = Metric.of(room, measure) if name == MODEL else Metric.baseline(room, name, measure)
            metrics[Metric.unseen(metric)] = float(table.loc[name, measure])
    return metrics
