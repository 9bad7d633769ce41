"""Which of many rules about customers go with an outcome: a search that is honest about having searched.

A rule is yes or no for a customer; rules of one family differ in their threshold only. Of each family the threshold is
chosen on one half of the customers and its effect estimated on the other, and the other way round (cross-fitting), so
that choosing does not flatter. Effects are beside what `adjust` holds, such as how active a customer is at all. The
share of false discoveries over all families is kept at 5 % (Benjamini and Hochberg 1995); the same search on shuffled
outcomes stands beside it. Of what is found, a rule whose effect vanishes beside the others only goes along.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy.stats import chi2

from patronage.errors import DataError
from patronage.statistics import Estimate, false_discovery, linear_effects, residuals, single_effects
from patronage.typing import Array, Index, Mask

LEVEL = 0.05  # share of false discoveries
HOLDS, ALONG, CHANCE = "found", "goes along", "no more than chance"
NOT_BEFORE = "not in the time before"  # found, and on the other side of zero in the same search a period earlier
NOT_HELD = "not on those kept out"  # found, and on the other side of zero among the customers who were not searched
MOST_TOGETHER = 25  # rules in one regression
LEAST_CUSTOMERS = 200
LEAST_RULES = 10  # that tell how much two periods differ
SAME_CUSTOMERS = 0.9  # correlation of two rules above which one of them speaks for both
MEDIAN_OF_CHANCE = float(chi2.median(1))
ALIKE = 0.98  # correlation of two rules that are one in other words
LEAST_EVENTS = 30  # customers of each outcome
DIGITS = 12  # of correlations; what differs behind them is the order in which a processor adds


@dataclass(frozen=True)
class Rules:
    """Candidate rules: `matrix` (N, R) of 0 and 1, the family and the wording of each.

    `beside` holds what effects are beside in addition to what those of all rules are, and `held_beside` its key for
    each rule: an act is held beside other acts of the same days, never beside itself, or its own effect would be taken
    away twice.
    """

    matrix: Array
    families: Sequence[str]
    wordings: Sequence[str]
    beside: Mapping[str, Array] = field(default_factory=dict)
    held_beside: Sequence[str] = ()

    def of_at_least(self, least: int) -> Rules:
        """Those that at least so many customers fulfil, and so many do not."""
        sums = self.matrix.sum(axis=0)
        places = [int(k) for k in np.flatnonzero((sums >= least) & (sums <= len(self.matrix) - least))]
        return self.of(np.ones(len(self.matrix), bool), places)

    def without_doubles(self) -> Rules:
        """Without the rules that are an earlier one in other words, or its opposite."""
        return self.of(np.ones(len(self.matrix), bool), self.distinct())

    def distinct(self) -> list[int]:
        """The places of the rules that are no earlier one in other words, nor its opposite."""
        counts = self.matrix.astype(np.float32)  # whole numbers, exact up to 2**24 customers
        both, shares = (counts.T @ counts).astype(np.float64) / len(counts), self.matrix.mean(axis=0)
        spread = np.sqrt(shares * (1 - shares))
        limit = ALIKE * np.outer(spread, spread)
        alike = (np.abs(both - np.outer(shares, shares)) > limit) & (limit > 0)
        places: list[int] = []
        for place in range(len(self.wordings)):
            others = [k for k in places if self.families[k] != self.families[place]]
            if not alike[place, others].any():
                places.append(place)
        return places

    def of(self, rows: Mask, places: Sequence[int] | None = None) -> Rules:
        """Those of some customers, and of some places only."""
        chosen = range(len(self.wordings)) if places is None else places
        return Rules(
            self.matrix[rows][:, list(chosen)],
            [self.families[k] for k in chosen],
            [self.wordings[k] for k in chosen],
            {key: values[rows] for key, values in self.beside.items()},
            [self.held_beside[k] for k in chosen] if self.held_beside else (),
        )

    def left_beside(self, adjust: Array) -> Array:
        """(N, R) what `adjust`, and what each rule is held beside, leave of every rule."""
        left = np.empty_like(self.matrix)
        keys = np.array(self.held_beside or [""] * len(self.wordings))
        for key in dict.fromkeys(keys):
            columns = np.flatnonzero(keys == key)
            more = [self.beside[key]] if key in self.beside else []
            left[:, columns] = residuals(self.matrix[:, columns], np.column_stack([adjust, *more]))
        return left


@dataclass(frozen=True)
class EarlierPeriod:
    """The same rules, in the same order, with outcome and adjustment of the customers of a period before."""

    rules: Rules
    y: Array
    adjust: Array


@dataclass(frozen=True)
class RuleSearch:
    """What was found.

    Attributes
    ----------
    table
        A row per family: its best `rule`, how many `customers` fulfil it, the mean outcome `with_it` and `without_it`,
        the cross-fitted `effect` with its 95% interval `low` to `high`, `p_value_adjusted`, the effect `together` with
        all that was found, `goes_along_with`, `held_out_effect` (and its `held_out_low`,
        `held_out_high`) on customers who were not searched, `earlier_effect` (with its ends) in the period before,
        and the verdict.
    by_chance
        Families that the same search finds in a shuffled outcome, as the mean of several.
    periods_differ
        How many times as far apart as by the customers alone this period and the one before it are; errors were
        multiplied by it. Missing where there is no period before.
    """

    table: pd.DataFrame
    by_chance: float
    periods_differ: float = np.nan

    @property
    def holding(self) -> pd.DataFrame:
        """The rows that hold by themselves, strongest first."""
        return self.table[self.table["verdict"] == HOLDS]

    @property
    def counted(self) -> str:
        """How many rules hold, beside how many would by chance, in words."""
        n, chance = len(self.holding), self.by_chance
        told = (
            f"{n} of {len(self.table)} rules {'holds' if n == 1 else 'hold'} beyond chance; "
            f"by chance alone {f'{chance:.1f}' if chance >= 0.05 else 'fewer than 0.1'} would"
        )
        return told if np.isnan(self.periods_differ) else f"{told}; {self._told_of_before()}"

    def _told_of_before(self) -> str:
        again = (self.holding["earlier_low"] > 0) | (self.holding["earlier_high"] < 0)
        turned = int((self.table["verdict"] == NOT_BEFORE).sum())
        others = f", {turned} more lay on the other side then and {'is' if turned == 1 else 'are'} not counted"
        return f"{int(again.sum())} of them did so in the period before too{others if turned else ''}"


def search_rules(
    rules: Rules,
    y: Array,
    adjust: Array,
    held_out: Mask,
    *,
    least: int,
    shuffles: int,
    seed: int,
    earlier: EarlierPeriod | None = None,
) -> RuleSearch:
    """Search.

    Parameters
    ----------
    y
        (N,) outcome: 0 or 1, or a number.
    adjust
        (N, A) what effects are beside.
    held_out
        (N,) customers who are kept out of the search, to hold its findings against; none where all are False.
    earlier
        What the same rules were worth in the period before. Errors hold then how far two periods lie apart, beyond the
        customers drawn anew, and what lay on the other side of zero is not found.

    Raises
    ------
    DataError
        Too few customers, or too few of one outcome, or no rule that enough of them fulfil.
    """
    _check_enough(y, ~held_out)
    inside = rules.of(~held_out).of_at_least(least)
    if not inside.wordings:
        raise DataError(f"no behaviour that at least {least} customers show, and {least} do not")
    names = {wording: place for place, wording in enumerate(rules.wordings)}
    x, target = inside.left_beside(adjust[~held_out]), residuals(y[~held_out], adjust[~held_out])
    rng = np.random.default_rng(seed)
    half = rng.permutation(len(target)) % 2 == 0
    outcomes = np.stack([target, *(rng.permutation(target) for _ in range(shuffles))])
    families, effects = _cross_fitted(inside.families, x, outcomes, half)
    (best,) = _best(inside.families, families, _correlations(x, target[None], target[None] @ x))
    table = _described(inside, best, y[~held_out])
    before = _in_period(earlier, [names[rule] for rule in table["rule"]], least)
    times = periods_differ(Estimate(effects.value[0], effects.error[0]), before)
    effects = Estimate(effects.value, effects.error * (times if np.isfinite(times) else 1.0))
    fitted = Estimate(effects.value[0], effects.error[0])
    adjusted, *of_chance = (false_discovery(p_values) for p_values in effects.p_value)
    table.insert(0, "family", families)
    table["effect"], table["low"], table["high"] = fitted.value, fitted.low, fitted.high
    table["p_value_adjusted"] = adjusted
    table = _together(table, inside.of(np.ones(len(x), bool), best), y[~held_out], adjust[~held_out])
    chosen = rules.of(held_out, [names[rule] for rule in table["rule"]])
    table = _on_held_out(table, chosen, y[held_out], adjust[held_out])
    chance = [int((p_values < LEVEL).sum()) for p_values in of_chance]
    table["earlier_effect"], table["earlier_low"], table["earlier_high"] = before.value, before.low, before.high
    table.loc[(table["verdict"] == HOLDS) & (np.sign(before.value) == -np.sign(fitted.value)), "verdict"] = NOT_BEFORE
    turned = (table["verdict"] == HOLDS) & (np.sign(table["held_out_effect"]) == -np.sign(table["effect"]))
    table.loc[turned, "verdict"] = NOT_HELD
    order = {HOLDS: 0, NOT_BEFORE: 1, NOT_HELD: 2, ALONG: 3, CHANCE: 4}
    table["strength"] = np.abs(fitted.value / np.where(fitted.error > 0, fitted.error, np.nan))
    table = table.sort_values(["verdict", "strength"], ascending=[True, False], kind="stable",
                              key=lambda column: column.map(order) if column.name == "verdict" else column)  # fmt: skip
    table = table.drop(columns="strength").reset_index(drop=True)
    return RuleSearch(table, float(np.mean(chance)) if chance else 0.0, times)


def _in_period(earlier: EarlierPeriod | None, places: Sequence[int], least: int) -> Estimate:
    """The effects of rules in a period before; missing where there is none, or too few fulfilled the rule."""
    missing = np.full(len(places), np.nan)
    if earlier is None:
        return Estimate(missing, missing)
    rules = earlier.rules.of(np.ones(len(earlier.y), bool), places)
    sums = rules.matrix.sum(axis=0)
    enough = (sums >= least) & (sums <= len(earlier.y) - least)
    effects = single_effects(rules.left_beside(earlier.adjust), residuals(earlier.y, earlier.adjust))
    return Estimate(*(np.where(enough, part, np.nan) for part in effects))


def periods_differ(effects: Estimate, before: Estimate) -> float:
    """How far two periods lie apart, as times of what drawing the customers anew would do; 1 where that is all.

    Of the differences beside their errors the median square, beside that of a normal one: a few rules that turned are
    told one by one, and must not widen all others. Missing with fewer than `LEAST_RULES`.
    """
    z = (effects.value - before.value) / np.hypot(effects.error, before.error)
    z = z[np.isfinite(z)]
    return float(np.sqrt(max(np.median(z**2) / MEDIAN_OF_CHANCE, 1.0))) if len(z) >= LEAST_RULES else np.nan


def _check_enough(y: Array, inside: Mask) -> None:
    n = int(inside.sum())
    values, sizes = np.unique(y[inside], return_counts=True)
    rarer = int(sizes.min()) if len(values) == 2 else n
    if n < LEAST_CUSTOMERS or len(values) < 2 or rarer < LEAST_EVENTS:
        told = f"; {rarer if len(values) == 2 else 0:,} differ from the others" if len(values) < 3 else ""
        raise DataError(
            f"{n:,} customers{told}; to compare them, {LEAST_CUSTOMERS} are needed, {LEAST_EVENTS} on each side"
        )


def _cross_fitted(families: Sequence[str], x: Array, outcomes: Array, half: Mask) -> tuple[list[str], Estimate]:
    """The families, and the effect of each: chosen on one half, estimated on the other, and the mean of both ways.

    `outcomes` is (S, N), the effects (S, F); the rules are read once for all outcomes.
    """
    names = list(dict.fromkeys(families))
    chosen, effects = [], []
    for rows in (half, ~half):
        own, y = x[rows], outcomes[:, rows]
        effects.append(single_effects(own, y))
        products = effects[-1].value * np.einsum("ij,ij->j", own, own)
        chosen.append(_best(families, names, _correlations(own, y, products)))
    first, second = (
        Estimate(*(np.take_along_axis(part, places, axis=1) for part in effect))
        for effect, places in zip(effects, reversed(chosen), strict=True)
    )
    return names, Estimate((first.value + second.value) / 2, np.hypot(first.error, second.error) / 2)


def _correlations(x: Array, y: Array, products: Array) -> Array:
    """(S, R) how clearly each rule goes with each outcome; rules of the same customers have the very same."""
    norms = np.sqrt(np.outer((y**2).sum(axis=1), np.einsum("ij,ij->j", x, x)))
    return np.round(np.abs(np.nan_to_num(products)) / np.where(norms > 0, norms, np.inf), DIGITS)


def _best(families: Sequence[str], names: Sequence[str], correlations: Array) -> Index:
    """(S, F) the place of the clearest rule of each family, the first of several."""
    places = pd.DataFrame(correlations.T).groupby(np.array(families)).idxmax()
    return np.asarray(places.loc[list(names)].to_numpy(np.intp).T)


def _described(rules: Rules, best: Sequence[int], y: Array) -> pd.DataFrame:
    matrix = rules.matrix[:, best]
    sizes = matrix.sum(axis=0)
    return pd.DataFrame(
        {
            "rule": [rules.wordings[place] for place in best],
            "customers": sizes.astype(int),
            "with_it": (y @ matrix) / sizes,
            "without_it": (y.sum() - y @ matrix) / (len(y) - sizes),
        }
    )


def _together(table: pd.DataFrame, rules: Rules, y: Array, adjust: Array) -> pd.DataFrame:
    """With the effect of each rule that was found beside all others that were, and the verdicts.

    Each has a regression of its own, since each is beside other things, too: what is left of another rule beside those
    would leave out a part of it that goes with this one.
    """
    table = table.assign(together=np.nan, goes_along_with="", verdict=CHANCE)
    holding = (table["p_value_adjusted"] < LEVEL).to_numpy()
    places = np.flatnonzero(holding)
    places = places[np.argsort(table["p_value_adjusted"].to_numpy()[places], kind="stable")][:MOST_TOGETHER]
    table.loc[holding, "verdict"] = HOLDS
    if len(places) < 2:
        return table.assign(together=np.where(holding, table["effect"], np.nan))
    alike = np.abs(np.corrcoef(rules.matrix[:, places], rowvar=False)) - np.eye(len(places))
    first = [place for place in range(len(places)) if not (alike[place, :place] > SAME_CUSTOMERS).any()]
    own = table["effect"].to_numpy()[places]
    for place, row in enumerate(map(int, places)):
        along = place not in first  # with one that as good as the same customers fulfil, and that is surer
        if not along:
            more = [rules.beside[key] for key in rules.held_beside[row : row + 1] if key in rules.beside]
            order = [place, *(other for other in first if other != place)]
            joint = linear_effects(np.column_stack([rules.matrix[:, places[order]], adjust, *more]), y)
            value, low, high = (float(end[0]) for end in (joint.value, joint.low, joint.high))
            table.loc[row, "together"] = value
            along = low <= 0 <= high or abs(value) < abs(own[place]) / 2
        if along:
            table.loc[row, "goes_along_with"] = table["rule"].iloc[places[int(alike[place].argmax())]]
            table.loc[row, "verdict"] = ALONG
    return table


def _on_held_out(table: pd.DataFrame, rules: Rules, y: Array, adjust: Array) -> pd.DataFrame:
    """With the effects of the same rules on the customers who were not searched."""
    names = ["held_out_effect", "held_out_low", "held_out_high"]
    if len(y) < LEAST_CUSTOMERS:
        return table.assign(**dict.fromkeys(names, np.nan))
    held = single_effects(rules.left_beside(adjust), residuals(y, adjust))
    return table.assign(**dict(zip(names, (held.value, held.low, held.high), strict=True)))
