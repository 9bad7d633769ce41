"""The lost as groups: why customers left, as far as they showed it, what they were worth, and who may come back.

Of the customers who were active at an earlier cutoff, those without an order since have left. A logistic regression on
what was known then says which features spoke for leaving, customer by customer, fitted on other customers; the groups
are clusters of these contributions, their number the one that two halves of the lost agree on best. What they did
before stands beside those who stayed. Who may come back is learned from customers who were lost at the earlier cutoff.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.cluster import KMeans

from patronage import names as c
from patronage.analyses.contract import Analysis, Drawing, Population, Result, View
from patronage.analyses.ranking import Ranking, rank_customers
from patronage.analyses.turns import acts_before
from patronage.config import LostConfig
from patronage.errors import DataError
from patronage.names import Metric
from patronage.statistics import adjusted_rand_index, false_discovery, mean_differences
from patronage.typing import Array

LEVEL = 0.05
SPLITS, STARTS = 5, 4
MOST_ACTS = 12  # of a group, the clearest


def run(view: View, settings: LostConfig) -> Result:
    """Groups of the lost, what they did before, and the list of who may come back."""
    before = view.before
    if before is None:
        raise DataError(f"the log does not reach {view.since_days} days back from the cutoff; lower movement_days")
    silent = before.features[c.DAYS_SINCE_LAST_ORDER]
    active = before.features.index[silent <= view.since_days]
    left = view.now.features[c.DAYS_SINCE_LAST_ORDER].reindex(active) > view.since_days
    ranking = rank_customers(
        before.features.loc[active], left.astype(float), before.features.head(0), view.meanings, seed=view.seed
    )
    result = Result()
    result.metrics[Metric.LOST_SHARE] = float(left.mean())
    if not ranking.lift.low > 1:
        raise DataError(
            f"{int(left.sum())} of {len(left)} customers left, and what they had done before tells them from those who "
            f"stayed no better than chance ({ranking.lift.value:.2f} times in the best tenth)"
        )
    parts = _beside_usual(ranking, left)
    labels, agreement = _clusters(parts, settings.most_groups, view.seed)
    names = _names(parts, labels, before.features.loc[parts.index], view)
    groups = pd.Series([names[label] for label in labels], parts.index)
    back = _may_come_back(result, view, before)
    table = _described(view, before, groups, back, agreement)
    result.finding = (
        f"{left.mean():.0%} of {len(left):,} active customers left in {view.since_days} days, in {len(table)} groups; "
        f"most value with: {table.iloc[0]['group']} ({table.iloc[0]['customers']:,} customers, "
        f"{table.iloc[0]['value_share']:.0%} of what the lost had paid)"
    )
    result.add("lost_groups", table)
    _did(result, view, before, left, groups)
    return result


def _beside_usual(ranking: Ranking, left: pd.Series) -> pd.DataFrame:
    """Contributions of those who left, less their mean over everyone: what is special about them."""
    parts = ranking.contributions
    return (parts - parts.mean())[left.to_numpy(bool)]


def _clusters(parts: pd.DataFrame, most: int, seed: int) -> tuple[npt.NDArray[np.int64], float]:
    """The group of each customer by KMeans, with the number of groups on which two halves agree best."""
    x = parts.to_numpy(np.float64)
    rng = np.random.default_rng(seed)
    best: tuple[float, int] = (-np.inf, 2)
    for k in range(2, min(most, len(x) // 30) + 1):
        agreements = []
        for _ in range(SPLITS):
            order = rng.permutation(len(x))
            first, second = (_fitted(x[half], k, seed) for half in (order[::2], order[1::2]))
            agreements.append(adjusted_rand_index(pd.crosstab(first.predict(x), second.predict(x)).to_numpy()))
        best = max(best, (float(np.mean(agreements)), k), key=lambda pair: (round(pair[0], 2), -pair[1]))
    if len(x) < 60:
        return np.zeros(len(x), np.int64), np.nan
    return np.asarray(_fitted(x, best[1], seed).labels_, np.int64), best[0]


def _fitted(x: Array, k: int, seed: int) -> KMeans:
    return KMeans(k, n_init=STARTS, random_state=seed).fit(x)


def _names(parts: pd.DataFrame, labels: npt.NDArray[np.int64], features: pd.DataFrame, view: View) -> list[str]:
    """Each group by what the two features measure that speak for leaving more in it than among the other lost."""
    names: list[str] = []
    for label in range(labels.max() + 1):
        inside = labels == label
        above = parts[inside].mean() - (parts[~inside].mean() if (~inside).any() else 0.0)
        words = []
        for name in above.sort_values(ascending=False).index[:2]:
            side = "high" if features.loc[inside, name].mean() > features.loc[~inside, name].mean() else "low"
            words.append(f"{side}: {view.meaning(str(name))}")
        names.append("; ".join(words))
    return [name if names.index(name) == place else f"{name} ({place + 1})" for place, name in enumerate(names)]


def _may_come_back(result: Result, view: View, before: Population) -> pd.Series:
    """The list of the lost by the probability to come back, learned from who was lost earlier; that probability."""

    def lost(population: Population) -> pd.Index:
        silent = population.features[c.DAYS_SINCE_LAST_ORDER]
        return population.features.index[silent > view.since_days]

    then, now = lost(before), lost(view.now)
    returned = view.now.features[c.DAYS_SINCE_LAST_ORDER].reindex(then) <= view.since_days
    try:
        ranking = rank_customers(
            before.features.loc[then], returned.astype(float), view.now.features.loc[now], view.meanings, seed=view.seed
        )
    except DataError as error:
        result.notes.append(f"who may come back: {error}")
        return pd.Series(dtype=np.float64)
    result.lists["may_come_back"] = ranking.customers.assign(measured_lift=ranking.lift.value)
    lift = ranking.lift
    result.add(
        "may_come_back_measured",
        pd.DataFrame(
            [{"lost_earlier": len(then), "returned_share": lift.base, "best_tenth_share": lift.share,
              "lift": lift.value, "low": lift.low, "high": lift.high, "lift_by_revenue": lift.by_revenue}]
        ),
    )  # fmt: skip
    return ranking.customers.set_index(c.CUSTOMER_ID)["probability"]


def _described(view: View, before: Population, groups: pd.Series, back: pd.Series, agreement: float) -> pd.DataFrame:
    """A row per group: customers, value, usual orders, who may come back; most value first."""
    paid = before.features[c.NET_REVENUE].reindex(groups.index).clip(lower=0)
    frame = pd.DataFrame(
        {"group": groups, "paid": paid, "orders": before.features[c.N_ORDERS].reindex(groups.index),
         "p_return": back.reindex(groups.index)}
    )  # fmt: skip
    table = frame.groupby("group").agg(
        customers=("group", "size"), value=("paid", "sum"), mean_orders=("orders", "mean"),
        may_come_back_share=("p_return", "mean"), expected_back=("p_return", lambda known: known.sum(min_count=1)),
    ).reset_index()  # fmt: skip
    table = table.dropna(axis="columns", how="all")  # where who may come back could not be learned
    table.insert(2, "share", table["customers"] / len(groups))
    table.insert(4, "value_share", table["value"] / max(table["value"].sum(), 1e-9))
    return table.assign(agreement_of_halves=agreement).sort_values("value", ascending=False, ignore_index=True)


def _did(result: Result, view: View, before: Population, left: pd.Series, groups: pd.Series) -> None:
    """What each group did in the time before, beside the customers who stayed."""
    times = acts_before(view).reindex(left.index).fillna(0.0)
    did = (times > 0).astype(np.float64)
    stayed = ~left.to_numpy(bool)
    rows = []
    for group, members in groups.groupby(groups):
        inside = left.index.isin(members.index)
        both = inside | stayed
        flags = inside[both].astype(np.float64)[:, None]
        for act in did:
            values = did[act].to_numpy()[both]
            if 0 < values.sum() < len(values):
                estimate = mean_differences(values, flags)
                rows.append((group, act.removeprefix("times of "), values[flags[:, 0] == 1].mean(),
                             values[flags[:, 0] == 0].mean(), estimate.value[0], estimate.low[0], estimate.high[0],
                             float(estimate.p_value[0])))  # fmt: skip
    columns = ["group", "act", "did_share", "of_those_who_stayed", "difference", "low", "high", "p_value"]
    table = pd.DataFrame(rows, columns=columns)
    table["p_value_adjusted"] = false_discovery(table["p_value"].to_numpy(float))
    clear = table[table["p_value_adjusted"] < LEVEL].sort_values("p_value").groupby("group").head(MOST_ACTS)
    clear = clear.sort_values(["group", "p_value"], ignore_index=True).drop(columns="p_value")
    first = groups.value_counts().index[0]
    shown = clear[clear["group"] == first].rename(columns={"act": "label", "difference": "value"})
    title = f"What the lost with {first} had done less or more than those who stayed"
    axis = "difference of the share who did it in the time before, with 95% interval"
    if len(clear):
        result.add("lost_did", clear, Drawing("forest", shown, title, axis))


ANALYSIS = Analysis("lost", "Why did the lost leave, what were they worth, and who may come back?", run)
