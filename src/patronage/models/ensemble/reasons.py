"""Why a customer's churn risk is what it is, in words.

What is explained is the score: the mean over the members of their log-odds. (The probability that is shipped is the
mean of their probabilities; both rank customers alike but for curvature, and only log-odds add up.) LightGBM divides
the log-odds of its trees among the features exactly (Lundberg and Lee 2017, SHAP for trees); what a member starts from,
and what moves it to a longer horizon, is BTYD's part, and so are BTYD's own columns among the features. Base and
contributions of a customer add up to her score.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from patronage import names as c
from patronage.config import LensesConfig
from patronage.lenses import described
from patronage.models.btyd.mean import BTYD_COLUMNS
from patronage.models.ensemble.encoding import Matrices
from patronage.models.ensemble.member import Member
from patronage.models.ensemble.target import Target
from patronage.typing import Array, Columns

FEATURES = described(LensesConfig())  # a name of the configuration stands for itself
RHYTHM = "rhythm"  # BTYD's part: how often and how recently she has ordered
PUSHING, HOLDING = 3, 1
CROWD = 1000  # customers, below whom threads cost more to wake than they help
LEAST = 0.01  # log-odds below which a contribution is no reason


class Contributions(NamedTuple):
    """Log-odds of each customer, in parts that add up.

    Attributes
    ----------
    base
        Everyone's.
    parts
        (N,) of each feature, and of `RHYTHM`.
    """

    base: float
    parts: Mapping[str, Array]

    @property
    def score(self) -> Array:
        """(N,) the sum: mean log-odds of the members."""
        return self.base + np.sum(list(self.parts.values()), axis=0)


def contributions(
    target: Target,
    members: tuple[Member, ...],
    typical: float,
    features: Columns,
    matrices: Matrices,
    far: Columns | None = None,
) -> Contributions:
    """Divide the mean raw score of the members among features.

    Parameters
    ----------
    typical
        The raw score of BTYD that counts as nobody's merit or fault: the mean where the members learned.
    features, matrices, far
        See `Hybrid.predict`.
    """
    base = 0.0
    parts: dict[str, Array] = {RHYTHM: np.zeros(matrices.rows)}
    if far is not None:
        parts[RHYTHM] += target.start(far) - target.start(features)
    share = 1 / len(members)
    for member in members:
        if member.base is None:
            base += share * typical
            parts[RHYTHM] += share * (target.start(features) - typical)
        else:
            base += share * member.base
        if member.booster is None:
            continue
        x = matrices.of(member.encoding)
        threads = 1 if len(x) < CROWD else 0  # 0: as many as there are
        found = np.asarray(member.booster.predict(x, pred_contrib=True, num_threads=threads))
        base += share * float(found[0, -1]) if len(found) else 0.0
        for name, part in zip(member.encoding.columns, share * found[:, :-1].T, strict=True):
            key = RHYTHM if name in BTYD_COLUMNS else name
            parts[key] = parts[key] + part if key in parts else part
    return Contributions(base, parts)


def in_words(found: Contributions, features: Columns, usual: Mapping[str, float], days: int) -> list[str]:
    """The three things that push a customer's risk up most, and the one that holds it down most, as one line each.

    Parameters
    ----------
    features
        With BTYD's P(an order) in the next `days`.
    usual
        The median of each number where the members learned.
    """
    values = np.column_stack(list(found.parts.values()))
    names = list(found.parts)
    order = np.argsort(-values, axis=1, kind="stable")
    lines = []

    @cache
    def column(name: str) -> np.ndarray:  # of those alone that somebody's reasons name
        return np.asarray(features[c.P_ORDER if name == RHYTHM else name])

    gaps = column(c.MEAN_GAP_DAYS) if c.MEAN_GAP_DAYS in features else np.full(len(values), np.nan)
    for row in range(len(values)):
        up = [k for k in order[row, :PUSHING] if values[row, k] > LEAST]
        down = [k for k in order[row, ::-1][:HOLDING] if values[row, k] < -LEAST]
        said = [f"{sign} {_say(names[k], column(names[k])[row], gaps[row], usual, days)}"
                for sign, those in (("+", up), ("-", down)) for k in those]  # fmt: skip
        lines.append("; ".join(said) or "nothing stands out")
    return lines


def _say(name: str, value: Any, gap: float, usual: Mapping[str, float], days: int) -> str:
    """One feature of one customer, as a marketer would say it."""
    if name == RHYTHM:
        return f"her rhythm of orders: {float(value):.0%} to order in {days} days"
    what = FEATURES[name].what if name in FEATURES else name.replace("_", " ")
    if isinstance(value, str):
        return f"{what}: {value or c.UNKNOWN}"
    number = float(value)
    if np.isnan(number):
        return f"{what}: not known"
    if name in (c.LATENESS, c.DAYS_SINCE_LAST_ORDER) and np.isfinite(gap):
        since = number if name == c.DAYS_SINCE_LAST_ORDER else number * gap
        return f"{since:.0f} days since the last order against her usual {gap:.0f}"
    if name in usual:
        return f"{what}: {number:.4g} (usually {usual[name]:.4g})"
    return f"{what}: {number:.4g}"
