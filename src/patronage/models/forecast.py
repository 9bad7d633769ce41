"""What is to be expected of everyone who has bought, by one law.

The hybrid expects orders; the CLV law is given the rate with which it expects as many, and from then on speaks alone:
mean, interval, P(order) and value come from one distribution. Spend is the law's orders times a value per order that
the hybrid of spend moves. P(churn) is the hybrid's or the law's P(no order), whichever was the better calibrated in
the rehearsal: at the latest origin, on customers and a time that the members had not seen.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.models.btyd.clv import CLVModel
from patronage.models.btyd.mean import BtydMean
from patronage.models.btyd.reconcile import Reconciled, reading, reconcile
from patronage.models.ensemble.encoding import columns_of
from patronage.models.ensemble.ensemble import Ensemble
from patronage.typing import Array, Columns

log = logging.getLogger(__name__)

FILE = "forecast.json"
ENSEMBLE, LAW, CONTRACT = "ensemble", "law", "contract"
OF_VALUE = (c.EXPECTED_SPEND, c.CLV, c.CLV_LOW, c.CLV_HIGH)
MOST_WORTH = 10.0  # the hybrid may move a customer's value per order by this factor at most
BINS = 10


@dataclass(frozen=True)
class Season:
    """What was learned.

    Attributes
    ----------
    factor
        On everyone's order rate in the horizon; 1 where there is no season, or none that can be trusted.
    weight
        The share of last year's error that comes back, in [0, 1].
    errors
        Of each origin with a year before it, the latest first: its date, the logarithm of orders to those expected,
        and the same a year before.
    """

    factor: float = 1.0
    weight: float = 0.0
    errors: tuple[tuple[str, float, float], ...] = ()


class EnsembleForecast(NamedTuple):
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
class Forecast:
    """The fitted value.

    Attributes
    ----------
    btyd
        Fitted at the cutoff, as the hybrid learned from its likes at the origins.
    churn_source
        Who says P(churn): the hybrid, the law by its P(no order), or the hybrid where it is about a contract.
    season
        Of the horizon; the value beyond it knows none, since a whole year has no season.
    """

    ensemble: Ensemble
    btyd: BtydMean
    clv: CLVModel
    churn_source: str
    season: Season = field(default_factory=Season)

    @property
    def horizon_days(self) -> int:
        return int(self.clv.settings.horizon_days)

    def seen(self, features: pd.DataFrame) -> tuple[Columns, Columns | None]:
        """What the hybrid reads: features with BTYD's expectations over its window, and in the horizon that comes."""
        columns = columns_of(features)
        near = columns | self.btyd.answer(columns, self.ensemble.window_days)
        if self.ensemble.window_days == self.horizon_days and self.season.factor == 1:
            return near, None
        return near, self.btyd.answer(columns, self.horizon_days, self.season.factor)

    def forecast(self, features: pd.DataFrame) -> EnsembleForecast:
        """The hybrid's answers for customers who have bought, and the rates that follow from them."""
        answers = self.ensemble.answer(*self.seen(features))
        law_reads = reconcile(self.clv.law, self.horizon_days, features, answers[c.ORDERS])
        return EnsembleForecast(pd.DataFrame(answers, index=features.index), law_reads)

    def answer(self, features: pd.DataFrame) -> dict[str, np.ndarray]:
        """Churn with its reasons, orders, spend and value of customers who have bought."""
        near, far = self.seen(features)
        matrices = self.ensemble.matrices(near)
        answers = self.ensemble.answer(near, far, matrices)
        x, t_x, age, mean_value = (np.asarray(near[name], np.float64) for name in self.clv.columns)
        t_x, factor = reading(self.clv.law, self.horizon_days, x, t_x, age, answers[c.ORDERS])
        said = self.clv.answer(x, t_x, age, factor, mean_value, self.season.factor)
        reasons = np.array(self.ensemble.reasons(near, far, matrices), dtype=object)
        return {**self._churn(said, answers), c.CHURN_REASONS: reasons, **_worth(said, answers)}

    def assign(self, foretold: EnsembleForecast) -> pd.DataFrame:
        """The columns that follow from what was foretold of some customers."""
        read, multiplier = foretold.law_reads
        customer = self.clv.customer(read, multiplier)
        said = self.clv.answer(*customer, read[c.MONETARY_VALUE].to_numpy(np.float64), self.season.factor)
        answers = {name: foretold.answers[name].to_numpy(np.float64) for name in foretold.answers}
        return pd.DataFrame(self._churn(said, answers) | _worth(said, answers), index=read.index)

    def _churn(self, said: Mapping[str, Array], answers: Mapping[str, Array]) -> dict[str, np.ndarray]:
        """P(churn) and its band."""
        churn = answers[c.CHURNED] if self.churn_source != LAW else 1 - said[c.P_ORDER]
        return {c.CHURN_PROBABILITY: churn, c.CHURN_BAND: self.ensemble.band(churn)}

    def save(self, folder: Path) -> None:
        """Write folders and files of open formats."""
        (folder / FILE).write_text(json.dumps({"churn_source": self.churn_source, "season": asdict(self.season)}))
        for name, model in (("ensemble", self.ensemble), ("btyd", self.btyd), ("clv", self.clv)):
            (folder / name).mkdir(parents=True, exist_ok=True)
            model.save(folder / name)

    @classmethod
    def load(cls, folder: Path) -> Forecast:
        """Read what `save` wrote."""
        state = json.loads((folder / FILE).read_text())
        models = Ensemble.load(folder / "ensemble"), BtydMean.load(folder / "btyd"), CLVModel.load(folder / "clv")
        season = {**state["season"], "errors": tuple(map(tuple, state["season"]["errors"]))}
        return cls(*models, state["churn_source"], Season(**season))


def _worth(said: Mapping[str, Array], answers: Mapping[str, Array]) -> dict[str, Array]:
    """What the law says, with each value per order at the factor with which spend per order is the hybrid's."""
    by_law = _over(said[c.EXPECTED_SPEND], said[c.EXPECTED_ORDERS])
    factor = _over(_over(answers[c.SPEND], answers[c.ORDERS]), by_law)
    worth = np.where(np.isnan(factor), 1.0, factor).clip(1 / MOST_WORTH, MOST_WORTH)
    return {name: column * worth if name in OF_VALUE else column for name, column in said.items()}


def _over(above: Array, below: Array) -> Array:
    """(N,) quotients; missing where `below` is not above 0."""
    return np.divide(above, below, out=np.full(len(below), np.nan), where=below > 0)
