"""Are the personas more than the shapes of single features, and do they stay the same people?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from patronage.config import PersonasConfig
from patronage.evaluation.intervals import Interval
from patronage.evaluation.scorecard import Headline, Scorecard
from patronage.models.personas import PersonaModel, consecutive_ari, refit_labels


def judge_personas(personas: PersonaModel, features: pd.DataFrame, config: PersonasConfig, seed: int) -> Scorecard:
    """Stability of the personas, beside that of the same method where there is nothing to find.

    The naive baseline clusters the same components after each was shuffled over the customers by itself: a method
    that is as stable there is stable because of the shapes of single features, not of any kinds of customers.
    """
    points = shuffled(personas.points(features), seed)
    judged = points[np.random.default_rng(seed).permutation(len(points))[: config.bootstrap_sample]]
    chance = consecutive_ari(refit_labels(points, judged, personas.k, config, seed))
    chance_error = float(chance.std(ddof=1) / np.sqrt(len(chance)))
    taken = personas.choice.taken
    probabilities = personas.probabilities(features)
    sizes = np.bincount(probabilities.argmax(axis=1), minlength=personas.k) / len(features)
    metrics = {
        "personas/k": float(personas.k),
        "personas/stable": float(personas.choice.stable),
        "personas/stability_ari": taken.ari,
        "personas/stability_jaccard": taken.jaccard,
        "personas/baseline_shuffled/stability_ari": float(chance.mean()),
        "personas/silhouette": taken.silhouette,
        "personas/smallest_share": float(sizes.min()),
        "personas/largest_share": float(sizes.max()),
        "personas/ambiguous_share": float((probabilities.max(axis=1) < personas.ambiguous_below).mean()),
    }
    if taken.bic is not None:
        metrics["personas/bic"] = taken.bic
    spread = 1.96 * float(np.hypot(taken.ari_error, chance_error))
    loss = float(chance.mean()) - taken.ari  # a difference of losses, as everywhere: negative is better
    line = Headline(
        "personas",
        "stability_ari",
        taken.ari,
        "shuffled",
        float(chance.mean()),
        Interval(loss, loss - spread, loss + spread),
    )
    return Scorecard(metrics, (line,))


def moved_by_refit(former: PersonaModel, new: PersonaModel, features: pd.DataFrame) -> float:
    """Share of customers whose persona id differs between a frozen model and its refit, asked of the same features.

    What customers did since the former fit moves them under both models alike: this is what the refit alone moved.
    """
    before = np.asarray(former.ids)[former.probabilities(features).argmax(axis=1)]
    after = np.asarray(new.ids)[new.probabilities(features).argmax(axis=1)]
    return float((before != after).mean())


def shuffled(points: np.ndarray, seed: int) -> np.ndarray:
    """The same components, each permuted over customers by itself: all structure between them is gone."""
    rng = np.random.default_rng(seed)
    return np.column_stack([rng.permutation(column) for column in points.T])
