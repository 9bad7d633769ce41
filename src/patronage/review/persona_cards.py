"""A card of each persona, as a marketer reads it: data first, a row per line of a card.

A card tells how many they are and what they bring, one sentence that is true of them, five everyday measures with
the base's value beside, what they buy more than others (lift, not popularity), when and through what they come, what
they are expected to do next, what moved since the champion, what to do with them, and typical customers. What is
missing or unknown is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from patronage import lenses
from patronage import names as c
from patronage.bundle import Bundle
from patronage.config.actions import LEAVE_ALONE
from patronage.lenses.taste_axes import plain
from patronage.models.ensemble.reasons import number_in_words
from patronage.models.personas import PersonaModel
from patronage.models.personas.naming import FeatureWords, held_words
from patronage.review.page.html import percent

MEASURES = 5  # everyday measures on a card
EVERYDAY = (
    c.N_ORDERS,
    c.MEAN_GAP_DAYS,
    c.TENURE_DAYS,
    c.MEAN_ORDER_VALUE,
    c.DAYS_SINCE_LAST_ORDER,
)  # beside what they see
GOODS = 4  # items that a persona buys more than others
TYPICAL = 3
LEAST_LIFT = 1.15  # of an item's share, to be named
LEAST_SHARE, LEAST_BUYERS = 0.005, 10  # of the persona's spend, and of its customers, for an item or label to be named
MORE = "more "  # a word of taste begins so: it is true of what customers buy, the others of what they are
# what to do, by the first view word that holds; the words stand in the features' descriptions
ADVICE = {
    "lapsed": "win them back only where the expected profit is above the cost",
    "quiet": "remind them: no order in the last 90 days",
    "away for a while": "remind them now: the longer the silence, the fewer come back",
    "one-time": "bring the second order: what others bought next, soon after the first",
    "high-spending": "keep them: service and early access rather than discounts",
    "frequent": "keep them: they come by themselves, an offer costs without need",
    "discount-seeking": "time offers for them; at full price they wait",
    "occasional": "give them a reason to come more often",
    "low-spending": "raise the basket by what they already like",
    "active": "stay in touch: they come, and could come more often",
    "recent": "stay in touch while the last order is fresh",
}


class CardLine(NamedTuple):
    """One line of a card: which part, what, the persona's value and the base's, and a text to read."""

    part: str
    what: str
    value: float
    base: float
    text: str


@dataclass(frozen=True)
class CardInputs:
    """What the cards are written from.

    Attributes
    ----------
    features, assignments
        Of all customers at the cutoff.
    goods
        `customer_id`, `item`, `paid` before the cutoff; empty where the log does not tell what was bought.
    former
        The personas that these carry on, if any.
    """

    bundle: Bundle
    features: pd.DataFrame
    assignments: pd.DataFrame
    goods: pd.DataFrame
    former: PersonaModel | None = None


def persona_cards(inputs: CardInputs) -> pd.DataFrame:
    """A row per persona and line of its card: `persona_id`, `persona`, `part`, `what`, `value`, `base`, `text`."""
    personas = inputs.bundle.personas
    held = held_words(personas.words, inputs.features, personas.columns)
    rows = []
    for number, name in zip(personas.ids, personas.names, strict=True):
        members = (inputs.assignments[c.PERSONA_ID] == number).to_numpy()
        if members.any():
            rows += [(number, name, *line) for line in _card(inputs, held, members, name)]
    return pd.DataFrame(rows, columns=[c.PERSONA_ID, c.PERSONA, *CardLine._fields])


def _card(inputs: CardInputs, held: np.ndarray, members: np.ndarray, name: str) -> Iterator[CardLine]:
    yield from _size(inputs, members)
    yield from _sentence(inputs.bundle.personas.words, held, members, name)
    yield from _measures(inputs, members)
    yield from _goods(inputs, members)
    yield from _ways(inputs, members)
    yield from _next(inputs, members)
    yield from _moved(inputs, members)
    yield from _advice(inputs, members, name)
    yield from _typical(inputs, members)


def _size(inputs: CardInputs, members: np.ndarray) -> Iterator[CardLine]:
    share, n = float(members.mean()), int(members.sum())
    yield CardLine("size", "customers", n, len(members), f"{n:,} customers, {percent(share)} of all")
    for source, column, what in (
        (inputs.features, c.NET_REVENUE, c.REVENUE),
        (inputs.assignments, c.CLV, "expected value"),
    ):
        values = source[column].fillna(0).to_numpy(float)
        if values.sum() > 0:
            part, mean, base = values[members].sum() / values.sum(), values[members].mean(), values.mean()
            text = f"{percent(part)} of the {what}; {mean:,.0f} a customer (all: {base:,.0f})"
            yield CardLine("money", what, mean, base, text)


def _sentence(words: tuple[FeatureWords, ...], held: np.ndarray, members: np.ndarray, name: str) -> Iterator[CardLine]:
    """How many of them each word of the name is true of, and of how many others."""
    listed = name.split(" (")[0].split(", ")
    texts = [text for word in words for text in word.texts]
    parts: list[str] = []
    for word in listed:
        if word in texts:
            carries = [text == word for text in texts]  # both axes of taste may end at one good
            true = np.asarray(held[:, carries].any(axis=1))
            own, others = (float(true[rows].mean()) for rows in (members, ~members))
            verb = "buy" if word.startswith(MORE) else "are"
            beside = f"{percent(others)}" if parts else f"{percent(others)} of the others"
            parts.append(f"{percent(own)}{'' if parts else ' of them'} {verb} {word} ({beside})")
    if parts:
        yield CardLine("sentence", name, np.nan, np.nan, "; ".join(parts))


def _measures(inputs: CardInputs, members: np.ndarray) -> Iterator[CardLine]:
    """The measures in which they differ most, as medians, at most one a view; none whose number tells nothing."""
    personas = inputs.bundle.personas
    apart, lines = [], []
    described = lenses.described(inputs.bundle.lenses)
    views = dict(zip(personas.columns, (word.view for word in personas.words), strict=True))
    for name in dict.fromkeys([*personas.columns, *(name for name in EVERYDAY if name in inputs.features)]):
        values = inputs.features[name].to_numpy(float)
        number_tells = name not in described or "|" not in described[name].reason
        if name in c.TASTES or not number_tells or np.isnan(values[members]).all():
            continue
        low, base, high = np.nanquantile(values, [0.25, 0.5, 0.75])
        own = float(np.nanmedian(values[members]))
        if high <= low:  # most have the same: means tell more
            own, base, high = float(np.nanmean(values[members])), float(np.nanmean(values)), low + np.nanstd(values)
        apart.append(abs(own - base) / max(high - low, 1e-12))
        feature = described.get(name)
        what = lenses.short(feature.what) if feature else name.replace("_", " ")
        text = number_in_words(feature, what, own, float(base), "all:")
        lines.append((views.get(name, name), CardLine("differs", name, own, float(base), text)))
    told: set[str] = set()
    for place in np.argsort(-np.array(apart), kind="stable"):
        view, line = lines[place]
        if apart[place] > 0 and view not in told and len(told) < MEASURES:
            told.add(view)
            yield line


def _goods(inputs: CardInputs, members: np.ndarray) -> Iterator[CardLine]:
    """What they buy more than others: the items of greatest lift in the share of spend."""
    goods = inputs.goods
    if goods.empty:
        return
    own = goods[goods[c.CUSTOMER_ID].isin(inputs.features.index[members])]
    if own.empty:
        return
    spend, buyers = own.groupby("item")["paid"].sum(), own["item"].value_counts()
    everyone = goods.groupby("item")["paid"].sum() / goods["paid"].sum()
    share = spend / spend.sum()
    named = share[(share >= LEAST_SHARE) & (buyers.reindex(share.index) >= LEAST_BUYERS)]
    lift = (named / everyone.reindex(named.index)).sort_values(ascending=False, kind="stable")
    for item, value in lift[lift >= LEAST_LIFT].head(GOODS).items():
        text = f"{plain(item)}: {share[item]:.1%} of their spend, {value:.1f} times the usual share"
        yield CardLine("buys more", str(item), float(share[item]), float(everyone[item]), text)


def _ways(inputs: CardInputs, members: np.ndarray) -> Iterator[CardLine]:
    """When and through what they come: the labels that they have more often than others."""
    assignments = inputs.assignments
    for column, what in (
        (c.BEST_CONTACT_WINDOW, "best reached"),
        (c.CHANNEL_SEGMENT, "comes through"),
        (c.PLATFORM_SEGMENT, "uses"),
    ):
        if column not in assignments:
            continue
        known = assignments[column] != c.UNKNOWN
        counts = assignments.loc[known & members, column].value_counts()
        labels = counts[counts >= LEAST_BUYERS] / max(counts.sum(), 1)
        usual = assignments.loc[known, column].value_counts(normalize=True)
        if len(labels) and len(usual) > 1:
            label = (labels / usual).where(labels >= 0.1).idxmax() if (labels >= 0.1).any() else labels.index[0]
            own, base = float(labels[label]), float(usual[label])
            yield CardLine(
                "ways",
                what,
                own,
                base,
                f"{what} {str(label).replace('_', ' ')}: {percent(own)} of those known (all: {percent(base)})",
            )


def _next(inputs: CardInputs, members: np.ndarray) -> Iterator[CardLine]:
    days = inputs.bundle.horizon_days
    for column, what, shown in (
        (c.CHURN_PROBABILITY, "churn", percent),
        (c.EXPECTED_ORDERS, "orders", "{:.2f}".format),
        (c.EXPECTED_SPEND, c.SPEND, "{:,.0f}".format),
    ):
        own, base = (float(inputs.assignments.loc[rows, column].mean()) for rows in (members, slice(None)))
        if np.isfinite(own):
            text = f"expected {what} in {days} days: {shown(own)} (all: {shown(base)})"
            yield CardLine("next", what, own, base, text)


def _moved(inputs: CardInputs, members: np.ndarray) -> Iterator[CardLine]:
    """Who had another persona by the champion, on the same features."""
    if inputs.former is None:
        return
    before = inputs.former.ids_of(inputs.features)
    now = inputs.assignments[c.PERSONA_ID].to_numpy()
    number = now[members][0]
    if not (before == number).any():
        yield CardLine("moved", "joined", 1.0, 0.0, "new: the champion has no such persona")
        return
    joined, left = float((before[members] != number).mean()), float((now[before == number] != number).mean())
    text = f"moved by the refit alone: {percent(joined)} of them joined, {percent(left)} of the former ones left"
    yield CardLine("moved", "joined", joined, left, text)


def _advice(inputs: CardInputs, members: np.ndarray, name: str) -> Iterator[CardLine]:
    words = name.split(" (")[0].split(", ")
    advice = next((text for word, text in ADVICE.items() if word in words), "")
    likes = [word.removeprefix("more ") for word in words if word.startswith("more ")]
    contact = float((inputs.assignments.loc[members, c.ACTION] != LEAVE_ALONE).mean())
    parts = [
        advice,
        f"show {likes[0]}" if likes else "",
        f"an action is expected to pay for {percent(contact)} of them",
    ]
    yield CardLine("do", "advice", contact, np.nan, "; ".join(part for part in parts if part))


def _typical(inputs: CardInputs, members: np.ndarray) -> Iterator[CardLine]:
    """The customers nearest to the middle."""
    rows = np.flatnonzero(members)
    points = inputs.bundle.personas.points(inputs.features.iloc[rows])
    distance = ((points - points.mean(axis=0)) ** 2).sum(axis=1)
    for row in rows[np.argsort(distance, kind="stable")[:TYPICAL]]:
        customer = inputs.features.iloc[row]
        orders, days = (
            f"{number:,.0f} {word}" + ("" if number == 1 else "s")
            for number, word in ((customer[c.N_ORDERS], "order"), (customer[c.DAYS_SINCE_LAST_ORDER], "day"))
        )
        text = (
            f"{inputs.features.index[row]}: {orders}, the last {days} ago, {customer[c.MEAN_ORDER_VALUE]:,.0f} an order"
        )
        if np.isfinite(customer[c.MEAN_ORDER_VALUE]):
            yield CardLine("typical", str(inputs.features.index[row]), float(customer[c.NET_REVENUE]), np.nan, text)
