"""What lenses learn of a population, frozen, and the segments and estimates that it gives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy.typing as npt
import pandas as pd

from patronage.config import LensesConfig
from patronage.lenses.catalogue import of
from patronage.lenses.lens import Lens
from patronage.lenses.returning import READS, Earlier, learn_returning


@dataclass(frozen=True)
class FittedLenses:
    """Lenses with what each learned at fit.

    Attributes
    ----------
    lenses
        Those that name segments or estimate something.
    states
        By name of the lens, the frozen dataclass that it learned; a lens that learns nothing has none.
    """

    lenses: tuple[Lens, ...]
    states: Mapping[str, Any]

    def segments(self, features: pd.DataFrame) -> dict[str, npt.ArrayLike]:
        """The label that each lens gives to each customer, as arrays by column."""
        given = (lens.segments(features, self.states.get(lens.name)) for lens in self.lenses if lens.segments)
        return {name: column for columns in given for name, column in columns.items()}

    def estimates(self, features: pd.DataFrame) -> dict[str, npt.ArrayLike]:
        """The numbers that lenses derive for each customer, as arrays by column."""
        given = (lens.estimates(features, self.states.get(lens.name)) for lens in self.lenses if lens.estimates)
        return {name: column for columns in given for name, column in columns.items()}

    def select(self, names: Iterable[str]) -> FittedLenses:
        """Some of the lenses, as they are."""
        chosen = set(names)
        states = {name: state for name, state in self.states.items() if name in chosen}
        return FittedLenses(tuple(lens for lens in self.lenses if lens.name in chosen), states)

    @property
    def rarely_returns(self) -> float | None:
        """P(an order) below which a customer comes back clearly less often than everyone; None if not learned."""
        state = self.states.get("status")
        return state.at_risk_below * state.returning.everyone if state and state.returning.known else None

    def to_json(self) -> dict[str, dict[str, Any]]:
        """The states as what JSON can hold; a lens that learns nothing has an empty one."""
        return {lens.name: asdict(self.states[lens.name]) if lens.name in self.states else {} for lens in self.lenses}

    @classmethod
    def from_json(cls, values: Mapping[str, Mapping[str, Any]], config: LensesConfig) -> FittedLenses:
        """What `to_json` gave, with the lenses of a configuration."""
        lenses = tuple(lens for lens in of(config) if lens.name in values)
        return cls(lenses, {lens.name: lens.restore(values[lens.name]) for lens in lenses if lens.state})


def fit(features: pd.DataFrame, config: LensesConfig, earlier: Sequence[Earlier] = ()) -> FittedLenses:
    """Fit every lens whose features are all in the frame.

    Parameters
    ----------
    earlier
        Customers at earlier cutoffs and whether they came back, for the labels whose names claim that they do not.
        Without any, those names go by lateness and scores alone.
    """
    lenses = tuple(
        lens for lens in of(config) if (lens.segments or lens.estimates) and set(lens.features) <= set(features)
    )
    states = {lens.name: lens.fit(features, config) for lens in lenses if lens.fit}
    if earlier and set(READS) <= set(features):
        returning = learn_returning(features, earlier)
        states = {
            name: replace(state, returning=returning) if hasattr(state, "returning") else state
            for name, state in states.items()
        }
    return FittedLenses(lenses, states)


def segments(features: pd.DataFrame, fitted: FittedLenses) -> pd.DataFrame:
    """The label that each lens gives to each customer, a text column each."""
    return pd.DataFrame(fitted.segments(features), index=features.index)
