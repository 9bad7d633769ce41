"""Who buys what is new first: early purchases of new products, beside all who bought the same products.

Who buys much buys much of what is new, and a product that hardly anybody buys is new all the time. So each purchase of
a new product counts beside the share of all its buyers who bought it as early: a customer is early where the same
products were bought sooner than usual. The list is measured on products that came later than those it was made of.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.analyses.beyond_chance import MORE, with_verdicts
from patronage.analyses.contract import Drawing, Result, View
from patronage.config import ProductsConfig
from patronage.lenses import History
from patronage.names import Metric
from patronage.statistics import Estimate, two_sided

EARLY_DAYS = 30  # since the product was first sold
LEAST_PRODUCTS = 3  # new ones of a customer, to be on the list
SURELY = 1.645  # deviations above what is expected of a customer on the list
LEAST_EXPECTED = 5.0  # early purchases of the listed, by which the list is measured


def adoption(result: Result, view: View, settings: ProductsConfig) -> None:
    """The early purchases of each segment beside the expected ones, and the list of those who are early."""
    rows = _early(view.history, view.since_days, settings)
    if rows[c.CUSTOMER_ID].nunique() < settings.least:
        result.notes.append(
            f"adoption: {rows[c.CUSTOMER_ID].nunique()} customers bought a product of {settings.least} buyers that was "
            f"first sold {settings.new_after_days} days or more after the log began; expected {settings.least}"
        )
        return
    sums = rows.drop(columns="is_late").groupby(c.CUSTOMER_ID).sum()
    result.metrics[Metric.ADOPTION_EARLY] = float(sums["early"].sum() / sums["products"].sum())
    _by_segment(result, sums, view.now.segments[settings.segment], settings)
    _listed(result, rows, sums)


def _early(history: History, since_days: int, settings: ProductsConfig) -> pd.DataFrame:
    """By customer and whether the products came late: new products, early ones, those expected and their variance."""
    age = history.age("launched")
    (oldest,) = history.frame(f"SELECT {history.age('min(CAST(ordered_at AS DATE))')} AS age FROM order_lines "
                              "WHERE amount > 0")["age"]  # fmt: skip
    reach = int(oldest) - settings.new_after_days if oldest == oldest else 0
    late = max(since_days, EARLY_DAYS + 1)
    is_early = f"CASE WHEN {history.engine.days('launched', 'day')} <= {EARLY_DAYS} THEN 1.0e0 ELSE 0.0e0 END"
    return history.frame(
        """
        SELECT customer_id, is_late, count(*) AS products, sum(early) AS early, sum(share) AS expected,
               sum(share * (1 - share)) AS variance
        FROM bought JOIN usual ON usual.product_id = bought.product_id
        GROUP BY customer_id, is_late ORDER BY customer_id, is_late""",
        {
            "firsts": """
                SELECT customer_id, product_id, min(CAST(ordered_at AS DATE)) AS day FROM order_lines
                WHERE amount > 0 AND product_id IS NOT NULL GROUP BY customer_id, product_id""",
            "launches": f"""
                SELECT product_id, min(day) AS launched FROM firsts
                GROUP BY product_id HAVING count(*) >= {settings.least}""",
            "bought": f"""
                SELECT customer_id, firsts.product_id, {is_early} AS early,
                       CASE WHEN {age} <= {late} THEN 1 ELSE 0 END AS is_late
                FROM firsts JOIN launches ON launches.product_id = firsts.product_id
                WHERE {age} <= {reach} AND {age} > {EARLY_DAYS}""",
            "usual": "SELECT product_id, avg(early) AS share FROM bought GROUP BY product_id",
        },
    )


def _beside_expected(rows: pd.DataFrame) -> tuple[float, float, float, float]:
    """How many times the expected early purchases there are, with the 95% interval by customers, and the p-value."""
    expected = max(float(rows["expected"].sum()), 1e-12)
    ratio = float(rows["early"].sum()) / expected
    error = float(np.sqrt(((rows["early"] - ratio * rows["expected"]) ** 2).sum())) / expected
    estimate = Estimate(np.array(ratio), np.array(error))
    return ratio, float(estimate.low), float(estimate.high), float(two_sided((ratio - 1) / error)) if error else 1.0


def _by_segment(result: Result, sums: pd.DataFrame, segment: pd.Series, settings: ProductsConfig) -> None:
    labels = segment.reindex(sums.index)
    rows = [
        (label, len(own), *own[["products", "early", "expected"]].sum(), *_beside_expected(own))
        for label, own in sums.groupby(labels[labels != c.UNKNOWN])
        if len(own) >= settings.least
    ]
    if not rows:
        return
    names = ["segment", "customers", "new_products", "early", "expected", "value", "low", "high", "p_value"]
    table = pd.DataFrame(rows, columns=names)
    table = with_verdicts(table.drop(columns="p_value"), table["p_value"].to_numpy(np.float64), 1.0)
    best = table.loc[table["value"].idxmax()]
    title = (
        f"{best['segment']} customers buy what is new in its first {EARLY_DAYS} days {best['value']:.2f} times "
        f"[{best['low']:.2f}, {best['high']:.2f}] as often as all buyers of it"
        if best["verdict"] == MORE
        else "No segment buys what is new earlier than all buyers of the same products"
    )
    shown = table.rename(columns={"segment": "label"})
    axis = f"times as often in the first {EARLY_DAYS} days as all buyers of the same products, with 95% interval"
    result.add("adoption", table, Drawing("forest", shown, title, axis, 1.0))


def _listed(result: Result, rows: pd.DataFrame, sums: pd.DataFrame) -> None:
    """The customers who are surely earlier than others, and what those chosen so before did with what came later."""
    listed = sums.assign(surely=_surely(sums))
    listed = listed[listed["surely"] >= SURELY].sort_values("surely", ascending=False, kind="stable").reset_index()
    earlier, late = (rows[rows["is_late"] == side].set_index(c.CUSTOMER_ID) for side in (0, 1))
    chosen = earlier.index[_surely(earlier) >= SURELY]
    judged = late[late.index.isin(chosen)]
    lift = np.nan
    if judged["expected"].sum() >= LEAST_EXPECTED:
        lift, low, high, _ = _beside_expected(judged)
        row = {"customers": len(judged), "new_products": int(judged["products"].sum()), "early": judged["early"].sum(),
               "expected": judged["expected"].sum(), "lift": lift, "low": low, "high": high}  # fmt: skip
        result.add("first_buyers_measured", pd.DataFrame([row]))
    reason = [
        f"{row.early:.0f} of {row.products} new products bought in their first {EARLY_DAYS} days, "
        f"beside {row.expected:.1f} usual"
        for row in listed.itertuples()
    ]
    if len(listed):
        result.lists["first_buyers"] = listed[[c.CUSTOMER_ID]].assign(reason=reason, measured_lift=lift)


def _surely(rows: pd.DataFrame) -> pd.Series:
    """How many deviations a customer's early purchases lie above the expected ones; nothing of too few products."""
    deviations = (rows["early"] - rows["expected"]) / np.sqrt(rows["variance"].clip(lower=1e-12))
    return deviations.where(rows["products"] >= LEAST_PRODUCTS)
