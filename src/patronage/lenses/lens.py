"""What a lens is: one way of looking at a customer, as one SELECT and a rule that names segments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy.typing as npt
import pandas as pd

from patronage.config import LensesConfig
from patronage.lenses.history import History

Learned = Mapping[str, Any]
Said = Mapping[str, npt.ArrayLike]  # columns by name: the frame is made once for all lenses


@dataclass(frozen=True)
class Feature:
    """A number or text about a customer.

    Attributes
    ----------
    what
        What it says, with its unit.
    high, low
        The words for a customer far above or below the others; they name personas.
    absent
        The value for a customer on whom the SELECT is silent; None leaves it missing.
    text
        Text, empty where the SELECT is silent.
    packed
        Many values in one text (a path, a list), which only the rooms that know it can read: no category.
    """

    what: str
    high: str = ""
    low: str = ""
    absent: float | None = None
    text: bool = False
    packed: bool = False


def _nothing(features: pd.DataFrame, config: LensesConfig) -> Learned:
    return {}


@dataclass(frozen=True)
class Lens:
    """One way of looking at a customer.

    Attributes
    ----------
    asks
        The question that it answers.
    source
        Where the practice comes from.
    features
        Name to description of the columns that `select` gives beside `customer_id`.
    more
        Further features that the configuration asks for by name.
    select
        SQL over the history views.
    needs
        Any one of these gives the lens something to say; with none of them it is left out. A table (`events`), a
        column (`transactions.discount`), an event (`events:complaint`) or a kind of attribute
        (`customers:geographic`). Empty: orders are enough.
    wants
        In the same words, what some of its features or segments need beyond that.
    answers
        Segment column to its labels, each with what it means; for a column whose labels are names from the data, the
        one key is a word in angle brackets. `unknown` goes without saying.
    learn
        What the segments need to know of the population (quantiles); frozen in the bundle.
    segments
        Features and what was learned to named labels, one text column each; None for a lens without any.
    estimates
        Features and what was learned to numbers, one column each, missing where there is nothing to go on.
    """

    name: str
    asks: str
    source: str
    features: Mapping[str, Feature]
    select: Callable[[History, LensesConfig], str]
    needs: tuple[str, ...] = ()
    wants: tuple[str, ...] = ()
    answers: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    more: Callable[[LensesConfig], Mapping[str, Feature]] | None = None
    learn: Callable[[pd.DataFrame, LensesConfig], Learned] = field(default=_nothing)
    segments: Callable[[pd.DataFrame, Learned], Said] | None = None
    estimates: Callable[[pd.DataFrame, Learned], Said] | None = None

    def described(self, config: LensesConfig) -> Mapping[str, Feature]:
        """All its features under a configuration."""
        return {**self.features, **(self.more(config) if self.more else {})}
