"""The members of the ensemble: each is a start, and the trees that improve on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import lightgbm as lgb
import numpy as np

from patronage.models.ensemble.encoding import Encoding, Matrices
from patronage.models.ensemble.target import Target
from patronage.typing import Array, Columns


class MemberKind(NamedTuple):
    """How a member uses BTYD.

    Attributes
    ----------
    reads_btyd
        BTYD's predictions are among the features.
    starts_from_btyd
        Boosting starts from BTYD's prediction of each customer, and learns the residual.
    """

    reads_btyd: bool
    starts_from_btyd: bool

    @property
    def uses_btyd(self) -> bool:
        return self.reads_btyd or self.starts_from_btyd


BTYD = "btyd"  # the member without trees
MEMBERS = {
    BTYD: MemberKind(reads_btyd=False, starts_from_btyd=True),
    "plain": MemberKind(reads_btyd=False, starts_from_btyd=False),
    "features": MemberKind(reads_btyd=True, starts_from_btyd=False),
    "offset": MemberKind(reads_btyd=False, starts_from_btyd=True),
}


@dataclass(frozen=True)
class Member:
    """One part of the average.

    Attributes
    ----------
    encoding
        How its booster reads the features.
    booster
        None where nothing is boosted, or no round improved on the start.
    base
        The raw score that it starts from; None where it starts from BTYD's prediction of each customer.
    """

    name: str
    encoding: Encoding
    booster: lgb.Booster | None
    base: float | None

    @property
    def rounds(self) -> int:
        return 0 if self.booster is None else self.booster.num_trees()

    def raw(self, target: Target, features: Columns, matrices: Matrices) -> Array:
        """(N,) raw scores; the matrices are those of the features."""
        start = target.start(features) if self.base is None else np.full(matrices.rows, self.base)
        if self.booster is None:
            return start
        x = matrices.of(self.encoding)
        return start + np.asarray(self.booster.predict(x, raw_score=True, num_threads=1))


@dataclass(frozen=True)
class TargetEnsemble:
    """The fitted members of one target.

    Attributes
    ----------
    btyd_level
        BTYD's mean raw score where the members learned; 0 where no member starts from it.
    """

    target: Target
    members: tuple[Member, ...]
    btyd_level: float = 0.0

    def predict(
        self, features: Columns, btyd_at_horizon: Columns | None = None, matrices: Matrices | None = None
    ) -> dict[str, Array]:
        """The prediction of each member, by its name; see `Ensemble.predict`."""
        matrices = matrices or Matrices(features, [member.encoding for member in self.members])
        shift: Array | float = 0.0
        if btyd_at_horizon is not None:
            shift = self.target.start(btyd_at_horizon) - self.target.start(features)
        return {
            member.name: self.target.mean(member.raw(self.target, features, matrices) + shift)
            for member in self.members
        }
