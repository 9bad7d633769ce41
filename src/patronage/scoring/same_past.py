"""Whether a log tells of the past what it told at training, and of the latest days what it can tell.

The past does not change: whatever a company has become since, the days before the training hold the orders that they
held. So an export in another unit, one that repeats its rows, or one whose dates have moved is seen there, and a season
or growth is not. What is wrong with the latest days alone stands beside all earlier spans of the same length of the
last year, the busiest season included.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from patronage.config.score import PlausibleConfig
from patronage.data.daily_lines import DailyLines
from patronage.typing import Array

FEWEST_DAYS, FEWEST_LINES = 28, 100  # of both logs in common: fewer are no past to speak of
LONGEST_SHIFT = 400  # days by which dates are looked for elsewhere
ALIKE, UNLIKE = 0.98, 0.9  # correlations of days: of a past that has moved where it went to, and where it was
SPANS = (1, 7, 28)  # days: of the latest lines, and of those that they stand beside
FEWEST_SPANS, MANY_IN_SPAN = 20, 50  # earlier spans, and lines of each of them
FEW_SPANS, FEWEST_IN_SPAN = 5, 10  # of a small shop: earlier spans that share no day, and lines and buyers of a span
DEVIATIONS = 4.0  # of earlier spans, by which the last one differs
WEEK, YEAR = 7, 365


def same_past(now: DailyLines, then: DailyLines, limits: PlausibleConfig) -> Iterator[str]:
    """What a log tells otherwise of the days before the training, a line each.

    Parameters
    ----------
    then
        What the log of the training told.
    """
    before, after = then.frame(), now.frame()
    if (shift := _shift(after["lines"], before["lines"])) is not None:
        direction = "earlier" if shift < 0 else "later"
        yield f"the purchases before the training lie {abs(shift)} days {direction} than they lay then"
        return
    begin, end = max(before.index[0], after.index[0]), before.index[-1]
    before, after = before[begin:end], after.reindex(before[begin:end].index, fill_value=0.0)
    had, has = before["lines"].sum(), after["lines"].sum()
    if len(before) < FEWEST_DAYS or had < FEWEST_LINES:
        return
    span = f"{begin:%Y-%m-%d} to {end:%Y-%m-%d}"
    if _beyond(has / had, limits.past):
        yield f"{has:,.0f} purchases of {span}, and {had:,.0f} at training (plausible.past={limits.past:g})"
    if not has:
        return
    usual, was = np.exp(after["logs"].sum() / has), np.exp(before["logs"].sum() / had)
    if _beyond(usual / was, limits.past):
        yield (
            f"a usual purchase of {span} is {usual:,.4g}, and was {was:,.4g} at training "
            f"(plausible.past={limits.past:g})"
        )


def latest_days(now: DailyLines, limits: PlausibleConfig) -> Iterator[str]:
    """What the latest days tell that no earlier ones do, a line each."""
    days = now.frame()
    for length in (span for span in SPANS if len(days) > span + FEWEST_SPANS):
        spans = days.rolling(length).sum().iloc[length - 1 :]
        spans = spans.assign(size=spans["logs"] / spans["lines"], often=np.log(spans["lines"] / spans["buyers"]))
        last, earlier = spans.iloc[-1], _alike(spans.iloc[-length - YEAR : -length], spans.iloc[-1], length)
        if earlier is None:
            continue
        span = f"the {length} days to {days.index[-1]:%Y-%m-%d}" if length > 1 else f"{days.index[-1]:%Y-%m-%d}"
        lines = [
            f"{what} of {span} is {np.exp(last[name]):,.4g}, and was {np.exp(earlier[name].min()):,.4g} to "
            f"{np.exp(earlier[name].max()):,.4g} in the year before (plausible.latest={limits.latest:g})"
            for name, what in (("size", "a usual purchase"), ("often", "the purchases of a customer and day"))
            if _beyond_all(last[name], earlier[name], limits.latest)
        ]
        if lines:
            yield from lines
            return


def _alike(earlier: pd.DataFrame, last: pd.Series, length: int) -> pd.DataFrame | None:
    """The earlier spans that the last one can be held against: all of many purchases, or enough of a few each."""
    many = earlier[earlier["lines"] >= MANY_IN_SPAN]
    if last["lines"] >= MANY_IN_SPAN and len(many) >= FEWEST_SPANS:
        return many
    few = earlier[earlier["lines"] >= FEWEST_IN_SPAN]
    enough = min(last["lines"], last["buyers"]) >= FEWEST_IN_SPAN and len(few) >= max(FEWEST_SPANS, FEW_SPANS * length)
    return few if enough else None


def _beyond_all(last: float, earlier: pd.Series, times: float) -> bool:
    """Whether a logarithm lies beyond all earlier ones by this factor, and by more than they differ by chance."""
    margin = np.log(times)
    beyond = last - earlier.max() > margin or earlier.min() - last > margin
    return bool(beyond and abs(last - earlier.mean()) > DEVIATIONS * earlier.std())


def _beyond(ratio: float, times: float) -> bool:
    return not 1 / times <= ratio <= times


def _shift(after: pd.Series, before: pd.Series) -> int | None:
    """The days by which the dates of a past have moved; None where they have not."""
    if len(before) < 2 * FEWEST_DAYS or before.sum() < FEWEST_LINES:
        return None
    first, one, other = (after.index[0] - before.index[0]).days, _surprises(after), _surprises(before)
    alike = {days: _correlation(one, other, days - first) for days in range(-LONGEST_SHIFT, LONGEST_SHIFT + 1)}
    best = max(alike, key=lambda days: alike[days])
    return best if best and alike[best] >= ALIKE and alike[0] < UNLIKE else None


def _surprises(lines: pd.Series) -> Array:
    """How each day differs from the same day of the week before: neither growth nor the rhythm of weeks is in it."""
    level = np.log1p(lines.to_numpy())
    return level[WEEK:] - level[:-WEEK]


def _correlation(after: Array, before: Array, offset: int) -> float:
    """Of the days of one past with those of another, which begins so many days later, where they meet."""
    begin, end = max(offset, 0), min(offset + len(before), len(after))
    if end - begin < max(FEWEST_DAYS, len(before) // 2):
        return 0.0
    one, other = after[begin:end], before[begin - offset : end - offset]
    return float(np.corrcoef(one, other)[0, 1]) if one.std() and other.std() else 0.0
