"""Why a customer's churn risk is what it is, in words.

What is explained is the score: the mean over the members of their log-odds. (The probability that is shipped is the
mean of their probabilities; both rank customers alike but for curvature, and only log-odds add up.) LightGBM divides
the log-odds of its trees among the features exactly (Lundberg and Lee 2017, SHAP for trees). What a member starts from,
and what moves it to a longer horizon, is BTYD's part, and so are BTYD's own columns among the features. The base and
the contributions of a customer add up to the customer's score.

Counts of orders, silences and gaps tell what BTYD's part tells. Where one of them moves the score against its plain
meaning (more orders than usual, and a higher risk), that is so beside the silence or beside BTYD: in words it belongs
to the rhythm, and is no reason of its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from itertools import islice
from typing import Any, NamedTuple

import lightgbm as lgb
import numpy as np

from patronage import names as c
from patronage.config import LensesConfig
from patronage.lenses import described as describe
from patronage.lenses.lens import Feature
from patronage.lenses.recent import WINDOWS
from patronage.models.btyd.mean import BTYD_COLUMNS
from patronage.models.ensemble.encoding import Encoding, Matrices
from patronage.models.ensemble.member import TargetEnsemble
from patronage.typing import Array, Columns

FEATURES = describe(LensesConfig())  # a name of the configuration stands for itself
RHYTHM = "rhythm"  # BTYD's part: how often and how recently the customer ordered
MOST_RAISING, MOST_LOWERING = 3, 1
# Larger values of the first mean more orders, of the second fewer.
OFTEN = (c.N_ORDERS, c.ACTIVE_DAYS, c.ACTIVE_DAYS_RECENT, c.REPEAT_DAYS_PER_MONTH, "usage_days_per_month",
         c.N_GAPS, c.FREQUENCY, *(f"n_orders_{days}d" for days in WINDOWS))  # fmt: skip
SELDOM = (c.DAYS_SINCE_LAST_ORDER, c.LATENESS, c.MEAN_GAP_DAYS, "longest_gap_days")
FEW_CUSTOMERS = 1000  # below so many, threads cost more to start than they help
PLACE = re.compile(r"\{(:\.0%)?\}")  # of the number in a reason
ONE = {"categories": c.CATEGORY} | {
    f"{noun}s": noun
    for noun in (
        "order", "day", "line", "minute", "hour", "act", "gap", "user", "ticket", "cart", "look", "review", "trial",
        "payment", "case", "contract",
    )
}  # fmt: skip
PLURAL = re.compile(rf"\b({'|'.join(ONE)})\b")
NUMBER = re.compile(r"\d[\d,.]*%?")
NEAR = 0.05  # of the usual: a value that near to it reads as usual
LEAST = 0.01  # log-odds below which a contribution is no reason


class Contributions(NamedTuple):
    """Log-odds of each customer, in parts that add up.

    Attributes
    ----------
    base
        The same for every customer.
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
    ensemble: TargetEnsemble, features: Columns, matrices: Matrices, btyd_at_horizon: Columns | None = None
) -> Contributions:
    """Divide the mean raw score of the members among features.

    BTYD's raw score counts from its level, the mean where the members learned.

    Parameters
    ----------
    features, matrices, btyd_at_horizon
        See `Ensemble.predict`.
    """
    target, members, level = ensemble.target, ensemble.members, ensemble.btyd_level
    base = 0.0
    parts: dict[str, Array] = {RHYTHM: np.zeros(matrices.rows)}
    if btyd_at_horizon is not None:
        parts[RHYTHM] += target.start(btyd_at_horizon) - target.start(features)
    share = 1 / len(members)
    for member in members:
        if member.base is None:
            base += share * level
            parts[RHYTHM] += share * (target.start(features) - level)
        else:
            base += share * member.base
        if member.booster is None:
            continue
        middle, shares = of_trees(member.booster, member.encoding, matrices)
        base += share * middle
        for name, part in shares.items():
            key = RHYTHM if name in BTYD_COLUMNS else name
            parts[key] = parts[key] + share * part if key in parts else share * part
    return Contributions(base, parts)


def of_trees(booster: lgb.Booster, encoding: Encoding, matrices: Matrices) -> tuple[float, dict[str, Array]]:
    """The mean raw score of the trees where they learned, and what each column adds to it for each customer."""
    x = matrices.of(encoding)
    threads = 1 if len(x) < FEW_CUSTOMERS else 0  # 0: all cores
    shap = np.zeros((0, len(encoding.columns) + 1))
    if len(x):  # LightGBM divides by the number of rows
        shap = np.asarray(booster.predict(x, pred_contrib=True, num_threads=threads))
    return float(shap[0, -1]) if len(shap) else 0.0, dict(zip(encoding.columns, shap[:, :-1].T, strict=True))


def in_words(
    parts: Contributions,
    features: Columns,
    medians: Mapping[str, float],
    days: int,
    described: Mapping[str, Feature] = FEATURES,
) -> list[str]:
    """The three contributions that raise a customer's churn risk most, and the one that lowers it most, as one line.

    Parameters
    ----------
    features
        With BTYD's P(an order) in the next `days`.
    medians
        The median of each number where the members learned.
    described
        Features in words; those of the fitted lenses name also what was learned.
    """
    names, values = list(parts.parts), _in_plain_sense(parts.parts, features, medians)
    order = np.argsort(-values, axis=1, kind="stable")
    lines = []

    @cache
    def column(name: str) -> np.ndarray:  # of the features alone that some reason names
        return np.asarray(features[c.P_ORDER if name == RHYTHM else name])

    def usual(name: str, row: int) -> bool:  # "0 (usually 0)" and "7.62 (usually 7.6)" are no reasons to a reader
        if name == RHYTHM or name not in medians:
            return False
        value, median = float(column(name)[row]), medians[name]
        texts = {_text(described.get(name), number) for number in (value, median)}
        return len(texts) == 1 or abs(value - median) <= NEAR * abs(median)

    gaps = column(c.MEAN_GAP_DAYS) if c.MEAN_GAP_DAYS in features else np.full(len(values), np.nan)
    for row in range(len(values)):
        tells = (k for k in order[row] if values[row, k] > LEAST and not usual(names[k], row))
        helps = (k for k in order[row, ::-1] if values[row, k] < -LEAST and not usual(names[k], row))
        reasons: dict[str, str] = {}  # by the words: of orders in the last 56, 112 and 224 days the first is told
        for sign, positions, most in (("+", tells, MOST_RAISING), ("-", helps, MOST_LOWERING)):
            phrases = (_phrase(names[k], column(names[k])[row], gaps[row], medians, days, described) for k in positions)
            new = ((key, phrase) for phrase in phrases if (key := re.sub(NUMBER, "", phrase)) not in reasons)
            for key, phrase in islice(new, most):
                reasons[key] = f"{sign} {phrase}"
        lines.append("; ".join(reasons.values()) or "nothing stands out")
    return lines


def _in_plain_sense(parts: Mapping[str, Array], features: Columns, medians: Mapping[str, float]) -> Array:
    """(N, parts) the contributions; those of orders and gaps against their plain meaning are added to the rhythm's."""
    values = np.column_stack(list(parts.values()))
    names = list(parts)
    if RHYTHM not in names:
        return values
    rhythm = names.index(RHYTHM)
    for place, name in enumerate(names):
        if name in medians and name in (*OFTEN, *SELDOM):
            beside = np.asarray(features[name], np.float64) - medians[name]
            against = values[:, place] * beside * (1 if name in OFTEN else -1) > 0
            values[against, rhythm] += values[against, place]
            values[against, place] = 0
    return values


def _phrase(
    name: str, value: Any, gap: float, medians: Mapping[str, float], days: int, described: Mapping[str, Feature]
) -> str:
    """One feature of one customer in words that a marketer reads."""
    if name == RHYTHM:
        return f"rhythm of orders: {float(value):.0%} to order in {days} days"
    feature = described.get(name)
    what = feature.what.split(" (")[0] if feature else name.replace("_", " ")
    if isinstance(value, str):
        reason = feature.reason if feature else ""
        return reason.replace("{}", value) if reason and value else f"{what}: {value or c.UNKNOWN}"
    number = float(value)
    if np.isnan(number):
        missing = feature.missing if feature else ""
        return missing or f"{what.split(',')[0]}: not known"
    if name in (c.LATENESS, c.DAYS_SINCE_LAST_ORDER) and np.isfinite(gap):
        since = number if name == c.DAYS_SINCE_LAST_ORDER else number * gap
        return _singular(f"{since:,.0f} days since the last order against the usual {gap:,.0f}", f"{since:.0f}")
    if feature and number == 0 and feature.none:
        return feature.none
    if feature and "|" in feature.reason:
        above, below = feature.reason.split("|")
        return below if number < medians.get(name, -np.inf) else above
    if feature and feature.reason and not PLACE.search(feature.reason):
        return feature.reason
    usual = medians.get(name, np.nan)
    return number_in_words(feature, what, number, usual, "usually" if name in medians else "")


def number_in_words(feature: Feature | None, what: str, number: float, usual: float, beside: str) -> str:
    """A number in the words of its feature, with the usual one beside: "11 orders (usually 4)".

    Parameters
    ----------
    what
        What it measures, where the feature has no words for a number.
    beside
        What the usual number is called, such as "usually"; empty: none is named.
    """
    digits = 0
    text, other = (_text(feature, one, digits) for one in (number, usual))
    while beside and text == other and "%" in text and digits < 2:  # 4% beside 4% tells nothing
        digits += 1
        text, other = (_text(feature, one, digits) for one in (number, usual))
    in_place = feature is not None and PLACE.search(feature.reason)
    words = _singular(re.sub(PLACE, text, feature.reason), text) if feature and in_place else f"{what}: {text}"
    return words + (f" ({beside} {other})" if beside else "")


def _text(feature: Feature | None, number: float, digits: int = 0) -> str:
    """A number as the feature's reason wants it: a share in percent, others with three digits that matter."""
    if feature and "{:.0%}" in feature.reason:
        return f"{number:.{digits}%}"
    return f"{number:,.0f}" if abs(number) >= 100 or float(number).is_integer() else f"{number:.3g}"


def _singular(reason: str, text: str) -> str:
    """A reason of which the number is one: 1 order, not 1 orders; orders on 1 day."""
    if text != "1":
        return reason
    before, one, after = reason.partition("1")
    return before + one + re.sub(PLURAL, lambda match: ONE[match[0]], after, count=1)
