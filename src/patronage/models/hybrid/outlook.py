"""What is to be expected of everyone who has bought, by one law.

The hybrid expects orders; the CLV law is given the rate with which it expects as many, and from then on speaks alone:
mean, interval, P(order) and value come from one distribution. Spend is the law's orders times a value per order that
the hybrid of spend moves. P(churn) is the hybrid's or the law's P(no order), whichever was the better calibrated in
the rehearsal: at the latest origin, on customers and a time that the members had not seen.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from patronage import columns as c
from patronage.config import ChurnConfig, ClvConfig
from patronage.errors import FitError
from patronage.labels import Snapshot
from patronage.models.clv import Clv
from patronage.models.clv.fit import fit_orders
from patronage.models.hybrid import Hybrid, needs_btyd
from patronage.models.hybrid import fit as fit_hybrid
from patronage.models.hybrid.btyd import Btyd, fit_btyd
from patronage.models.hybrid.encoding import columns_of
from patronage.models.hybrid.lawful import fit_clv
from patronage.models.hybrid.rate import Reconciled, reading, reconcile
from patronage.models.hybrid.season import Season, learn_season
from patronage.models.hybrid.target import CHURN, Array, Columns

log = logging.getLogger(__name__)

FILE = "outlook.json"
HYBRID, LAW, CONTRACT = "hybrid", "law", "contract"
OF_VALUE = (c.EXPECTED_SPEND, c.CLV, c.CLV_LOW, c.CLV_HIGH)
MOST_WORTH = 10.0  # the hybrid may move a customer's value per order by this factor at most
BINS = 10


class Foretold(NamedTuple):
    """The hybrid's answers, and what they make of the law.

    Attributes
    ----------
    answers
        P(churn), expected orders and expected spend by the hybrid.
    law_reads
        What the law must take the customers for, to expect as many orders.
    """

    answers: pd.DataFrame
    law_reads: Reconciled


@dataclass(frozen=True)
class Outlook:
    """The fitted value.

    Attributes
    ----------
    btyd
        Fitted at the cutoff, as the hybrid learned from its likes at the origins.
    churn_by
        Who says P(churn): the hybrid, the law by its P(no order), or the hybrid where it is about a contract.
    season
        Of the horizon; the value beyond it knows none, since a whole year has no season.
    """

    hybrid: Hybrid
    btyd: Btyd
    clv: Clv
    churn_by: str
    season: Season = field(default_factory=Season)

    @property
    def horizon_days(self) -> int:
        return int(self.clv.settings.horizon_days)

    def seen(self, features: pd.DataFrame) -> tuple[Columns, Columns | None]:
        """What the hybrid reads: features with BTYD's expectations over its window, and in the horizon that comes."""
        columns = columns_of(features)
        near = columns | self.btyd.answer(columns, self.hybrid.window_days)
        if self.hybrid.window_days == self.horizon_days and self.season.factor == 1:
            return near, None
        return near, self.btyd.answer(columns, self.horizon_days, self.season.factor)

    def foretell(self, features: pd.DataFrame) -> Foretold:
        """The hybrid's answers for customers who have bought, and the rates that follow from them."""
        answers = self.hybrid.answer(*self.seen(features))
        law_reads = reconcile(self.clv.law, self.horizon_days, features, answers[c.ORDERS])
        return Foretold(pd.DataFrame(answers, index=features.index), law_reads)

    def answer(self, features: pd.DataFrame) -> dict[str, np.ndarray]:
        """Churn with its reasons, orders, spend and value of customers who have bought."""
        near, far = self.seen(features)
        matrices = self.hybrid.matrices(near)
        answers = self.hybrid.answer(near, far, matrices)
        x, t_x, age, mean_value = (np.asarray(near[name], np.float64) for name in self.clv.columns)
        t_x, factor = reading(self.clv.law, self.horizon_days, x, t_x, age, answers[c.ORDERS])
        said = self.clv.answer(x, t_x, age, factor, mean_value, self.season.factor)
        reasons = np.array(self.hybrid.reasons(near, far, matrices), dtype=object)
        return {**self._churn(said, answers), c.CHURN_REASONS: reasons, **_worth(said, answers)}

    def assign(self, foretold: Foretold) -> pd.DataFrame:
        """The columns that follow from what was foretold of some customers."""
        read, multiplier = foretold.law_reads
        customer = self.clv.customer(read, multiplier)
        said = self.clv.answer(*customer, read[c.MONETARY_VALUE].to_numpy(np.float64), self.season.factor)
        answers = {name: foretold.answers[name].to_numpy(np.float64) for name in foretold.answers}
        return pd.DataFrame(self._churn(said, answers) | _worth(said, answers), index=read.index)

    def _churn(self, said: Mapping[str, Array], answers: Mapping[str, Array]) -> dict[str, np.ndarray]:
        """P(churn) and its band."""
        churn = answers[c.CHURNED] if self.churn_by != LAW else 1 - said[c.P_ORDER]
        return {c.CHURN_PROBABILITY: churn, c.CHURN_BAND: self.hybrid.band(churn)}

    def save(self, folder: Path) -> None:
        """Write folders and files of open formats."""
        (folder / FILE).write_text(json.dumps({"churn_by": self.churn_by, "season": asdict(self.season)}))
        for name, model in (("hybrid", self.hybrid), ("btyd", self.btyd), ("clv", self.clv)):
            (folder / name).mkdir(parents=True, exist_ok=True)
            model.save(folder / name)

    @classmethod
    def load(cls, folder: Path) -> Outlook:
        """Read what `save` wrote."""
        state = json.loads((folder / FILE).read_text())
        models = Hybrid.load(folder / "hybrid"), Btyd.load(folder / "btyd"), Clv.load(folder / "clv")
        season = {**state["season"], "errors": tuple(map(tuple, state["season"]["errors"]))}
        return cls(*models, state["churn_by"], Season(**season))


def _worth(said: Mapping[str, Array], answers: Mapping[str, Array]) -> dict[str, Array]:
    """What the law says, with each value per order at the factor with which spend per order is the hybrid's."""
    by_law = _over(said[c.EXPECTED_SPEND], said[c.EXPECTED_ORDERS])
    factor = _over(_over(answers[c.SPEND], answers[c.ORDERS]), by_law)
    worth = np.where(np.isnan(factor), 1.0, factor).clip(1 / MOST_WORTH, MOST_WORTH)
    return {name: column * worth if name in OF_VALUE else column for name, column in said.items()}


def _over(above: Array, below: Array) -> Array:
    """(N,) quotients; missing where `below` is not above 0."""
    return np.divide(above, below, out=np.full(len(below), np.nan), where=below > 0)


def fit(
    features: pd.DataFrame,
    past: Sequence[Snapshot],
    year_before: Sequence[Snapshot],
    columns: Sequence[str],
    horizon_days: int,
    config: ChurnConfig,
    clv_config: ClvConfig,
    seed: int,
) -> Outlook:
    """Learn all that the past teaches of churn, orders, spend and value.

    Parameters
    ----------
    features
        Of everyone at the cutoff.
    past
        Labelled snapshots of earlier origins, the latest first.
    year_before
        Labelled snapshots of a year before the cutoff, first, and before origins of the past; see `learn_season`.
    columns
        The features to learn from, as far as they are steady.

    Raises
    ------
    FitError
        The CLV model cannot be fitted at the cutoff, BTYD at no origin, or nobody has a label.
    """
    now = features[features[c.N_ORDERS] > 0]
    before = [buyers(snapshot) for snapshot in past]
    value = fit_clv(now, before, clv_config, horizon_days)
    laws = tuple(name for name, on in config.laws.items() if on)
    learned, latest = expectant(before, laws, config)
    btyd = fit_btyd(now, laws)
    expected = btyd.expect(now, learned[0].horizon_days)
    model, rehearsed = fit_hybrid(learned, now.join(expected), columns, config, seed)
    churn_by = CONTRACT if config.contractual else HYBRID
    if latest is not None and not config.contractual:
        churn_by = _better_calibrated(learned[0], rehearsed, latest, value)
    season = Season()
    if config.season and year_before:
        season = learn_season(learned, [buyers(snapshot) for snapshot in year_before], laws)
    return Outlook(model, btyd, value, churn_by, season)


def buyers(snapshot: Snapshot) -> Snapshot:
    return snapshot.select(snapshot.features[c.N_ORDERS] > 0)


def expectant(
    past: Sequence[Snapshot], laws: tuple[str, ...], config: ChurnConfig
) -> tuple[list[Snapshot], Btyd | None]:
    """The snapshots with BTYD's expectations, fitted anew at each, and the fit of the latest one."""
    if not needs_btyd(config):
        return list(past), None
    found: list[Snapshot] = []
    latest, reason = None, ""
    for snapshot in past:
        try:
            btyd = fit_btyd(snapshot.features, laws)
        except FitError as error:
            log.warning("origin %s is left out of the hybrid: %s", f"{snapshot.cutoff:%Y-%m-%d}", error)
            reason = str(error)
            continue
        expected = btyd.expect(snapshot.features, snapshot.horizon_days)
        found.append(replace(snapshot, features=snapshot.features.join(expected)))
        latest = latest or btyd
    if not found:
        raise FitError(
            f"churn: BTYD cannot be fitted at any origin ({reason}); choose churn=lightgbm, which needs none"
        )
    return found, latest


def _better_calibrated(snapshot: Snapshot, rehearsed: pd.DataFrame, btyd: Btyd, clv: Clv) -> str:
    """Who said P(no order) better in the rehearsal; the law must err less without ranking worse."""
    asked = rehearsed[c.CHURNED].notna()
    if snapshot.labels is None or not asked.any():
        return HYBRID
    few, answers = snapshot.features.loc[rehearsed.index[asked]], rehearsed[asked]
    name = clv.settings.model
    summary = (snapshot.features[column] for column in (c.FREQUENCY, c.RECENCY, c.T))
    law = btyd.laws[name] if name in btyd.laws else fit_orders(name, *summary)[0]
    read, factor = reconcile(law, snapshot.horizon_days, few, answers[c.ORDERS].to_numpy(np.float64))
    x, t_x, age = (read[column].to_numpy(np.float64) for column in (c.FREQUENCY, c.RECENCY, c.T))
    by_law = 1 - law.p_order(snapshot.horizon_days, x, t_x, age, factor.to_numpy())
    by_hybrid = answers[c.CHURNED].to_numpy(np.float64)
    happened = snapshot.labels.loc[few.index, c.CHURNED].to_numpy(np.float64)
    errors = [_calibration_error(happened, said) for said in (by_law, by_hybrid)]
    losses = [CHURN.losses(happened, CHURN.raw(said)).mean() for said in (by_law, by_hybrid)]
    return LAW if errors[0] < errors[1] and losses[0] < losses[1] else HYBRID


def _calibration_error(happened: Array, said: Array) -> float:
    """Mean distance of what was said and what happened, over bins of equal numbers of customers."""
    order = np.argsort(said, kind="stable")
    gaps = [abs(part.sum()) for part in np.array_split((said - happened)[order], BINS)]
    return float(sum(gaps) / len(said))
