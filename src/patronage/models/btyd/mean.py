"""The mean of several buy-till-you-die laws.

No law is the best one on every log, and the best is known only in hindsight; their mean is never far from it.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from patronage import names as c
from patronage.errors import FitError
from patronage.lenses.profile import DECLARED
from patronage.models.btyd.covariates import Effects, fit_effects
from patronage.models.btyd.fit import LAWS, FitCache, fit_orders, fit_spend
from patronage.models.btyd.heavy import among_ordinary
from patronage.models.btyd.law import OrderLaw
from patronage.models.btyd.spend import GammaGamma
from patronage.models.btyd.summary import Summary
from patronage.typing import Array, Columns, Index

log = logging.getLogger(__name__)

FILE = "btyd.json"
BTYD_COLUMNS = (c.P_ORDER, c.EXPECTED_ORDERS, c.EXPECTED_SPEND)  # what it predicts


@dataclass(frozen=True)
class BtydMean:
    """Laws of orders by name, and the law of an order's value, all fitted at one moment."""

    laws: dict[str, OrderLaw]
    spend_law: GammaGamma
    effects: dict[str, Effects] = field(default_factory=dict)  # of covariates, by law

    def cells(self, name: str, features: Columns) -> list[tuple[Index, OrderLaw]]:
        """The customers for whom a law is the same, by their covariates: their positions, and that law."""
        law = self.laws[name]
        if name not in self.effects:
            return [(np.arange(len(np.asarray(features[c.T]))), law)]
        return [(rows, law.moved(rate, leaving)) for rows, rate, leaving in self.effects[name].cells(features)]

    def predict(self, features: Columns, days: float, rate: Array | float = 1.0) -> dict[str, Array]:
        """P(order), expected orders and expected spend in the next `days` days, a value per customer.

        `rate` is a factor on order rates from now on, one for all or one for each.
        """
        summary = Summary.of(features)
        rates = np.broadcast_to(np.asarray(rate, np.float64), summary.x.shape)
        p_orders, expected = (np.empty((len(self.laws), len(rates))) for _ in range(2))
        for number, name in enumerate(self.laws):
            for rows, law in self.cells(name, features):
                part = summary.at(rows)
                p_orders[number, rows] = law.p_order(days, *part, rates[rows])
                expected[number, rows] = law.expected_orders(days, *part, rates[rows])
        p_order, orders = p_orders.mean(axis=0), expected.mean(axis=0)
        order_value = self.spend_law.expected_spend(summary.x, np.asarray(features[c.MONETARY_VALUE], np.float64))
        return {c.P_ORDER: p_order, c.EXPECTED_ORDERS: orders, c.EXPECTED_SPEND: orders * order_value}

    def save(self, folder: Path) -> None:
        """Write one JSON file; every float is read back as it was."""
        laws = {name: vars(law) for name, law in self.laws.items()}
        effects = {name: asdict(effects) for name, effects in self.effects.items()}
        state = {"laws": laws, "spend_law": asdict(self.spend_law), "effects": effects}
        (folder / FILE).write_text(json.dumps(state, indent=1))

    @classmethod
    def load(cls, folder: Path) -> BtydMean:
        """Read what `save` wrote."""
        state = json.loads((folder / FILE).read_text())
        laws: dict[str, OrderLaw] = {name: LAWS[name](**values) for name, values in state["laws"].items()}
        effects = {name: Effects.of(each) for name, each in state["effects"].items()}
        return cls(laws, GammaGamma(**state["spend_law"]), effects)


def fit_btyd(
    features: Columns, names: Sequence[str], fits: FitCache | None = None, covariates: Sequence[str] = ()
) -> BtydMean:
    """Fit the named laws to the summaries of customers who have bought; a law without an optimum is left out.

    Customers who outweigh the others do not take part (`heavy.py`). The laws know the effects of `covariates`.

    Raises
    ------
    FitError
        None of them can be fitted; the message is the first one's.
    """
    features = among_ordinary(features, [name for name in (*covariates, DECLARED) if name in features])
    summary = Summary.of(features)
    laws: dict[str, OrderLaw] = {}
    effects: dict[str, Effects] = {}
    failures = []
    for name in names:
        try:
            laws[name], _ = fit_orders(name, *summary, fits)
            if covariates:
                laws[name], fitted = fit_effects(name, laws[name], features, covariates)
                effects |= {name: fitted} if fitted else {}
        except FitError as error:
            failures.append(error)
    if not laws:
        raise failures[0]
    for failure in failures:
        log.warning("left out of the mean of BTYD laws: %s", failure)
    spend_law, _ = fit_spend(summary.x, features[c.MONETARY_VALUE], fits)
    return BtydMean(laws, spend_law, effects)
