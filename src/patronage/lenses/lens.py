"""What a lens is: one SELECT that makes features, and functions from features to named segments."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, is_dataclass
from typing import Any, get_type_hints

import numpy.typing as npt
import pandas as pd

from patronage.config import LensesConfig
from patronage.lenses.history import History

UNIT = re.compile(r", in (the currency|days)$")
Labels = Mapping[str, npt.ArrayLike]  # columns by name, in row order


ONE_DAY = "ordered on one day only"  # what the absence of any gap between orders means


@dataclass(frozen=True)
class Feature:
    """A number or text about a customer.

    Attributes
    ----------
    what
        What it measures, with its unit.
    high, low
        The words for a customer far above or below the others; they name personas.
    middle
        The word for a customer between those two borders, where there is one.
    reason
        How the value stands in a reason that a marketer reads: "{} days between orders", "{:.0%} of the orders at the
        weekend"; or two texts with a `|` between, for a value above and one below the usual, where the number itself
        tells nobody anything. Empty: `what` and the number.
    none
        The same for a value of zero: "no repeat order yet".
    missing
        The same for a missing value: "ordered on one day only".
    more, less
        How a customer comes to have more, or less, of it: "ordering more often".
    absent
        The value for a customer without a row in the SELECT; None leaves it missing.
    text
        Text, empty for a customer without a row in the SELECT.
    packed
        Many values in one text (a path, a list), which only its own room can read: no category.
    date
        A moment, the same for all customers: nothing to learn from, and no drift if it moves.
    """

    what: str
    high: str = ""
    low: str = ""
    more: str = ""
    less: str = ""
    absent: float | None = None
    text: bool = False
    packed: bool = False
    date: bool = False
    middle: str = ""
    reason: str = ""
    none: str = ""
    missing: str = ""


@dataclass(frozen=True)
class Lens:
    """One way of looking at a customer.

    Attributes
    ----------
    question
        The question that the lens answers.
    source
        The literature behind the practice.
    features
        Name to description of the columns that `select` gives beside `customer_id`.
    more_features
        Further features, which the configuration names.
    select
        SQL over the relations of `History`, by their plain names: steps as named CTEs, then the SELECT, a row per
        customer.
    requires
        The lens is available where the data has any one of these: a table (`events`), a column
        (`transactions.discount`), an event (`events:complaint`) or a kind of attribute (`customers:geographic`).
        Empty: orders are enough.
    improved_by
        In the same words, what some of its features or segments need beyond that.
    reads
        Features of other lenses that `fit`, `segments` or `estimates` read. They are made with the lens, unless their
        own lens is not available in the data: then the column is absent.
    labels
        Segment column to its labels, each with its meaning; for a column whose labels are names from the data, the
        one key is a word in angle brackets. `unknown` is always allowed.
    state
        The frozen dataclass that `fit` returns; its fields are what JSON can hold. None for a lens that learns nothing.
        Its field `returning`, where it has one, is what earlier cutoffs show of customers who come back.
    fit
        Features and configuration to what the segments need to know of the population, such as quantiles.
    ready
        Whether the settings hold all that `select` needs; None: always. What a SELECT needs of the population is
        learned before any features are made, and stands in the settings.
    segments
        Features and state to named labels, one text column each; None for a lens without any.
    estimates
        Features and state to numbers, one column each, missing where there is no evidence.
    """

    name: str
    question: str
    source: str
    features: Mapping[str, Feature]
    select: Callable[[History, LensesConfig], str]
    requires: tuple[str, ...] = ()
    improved_by: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    more_features: Callable[[LensesConfig], Mapping[str, Feature]] | None = None
    state: type | None = None
    fit: Callable[[pd.DataFrame, LensesConfig], Any] | None = None
    ready: Callable[[LensesConfig], bool] | None = None
    segments: Callable[[pd.DataFrame, Any], Labels] | None = None
    estimates: Callable[[pd.DataFrame, Any], Labels] | None = None

    def described(self, config: LensesConfig) -> Mapping[str, Feature]:
        """All features of the lens under a configuration."""
        return {**self.features, **(self.more_features(config) if self.more_features else {})}

    def restore(self, values: Mapping[str, Any]) -> Any:
        """The state of which `dataclasses.asdict` gave these values, after a way through JSON."""
        return _restored(self.state, values) if self.state else None


def _restored(kind: type, values: Mapping[str, Any]) -> Any:
    hints = get_type_hints(kind)
    return kind(
        **{
            name: _restored(hints[name], value) if is_dataclass(hints.get(name)) else value
            for name, value in values.items()
        }
    )


def short(what: str) -> str:
    """What a feature measures, without the remark in brackets and without a unit that a sentence can do without."""
    return UNIT.sub("", what.split(" (")[0])
