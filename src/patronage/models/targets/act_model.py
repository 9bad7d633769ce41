"""A target as a fitted value: the law, the trees that improve on it, and their calibration at a later time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import lightgbm as lgb
import numpy as np
import pandas as pd
from scipy.special import expit

from patronage import names as c
from patronage.config.target import ChosenAct
from patronage.models.ensemble.encoding import Encoding, Matrices
from patronage.models.ensemble.reasons import Contributions, in_words, of_trees
from patronage.models.ensemble.target import RATE_FLOOR
from patronage.models.ensemble.trees import load_with_trees, save_with_trees
from patronage.models.targets.act_law import ActLaw
from patronage.statistics import clip_probability
from patronage.typing import Array

FILE = "act.json"


@dataclass(frozen=True)
class ActModel:
    """The fitted value.

    Attributes
    ----------
    booster
        None where no tree improved on the law for later customers.
    level, slope
        Of the calibrated log-odds on those of law and trees; 0 and 1 where nothing surely improves on that.
    window_days
        Length of the label windows that it learned from.
    medians
        Of every number where it learned, for the reasons.
    """

    act: ChosenAct
    law: ActLaw
    encoding: Encoding
    booster: lgb.Booster | None
    level: float
    slope: float
    window_days: int
    horizon_days: int
    medians: Mapping[str, float]

    def predict(self, features: pd.DataFrame) -> Array:
        """(N,) P(the customer does it in the horizon).

        Beyond the windows that it learned from, a customer does it with the same chance in each.
        """
        raw = self.law.raw(features)
        if self.booster is not None and len(features):
            x = Matrices(features, [self.encoding]).of(self.encoding)
            raw = raw + np.asarray(self.booster.predict(x, raw_score=True, num_threads=1))
        p = clip_probability(expit(self.level + self.slope * raw), RATE_FLOOR)
        return p if self.window_days == self.horizon_days else 1 - (1 - p) ** (self.horizon_days / self.window_days)

    def contributions(self, features: pd.DataFrame) -> Contributions:
        """The log-odds in the learned window divided among the features; they add up."""
        base, parts = self.law.intercept, self.law.parts(features)
        if self.booster is not None:
            middle, shares = of_trees(self.booster, self.encoding, Matrices(features, [self.encoding]))
            base += middle
            for name, part in shares.items():
                parts[name] = parts[name] + part if name in parts else part
        scaled = {name: self.slope * part for name, part in parts.items()}
        return Contributions(self.level + self.slope * base, scaled)

    def columns(self, features: pd.DataFrame, *, reasons: bool = True) -> dict[str, Array]:
        """The columns of the assignments."""
        columns = {c.p_act(self.act.key): self.predict(features)}
        if reasons:
            words = in_words(self.contributions(features), features, self.medians, self.window_days)
            columns[c.act_reasons(self.act.key)] = np.array(words, dtype=object)
        return columns

    def save(self, folder: Path) -> None:
        """Write JSON and LightGBM's text."""
        save_with_trees(self, folder / FILE)

    @classmethod
    def load(cls, folder: Path) -> ActModel:
        """Read what `save` wrote."""
        state = load_with_trees(folder / FILE)
        law = state.pop("law")
        arrays = {name: tuple(law[name]) for name in ("middle", "spread", "weights")}
        terms = tuple((name, how) for name, how in law["terms"])
        act = ChosenAct(**state.pop("act"))
        return cls(act=act, law=ActLaw(terms=terms, intercept=law["intercept"], **arrays), **state)
