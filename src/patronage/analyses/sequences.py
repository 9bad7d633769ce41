"""What follows what in time: after A, does B come sooner than it would anyway?

Each customer's first A divides the customer's own time: B in the d days after it is held against B in the d days
before it (sequence symmetry, Hallas 1996), so that a customer who does much of everything proves nothing. Everything
rises or falls around a first A, for the customer is new or awake; so the ratio is divided by that of all acts of the
same kind (events or purchases) around the same A. And some acts come after everything: what is sent back or rated was
ordered before, whatever the order held. So the ratio is also divided by that of the same B around every other A of
the kind, and around every other purchase. Two acts that each follow the other go together, in no order: around the
first of either there is none before. So do those of which the second comes after A no more often than after the usual
act: a message is not clicked before the first is opened, and seldom after. Answers to surveys come when they are asked
for, and follow nothing. Beside it stand popularity, how often B comes in d days after the usual act, and how often
after any other purchase. A list of what to offer is made of what was known earlier and judged on what customers took
up since, beside a list by popularity alone.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.analyses.acts import commonest, product_names, sampled, sold_by
from patronage.analyses.contract import Analysis, Drawing, Result, View
from patronage.config import SequencesConfig
from patronage.data.contract import BY_BUSINESS
from patronage.engine import text
from patronage.errors import DataError
from patronage.lenses import History
from patronage.names import Metric
from patronage.statistics import Estimate, false_discovery
from patronage.typing import Array

SHRINK = 20.0  # imagined customers at the usual share
LEVEL = 0.05
FOLLOWS, BEFORE, TOGETHER, NO_ORDER = "follows", "comes before", "go together", "no order in time"
PURCHASES = (0, 2)  # kinds of pairs whose first act is a purchase: 1 more where it is an event, 2 where the second is
LEAST_TAKERS = 100


def run(view: View, settings: SequencesConfig) -> Result:
    """Which act comes after which, replenishment, and a cross-sell list held against later time."""
    result, history = Result(), view.history
    item = sold_by(history)
    if item is None and not history.has("events", c.EVENT):
        raise DataError("the log has no events, categories or products; expected some of them")
    steps = _steps(history, item, settings)
    table = _followers(history, steps, settings)
    if table.empty:
        raise DataError(f"no act that {settings.least} customers did {settings.within_days} days after another")
    names = product_names(history, item) if item else {}
    table = table.assign(**{side: table[side].map(lambda label: names.get(label, label)) for side in ("after", "then")})
    followers = table[table["verdict"] == FOLLOWS]
    result.finding = f"{len(followers):,} of {len(table):,} pairs follow in time"
    if len(followers):
        top = followers.iloc[0]
        result.finding += (
            f"; first {top['then']} after {top['after']}: {top['sequence_ratio']:.1f} times as often after as before "
            f"[{top['low']:.1f}, {top['high']:.1f}], by {top['share_after']:.1%} within {settings.within_days} days"
        )
    shown = followers.head(12).assign(label=lambda rows: rows["after"] + " → " + rows["then"])
    shown = shown.rename(columns={"sequence_ratio": "value"})
    axis = f"times as often in the {settings.within_days} days after as before, 1 = no order in time"
    result.add("sequences", table.head(200), Drawing("forest", shown, result.finding, axis, 1.0))
    result.metrics[Metric.SEQUENCES_CLEAR] = float(len(followers))
    if item:
        again = _replenishment(history, item, settings)
        result.add("replenishment", again.assign(item=again["item"].map(lambda label: names.get(label, label))))
        _judged_list(result, view, item, settings)
        if names and (offers := result.lists.get("cross_sell_offers")) is not None:
            result.lists["cross_sell_offers"] = offers.assign(offer_name=offers["offer"].map(names))
    return result


def _steps(history: History, item: str | None, settings: SequencesConfig) -> dict[str, str]:
    """SQL: acts of the commonest categories and events, once a day, and each customer's first of each."""
    business = ", ".join(map(text, BY_BUSINESS))
    sample = sampled(history, c.CUSTOMER_ID, settings.most_customers)
    parts = [
        f"SELECT DISTINCT customer_id, CAST(occurred_at AS DATE) AS day, event AS act FROM events "
        f"WHERE event NOT IN ({business}) AND {sample}"
    ]
    if item:
        labels = ", ".join(map(text, commonest(history, item, settings.categories)))
        parts.append(
            f"SELECT DISTINCT customer_id, CAST(ordered_at AS DATE) AS day, {item} AS act FROM order_lines "
            f"WHERE amount > 0 AND {item} IN ({labels}) AND {sample}"
        )
    return {
        "done": "\nUNION ALL\n".join(parts),
        "firsts": "SELECT customer_id, act, min(day) AS day FROM done GROUP BY customer_id, act",
        "spans": "SELECT customer_id, min(day) AS start FROM done GROUP BY customer_id",
    }


def _followers(history: History, steps: dict[str, str], settings: SequencesConfig) -> pd.DataFrame:
    """Every pair of acts with the ratio of B after A to B before A, of customers seen for d days on both sides."""
    d = settings.within_days
    gap = history.engine.days("seen_firsts.day", "done.day")
    counts = history.frame(
        """
        SELECT act, other, sum(CASE WHEN later > 0 AND earlier = 0 THEN 1 ELSE 0 END) AS only_after,
               sum(CASE WHEN earlier > 0 AND later = 0 THEN 1 ELSE 0 END) AS only_before,
               sum(CASE WHEN later > 0 THEN 1 ELSE 0 END) AS n_after
        FROM around GROUP BY act, other""",
        {
            **steps,
            "seen_firsts": f"""
                SELECT firsts.customer_id, firsts.act, firsts.day FROM firsts
                JOIN spans ON firsts.customer_id = spans.customer_id
                WHERE {history.engine.days("start", "firsts.day")} >= {d} AND {history.age("firsts.day")} > {d}""",
            "around": f"""
                SELECT seen_firsts.customer_id, seen_firsts.act, done.act AS other,
                       sum(CASE WHEN {gap} > 0 THEN 1 ELSE 0 END) AS later,
                       sum(CASE WHEN {gap} < 0 THEN 1 ELSE 0 END) AS earlier
                FROM seen_firsts JOIN done ON seen_firsts.customer_id = done.customer_id AND seen_firsts.act <> done.act
                WHERE {gap} BETWEEN {-d} AND {d} AND {gap} <> 0
                GROUP BY seen_firsts.customer_id, seen_firsts.act, done.act""",
        },
    )
    sizes = _sizes(history, steps, d)
    counts["n"] = counts["act"].map(sizes)
    events = history.frame("SELECT DISTINCT event FROM events")["event"]
    counts["kind"] = counts["act"].isin(events).astype(int) + 2 * counts["other"].isin(events)
    counts = counts[~counts["other"].isin(settings.surveys)]
    counts = counts[(counts["n"] >= settings.least) & (counts["only_after"] + counts["only_before"] >= settings.least)]
    return _ratios(counts) if len(counts) else counts


def _sizes(history: History, steps: dict[str, str], d: int) -> pd.Series:
    rows = history.frame(
        f"""
        SELECT firsts.act, count(*) AS n FROM firsts JOIN spans ON firsts.customer_id = spans.customer_id
        WHERE {history.engine.days("start", "firsts.day")} >= {d} AND {history.age("firsts.day")} > {d}
        GROUP BY firsts.act""",
        steps,
    )
    return rows.set_index("act")["n"]


def _ratios(counts: pd.DataFrame) -> pd.DataFrame:
    """Ratios beside those of like pairs, with intervals by the discordant customers; the clearest pairs first."""
    counts = counts.reset_index(drop=True)
    after = counts["only_after"].to_numpy(np.float64) + 0.5
    before = counts["only_before"].to_numpy(np.float64) + 0.5
    value = raw = np.log(after / before)
    for usual in _usual(counts):  # of all the most careful; none where they point to different sides
        beside = raw - usual
        value = np.where(value * beside > 0, np.where(np.abs(value) < np.abs(beside), value, beside), 0.0)
    estimate = Estimate(value, np.sqrt(1 / after + 1 / before))
    # What is bought after what is a family of tests of its own: many true pairs of events would make it lenient.
    kinds = counts["kind"].to_numpy()
    adjusted = np.ones(len(counts))
    for kind in np.unique(kinds):
        adjusted[kinds == kind] = false_discovery(estimate.p_value[kinds == kind])
    totals = counts.groupby("other")["n_after"].transform("sum") / counts.groupby("other")["n"].transform("sum")
    table = pd.DataFrame(
        {
            "after": counts["act"], "then": counts["other"], "customers": counts["n"].astype(int),
            "share_after": counts["n_after"] / counts["n"], "popularity": totals,
            "after_any_purchase": _after_any_other(counts, counts["kind"].isin(PURCHASES)),
            "sequence_ratio": np.exp(estimate.value),
            "low": np.exp(estimate.low), "high": np.exp(estimate.high), "p_value_adjusted": adjusted,
            "verdict": _verdicts(counts, estimate.value, adjusted),
        }
    )  # fmt: skip
    order = table["verdict"].map({FOLLOWS: 0, TOGETHER: 1}).fillna(2)
    order = table[["after", "then"]].assign(order=order, clear=(-estimate.value / estimate.error).round(9))
    return table.loc[order.sort_values(["order", "clear", "after", "then"]).index].reset_index(drop=True)


def _usual(counts: pd.DataFrame) -> list[Array]:
    """Log ratios to hold each pair beside: other acts around its A, and with it how B stands around anything else."""
    around_it = np.nan_to_num(_others(counts, ["act", "kind"]))
    of_other = np.nan_to_num(_others(counts, ["other", "kind"]) - _others(counts, ["kind"]))
    bought = counts[counts["kind"].isin(PURCHASES)]
    sums = bought.groupby("other")[["only_after", "only_before"]].sum()
    levels = bought.groupby("kind")[["only_after", "only_before"]].sum()
    after_purchases = np.log((sums["only_after"] + 1) / (sums["only_before"] + 1))
    level = np.log((levels["only_after"] + 1) / (levels["only_before"] + 1))
    kinds = counts["kind"] - counts["kind"] % 2  # the kind of the same B after a purchase
    of_purchases = (counts["other"].map(after_purchases) - kinds.map(level)).fillna(0.0).to_numpy(np.float64)
    of_purchases = np.where(counts["kind"].isin(PURCHASES), of_other, of_purchases)  # there the pair itself is out
    return [around_it, around_it + of_other, around_it + of_purchases]


def _others(counts: pd.DataFrame, by: list[str]) -> Array:
    """(N,) the log ratio of all other pairs of each group; missing where there are fewer than two others."""
    groups = counts.groupby(by)
    after, before = (
        (groups[side].transform("sum") - counts[side] + 0.5).to_numpy(np.float64)
        for side in ("only_after", "only_before")
    )
    few = groups["n"].transform("size").to_numpy() <= 2
    return np.where(few, np.nan, np.log(after / before))


def _after_any_other(counts: pd.DataFrame, acts: pd.Series) -> Array:
    """(N,) the share of customers who did B in d days after any other of some acts; missing where there is none."""
    n_after, n = (counts[name].where(acts, 0.0) for name in ("n_after", "n"))
    sums, totals = (column.groupby(counts["other"]).transform("sum") - column for column in (n_after, n))
    return (sums / totals.where(totals > 0)).to_numpy(np.float64)


def _verdicts(counts: pd.DataFrame, value: Array, adjusted: Array) -> Array:
    """(N,) what is told of each pair."""
    clear = (adjusted < LEVEL) & (value > 0)
    pairs = list(zip(counts["act"], counts["other"], strict=True))
    following = {pair for pair, is_clear in zip(pairs, clear, strict=True) if is_clear}
    mutual = np.array([(other, act) in following for act, other in pairs], bool)
    share = (counts["n_after"] / counts["n"]).to_numpy(np.float64)
    seldom = share <= _after_any_other(counts, pd.Series(True, counts.index))  # where there is another
    follows = np.where(mutual | seldom, TOGETHER, FOLLOWS)
    return np.where(clear, follows, np.where(adjusted < LEVEL, BEFORE, NO_ORDER))


def _replenishment(history: History, item: str, settings: SequencesConfig) -> pd.DataFrame:
    """Per category or product: buyers, those who bought again, and the days until they did."""
    labels = ", ".join(map(text, commonest(history, item, settings.categories)))
    gap = history.engine.days("previous", "day")
    return history.frame(
        f"""
        SELECT item, count(DISTINCT customer_id) AS customers, count(previous) AS repeats, avg({gap}) AS mean_days,
               stddev_samp({gap}) AS days_deviation
        FROM gaps GROUP BY item ORDER BY repeats DESC, item""",
        {
            "bought": f"""
                SELECT DISTINCT customer_id, {item} AS item, CAST(ordered_at AS DATE) AS day FROM order_lines
                WHERE amount > 0 AND {item} IN ({labels})
                      AND {sampled(history, c.CUSTOMER_ID, settings.most_customers)}""",
            "gaps": """
                SELECT *, lag(day) OVER (PARTITION BY customer_id, item ORDER BY day) AS previous FROM bought""",
        },
    )


class HitRates(NamedTuple):
    """The share of customers who took up one of their offers: of the list, of popularity, and the difference."""

    hits: float
    popular: float
    difference: Estimate


def _judged_list(result: Result, view: View, item: str, settings: SequencesConfig) -> None:
    """Offer what goes with what each customer had, as known earlier; judge by what was new since."""
    history = view.history
    since = view.since_days
    labels = commonest(history, item, 10 * settings.categories)
    earlier = history.age("CAST(ordered_at AS DATE)")
    rows = history.frame(
        f"""
        SELECT customer_id, {item} AS item, max(CASE WHEN {earlier} > {since} THEN 1 ELSE 0 END) AS had
        FROM order_lines WHERE amount > 0 AND {item} IN ({", ".join(map(text, labels))})
             AND {sampled(history, c.CUSTOMER_ID, settings.most_customers)}
        GROUP BY customer_id, {item} ORDER BY customer_id, item"""
    )
    ids, customers = pd.factorize(rows[c.CUSTOMER_ID])
    places = rows["item"].map({label: place for place, label in enumerate(labels)}).to_numpy()
    had, new = (np.zeros((len(customers), len(labels)), np.float64) for _ in range(2))
    is_had = rows["had"].to_numpy() == 1
    had[ids[is_had], places[is_had]] = 1
    new[ids[~is_had], places[~is_had]] = 1
    judged = (had.sum(axis=1) > 0) & (new.sum(axis=1) > 0)
    if judged.sum() < LEAST_TAKERS or len(labels) <= 2 * settings.offers:
        result.notes.append(
            f"cross-sell list: {int(judged.sum())} customers bought something new in the last {since} days, of "
            f"{len(labels)} items; expected {LEAST_TAKERS} and more than {2 * settings.offers}"
        )
        return
    scores = offer_scores(had)
    rates = hit_rates(scores[judged], had[judged], new[judged], had.sum(axis=0), settings.offers)
    row = {
        "customers": int(judged.sum()), "offers": settings.offers, "hit_rate": rates.hits,
        "hit_rate_by_popularity": rates.popular, "difference": float(rates.difference.value),
        "low": float(rates.difference.low), "high": float(rates.difference.high),
    }  # fmt: skip
    result.add("cross_sell_judged", pd.DataFrame([row]))
    result.metrics[Metric.CROSS_SELL_HIT_RATE] = rates.hits
    result.metrics[Metric.CROSS_SELL_ABOVE_POPULARITY] = float(rates.difference.value)
    result.finding += (
        f"; offered {settings.offers} things each, {rates.hits:.1%} of the {row['customers']:,} customers who bought "
        f"something new in the last {since} days bought one of them, beside {rates.popular:.1%} by popularity, "
        f"{100 * row['difference']:+.1f} points [{100 * row['low']:+.1f}, {100 * row['high']:+.1f}]"
    )
    now = np.maximum(had, new)
    scores = np.where(now > 0, -np.inf, offer_scores(now))
    best = np.argsort(-scores, axis=1, kind="stable")[:, 0]
    share = scores[np.arange(len(best)), best]  # of the buyers of what the customer has
    offers = pd.DataFrame({c.CUSTOMER_ID: customers, "offer": np.array(labels)[best], "share_who_have_it": share})
    offers = offers[np.isfinite(share)]  # who has everything is offered nothing
    offers = offers.sort_values("share_who_have_it", ascending=False, kind="stable", ignore_index=True)
    lift = rates.hits / max(rates.popular, 1e-9)
    reason = "goes with what the customer bought and not yet has"
    result.lists["cross_sell_offers"] = offers.assign(reason=reason, measured_lift=lift)


def offer_scores(had: Array) -> Array:
    """(N, K) how likely each item comes beside what each customer had: the mean share of buyers of these who have it.

    Shares are drawn to the usual one by `SHRINK` customers. An item that goes with everything has its popularity.
    """
    buyers = had.sum(axis=0)
    usual = buyers / max(len(had), 1)
    together = had.T @ had
    shares = (together + SHRINK * usual[None, :]) / (buyers[:, None] + SHRINK)
    scores: Array = (had @ shares) / np.maximum(had.sum(axis=1, keepdims=True), 1)
    return scores


def hit_rates(scores: Array, had: Array, new: Array, popularity: Array, offers: int) -> HitRates:
    """Hold the best offers of each customer against what was new, beside the most popular that the customer lacked."""

    def hit(ranking: Array) -> Array:
        best = np.argsort(-np.where(had > 0, -np.inf, ranking), axis=1, kind="stable")[:, :offers]
        return np.asarray(np.take_along_axis(new, best, axis=1).max(axis=1), np.float64)

    ours = hit(scores)
    popular = hit(np.broadcast_to(popularity, had.shape))
    difference = ours - popular
    error = difference.std(ddof=1) / np.sqrt(len(difference))
    return HitRates(float(ours.mean()), float(popular.mean()), Estimate(np.array(difference.mean()), np.array(error)))


ANALYSIS = Analysis("sequences", "What follows what, and which offer would be taken up?", run)
