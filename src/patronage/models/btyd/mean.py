"""What buy-till-you-die models expect of each customer: the mean of several laws.

No law is the best one on every log, and which is shows only in hindsight; their mean is never far from it.
"""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.errors import FitError
from patronage.models.btyd.fit import LAWS, fit_orders, fit_spend
from patronage.models.btyd.law import OrderLaw
from patronage.models.btyd.spend import GammaGamma
from patronage.typing import Array, Columns

log = logging.getLogger(__name__)

FILE = "btyd.json"
BTYD_COLUMNS = (c.P_ORDER, c.EXPECTED_ORDERS, c.EXPECTED_SPEND)  # what it expects


@dataclass(frozen=True)
class BtydMean:
    """Laws of orders by name, and the law of an order's value, all fitted at one moment."""

    laws: dict[str, OrderLaw]
    spend_law: GammaGamma

    def expect(self, features: pd.DataFrame, days: int, rate: float = 1.0) -> pd.DataFrame:
        """P(an order), expected orders and expected spend in so many days, on the index of `features`.

        `rate` is a factor on everyone's order rate from now on.
        """
        return pd.DataFrame(self.answer(features, days, rate), index=features.index)

    def answer(self, features: Columns, days: int, rate: float = 1.0) -> dict[str, Array]:
        """What `expect` says, as arrays."""
        x, t_x, age = (np.asarray(features[name], np.float64) for name in (c.FREQUENCY, c.RECENCY, c.T))
        p_order = np.mean([law.p_order(days, x, t_x, age, rate) for law in self.laws.values()], axis=0)
        orders = np.mean([law.expected_orders(days, x, t_x, age, rate) for law in self.laws.values()], axis=0)
        worth = self.spend_law.expected_spend(x, np.asarray(features[c.MONETARY_VALUE], np.float64))
        return {c.P_ORDER: p_order, c.EXPECTED_ORDERS: orders, c.EXPECTED_SPEND: orders * worth}

    def save(self, folder: Path) -> None:
        """Write one JSON file; every float comes back as it was."""
        laws = {name: vars(law) for name, law in self.laws.items()}
        (folder / FILE).write_text(json.dumps({"laws": laws, "spend_law": asdict(self.spend_law)}, indent=1))

    @classmethod
    def load(cls, folder: Path) -> BtydMean:
        """Read what `save` wrote."""
        state = json.loads((folder / FILE).read_text())
        laws: dict[str, OrderLaw] = {name: LAWS[name](**values) for name, values in state["laws"].items()}
        return cls(laws, GammaGamma(**state["spend_law"]))


def fit_btyd(features: pd.DataFrame, names: tuple[str, ...]) -> BtydMean:
    """Fit the named laws to the summaries of customers who have bought; one that has no optimum there is left out.

    Raises
    ------
    FitError
        None of them can be fitted; the message is the first one's.
    """
    frequency = features[c.FREQUENCY]
    laws: dict[str, OrderLaw] = {}
    failures = []
    for name in names:
        try:
            laws[name], _ = fit_orders(name, frequency, features[c.RECENCY], features[c.T])
        except FitError as error:
            failures.append(error)
    if not laws:
        raise failures[0]
    for failure in failures:
        log.warning("left out of the mean of BTYD laws: %s", failure)
    spend_law, _ = fit_spend(frequency, features[c.MONETARY_VALUE])
    return BtydMean(laws, spend_law)
