"""What was learned of the effects of contacts, without what it was learned from: to be kept, and asked later."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import pandas as pd
from scipy.stats import norm

from patronage import manifest
from patronage import names as c
from patronage.errors import FitError
from patronage.models.effects.learners import HALVES, EffectTrees, predict_trees
from patronage.models.effects.policy import LEVEL, EffectCurve, Slope
from patronage.models.ensemble.encoding import Encoding
from patronage.models.ensemble.trees import read_trees, write_trees
from patronage.models.validation import require_columns
from patronage.typing import Array, Index

FILE = "effects.json"


@dataclass(frozen=True)
class SimpleRule:
    """A simple policy that is followed: the average effect of the customers on either side of a number, or of a label.

    Attributes
    ----------
    name
        Of the policy, in words.
    column
        Of the customers.
    border
        Of a number: the last cell is `sign * value >= border`, the first all others; None of labels.
    labels
        Of each cell, the first those of nobody else.
    effects, half_widths
        (cells, arms but control) the mean effect, and of its 95 % interval.
    """

    name: str
    column: str
    sign: float
    border: float | None
    labels: tuple[str, ...]
    effects: tuple[tuple[float, ...], ...]
    half_widths: tuple[tuple[float, ...], ...]

    def cells(self, customers: pd.DataFrame) -> Index:
        """(N,) the cell of each customer."""
        require_columns(customers, [self.column], "the policy that was learned")
        if self.border is not None:
            values = customers[self.column].to_numpy(np.float64, na_value=np.nan)
            return (self.sign * values >= self.border).astype(np.intp)
        places = pd.Index(self.labels).get_indexer(customers[self.column].astype(str))
        return np.where(places < 0, 0, places).astype(np.intp)


@dataclass(frozen=True)
class LearnedEffects:
    """The calibrated effect of each arm, as a function of a customer's columns.

    Attributes
    ----------
    arms
        Control first.
    slopes
        The calibration of each arm but control.
    spreads
        Of each arm but control, trees of the variance of what `trees` predict of a customer.
    by_customer
        Whether a policy by these effects surely earned more than the best simple one; else `columns` gives the effects
        of the rule, or everybody the average.
    rule
        A simple policy that surely earned more than contacting nobody and everybody; None: there is none.
    confidence
        With which everybody's average must lie above its cost to be acted on.
    curves
        Of each arm but control, promised and realised by the share contacted; empty if they were not kept.
    """

    arms: tuple[str, ...]
    encoding: Encoding
    trees: EffectTrees
    slopes: tuple[Slope, ...]
    spreads: tuple[lgb.Booster, ...]
    by_customer: bool
    rule: SimpleRule | None = None
    confidence: float = LEVEL
    curves: tuple[EffectCurve, ...] = ()

    def predict(self, customers: pd.DataFrame) -> Array:
        """(N, A) what each arm but control changes, in the unit of the outcome."""
        return self._predict(customers)[0]

    def interval(self, customers: pd.DataFrame) -> tuple[Array, Array]:
        """(N, A) the effects that a policy may act on, and half the width of each one's 95 % interval.

        It holds how unsure the average is, how well predictions tell customers apart, and how much the prediction of
        this customer would change with the customers learned from. Where everybody is given the average, it reaches as
        far as the customer may be from it by these predictions. By a rule it is that of the mean of the rule's group.
        """
        if self.rule is not None:
            cells = self.rule.cells(customers)
            return np.array(self.rule.effects)[cells], np.array(self.rule.half_widths)[cells]
        effects, halves = self._predict(customers)
        if self.by_customer:
            return effects, halves
        means = np.broadcast_to([slope.mean for slope in self.slopes], effects.shape)
        return means, np.abs(effects - means) + halves

    def columns(self, customers: pd.DataFrame) -> dict[str, Array]:
        """The effect of each arm by column of the assignments, with the ends of its 95 % interval."""
        (effects, halves), columns = self.interval(customers), dict[str, Array]()
        for number, arm in enumerate(self.arms[1:]):
            effect, half = effects[:, number], halves[:, number]
            columns |= {c.effect_of(arm): effect, c.effect_low(arm): effect - half, c.effect_high(arm): effect + half}
        return columns

    def least(self) -> dict[str, float]:
        """The low end of the average of each arm, where everybody is given the average; else none."""
        if self.by_customer or self.rule is not None:
            return {}
        share = norm.ppf((1 + self.confidence) / 2) / norm.ppf((1 + LEVEL) / 2)
        averages = {arm: self.average(arm) for arm in self.arms[1:]}
        return {arm: float(mean - share * (mean - low)) for arm, (mean, low, _) in averages.items()}

    def average(self, arm: str) -> tuple[float, float, float]:
        """What an arm changes on average, with the ends of its 95 % interval."""
        slope = self.slopes[self.arms.index(arm) - 1]
        half = float(slope.half_width(np.array(slope.centre)))
        return slope.mean, slope.mean - half, slope.mean + half

    def _predict(self, customers: pd.DataFrame) -> tuple[Array, Array]:
        require_columns(customers, self.encoding.columns, "ContactEffects")
        x = self.encoding.matrix(customers[list(self.encoding.columns)])
        raw, effects, halves = self.trees.predict(x), [], []
        for arm, (slope, trees) in enumerate(zip(self.slopes, self.spreads, strict=True)):
            spread = np.sqrt(np.maximum(predict_trees(trees, x), 0.0))
            effects.append(slope.apply(raw[:, arm]))
            halves.append(slope.half_width(raw[:, arm], spread, HALVES - 1))
        return np.column_stack(effects), np.column_stack(halves)

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
            "by_customer": self.by_customer,
            "rule": None if self.rule is None else asdict(self.rule),
            "confidence": self.confidence,
            "curves": self.curves,
        }
        (folder / FILE).write_text(json.dumps(state, indent=1))
        for number, trees in enumerate(self.trees.trees):
            write_trees(trees, folder / f"trees_{number}.txt")
        for number, trees in enumerate(self.spreads):
            write_trees(trees, folder / f"spread_{number}.txt")
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
        if "rule" not in state:
            raise FitError(f"{folder}: effects of an earlier version; run `patronage effect model=FOLDER` again")
        trees = tuple(read_trees(folder / f"trees_{number}.txt") for number in range(state["trees"]))
        return cls(
            arms=tuple(state["arms"]),
            encoding=Encoding(tuple(state["columns"]), levels),
            trees=EffectTrees(state["learner"], len(state["arms"]) - 1, trees),
            slopes=tuple(Slope(*slope) for slope in state["slopes"]),
            spreads=tuple(read_trees(folder / f"spread_{arm}.txt") for arm in range(len(state["arms"]) - 1)),
            by_customer=state["by_customer"],
            rule=None if state["rule"] is None else _rule(state["rule"]),
            confidence=state.get("confidence", LEVEL),
            curves=tuple(_curve(parts) for parts in state.get("curves", ())),
        )


def _curve(parts: Sequence[Any]) -> EffectCurve:
    """What `save` wrote of it, with tuples again."""
    share, promised, realised, half_width, *customers = parts
    return EffectCurve(tuple(share), tuple(promised), tuple(realised), tuple(half_width), *customers)


def _rule(state: Mapping[str, Any]) -> SimpleRule:
    """What `save` wrote of it, with tuples again."""
    cells = {name: tuple(map(tuple, state[name])) for name in ("effects", "half_widths")}
    return SimpleRule(**{**state, **cells, "labels": tuple(state["labels"])})
