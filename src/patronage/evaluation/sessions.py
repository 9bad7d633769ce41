"""How good is what is said within a session, and of the carts left standing: on later sessions of other customers.

Everything lies before the cutoff: the last `JUDGED_DAYS` of it judge what the time before them taught.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from patronage import names as c
from patronage import statistics as metrics
from patronage.errors import FitError
from patronage.evaluation.intervals import Resampling, resampled_sums
from patronage.evaluation.journey_survey import Findings
from patronage.labels import held_out
from patronage.models import sessions
from patronage.models.sessions import DAY, HALF_AN_HOUR, Chance, Clicks
from patronage.statistics import log_losses

Floats = NDArray[np.float64]
Learn = Callable[[pd.DataFrame, Floats, NDArray[np.int64], int], Chance]

JUDGED_DAYS = 56
TOUCHPOINTS = (1, 2, 3, 4, 5, 8)
ENOUGH = 20  # orders, and sessions without, of which an AUC is told
OFTEN = 3  # counts from here on are one
PATHS = 20


@dataclass(frozen=True)
class Rows:
    """Features of something asked, whose it is (`who`), and what came (`happened`)."""

    features: pd.DataFrame
    truth: pd.DataFrame
    happened: Floats

    def select(self, keep: NDArray[np.bool_]) -> Rows:
        return Rows(self.features[keep], self.truth[keep], self.happened[keep])


def judge_sessions(clicks: Clicks, unseen_share: float, resampling: Resampling) -> Findings:
    """P(an order later in this session) after each touchpoint, beside what the last one or their counts say.

    `path_alone` is the same without what was known of the customer as the session began.
    """
    visits, kinds = sessions.visits(clicks), sessions.common(clicks)
    features, truth = sessions.touchpoints(clicks, visits, kinds)
    rows = Rows(features, truth, truth["later"].to_numpy())
    over = visits["ended"].to_numpy()[truth["visit"]] + HALF_AN_HOUR
    begun = visits["begun"].to_numpy()[truth["visit"]]
    border = -JUDGED_DAYS * DAY
    strange = _strange(clicks, truth, unseen_share, resampling.seed)
    past = rows.select((over <= border) & ~strange)
    now = rows.select((begun >= border) & (over <= 0) & strange)
    counts = [name for name in features if name.startswith("n_")]
    said = _said(past, now, sessions.learn_orders, {"last_event": ["last"], "counts": counts}, resampling.seed)
    path = [name for name in features if name not in sessions.KNOWN]
    alone = sessions.learn_orders(past.features[path], past.happened, past.truth["who"].to_numpy(), resampling.seed)
    said["path_alone"] = alone.of(now.features)
    table = forecasts(now, said, resampling)
    position = now.features["position"].to_numpy()
    by_length = pd.DataFrame(
        [
            {"touchpoints": n, "sessions": int((position == n).sum()), "ordered": now.happened[position == n].mean()}
            | {name: _auc(now.happened[position == n], forecast[position == n]) for name, forecast in said.items()}
            for n in TOUCHPOINTS
            if min(now.happened[position == n].sum(), (1 - now.happened[position == n]).sum()) >= ENOUGH
        ]
    )
    spoken = sessions.paths(now.features, now.truth, kinds)
    by_path = (
        pd.DataFrame({"path": spoken, "happened": now.happened, "said": said["model"]})
        .groupby("path").agg(sessions=("said", "size"), ordered=("happened", "mean"), said=("said", "mean"))
        .sort_values("sessions", ascending=False, kind="stable").head(PATHS).reset_index()
    )  # fmt: skip
    return Findings(
        _metrics("sessions", table) | {"sessions/unseen/sessions": float(now.truth["visit"].nunique())},
        {
            "session_forecasts.json": table.rename_axis("forecast").reset_index(),
            "session_touchpoints.json": by_length,
            "session_paths.json": by_path,
        },
    )


def judge_carts(
    clicks: Clicks, recent_days: int, return_days: int, unseen_share: float, resampling: Resampling
) -> tuple[Findings, Chance]:
    """P(an order within `return_days`) of those who left a cart, and what all carts so far teach of it."""
    visits = sessions.visits(clicks)
    features, truth = sessions.asked(clicks, visits, recent_days, return_days)
    known = truth["back"].notna().to_numpy()
    rows = Rows(features, truth, truth["back"].to_numpy()).select(known)
    at, border = rows.truth["at"].to_numpy(), -JUDGED_DAYS * DAY
    strange = _strange(clicks, rows.truth, unseen_share, resampling.seed)
    past = rows.select((at + return_days * DAY <= border) & ~strange)
    now = rows.select((at >= border) & strange)
    kinds = {"last_event": ["checkout"], "counts": ["n_added", c.N_ORDERS]}
    said = _said(past, now, sessions.learn_returns, kinds, resampling.seed)
    table = forecasts(now, said, resampling)
    whole = sessions.learn_returns(rows.features, rows.happened, rows.truth["who"].to_numpy(), resampling.seed)
    found = _metrics("carts", table) | {"carts/returned_share": float(rows.happened.mean())}
    return Findings(found, {"cart_forecasts.json": table.rename_axis("forecast").reset_index()}), whole


def forecasts(now: Rows, said: Mapping[str, Floats], resampling: Resampling) -> pd.DataFrame:
    """A row per forecast, ours (`model`) first: log-loss, AUC, ECE, and our loss minus its (95 %, over customers)."""
    _, whose = np.unique(now.truth["who"], return_inverse=True)
    n = whose.max() + 1
    own = log_losses(now.happened, said["model"])
    found = {}
    for name, forecast in said.items():
        scores = metrics.classification(now.happened, forecast)
        row = {key: scores[key] for key in ("log_loss", "roc_auc", "ece")}
        if name != "model":
            gap = own - log_losses(now.happened, forecast)
            columns = [np.bincount(whose, gap, n), np.bincount(whose, minlength=n).astype(float)]
            sums = resampled_sums(columns, n, resampling)
            low, high = np.quantile(sums[:, 0] / sums[:, 1], [0.025, 0.975])
            row |= {"difference": gap.mean(), "low": float(low), "high": float(high)}
        found[name] = row
    return pd.DataFrame.from_dict(found, orient="index")


def _said(past: Rows, now: Rows, learn: Learn, kinds: Mapping[str, list[str]], seed: int) -> dict[str, Floats]:
    """What is said of the judged: by what was learned, by everyone's rate, and by the rates of kinds of rows."""
    chance = learn(past.features, past.happened, past.truth["who"].to_numpy(), seed)
    if not 0 < now.happened.sum() < len(now.happened):
        raise FitError(f"{int(now.happened.sum())} of {len(now.happened)} cases to judge by happened; expected some")
    rate = np.full(len(now.happened), past.happened.mean())
    return {"model": chance.of(now.features), "rate": rate} | {
        name: _cells(past, now, columns) for name, columns in kinds.items()
    }


def _strange(clicks: Clicks, truth: pd.DataFrame, share: float, seed: int) -> NDArray[np.bool_]:
    return held_out(clicks.customers, share, seed, "visits").to_numpy()[truth["who"]]


def _cells(past: Rows, now: Rows, names: list[str]) -> Floats:
    """The rate of everyone with the same values of some features; counts from `OFTEN` on are one."""

    def key(rows: Rows) -> NDArray[np.int64]:
        one = rows.features[names].to_numpy(np.int64)
        return one[:, 0] if len(names) == 1 else one.clip(max=OFTEN) @ (OFTEN + 1) ** np.arange(len(names))

    return _rates(key(past), past.happened, key(now))


def _rates(kind: NDArray[np.int64], happened: Floats, judged: NDArray[np.int64]) -> Floats:
    """The share of each kind, shrunk by one case towards everyone's, which is that of a kind never seen."""
    rate = happened.mean()
    seen = pd.Series(happened).groupby(kind).agg(["sum", "size"])
    shrunk = (seen["sum"] + rate) / (seen["size"] + 1)
    return pd.Series(judged).map(shrunk).fillna(rate).to_numpy(np.float64)


def _auc(happened: Floats, said: Floats) -> float:
    return metrics.classification(happened, said)["roc_auc"]


def _metrics(room: str, table: pd.DataFrame) -> dict[str, float]:
    keys = ("log_loss", "roc_auc", "ece")
    found = {f"{room}/unseen/{key}": float(table.loc["model", key]) for key in keys}
    for name in table.index.drop("model"):
        found |= {f"{room}/unseen/baseline_{name}/{key}": float(table.loc[name, key]) for key in keys}
    return found
