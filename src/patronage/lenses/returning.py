"""The chance that a silent customer comes back, learned from what followed earlier cutoffs.

A name such as `defector` or `lost` claims a future. Whether a silence bears such a name depends on the customer's own
rhythm and on the base: where nearly everyone comes back, four usual gaps of silence are no farewell, and where most
bought once, a customer of many orders who is late still comes back more often than the others. A logistic regression
of "ordered within the window after an earlier cutoff" on the lateness at it (silence over the usual gap), the number of
gaps and the usual gap itself gives the chance; a label asks for the chance beside that of everyone, so that the level
of a season falls out. The labels of earlier cutoffs end before the cutoff: nothing later is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from patronage import names as c
from patronage.typing import Array, Mask

READS = (c.ACTIVE_DAYS, c.DAYS_SINCE_LAST_ORDER, c.N_GAPS, c.MEAN_GAP_DAYS, c.TENURE_DAYS)
FEWEST = 20  # customers who came back, and as many who did not, below whom nothing is learned
RIDGE = 1.0  # a prior of one customer's weight on each coefficient
CLOSE = 1e-9


class Earlier(NamedTuple):
    """The customers at an earlier cutoff, and what followed.

    Attributes
    ----------
    features
        At least `READS`.
    ordered
        (N,) whether an order followed within the window.
    """

    features: pd.DataFrame
    ordered: Mask


@dataclass(frozen=True)
class Returning:
    """What was learned.

    Attributes
    ----------
    typical_gap
        Days: the median of the customers' mean gaps at the fit; it shrinks the mean of few gaps.
    weights
        Of the regression; empty where earlier cutoffs showed too little.
    everyone
        The mean chance of all customers at the fit, of those who never bought 0.
    """

    typical_gap: float = 1.0
    weights: list[float] = field(default_factory=list)
    everyone: float = 1.0

    @property
    def known(self) -> bool:
        """Whether anything was learned."""
        return bool(self.weights)

    def beside_everyone(self, features: pd.DataFrame) -> Array:
        """(N,) the chance over that of everyone; 0 of a customer who never bought."""
        chance = expit(_terms(features, self.typical_gap) @ np.array(self.weights))
        return np.where(features[c.ACTIVE_DAYS].to_numpy() > 0, chance / self.everyone, 0.0)


def learn_returning(features: pd.DataFrame, earlier: Sequence[Earlier]) -> Returning:
    """Learn from earlier cutoffs, for the customers at the fit."""
    moments = [(moment.features, np.asarray(moment.ordered, bool)) for moment in earlier]
    known = [(frame[keep], ordered[keep]) for frame, ordered in moments if (keep := _bought(frame)).any()]
    y_true = np.concatenate([[], *(ordered for _, ordered in known)])
    if min(y_true.sum(), (1 - y_true).sum()) < FEWEST:
        return Returning()
    terms = np.vstack([_terms(frame, typical_gap(frame)) for frame, _ in known])
    weights = _logistic(terms, y_true)
    learned = Returning(typical_gap(features), weights.tolist())
    everyone = float(learned.beside_everyone(features).mean())
    return Returning(learned.typical_gap, learned.weights, max(everyone, 1e-12))


def typical_gap(features: pd.DataFrame) -> float:
    """The median of the mean gaps; where nobody has a gap, of the days since the first order."""
    typical = features[c.MEAN_GAP_DAYS].median()
    if not np.isfinite(typical):
        typical = features[c.TENURE_DAYS].median()
    return float(typical) if np.isfinite(typical) else 1.0


def usual_gap(features: pd.DataFrame, typical: float) -> Array:
    """(N,) days: a mean of few gaps is noise, and is drawn towards the typical gap by one gap's weight."""
    gaps, mean = (features[name].to_numpy(np.float64) for name in (c.N_GAPS, c.MEAN_GAP_DAYS))
    return np.maximum((gaps * np.nan_to_num(mean) + typical) / (gaps + 1), 1)


def _bought(features: pd.DataFrame) -> Mask:
    return features[c.ACTIVE_DAYS].to_numpy() > 0


def _terms(features: pd.DataFrame, typical: float) -> Array:
    usual = usual_gap(features, typical)
    late = np.log1p(np.nan_to_num(features[c.DAYS_SINCE_LAST_ORDER].to_numpy(np.float64)) / usual)
    gaps = np.log1p(features[c.N_GAPS].to_numpy(np.float64))
    return np.column_stack([np.ones(len(usual)), late, gaps, late * gaps, np.log(usual)])


def _logistic(terms: Array, ordered: Array) -> Array:
    """The weights, intercept first, which is free of the prior."""
    model = LogisticRegression(C=1 / RIDGE, solver="newton-cholesky", tol=CLOSE).fit(terms[:, 1:], ordered)
    return np.concatenate([model.intercept_, model.coef_[0]])
