"""The season: by how much all customers together order more or less than BTYD expects at this time of the year.

BTYD knows no calendar. Where the log holds a second year, BTYD's error a year before, over the same weeks, predicts
its error in the horizon: one factor on every order rate. How much of last year's error comes back is learned from the
origins that have a year before them. There is no season unless it would have made their errors smaller, each predicted
from the others.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

import numpy as np
import pandas as pd

from patronage import cutoff as when
from patronage import names as c
from patronage.errors import FitError
from patronage.labels import LabelledSnapshot
from patronage.models.btyd.fit import FitCache
from patronage.models.btyd.mean import fit_btyd
from patronage.models.forecast import Season
from patronage.typing import Array

log = logging.getLogger(__name__)

PRIOR_ORDERS = 50.0  # as if so many more had come as expected: a small log tells little about a season
PRIOR_ERROR = 0.1  # a logarithm: learned from one origin, half of an error of this size comes back
FEWEST = 3  # origins with a year before them


def learn_season(
    training: Sequence[LabelledSnapshot],
    year_before: Sequence[LabelledSnapshot],
    laws: tuple[str, ...],
    fits: FitCache | None = None,
) -> Season:
    """The season of the horizon that follows the cutoff.

    Parameters
    ----------
    training
        Labelled snapshots of earlier origins with BTYD's predictions, the latest first.
    year_before
        Labelled snapshots of a year before: the cutoff's first, then those of the origins that the log reaches back
        to. Empty where it does not reach back to the cutoff's.
    laws
        Of BTYD, which is fitted anew at each of them.
    """
    by_cutoff = {snapshot.cutoff: snapshot for snapshot in year_before}
    pairs = [
        (snapshot, by_cutoff[before])
        for snapshot in training
        if (before := when.year_before(snapshot.cutoff)) in by_cutoff
    ]
    if len(pairs) < FEWEST:
        return Season()
    try:
        errors = np.array([[_error(snapshot), _error(_with_btyd(before, laws, fits))] for snapshot, before in pairs])
        at_cutoff = _error(_with_btyd(year_before[0], laws, fits))
    except FitError as error:
        log.warning("no season: BTYD cannot be fitted a year before: %s", error)
        return Season()
    dated = tuple(
        (f"{snapshot.cutoff:%Y-%m-%d}", float(current), float(before))
        for (snapshot, _), (current, before) in zip(pairs, errors, strict=True)
    )
    weight = _weight(errors) if _is_confirmed(errors) else 0.0
    return Season(float(np.exp(weight * at_cutoff)), weight, dated)


def _with_btyd(snapshot: LabelledSnapshot, laws: tuple[str, ...], fits: FitCache | None) -> LabelledSnapshot:
    expected = fit_btyd(snapshot.features, laws, fits).predict(snapshot.features, snapshot.horizon_days)
    features = pd.DataFrame(expected, index=snapshot.features.index)
    return LabelledSnapshot(snapshot.cutoff, snapshot.horizon_days, features, snapshot.labels)


def _error(snapshot: LabelledSnapshot) -> float:
    """Logarithm of actual over expected orders."""
    actual, expected = snapshot.labels[c.ORDERS].sum(), snapshot.features[c.EXPECTED_ORDERS].sum()
    return float(np.log((actual + PRIOR_ORDERS) / (expected + PRIOR_ORDERS)))


def _weight(errors: Array) -> float:
    """Ridge regression of the errors on those a year before, through the origin."""
    current, before = errors.T
    return float(np.clip(current @ before / (before @ before + PRIOR_ERROR**2), 0.0, 1.0))


def _is_confirmed(errors: Array) -> bool:
    """Whether the errors are smaller, all together, once each one's prediction from the others is taken away."""
    rest = [current - _weight(np.delete(errors, row, axis=0)) * before for row, (current, before) in enumerate(errors)]
    return bool(np.square(rest).sum() < np.square(errors[:, 0]).sum())
