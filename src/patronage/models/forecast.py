"""The forecast of every customer who has bought: churn, orders, spend and value, by one law.

There is one P(order in the horizon), and P(churn) is its complement: the ensemble's or the law's, whichever was better
calibrated in out-of-time validation, on customers and a time that the members had not seen. The ensemble expects
orders too; the CLV law is moved until it expects as many with that P(order), and from then on predicts alone: mean,
median, interval and value come from one distribution. Spend is the law's orders times a value per order that the
ensemble's spend moves.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.lenses.lens import Feature
from patronage.models.btyd.calendar import FLAT, CalendarClock
from patronage.models.btyd.clv import CLVModel
from patronage.models.btyd.heavy import Ordinary
from patronage.models.btyd.mean import BtydMean
from patronage.models.btyd.reconcile import reconcile, reconcile_both
from patronage.models.btyd.summary import Summary
from patronage.models.btyd.totals import Total
from patronage.models.ensemble.encoding import Matrices, columns_of
from patronage.models.ensemble.ensemble import Ensemble
from patronage.models.ensemble.member import BTYD
from patronage.models.ensemble.target import CHURN, TARGETS
from patronage.models.horizons import SHIPPED, LawInputs, OrdersAhead
from patronage.models.journey.model import JourneyModel
from patronage.models.returned import worth
from patronage.models.totals import TotalsModel
from patronage.typing import Array, Columns, Mask

FILE, JOURNEY = "forecast.json", "journey"
ENSEMBLE, LAW, CONTRACT = "ensemble", "law", "contract"
OF_VALUE = (
    c.EXPECTED_SPEND, c.EXPECTED_SPEND_LOW, c.EXPECTED_SPEND_HIGH, c.MEDIAN_SPEND,
    c.CLV, c.CLV_LOW, c.CLV_HIGH, c.MEDIAN_CLV,
)  # fmt: skip
OUTWEIGHS = "outweighs the other customers: predicted from its own history alone"
LEADS = "brings far more money than the other customers: totals depend on this one"
MOST_WORTH = 10.0  # the ensemble may move a customer's value per order by this factor at most


class EnsembleInputs(NamedTuple):
    """What the ensemble reads of some customers.

    Attributes
    ----------
    features
        Lens features, with BTYD's predictions over the ensemble's window.
    btyd_at_horizon
        BTYD's predictions over the horizon, where they differ.
    """

    features: Columns
    btyd_at_horizon: Columns | None
    matrices: Matrices


@dataclass(frozen=True)
class Forecast:
    """The fitted value.

    Attributes
    ----------
    btyd
        Fitted at the cutoff, as those that the ensemble learned from were at the origins.
    clv
        The law behind orders and value.
    churn_source
        What predicts P(churn): the ensemble, the law by its P(no order), or the ensemble where churn is the end of a
        contract.
    calendar
        The clock on which the laws run: ages and horizons of BTYD and of the CLV law are in its days.
    ordinary
        Beyond it BTYD predicts alone: no tree has seen such a customer.
    totals_model
        How far totals lay from what was expected at earlier origins.
    journey
        The member of P(churn) in BTYD's place, where it was better at the latest origin: it sees the events between
        orders.
    """

    ensemble: Ensemble
    btyd: BtydMean
    clv: CLVModel
    churn_source: str
    calendar: CalendarClock = FLAT
    ordinary: Ordinary = field(default_factory=Ordinary)
    totals_model: TotalsModel = field(default_factory=TotalsModel)
    journey: JourneyModel | None = None

    @property
    def horizon_days(self) -> int:
        return int(self.clv.settings.horizon_days)

    @property
    def value_horizon_days(self) -> int:
        return int(self.clv.settings.value_horizon_days)

    def season_at(self, day: float) -> float:
        """The season's factor on order rates in the horizon that begins on a day, counted from 1970-01-01."""
        return float(self.calendar.elapsed(day, day + self.horizon_days) / self.horizon_days)

    def expected_by_btyd(self, features: Columns) -> dict[str, Array]:
        """BTYD's own predictions over the horizon."""
        return expect(self.btyd, self.calendar, features, self.horizon_days)

    def inputs(self, features: pd.DataFrame) -> EnsembleInputs:
        """What the ensemble reads of customers who have bought."""
        columns = columns_of(features)
        near = columns | expect(self.btyd, self.calendar, columns, self.ensemble.window_days)
        matrices = self.ensemble.matrices(near)
        if self.ensemble.window_days == self.horizon_days:
            return EnsembleInputs(near, None, matrices)
        return EnsembleInputs(near, expect(self.btyd, self.calendar, columns, self.horizon_days), matrices)

    def law_inputs(self, features: pd.DataFrame) -> LawInputs:
        """What the law reads of customers who have bought, to predict what is shipped."""
        inputs = self.inputs(features)
        on_clock, multiplier, alive = self._reconciled(inputs, self._ensemble(inputs))
        return LawInputs(pd.DataFrame(on_clock, features.index), multiplier, alive)

    def _reconciled(
        self, inputs: EnsembleInputs, ensemble: Mapping[str, Array]
    ) -> tuple[dict[str, Any], Array, Array | None]:
        """Orders and P(order) of the ensemble; orders alone where P(order) is the law's, or churn ends a contract."""
        on_clock = self.calendar.operational(inputs.features)
        summary = Summary.of(on_clock)
        recency, multiplier, alive = summary.t_x.copy(), np.ones(len(summary.x)), np.ones(len(summary.x))
        for rows, clv in self.clv.cells(on_clock):
            part, orders = summary.at(rows), ensemble[c.ORDERS][rows]
            if self.churn_source != ENSEMBLE:
                recency[rows], multiplier[rows] = reconcile(clv.law, self.horizon_days, part, orders)
                continue
            p_order = clv.law_p_order(1 - ensemble[c.CHURNED][rows], part.x)
            alive[rows], multiplier[rows] = reconcile_both(
                clv.law, self.horizon_days, part, orders, p_order, clv.rate_cv(part)
            )
        if self.churn_source != ENSEMBLE:
            return {**on_clock, c.RECENCY: recency}, multiplier, None
        return on_clock, multiplier, alive

    def predict(
        self, features: pd.DataFrame, *, reasons: Mapping[str, Feature] | None = None, horizons: Sequence[int] = ()
    ) -> dict[str, Array]:
        """Churn, orders, spend and value of customers who have bought, by column name, in the order of the rows.

        Parameters
        ----------
        reasons
            The features in words, where `churn_reasons` is wanted: that costs as much as everything else.
        horizons
            Further horizons, in days, whose P(order), orders and spend are wanted, and the time to the next order.
        """
        inputs = self.inputs(features)
        ensemble = self._ensemble(inputs)
        on_clock, multiplier, alive = self._reconciled(inputs, ensemble)
        near, far = (self.calendar.factor(on_clock, days) for days in (self.horizon_days, self.value_horizon_days))
        law = self.clv.predict(on_clock, multiplier, alive, season=near / far)
        if self.churn_source == ENSEMBLE:
            law[c.P_ORDER] = 1 - ensemble[c.CHURNED]  # as it is, without the rounding of a search
        churn = ensemble[c.CHURNED] if self.churn_source != LAW else 1 - law[c.P_ORDER]
        predictions = {c.CHURN_PROBABILITY: churn, c.CHURN_BAND: self.ensemble.band(churn)}
        if reasons is not None:
            predictions[c.CHURN_REASONS] = np.array(self.ensemble.churn_reasons(*inputs, reasons), dtype=object)
        predictions |= _with_learned_worth(law, ensemble, worth(inputs.features))
        if not horizons:
            return predictions
        law_inputs = LawInputs(pd.DataFrame(on_clock, features.index), multiplier, alive)
        return predictions | OrdersAhead(self.clv, self.calendar, law_inputs, predictions).columns(horizons)

    def totals(
        self, features: Columns, predictions: Columns, *, level: float, base: Mapping[str, float] | None = None
    ) -> dict[str, Total]:
        """The orders and spend of some customers together in the horizon, by label, each with a central interval.

        Parameters
        ----------
        predictions
            What `predict` gives for them.
        base
            The expected `orders` and `spend` of all customers, where these are some of them.
        """
        return self.totals_model.totals(
            np.asarray(features[c.FREQUENCY], np.float64),
            predictions,
            horizon_days=self.horizon_days,
            level=level,
            season_sd=self.clv.season_sd,
            base=base,
        )

    def ahead(self, features: pd.DataFrame, shipped: Columns | None = None) -> OrdersAhead:
        """The orders of customers who have bought, for any horizon.

        Parameters
        ----------
        shipped
            What `predict` gives for them, where the caller has it.
        """
        shipped = self.predict(features) if shipped is None else shipped
        at_horizon = {name: np.asarray(shipped[name], np.float64) for name in SHIPPED}
        return OrdersAhead(self.clv, self.calendar, self.law_inputs(features), at_horizon)

    def flags(self, features: Columns) -> list[tuple[Mask, str]]:
        """(N,) the customers whose forecast is of another kind or of another size, and why."""
        return [(self.ordinary.outweighing(features), OUTWEIGHS), (self.ordinary.leading(features), LEADS)]

    def _ensemble(self, inputs: EnsembleInputs) -> dict[str, Array]:
        """The ensemble's predictions; BTYD's of customers who outweigh the others."""
        members = self.ensemble.member_predictions(*inputs)
        if self.journey is not None:
            members[c.CHURNED][BTYD] = 1 - self.journey.order_probability(inputs.features)
        predictions = {label: np.mean(list(parts.values()), axis=0) for label, parts in members.items()}
        rows = self.ordinary.outweighing(inputs.features)
        if not rows.any():
            return predictions
        btyd = inputs.features if inputs.btyd_at_horizon is None else inputs.btyd_at_horizon
        for target in TARGETS:
            if not (target is CHURN and self.churn_source == CONTRACT):
                expected = np.asarray(btyd[target.expectation], np.float64)
                by_btyd = 1 - expected if target.is_probability else expected
                predictions[target.label] = np.where(rows, by_btyd, predictions[target.label])
        return predictions

    def save(self, folder: Path) -> None:
        """Write folders and files of open formats."""
        state: dict[str, Any] = {"churn_source": self.churn_source, "calendar": asdict(self.calendar)}
        state["totals"] = asdict(self.totals_model)
        limits = asdict(self.ordinary)
        state["ordinary"] = {name: value if np.isfinite(value) else None for name, value in limits.items()}
        (folder / FILE).write_text(json.dumps(state))
        for name, model in (("ensemble", self.ensemble), ("btyd", self.btyd), ("clv", self.clv)):
            (folder / name).mkdir(parents=True, exist_ok=True)
            model.save(folder / name)
        if self.journey is not None:
            self.journey.save(folder / JOURNEY)

    @classmethod
    def load(cls, folder: Path) -> Forecast:
        """Read what `save` wrote."""
        state = json.loads((folder / FILE).read_text())
        models = Ensemble.load(folder / "ensemble"), BtydMean.load(folder / "btyd"), CLVModel.load(folder / "clv")
        limits = {name: np.inf if value is None else value for name, value in state["ordinary"].items()}
        calendar, totals = CalendarClock.of(state["calendar"]), TotalsModel.of(state["totals"])
        journey = JourneyModel.load(folder / JOURNEY) if (folder / JOURNEY).is_dir() else None
        return cls(*models, state["churn_source"], calendar, Ordinary(**limits), totals, journey)


def expect(btyd: BtydMean, calendar: CalendarClock, features: Columns, days: float) -> dict[str, Array]:
    """BTYD's predictions over the next `days` days, by laws that run on the clock of the calendar."""
    return btyd.predict(calendar.operational(features), days, calendar.factor(features, days))


def _with_learned_worth(law: Mapping[str, Array], ensemble: Mapping[str, Array], retained: Array) -> dict[str, Array]:
    """The law's columns, with each value per order moved by the factor that makes spend per order the ensemble's.

    Of a customer who sent back most of what was bought, it is the share that was `retained` of it.
    """
    by_law = _quotient(law[c.EXPECTED_SPEND], law[c.EXPECTED_ORDERS])
    factor = _quotient(_quotient(ensemble[c.SPEND], ensemble[c.ORDERS]), by_law)
    moved = retained * np.where(np.isnan(factor), 1.0, factor).clip(1 / MOST_WORTH, MOST_WORTH)
    return {name: column * moved if name in OF_VALUE else column for name, column in law.items()}


def _quotient(numerator: Array, denominator: Array) -> Array:
    """(N,) quotients; missing where the denominator is not above 0."""
    return np.divide(numerator, denominator, out=np.full(len(denominator), np.nan), where=denominator > 0)
