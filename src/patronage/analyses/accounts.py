"""Person or company: is what users of business accounts do the account's or their own, and which companies do most?

How alike the users of one account are is the share of the variance that lies between accounts (the intraclass
correlation, Fisher 1925), beside what it is where users are put into accounts by lot. Where it is no more than that, a
user is engaged as a person, and the account's other users are no better prospects than anybody. Types of companies are
firmographic attributes; their shares rest on accounts, and small types are drawn to the common share.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.analyses.acts import ORDER, acts, is_act
from patronage.analyses.beyond_chance import CHANCE, MORE, with_verdicts
from patronage.analyses.contract import Analysis, Drawing, Result, View
from patronage.analyses.pooling import as_one_family, by_customer, judged
from patronage.analyses.steps import BUCKETS, jackknife_error
from patronage.data.contract import USERS
from patronage.errors import DataError
from patronage.statistics import Z
from patronage.typing import Array

LEAST_ACCOUNTS = 30  # of several users
DRAWS = 400  # of users into accounts by lot
PERSON, ALONE, SEVERAL = "no account", "alone in an account", "in an account of several users"
MEASURES = {"orders": "days with an order", "acts": "acts of the user"}


def run(view: View, settings: object) -> Result:
    """How alike users of an account are, what persons and companies do, and which types of companies do most."""
    if view.history.has(USERS):
        raise DataError("customers are accounts here; data.entity=customer holds users against their accounts")
    users = _users(view)
    sizes = users.groupby(c.ACCOUNT_ID)[c.CUSTOMER_ID].transform("size")
    kind = np.select([users[c.ACCOUNT_ID].isna(), sizes == 1], [PERSON, ALONE], SEVERAL)
    several = users[kind == SEVERAL].reset_index(drop=True)
    accounts = several[c.ACCOUNT_ID].nunique()
    if accounts < LEAST_ACCOUNTS:
        raise DataError(f"{accounts} accounts of several users; expected {LEAST_ACCOUNTS}")
    alike = _alike(several, view.seed)
    told = [_sentence(row) for row in alike.to_dict("records")]
    result = Result(
        f"of {len(several):,} users of {accounts:,} accounts with several, in {view.since_days} days, {'; '.join(told)}"
    )
    frame = alike.rename(columns={"what": "label"})
    axis = "share of the differences between users that lies between accounts, with 95% interval"
    result.add("accounts_alike", alike, Drawing("forest", frame, result.finding, axis))
    table = users.assign(kind=kind).groupby("kind").agg(
        customers=(c.CUSTOMER_ID, "size"), accounts=(c.ACCOUNT_ID, "nunique"),
        ordered_share=("orders", lambda orders: (orders > 0).mean()), mean_orders=("orders", "mean"),
        mean_acts=("acts", "mean"), paid=("paid", "sum"),
    )  # fmt: skip
    table = table.assign(paid_share=table["paid"] / max(float(table["paid"].sum()), 1e-9)).reset_index()
    result.add("accounts", table)
    _companies(result, view, users[kind != PERSON])
    return result


def _sentence(row: Mapping[Hashable, Any]) -> str:
    """How much of one measure is the account's: an estimate below zero is a share of none, and is told as none."""
    if row["high"] <= 0:
        return f"none of the differences in {row['what']} is the account's"
    value, low, high = (max(row[name], 0.0) for name in ("value", "low", "high"))
    by_chance = ", no more than chance" if row["verdict"] == CHANCE else ""
    return f"{value:.0%} [{low:.0%}, {high:.0%}] of the differences in {row['what']} are the account's{by_chance}"


def _users(view: View) -> pd.DataFrame:
    """A row per customer: account, and what the customer did in the last days."""
    history, days = view.history, view.since_days
    recent = f"{history.age('day')} <= {days}"
    own = f"{is_act('any')} AND act <> '{ORDER}'"
    users = history.frame(
        f"""
        SELECT customers.customer_id, max(account_id) AS account_id,
               count(DISTINCT CASE WHEN {is_act(ORDER)} AND {recent} THEN day END) AS orders,
               count(CASE WHEN {own} AND {recent} THEN 1 END) AS acts
        FROM customers LEFT JOIN profiles ON profiles.customer_id = customers.customer_id
        LEFT JOIN acts ON acts.customer_id = customers.customer_id
        GROUP BY customers.customer_id ORDER BY customers.customer_id""",
        acts(),
    )
    paid = view.now.features[c.NET_REVENUE] if c.NET_REVENUE in view.now.features else pd.Series(dtype=float)
    return users.assign(paid=users[c.CUSTOMER_ID].map(paid).fillna(0.0))


def _alike(users: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Per measure the share of the variance between accounts, with its interval, beside users put there by lot."""
    places, _ = pd.factorize(users[c.ACCOUNT_ID])
    rng = np.random.default_rng(seed)
    bucket = rng.permutation(places.max() + 1) % BUCKETS
    rows = []
    for name, what in MEASURES.items():
        values = np.log1p(users[name].to_numpy(np.float64))
        if not values.var() > 0:
            continue
        value = between_share(values, places)
        error = jackknife_error(
            np.array(
                [between_share(values[rest], places[rest]) for b in range(BUCKETS) for rest in [bucket[places] != b]]
            )
        )
        drawn = np.array([between_share(rng.permutation(values), places) for _ in range(DRAWS)])
        p_value = (1 + int((drawn >= value).sum())) / (DRAWS + 1)
        rows.append((what, len(users), int(places.max()) + 1, value, value - Z * error, value + Z * error,
                     float(np.quantile(drawn, 0.95)), p_value))  # fmt: skip
    if not rows:
        raise DataError("no user of an account did anything lately")
    names = ["what", "users", "accounts", "value", "low", "high", "by_chance_up_to", "p_value"]
    table = pd.DataFrame(rows, columns=names)
    table = with_verdicts(table.drop(columns="p_value"), table["p_value"].to_numpy(np.float64))
    clear = (table["verdict"] == MORE) & (table["low"] > 0)
    return table.assign(verdict=np.where(clear, "the account's", CHANCE))


def between_share(values: Array, places: np.ndarray) -> float:
    """The intraclass correlation by the analysis of variance of groups of different sizes."""
    sizes = np.bincount(places).astype(np.float64)
    sizes, k = sizes[sizes > 0], int((np.bincount(places) > 0).sum())
    sums = np.bincount(places, values)[np.bincount(places) > 0]
    n, total = sizes.sum(), values.sum()
    between = ((sums**2 / sizes).sum() - total**2 / n) / max(k - 1, 1)
    inside = ((values**2).sum() - (sums**2 / sizes).sum()) / max(n - k, 1)
    usual = (n - (sizes**2).sum() / n) / max(k - 1, 1)
    whole = between + (usual - 1) * inside
    return float((between - inside) / whole) if whole > 0 else 0.0


def _companies(result: Result, view: View, users: pd.DataFrame) -> None:
    """By firmographic attribute: the share of users who ordered lately, resting on accounts, and what accounts paid."""
    kinds = view.history.tables.attributes
    names = [name for name, kind in kinds.items() if kind == "firmographic"]
    if not names or users.empty:
        return
    quoted = ", ".join(view.history.engine.quote(name) for name in names)
    told = view.history.frame(f"SELECT customer_id, {quoted} FROM profiles").set_index(c.CUSTOMER_ID)
    tables = []
    for name in names:
        labels = users[c.CUSTOMER_ID].map(told[name])
        known = users.assign(label=labels, k=(users["orders"] > 0).astype(float), n=1.0)[labels.notna().to_numpy()]
        counts = by_customer(known.drop(columns=c.CUSTOMER_ID).rename(columns={c.ACCOUNT_ID: c.CUSTOMER_ID}), ["label"])
        table = judged("users who ordered", name, counts, shares=True, most=len(counts))
        sums = known.groupby("label").agg(accounts=(c.ACCOUNT_ID, "nunique"), paid=("paid", "sum"))
        paid = table["label"].map(sums["paid"] / sums["accounts"].where(sums["accounts"] > 0))
        tables.append(table.assign(accounts=table["label"].map(sums["accounts"]), paid_per_account=paid))
    if tables := [table for table in tables if len(table)]:
        whole = pd.concat(tables, ignore_index=True)
        extra = whole[["accounts", "paid_per_account"]]
        result.add("companies", as_one_family(whole).drop(columns="voice").join(extra))


ANALYSIS = Analysis(
    "accounts", "Is it the person or the company, and which companies do most?", run, ("customers.account_id",)
)
