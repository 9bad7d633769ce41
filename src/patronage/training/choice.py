"""
Which law: the one that gave the highest probability to what came after an earlier origin.

References
----------
Gneiting, Raftery (2007), Strictly proper scoring rules, prediction, and estimation. JASA 102(477).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from patronage.errors import FitError
from patronage.models.btyd.decisions import Candidate
from patronage.typing import Array

if TYPE_CHECKING:
    from patronage.models.btyd.clv import CLVModel

LEAST = 1e-12  # the probability of what was called impossible


def ranked(
    fit: Callable[[str], CLVModel], models: Sequence[str], features: pd.DataFrame, orders: pd.Series
) -> tuple[Candidate, ...]:
    """
    Score laws by how likely they called the orders that came, each with what its fit does not know.

    Parameters
    ----------
    fit
        Fits the law of a name to what was known at the origin.
    models
        Names of laws.
    features
        The customers at the origin.
    orders
        How many each placed in the horizon after it, by the index of `features`.

    Returns
    -------
    tuple of Candidate
        The best first, those without a fit last; equals in the order in which they were named.
    """
    counts = orders.loc[features.index].to_numpy(dtype=np.float64)
    losses: dict[str, Array] = {}
    refused: dict[str, str] = {}
    for name in models:
        try:
            losses[name] = _loss(fit(name), features, counts)
        except FitError as error:
            refused[name] = str(error)
    order = sorted(losses, key=lambda name: float(losses[name].mean()))
    said = []
    for name in order:
        behind = losses[name] - losses[order[0]]
        unsure = float(behind.std() / np.sqrt(max(len(behind), 1)))
        said.append(Candidate(name, float(losses[name].mean()), float(behind.mean()), unsure))
    return *said, *(Candidate(name, None, None, None, why) for name, why in refused.items())


def _loss(clv: CLVModel, features: pd.DataFrame, counts: Array) -> Array:
    """Minus the log of the law's mass at what came."""
    at_least, more = (clv.at_least(n, features) for n in (counts, counts + 1))
    return -np.log(np.maximum(at_least - more, LEAST))
