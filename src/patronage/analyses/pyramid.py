"""The customer pyramid: what each tier pays and costs, and how many customers moved between the tiers.

Zeithaml, Rust and Lemon (2001). At each of the two cutoffs the tiers are cut anew by share of the revenue so far: a
customer who falls has fallen behind the others. By frozen borders customers could only rise, since revenue adds up. A
customer who never bought is in no tier, so that a first order is a customer who joined.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.analyses.contract import Analysis, Drawing, Result, View
from patronage.config import ValueConfig
from patronage.data.contract import CUSTOMERS
from patronage.errors import DataError
from patronage.names import Metric
from patronage.statistics import Estimate, wilson_interval

JOINED, LEFT = "joined", "left"
COSTS = ("discounts_given", "cost_to_serve", c.PROFIT, c.ACQUISITION_COST)  # where the data shows them


def profitability(features: pd.DataFrame, tiers: pd.Series) -> pd.DataFrame:
    """What each tier pays and costs.

    Returns
    -------
    DataFrame
        A row per tier: `customers`, their share, `net_revenue` and its share and, where the value lens knows them,
        `discounts_given`, `cost_to_serve` and the `profit` that is left, and where the customers tell it the
        `acquisition_cost`; all in the currency, and empty where a tier has none that is known. A column of which the
        log tells nothing, or 0 of everybody, is left out.
    """
    money = [name for name in (c.NET_REVENUE, *COSTS) if name in features]
    grouped = features.groupby(_in_pyramid(tiers).rename(c.VALUE_TIER))
    table = grouped[money].sum(min_count=1)
    table = table.drop(columns=[name for name in COSTS if name in table and not table[name].fillna(0.0).any()])
    table.insert(0, "customers", grouped.size())
    table.insert(1, "customer_share", table["customers"] / table["customers"].sum())
    table.insert(3, "revenue_share", table[c.NET_REVENUE] / table[c.NET_REVENUE].sum())
    return table.reset_index()


def movements(
    before: pd.Series, after: pd.Series, revenue_before: pd.Series, revenue_after: pd.Series, order: Sequence[str]
) -> pd.DataFrame:
    """How many customers moved from which tier to which.

    Parameters
    ----------
    before, after
        Tier by customer at the two cutoffs, each by the pyramid of its time.
    revenue_before, revenue_after
        Of the same customers, in the currency, all of it up to each cutoff.
    order
        The tiers, best first.

    Returns
    -------
    DataFrame
        A row per pair that occurs, `tier_before` (or `joined`) and `tier_after` (or `left`): `customers`, their
        `revenue_before` and `revenue_after`.
    """
    both = pd.DataFrame({"tier_before": _in_pyramid(before), "tier_after": _in_pyramid(after)}).dropna(how="all")
    both["revenue_before"], both["revenue_after"] = revenue_before, revenue_after
    both = both.fillna({"tier_before": JOINED, "tier_after": LEFT, "revenue_before": 0.0, "revenue_after": 0.0})
    places = {tier: place for place, tier in enumerate((*order, JOINED, LEFT))}
    grouped = both.groupby(["tier_before", "tier_after"])
    table = grouped[["revenue_before", "revenue_after"]].sum()
    table.insert(0, "customers", grouped.size())
    return table.reset_index().sort_values(
        ["tier_before", "tier_after"], key=lambda tiers: tiers.map(places), ignore_index=True
    )


PARETO = (0.01, 0.05, 0.2)  # of the buyers, best first


def pareto(net_revenue: pd.Series, tiers: pd.Series) -> pd.DataFrame:
    """Pareto's share: what the best 1, 5 and 20 % of the buyers pay, and what share of the buyers pay four fifths.

    Returns
    -------
    DataFrame
        One row: `buyers`, `best_1_share`, `best_5_share` and `best_20_share` of the net revenue, `share_paying_80` of
        the buyers, best first.
    """
    paid = net_revenue[_in_pyramid(tiers).notna()].clip(lower=0).sort_values(ascending=False)
    shares = (paid.cumsum() / paid.sum()).to_numpy() if paid.sum() > 0 else np.zeros(0)
    names = {share: f"best_{100 * share:.0f}_share" for share in PARETO}
    if not len(shares):
        missing = dict.fromkeys([*names.values(), "share_paying_80"], np.nan)
        return pd.DataFrame([{"buyers": len(paid), **missing}])
    row = {name: shares[max(round(share * len(shares)), 1) - 1] for share, name in names.items()}
    paying = (np.searchsorted(shares, 0.8) + 1) / len(shares)
    return pd.DataFrame([{"buyers": len(paid), **row, "share_paying_80": paying}])


def stages(features: pd.DataFrame, status: pd.Series) -> pd.DataFrame:
    """The pyramid by stage: customers, orders and what they paid; those who never bought have stages of their own.

    Parameters
    ----------
    status
        The stage of each customer.

    Returns
    -------
    DataFrame
        A row per stage, those with the fewest customers first, as a pyramid stands.
    """
    paid = features[c.NET_REVENUE].fillna(0.0).reindex(status.index)
    orders = features[c.N_ORDERS].fillna(0.0).reindex(status.index)
    frame = pd.DataFrame({"stage": status, "paid": paid, "orders": orders})
    table = frame.groupby("stage").agg(
        customers=("paid", "size"), paid=("paid", "sum"), mean_orders=("orders", "mean")
    ).reset_index()  # fmt: skip
    table.insert(2, "share", table["customers"] / len(status))
    table.insert(4, "paid_share", table["paid"] / max(float(paid.sum()), 1e-9))
    return table.sort_values(["customers", "stage"], ignore_index=True)


def value_drivers(features: pd.DataFrame, tiers: pd.Series, order: Sequence[str]) -> pd.DataFrame:
    """What makes the value of each tier: orders a customer, value of an order, profit and cost where known.

    Parameters
    ----------
    order
        The tiers, best first.

    Returns
    -------
    DataFrame
        A row per tier and driver: the mean with its 95% interval `low` to `high`, and how many times the mean of the
        customers of the other tiers it is.
    """
    rows = []
    names = [
        name
        for name in (c.N_ORDERS, c.MEAN_ORDER_VALUE, c.TENURE_DAYS, c.RETURN_SHARE, *COSTS)
        if name in features and features[name].fillna(0.0).any()
    ]
    known = _in_pyramid(tiers)
    for tier in order:
        for name in names:
            inside = features.loc[known == tier, name].dropna()
            others = features.loc[known.notna() & (known != tier), name].dropna()
            if len(inside) < 2 or others.empty:
                continue
            estimate = Estimate(np.array(inside.mean()), np.array(inside.std() / np.sqrt(len(inside))))
            times = inside.mean() / others.mean() if others.mean() else np.nan
            rows.append(
                (tier, name, len(inside), float(estimate.value), float(estimate.low), float(estimate.high), times)
            )
    columns = [c.VALUE_TIER, "driver", "customers", "mean", "low", "high", "times_others"]
    return pd.DataFrame(rows, columns=columns)


def acquisition(customers: pd.DataFrame) -> pd.DataFrame:
    """What it cost to win customers, by channel, beside what they have paid since.

    Parameters
    ----------
    customers
        `acquisition_channel`, `acquisition_cost` (missing where it is not known), `n_orders`, `net_revenue` and, where
        it is known, `profit`.

    Returns
    -------
    DataFrame
        A row per channel, those that pay back most first: `customers` of known cost and how many of them bought,
        `cost` a customer and a buyer, what a customer has paid (`revenue`) with its 95% interval, the `profit` left
        before that cost, and `paid_back`: the profit, or without one the revenue, over the cost.
    """
    known = customers[customers[c.ACQUISITION_COST].notna()]
    rows = []
    for channel, own in known.groupby(known[c.ACQUISITION_CHANNEL].fillna(c.UNKNOWN)):
        n, cost, buyers = len(own), float(own[c.ACQUISITION_COST].sum()), int((own[c.N_ORDERS] > 0).sum())
        paid = own[c.NET_REVENUE].fillna(0.0)
        estimate = Estimate(np.array(paid.mean()), np.array(paid.std() / np.sqrt(n) if n > 1 else np.nan))
        profit = float(own[c.PROFIT].mean()) if c.PROFIT in own else np.nan
        back = (paid.mean() if np.isnan(profit) else profit) / (cost / n) if cost > 0 else np.nan
        rows.append((channel, n, buyers, cost / n, cost / buyers if buyers else np.nan, float(estimate.value),
                     float(estimate.low), float(estimate.high), profit, back))  # fmt: skip
    columns = [c.ACQUISITION_CHANNEL, "customers", "buyers", c.COST, "cost_per_buyer", c.REVENUE, "low", "high",
               c.PROFIT, "paid_back"]  # fmt: skip
    table = pd.DataFrame(rows, columns=columns).sort_values("paid_back", ascending=False, ignore_index=True)
    return table.dropna(axis="columns", how="all")


def _with_acquisition(result: Result, view: View) -> pd.DataFrame:
    """The features of today with what it cost to win each customer, where the log tells it; and its table."""
    features, history = view.now.features, view.history
    if not history.has(CUSTOMERS.name, c.ACQUISITION_COST):
        return features
    told = history.frame(f"SELECT customer_id, {c.ACQUISITION_CHANNEL}, {c.ACQUISITION_COST} FROM profiles")
    features = features.join(told.set_index(c.CUSTOMER_ID))
    result.add("acquisition", acquisition(features))
    return features.drop(columns=c.ACQUISITION_CHANNEL)


def _in_pyramid(tiers: pd.Series) -> pd.Series:
    """The tiers, missing for a customer who is in none."""
    return tiers.where(tiers != c.UNKNOWN)


def run(view: View, settings: ValueConfig) -> Result:
    """Profitability, Pareto, value drivers, and movements since the earlier cutoff."""
    result = Result()
    if c.VALUE_TIER not in view.now.segments:
        raise DataError("the value lens is not among the lenses")
    features = _with_acquisition(result, view)
    tiers, order = view.now.segments[c.VALUE_TIER], list(settings.tiers)
    if not (tiers != c.UNKNOWN).any() or not features[c.NET_REVENUE].gt(0).any():
        raise DataError("nobody has paid anything before the cutoff")
    table = profitability(features, tiers)
    table = table.sort_values(c.VALUE_TIER, key=lambda names: names.map(order.index), ignore_index=True)
    result.add("pyramid", table)
    shares = pareto(features[c.NET_REVENUE], tiers)
    result.add("pareto", shares)
    drivers = value_drivers(features, tiers, order)
    drivers.insert(1, "what", [view.meaning(name) for name in drivers["driver"]])
    result.add("value_drivers", drivers[[*drivers.columns.drop("driver"), "driver"]])
    if c.STATUS_SEGMENT in view.now.segments:
        result.add("pyramid_stages", stages(features, view.now.segments[c.STATUS_SEGMENT]))
    best = float(shares["best_20_share"].iloc[0])
    result.metrics[Metric.BEST_FIFTH_SHARE] = best
    for tier, share in (tiers[tiers != c.UNKNOWN].value_counts(normalize=True)).items():
        result.metrics[Metric.tier_share(str(tier))] = float(share)
    result.finding = f"the best fifth of the buyers pays {best:.1%}"
    if view.before is None:
        result.notes.append(f"movements: the log does not reach {view.since_days} days back; lower movement_days")
        return result
    before = view.before.segments[c.VALUE_TIER]
    table = movements(before, tiers, view.before.features[c.NET_REVENUE], features[c.NET_REVENUE], order)
    result.add("movements", table, Drawing("movements", table, ",".join(order)))
    rose, fell, stayed = _moves(table, order)
    total = max(rose + fell + stayed, 1)
    result.metrics |= {Metric.PYRAMID_ROSE: rose / total, Metric.PYRAMID_FELL: fell / total}
    low, high = wilson_interval(np.array([rose, fell], float), np.array([total, total], float))
    result.finding += (
        f"; in {view.since_days} days {rose / total:.1%} rose a tier [{low[0]:.1%}, {high[0]:.1%}], "
        f"{fell / total:.1%} fell [{low[1]:.1%}, {high[1]:.1%}]"
    )
    return result


def _moves(table: pd.DataFrame, order: Sequence[str]) -> tuple[int, int, int]:
    """Customers who rose, fell and stayed, of those in a tier at both cutoffs."""
    ranks = {tier: place for place, tier in enumerate(order)}
    change = table["tier_after"].map(ranks) - table["tier_before"].map(ranks)
    counts = table["customers"]
    return int(counts[change < 0].sum()), int(counts[change > 0].sum()), int(counts[change == 0].sum())


ANALYSIS = Analysis("pyramid", "What does each tier pay, and who moved between the tiers?", run)
