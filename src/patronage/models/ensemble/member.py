"""One part of the average: a start, and the trees that better it."""

from __future__ import annotations

from dataclasses import dataclass

import lightgbm as lgb
import numpy as np

from patronage.models.ensemble.encoding import Encoding, Matrices
from patronage.models.ensemble.target import Target
from patronage.typing import Array, Columns

# How each member is made: does it see BTYD's expectations, and does it start from BTYD's answer?
MEMBERS = {
    "btyd": (False, True),
    "plain": (False, False),
    "features": (True, False),
    "offset": (False, True),
}


@dataclass(frozen=True)
class Member:
    """One part of the average.

    Attributes
    ----------
    encoding
        How its booster reads the features.
    booster
        None where nothing is boosted, or no round beat the start.
    base
        The raw score that it starts from; None where it starts from BTYD's answer.
    """

    name: str
    encoding: Encoding
    booster: lgb.Booster | None
    base: float | None

    @property
    def rounds(self) -> int:
        return 0 if self.booster is None else self.booster.num_trees()

    def raw(self, target: Target, features: Columns, matrices: Matrices) -> Array:
        """(N,) raw score; the matrices are those of the features."""
        start = target.start(features) if self.base is None else np.full(matrices.rows, self.base)
        if self.booster is None:
            return start
        x = matrices.of(self.encoding)
        return start + np.asarray(self.booster.predict(x, raw_score=True, num_threads=1))
