"""Drivers: which behaviours go with the answers to surveys?

Few answer, and those who do are not like the others. So the answers are weighted by the inverse of the probability to
answer (Robins, Rotnitzky and Zhao 1994), as a logistic regression on the same behaviours gives it, and the behaviours
are regressed on them together. The explained share is divided among them by relative weights (Johnson 2000), which
stay fair where behaviours go along with each other. Going along is not causing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import KFold

from patronage import lenses
from patronage import names as c
from patronage.analyses.contract import Analysis, Drawing, Result, View
from patronage.config import DriversConfig
from patronage.engine import text
from patronage.errors import DataError
from patronage.names import Metric
from patronage.statistics import TINY, false_discovery, two_sided
from patronage.typing import Array, Mask

ALIKE = 0.9  # behaviours that correlate more strongly than this count as one, the first
MOST_WEIGHT = 10.0  # times the mean weight: one unlikely answer must not stand for thousands
LEAST_ANSWERS = 50
LEVEL = 0.05  # share of false discoveries
PENALTY = 1.0  # ridge, in answers: it only steadies what the data leaves open


@dataclass(frozen=True)
class Drivers:
    """What goes with the answers.

    Attributes
    ----------
    table
        A row per behaviour: `driver`, `effect` (answer points per standard deviation), its 95% interval `low` to
        `high`, `share` of the explained variance, and `p_value_adjusted`, so that of the behaviours below a level so
        many at most are false discoveries; strongest first.
    explained
        Share of the answers' variance that the behaviours explain on customers who were not fitted on; may be
        negative.
    mean, weighted_mean
        Of the answers as they came, and as all customers would have answered.
    """

    table: pd.DataFrame
    explained: float
    answers: int
    mean: float
    weighted_mean: float

    def summary(self) -> pd.DataFrame:
        """The numbers beside the table, as one row."""
        return pd.DataFrame(
            [
                {
                    "answers": self.answers,
                    "explained": self.explained,
                    "mean": self.mean,
                    "weighted_mean": self.weighted_mean,
                }
            ]
        )


def drivers(behaviours: pd.DataFrame, answers: pd.Series, *, bootstraps: int, seed: int) -> Drivers:
    """Regress answers on behaviours, weighted for who answers.

    Parameters
    ----------
    behaviours
        (N, K) numbers, a row per customer, with an answer or without; missing numbers count as the median.
    answers
        The mean answer of each customer on the same index, missing without one.

    Raises
    ------
    DataError
        Fewer than 50 customers answered, or all gave the same answer.
    """
    given = answers.notna().to_numpy()
    if given.sum() < LEAST_ANSWERS or answers.nunique() < 2:
        raise DataError(
            f"{int(given.sum())} customers with {answers.nunique()} different answers; "
            f"expected at least {LEAST_ANSWERS} who do not all say the same"
        )
    x, names = _standard(behaviours)
    weights = _weights(x, given)
    y = answers[given].to_numpy(float)
    inside = x[given]
    effects = _fitted(inside, y, weights).coef_
    rng = np.random.default_rng(seed)
    drawn = []
    for _ in range(bootstraps):
        rows = rng.integers(0, len(y), len(y))
        drawn.append(_fitted(inside[rows], y[rows], weights[rows]).coef_)
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    error = np.maximum(np.std(drawn, axis=0, ddof=1), TINY)
    table = pd.DataFrame({"driver": names, "effect": effects, "low": low, "high": high})
    table["share"] = _relative_weights(inside, y, weights)
    table["p_value_adjusted"] = false_discovery(two_sided(effects / error))
    table = table.sort_values(["share", "driver"], ascending=[False, True], ignore_index=True)
    explained = _explained(inside, y, weights, seed)
    return Drivers(table, explained, len(y), float(y.mean()), float(np.average(y, weights=weights)))


def _standard(behaviours: pd.DataFrame) -> tuple[Array, list[str]]:
    """Ranks would lose the size, raw values the tails: winsorised, in standard deviations, no two alike."""
    filled = behaviours.fillna(behaviours.median())
    clipped = filled.clip(filled.quantile(0.01), filled.quantile(0.99), axis=1)
    spread = clipped.std()
    moving = [name for name in clipped if spread[name] > 0]
    scaled = (clipped[moving] - clipped[moving].mean()) / spread[moving]
    alike = np.abs(np.atleast_2d(np.corrcoef(scaled.to_numpy(float), rowvar=False)))
    distinct: list[int] = []
    for place in range(len(moving)):
        if all(alike[place, other] <= ALIKE for other in distinct):
            distinct.append(place)
    return scaled.to_numpy(float)[:, distinct], [moving[place] for place in distinct]


def _weights(x: Array, given: Mask) -> Array:
    """(n,) weights of those who answered, with mean 1."""
    if given.all():
        return np.ones(len(given))
    probability = LogisticRegression(max_iter=1000).fit(x, given).predict_proba(x)[given, 1]
    weights = 1 / probability
    weights = np.minimum(weights, MOST_WEIGHT * weights.mean())
    return np.asarray(weights / weights.mean(), dtype=np.float64)


def _fitted(x: Array, y: Array, weights: Array) -> Ridge:
    return Ridge(alpha=PENALTY).fit(x, y, sample_weight=weights)


def _relative_weights(x: Array, y: Array, weights: Array) -> Array:
    """(K,) shares of the explained variance, Johnson (2000): through the closest orthogonal behaviours."""
    root = np.sqrt(weights / weights.sum())
    centred = (x - np.average(x, axis=0, weights=weights)) * root[:, None]
    norms = np.linalg.norm(centred, axis=0)
    standardised = centred / np.where(norms > 0, norms, 1)
    centred_answers = (y - np.average(y, weights=weights)) * root
    left, values, right = np.linalg.svd(standardised, full_matrices=False)
    closest = left @ right
    links = (right.T * values) @ right
    parts = links**2 @ (closest.T @ (centred_answers / np.linalg.norm(centred_answers))) ** 2
    return parts / parts.sum() if parts.sum() > 0 else parts


def _explained(x: Array, y: Array, weights: Array, seed: int) -> float:
    """Weighted share of variance explained on the fifth that was left out, over all fifths."""
    missed = total = 0.0
    for inside, outside in KFold(5, shuffle=True, random_state=seed).split(x):
        model = _fitted(x[inside], y[inside], weights[inside])
        base = np.average(y[inside], weights=weights[inside])
        predicted = model.predict(x[outside])
        missed += float(np.sum(weights[outside] * (y[outside] - predicted) ** 2))
        total += float(np.sum(weights[outside] * (y[outside] - base) ** 2))
    return 1 - missed / total


def run(view: View, settings: DriversConfig) -> Result:
    """The drivers of each survey."""
    result, features = Result(), view.now.features
    names = [name for name in lenses.numeric(features) if name not in settings.leave_out]
    sentences = []
    for survey in settings.surveys:
        rows = view.history.frame(
            f"SELECT customer_id, avg(value) AS answer FROM events WHERE event = {text(survey)} "
            "AND value IS NOT NULL GROUP BY customer_id"
        )
        answers = rows.set_index(c.CUSTOMER_ID)["answer"].reindex(features.index)
        try:
            effects = drivers(features[names], answers, bootstraps=settings.bootstraps, seed=view.seed)
        except DataError as error:
            result.notes.append(f"drivers of {survey}: {error}")
            continue
        clear = int((effects.table["p_value_adjusted"] < LEVEL).sum())
        title = _told(clear, len(effects.table), survey, effects.explained)
        frame = effects.table.rename(columns={"effect": "value"})
        frame["label"] = [view.meaning(name) for name in frame["driver"]]
        axis = "points of the survey per standard deviation of the feature, with 95% interval"
        table = effects.table.assign(what=[view.meanings.get(name, "") for name in effects.table["driver"]])
        result.add(f"drivers_{survey}", table, Drawing("forest", frame, title, axis))
        result.add(f"drivers_{survey}_summary", effects.summary())
        result.metrics[Metric.driver(survey, "explained")] = effects.explained
        sentences.append(title)
    result.finding = "; ".join(sentences)
    return result


def _told(clear: int, features: int, survey: str, explained: float) -> str:
    """What goes with a survey: alone, beside all others, and all of it together, which are two questions."""
    together = f"{explained:.0%}" if explained > 0 else "nothing"
    single = "goes with {} beyond chance by itself" if clear < 2 else "go with {} beyond chance by themselves"
    return (
        f"{clear or 'none'} of {features} features {single.format(survey)}, beside the others; all together explain "
        f"{together} of it for customers not fitted on"
    )


ANALYSIS = Analysis("drivers", "Which behaviours go with the answers to surveys?", run, ("events",))
