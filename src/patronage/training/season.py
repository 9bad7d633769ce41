"""The season: by how much all customers together order more or less than BTYD expects at this time of the year.

BTYD knows no calendar. Where the log holds a second year, its error a year before, over the same weeks, foretells
its error now: one factor on everyone's order rate in the horizon. How much of last year's error comes back is learned
from the origins that have a year before them. There is no season unless it would have served them better than none,
each foretold by what the others teach.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

import numpy as np

from patronage import cutoff as when
from patronage import names as c
from patronage.errors import FitError
from patronage.labels import LabelledSnapshot
from patronage.models.btyd.mean import fit_btyd
from patronage.models.forecast import Season
from patronage.typing import Array

log = logging.getLogger(__name__)

PRIOR_ORDERS = 50.0  # as if so many more had come as expected: a small log says little of a season
PRIOR_ERROR = 0.1  # a logarithm: where one origin teaches, half of an error of this size comes back
FEWEST = 3  # origins with a year before them


def learn_season(
    past: Sequence[LabelledSnapshot], year_before: Sequence[LabelledSnapshot], laws: tuple[str, ...]
) -> Season:
    """The season of the horizon that follows the cutoff.

    Parameters
    ----------
    past
        Labelled snapshots of earlier origins with BTYD's expectations, the latest first.
    year_before
        Labelled snapshots of a year before: the cutoff's first, and of those origins that the log allows. Empty where
        it does not reach back to the cutoff's.
    laws
        Of BTYD, which is fitted anew at each of them.
    """
    then = {snapshot.cutoff: snapshot for snapshot in year_before}
    pairs = [(one, then[before]) for one in past if (before := when.year_before(one.cutoff)) in then]
    if len(pairs) < FEWEST:
        return Season()
    try:
        errors = np.array([[_error(now), _error(_expecting(before, laws))] for now, before in pairs])
        coming = _error(_expecting(year_before[0], laws))
    except FitError as error:
        log.warning("no season: BTYD cannot be fitted a year before: %s", error)
        return Season()
    said = tuple(
        (f"{snapshot.cutoff:%Y-%m-%d}", float(now), float(before))
        for (snapshot, _), (now, before) in zip(pairs, errors, strict=True)
    )
    weight = _weight(errors) if _serves(errors) else 0.0
    return Season(float(np.exp(weight * coming)), weight, said)


def _expecting(snapshot: LabelledSnapshot, laws: tuple[str, ...]) -> LabelledSnapshot:
    expected = fit_btyd(snapshot.features, laws).expect(snapshot.features, snapshot.horizon_days)
    return LabelledSnapshot(snapshot.cutoff, snapshot.horizon_days, expected, snapshot.labels)


def _error(snapshot: LabelledSnapshot) -> float:
    seen, expected = snapshot.labels[c.ORDERS].sum(), snapshot.features[c.EXPECTED_ORDERS].sum()
    return float(np.log((seen + PRIOR_ORDERS) / (expected + PRIOR_ORDERS)))


def _weight(errors: Array) -> float:
    """Ridge regression of the errors on those a year before, through the origin."""
    now, before = errors.T
    return float(np.clip(now @ before / (before @ before + PRIOR_ERROR**2), 0.0, 1.0))


def _serves(errors: Array) -> bool:
    """Whether each error is smaller, all together, once what the others teach of it is taken away."""
    left = [now - _weight(np.delete(errors, row, axis=0)) * before for row, (now, before) in enumerate(errors)]
    return bool(np.square(left).sum() < np.square(errors[:, 0]).sum())
