"""Which of many rules about customers go with an outcome: a search that is honest about having searched.

A rule is yes or no for a customer; rules of one family differ in their threshold only. Of each family the threshold is
chosen on one half of the customers and its effect estimated on the other, and the other way round (cross-fitting), so
that choosing does not flatter. Effects are beside what `adjust` holds, such as how active a customer is at all. The
share of false discoveries over all families is kept at 5 % (Benjamini and Hochberg 1995); the same search on shuffled
outcomes stands beside it. Where there is a period before, what is found must hold there too, with false discoveries
controlled among what is held against it (Bogomolov and Heller 2013). Of what is found, a rule whose effect vanishes
beside the others only goes along (`shared_effects`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import chi2

from patronage.analyses.rules import Rules
from patronage.analyses.shared_effects import MOST_TOGETHER, shared_effects
from patronage.errors import DataError
from patronage.statistics import Estimate, false_discovery, residuals, single_effects
from patronage.typing import Array, Index, Mask

LEVEL = 0.05  # share of false discoveries
HOLDS, ALONG, CHANCE = "found", "goes along", "no more than chance"
NOT_BEFORE = "not clear in the time before"  # found, and of no effect beyond chance on the same side a period earlier
NOT_HELD = "not on those kept out"  # found, and on the other side of zero among the customers who were not searched
LEAST_CUSTOMERS = 200
LEAST_RULES = 10  # that tell how much two periods differ
MEDIAN_OF_CHANCE = float(chi2.median(1))
LEAST_EVENTS = 30  # customers of each outcome
DIGITS = 12  # of correlations; what differs behind them is the order in which a processor adds


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
        the others that were found and do not follow it, `goes_along_with`, `held_out_effect` (and its `held_out_low`,
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
    def drawn(self) -> pd.DataFrame:
        """The table as a figure shows it: `label`, with the verdict of what is not found, and the effect as `value`."""
        words = self.table["rule"] + (": " + self.table["verdict"]).where(self.table["verdict"] != HOLDS, "")
        return self.table.rename(columns={"effect": "value"}).assign(label=words)

    @property
    def counted(self) -> str:
        """How many rules hold, beside how many would by chance, in words."""
        n, chance = len(self.holding), self.by_chance
        told = (
            f"{n} of {len(self.table)} rules {'holds' if n == 1 else 'hold'} beyond chance; "
            f"by chance alone {f'{chance:.1f}' if chance >= 0.05 else 'fewer than 0.1'} would"
        )
        before = (
            f"; in the period before {'it holds' if n == 1 else 'they hold'}, too" if self.held_against_before else ""
        )
        return told + before + self.of_this_period

    @property
    def held_against_before(self) -> bool:
        """Whether there was a period before."""
        return bool(self.table["earlier_effect"].notna().any())

    @property
    def of_this_period(self) -> str:
        """How many rules are clear in this period alone, in words; nothing where there is none."""
        unclear = int((self.table["verdict"] == NOT_BEFORE).sum())
        more = f"; in this period only, and not counted: {unclear} more {'rule' if unclear == 1 else 'rules'}"
        return more if unclear else ""


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
        customers drawn anew, and only what was beyond chance on the same side then, too, is found.

    Raises
    ------
    DataError
        Too few customers, or too few of one outcome, or no rule that enough of them fulfil.
    """
    _check_enough(y, ~held_out)
    inside = rules.of(~held_out).of_at_least(least)
    x = inside.left_beside(adjust[~held_out])
    left = x.any(axis=0)
    inside, x = inside.of(np.ones(len(x), bool), list(map(int, np.flatnonzero(left)))), x[:, left]
    if not inside.wordings:
        raise DataError(f"no behaviour that at least {least} customers show, and {least} do not")
    names = {wording: place for place, wording in enumerate(rules.wordings)}
    target = residuals(y[~held_out], adjust[~held_out])
    rng = np.random.default_rng(seed)
    half = rng.permutation(len(target)) % 2 == 0
    outcomes = np.stack([target, *(rng.permutation(target) for _ in range(shuffles))])
    families, effects = _cross_fitted(inside.families, x, outcomes, half)
    (best,) = _best(inside.families, families, _correlations(x, target[None], target[None] @ x))
    table = _described(inside, best, y[~held_out])
    before = _in_period(earlier, [names[rule] for rule in table["rule"]], least)
    times = periods_differ(Estimate(effects.value[0], effects.error[0]), before)
    wider = times if np.isfinite(times) else 1.0
    effects, before = Estimate(effects.value, effects.error * wider), Estimate(before.value, before.error * wider)
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
    if np.isfinite(before.value).any():
        again = _again(before, fitted.value, (adjusted < LEVEL) & np.isfinite(adjusted))
        table.loc[(table["verdict"] == HOLDS) & ~again, "verdict"] = NOT_BEFORE
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


def _again(before: Estimate, values: Array, chosen: Mask) -> Mask:
    """Which of the rules that were found are beyond chance in the period before, on the same side.

    They were chosen without a look at it: false discoveries are controlled among them alone.
    """
    p_values = np.where(np.sign(before.value) == np.sign(values), before.p_value, 1.0)
    again = np.zeros(len(values), bool)
    again[chosen] = false_discovery(np.where(np.isfinite(before.value), p_values, np.nan)[chosen]) < LEVEL
    return again


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
    """With the effect of each rule that was found beside the others that were, and the verdicts."""
    table = table.assign(together=np.nan, goes_along_with="", verdict=CHANCE)
    holding = (table["p_value_adjusted"] < LEVEL).to_numpy()
    table.loc[holding, "verdict"] = HOLDS
    places = np.flatnonzero(holding)
    places = places[np.argsort(table["p_value_adjusted"].to_numpy()[places], kind="stable")]
    table.loc[holding, "together"] = table["effect"][holding]
    surest = rules.of(np.ones(len(y), bool), list(map(int, places[:MOST_TOGETHER])))
    for row, effect in zip(places, shared_effects(surest, table["effect"].to_numpy()[places], y, adjust), strict=False):
        table.loc[row, "together"] = effect.together
        if effect.partner is not None:
            table.loc[row, ["goes_along_with", "verdict"]] = [table["rule"].iloc[places[effect.partner]], ALONG]
    return table


def _on_held_out(table: pd.DataFrame, rules: Rules, y: Array, adjust: Array) -> pd.DataFrame:
    """With the effects of the same rules on the customers who were not searched."""
    names = ["held_out_effect", "held_out_low", "held_out_high"]
    if len(y) < LEAST_CUSTOMERS:
        return table.assign(**dict.fromkeys(names, np.nan))
    held = single_effects(rules.left_beside(adjust), residuals(y, adjust))
    return table.assign(**dict(zip(names, (held.value, held.low, held.high), strict=True)))
