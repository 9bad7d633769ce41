"""What was learned of the effects of contacts, without what it was learned from: to be kept, and asked later."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from patronage import manifest
from patronage import names as c
from patronage.errors import FitError
from patronage.models.effects.learners import EffectTrees
from patronage.models.effects.policy import EffectCurve, Slope
from patronage.models.ensemble.encoding import Encoding
from patronage.models.ensemble.trees import read_trees
from patronage.models.validation import require_columns
from patronage.typing import Array

FILE = "effects.json"


@dataclass(frozen=True)
class LearnedEffects:
    """The calibrated effect of each arm, as a function of a customer's columns.

    Attributes
    ----------
    arms
        Control first.
    slopes
        The calibration of each arm but control.
    half_widths
        Of the 95 % interval of each arm's average effect.
    by_customer
        Whether a policy by these effects surely earned more than the best simple one; else `columns` gives everybody
        the average.
    curves
        Of each arm but control, promised and realised by the share contacted; empty if they were not kept.
    """

    arms: tuple[str, ...]
    encoding: Encoding
    trees: EffectTrees
    slopes: tuple[Slope, ...]
    half_widths: tuple[float, ...]
    by_customer: bool
    curves: tuple[EffectCurve, ...] = ()

    def predict(self, customers: pd.DataFrame) -> Array:
        """(N, A) what each arm but control changes, in the unit of the outcome."""
        require_columns(customers, self.encoding.columns, "ContactEffects")
        raw = self.trees.predict(self.encoding.matrix(customers[list(self.encoding.columns)]))
        return np.column_stack([slope.apply(raw[:, arm]) for arm, slope in enumerate(self.slopes)])

    def columns(self, customers: pd.DataFrame) -> dict[str, Array]:
        """The effect of each arm by column of the assignments, with its ends.

        The ends are those of the arm's average, moved to the customer: how unsure the difference between customers is,
        they do not know.
        """
        effects, columns = self.predict(customers), dict[str, Array]()
        if not self.by_customer:
            effects = np.broadcast_to([slope.mean for slope in self.slopes], effects.shape)
        for number, (arm, half) in enumerate(zip(self.arms[1:], self.half_widths, strict=True)):
            effect = effects[:, number]
            columns |= {c.effect_of(arm): effect, c.effect_low(arm): effect - half, c.effect_high(arm): effect + half}
        return columns

    def average(self, arm: str) -> tuple[float, float, float]:
        """What an arm changes on average, with the ends of its 95 % interval."""
        number = self.arms.index(arm) - 1
        mean, half = self.slopes[number].mean, self.half_widths[number]
        return mean, mean - half, mean + half

    def save(self, folder: str | Path) -> None:
        """Write LightGBM's text format and JSON, with a manifest."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        state = {
            "arms": self.arms,
            "learner": self.trees.learner,
            "trees": len(self.trees.trees),
            "columns": self.encoding.columns,
            "levels": self.encoding.levels,
            "slopes": self.slopes,
            "half_widths": self.half_widths,
            "by_customer": self.by_customer,
            "curves": self.curves,
        }
        (folder / FILE).write_text(json.dumps(state, indent=1))
        for number, trees in enumerate(self.trees.trees):
            trees.save_model(folder / f"trees_{number}.txt")
        manifest.write(folder)

    @classmethod
    def load(cls, folder: str | Path) -> LearnedEffects:
        """Read what `save` wrote.

        Raises
        ------
        FitError
            The folder holds no effects, or a file was changed since.
        """
        folder = Path(folder)
        if not (folder / FILE).is_file():
            raise FitError(f"{folder}: no effects; expected the folder that `patronage effect model=FOLDER` wrote")
        manifest.check(folder)
        state: Mapping[str, Any] = json.loads((folder / FILE).read_text())
        levels = {name: tuple(values) for name, values in state["levels"].items()}
        trees = tuple(read_trees(folder / f"trees_{number}.txt") for number in range(state["trees"]))
        return cls(
            arms=tuple(state["arms"]),
            encoding=Encoding(tuple(state["columns"]), levels),
            trees=EffectTrees(state["learner"], len(state["arms"]) - 1, trees),
            slopes=tuple(Slope(*slope) for slope in state["slopes"]),
            half_widths=tuple(state["half_widths"]),
            by_customer=state["by_customer"],
            curves=tuple(EffectCurve(*map(tuple, curve)) for curve in state.get("curves", ())),
        )
