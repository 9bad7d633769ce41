"""Who lives by a policy: by returns, by coupons and discounts, by low or by high prices.

A customer belongs to a group where the own share (of lines sent back, of orders with a coupon or discount, of purchases
in the lowest or highest price third of their category) is surely above the usual: the 95% interval of the share, drawn
to the common one, lies above it. So a customer of two orders is in no group, and where customers differ by chance alone
nobody is. Whether a group is one is measured on later time: those who belonged to it until `since_days` ago are held
beside the other customers by what they bought since.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.analyses.beyond_chance import MORE, with_verdicts
from patronage.analyses.contract import Analysis, Drawing, Result, View
from patronage.analyses.pooling import pooled_shares
from patronage.analyses.voice import sold_lines
from patronage.errors import DataError
from patronage.lenses import History
from patronage.statistics import Estimate
from patronage.typing import Array, Mask

RETURNS, PERKS, LOW, HIGH = "returns", "coupons and discounts", "low prices", "high prices"
SHARE_OF = {
    RETURNS: ("lines", "sent back"), PERKS: ("orders", "with a coupon or discount"),
    LOW: ("purchases", "in the lowest price third"), HIGH: ("purchases", "in the highest price third"),
}  # fmt: skip
LISTS = {RETURNS: "lives_by_returns", PERKS: "lives_by_perks", LOW: "lives_by_low_prices", HIGH: "lives_by_high_prices"}
LEAST = 30  # customers of a group until the earlier moment, and others, who bought since
COLUMNS = ["policy", "of", "customers", "customer_share", "usual", "until_then", "since_share", "since_usual", "value",
           "low", "high"]  # fmt: skip


def run(view: View, settings: object) -> Result:
    """The groups, what they did since beside the others, and a list of each."""
    rows, shown, notes = [], {}, []
    for policy, counts in _counts(view.history, view.since_days).items():
        whole = counts.groupby(level=c.CUSTOMER_ID)[["k", "n"]].sum()
        shares = _shares(whole)
        members = shares[shares["low"] > shares["usual"]].sort_values("low", ascending=False, kind="stable")
        earlier, since = (
            counts[counts.index.get_level_values("late") == late].droplevel("late").reindex(whole.index).fillna(0.0)
            for late in (0, 1)
        )
        then = _shares(earlier[earlier["n"] > 0])
        inside = np.asarray(whole.index.isin(then.index[then["low"] > then["usual"]]))
        bought = since["n"].to_numpy(np.float64) > 0
        if min((inside & bought).sum(), (~inside & bought).sum()) < LEAST:
            notes.append(
                f"policies, {policy}: {int((inside & bought).sum())} customers belonged to the group {view.since_days} "
                f"days ago and bought since; expected {LEAST}, and as many others"
            )
            continue
        own, others, ratio = _beside(since["k"].to_numpy(np.float64), since["n"].to_numpy(np.float64), inside)
        usual = float(whole["k"].sum() / whole["n"].sum())
        what = " ".join(SHARE_OF[policy])
        rows.append((policy, what, len(members), len(members) / len(whole), usual, int(inside.sum()), own, others,
                     float(np.exp(ratio.value)), float(np.exp(ratio.low)), float(np.exp(ratio.high)),
                     float(ratio.p_value)))  # fmt: skip
        shown[policy] = members
    if not rows:
        raise DataError("; ".join(notes) or "the log has no returns, coupons, discounts or categories with prices")
    table = pd.DataFrame(rows, columns=[*COLUMNS, "p_value"])
    table = with_verdicts(table.drop(columns="p_value"), table["p_value"].to_numpy(np.float64), 1.0)
    return _told(table, shown, notes, view.since_days)


def _told(table: pd.DataFrame, shown: dict[str, pd.DataFrame], notes: list[str], since_days: int) -> Result:
    sure = table[table["verdict"] == MORE].sort_values("low", ascending=False)
    told = [
        f"{row['customers']:,} customers live by {row['policy']}: of those who did {since_days} days ago, "
        f"{row['since_share']:.0%} of the {what} since then are {how}, beside {row['since_usual']:.0%} of the others'"
        for row in sure.to_dict("records")
        for what, how in [SHARE_OF[row["policy"]]]
    ]
    result = Result("; ".join(told) or "nobody who lived by a policy did so since more than the others", notes=notes)
    frame = table.rename(columns={"policy": "label"})
    axis = f"times the others' share in the {since_days} days since, with 95% interval"
    result.add("policies", table, Drawing("forest", frame, result.finding, axis, 1.0))
    for row in sure.to_dict("records"):
        members = shown[row["policy"]]
        reason = [f"{k:.0f} of {n:.0f} {row['of']}, {row['usual']:.0%} are usual"
                  for k, n in zip(members["k"], members["n"], strict=True)]  # fmt: skip
        listed = pd.DataFrame({c.CUSTOMER_ID: members.index, "reason": reason, "measured_lift": row["value"]})
        result.lists[LISTS[row["policy"]]] = listed
    return result


def _shares(counts: pd.DataFrame) -> pd.DataFrame:
    """Each customer's own share, drawn to the usual, with the lower end of its 95% interval."""
    k, n = counts["k"].to_numpy(np.float64), counts["n"].to_numpy(np.float64)
    if not len(n):
        return counts.assign(usual=0.0, low=0.0)
    _, low, _ = pooled_shares(k, n)
    return counts.assign(usual=k.sum() / n.sum(), low=low)


def _beside(k: Array, n: Array, inside: Mask) -> tuple[float, float, Estimate]:
    """The share of the group and of the others, and the logarithm of their ratio, resting on customers."""
    shares, variance = [], 0.0
    for part in (inside, ~inside):
        hits = max(float(k[part].sum()), 0.5)
        share = hits / n[part].sum()
        variance += float(((k[part] - share * n[part]) ** 2).sum()) / hits**2
        shares.append(float(share))
    return shares[0], shares[1], Estimate(np.array(np.log(shares[0] / shares[1])), np.array(np.sqrt(variance)))


def _counts(history: History, since_days: int) -> dict[str, pd.DataFrame]:
    """By policy: hits `k` of `n` by customer, before the last `since_days` (late 0) and in them (late 1)."""
    late = f"CASE WHEN {history.age('CAST(ordered_at AS DATE)')} <= {since_days} THEN 1 ELSE 0 END"

    def counted(select: str, **steps: str) -> pd.DataFrame:
        rows = history.frame(
            f"SELECT customer_id, late, sum(hit) * 1.0e0 AS k, count(*) * 1.0e0 AS n FROM ({select}) AS single "
            "GROUP BY customer_id, late ORDER BY customer_id, late",
            steps,
        )
        return rows.set_index([c.CUSTOMER_ID, "late"])

    counts = {}
    if history.tables.revised:
        counts[RETURNS] = counted(
            f"SELECT customer_id, {late} AS late, back AS hit FROM sold", sold=sold_lines(history)
        )
    perks = [test for name, test in ((c.COUPON, "coupon IS NOT NULL"), (c.DISCOUNT, "discount > 0"))
             if history.has("transactions", name)]  # fmt: skip
    if perks:
        counts[PERKS] = counted(
            f"SELECT customer_id, min({late}) AS late, max(CASE WHEN {' OR '.join(perks)} THEN 1 ELSE 0 END) AS hit "
            "FROM order_lines WHERE amount > 0 GROUP BY customer_id, order_id"
        )
    if history.has("transactions", c.CATEGORY):
        price = "amount * 1.0e0 / CASE WHEN quantity > 0 THEN quantity ELSE 1 END"
        places = f"""
            SELECT customer_id, {late} AS late, category,
                   percent_rank() OVER (PARTITION BY category ORDER BY {price}) AS place
            FROM order_lines WHERE amount > 0 AND category IS NOT NULL"""
        thirds = """SELECT DISTINCT customer_id, late, category,
                           least(CAST(floor(3 * place) AS INTEGER), 2) AS third FROM places"""
        for policy, third in ((LOW, 0), (HIGH, 2)):
            select = f"SELECT customer_id, late, CASE WHEN third = {third} THEN 1 ELSE 0 END AS hit FROM thirds"
            counts[policy] = counted(select, places=places, thirds=thirds)
    return {policy: rows for policy, rows in counts.items() if rows["k"].sum() > 0}


ANALYSIS = Analysis("policies", "Who lives by returns, by perks, by low or by high prices?", run)
