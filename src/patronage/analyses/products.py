"""Products by region and period, by price third and segment, and who buys what is new."""

from __future__ import annotations

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.analyses.acts import commonest, product_label, sold_by
from patronage.analyses.adoption import adoption
from patronage.analyses.companions import LEVELS, price_levels
from patronage.analyses.contract import Analysis, Drawing, Result, View
from patronage.analyses.pooling import by_customer, times_over
from patronage.analyses.ripening import upsell_ripens
from patronage.config import ProductsConfig
from patronage.engine import text
from patronage.errors import DataError
from patronage.lenses import History
from patronage.statistics import Estimate, false_discovery, wilson_interval

LEVEL = 0.05
LEAST_MONTHS = 13  # for a season: every month of the year, and one twice


def run(view: View, settings: ProductsConfig) -> Result:
    """Growth by item and region, season, price thirds by segment, adoption."""
    result, history = Result(), view.history
    column = sold_by(history)
    if column is None:
        raise DataError("the log tells of no category and no product; expected one of them (data.transactions.columns)")
    item = c.CATEGORY if column == c.CATEGORY else product_label(history)
    growth = _growth(history, item, view.since_days, settings)
    if growth.empty:
        what = item if item == c.CATEGORY else "product"
        raise DataError(f"no {what} with {settings.least} buyers in the last {2 * view.since_days} days")
    clear = growth[growth["verdict"] != ""]
    result.finding = (
        f"{len(clear):,} of {len(growth):,} items by region grew or shrank beyond the whole in {view.since_days} "
        f"days beside those before{'; a season does so too, and turns round' if len(clear) else ''}"
    )
    shown = clear.head(12).assign(label=lambda rows: rows[c.LOCATION] + ": " + rows["item"])
    drawing = Drawing("forest", shown.rename(columns={"growth": "value"}), result.finding,
                      "buyers beside those of the time before, as a ratio to that of the whole", 1.0)  # fmt: skip
    result.add("products_growth", growth, drawing)
    _season(result, history, item, settings)
    if item == c.CATEGORY:
        result.add("price_thirds", _thirds(view, settings))
        if len(ripe := upsell_ripens(history, settings.least)):
            result.add("upsell_ripens", ripe, _ripening(ripe))
    if history.has("transactions", c.PRODUCT_ID):
        adoption(result, view, settings)
    return result


def _growth(history: History, item: str, days: int, settings: ProductsConfig) -> pd.DataFrame:
    """Buyers of each item and region in the last days and in those before, beside the growth of the whole."""
    labels = ", ".join(map(text, commonest(history, item, settings.most)))
    age = history.age("CAST(ordered_at AS DATE)")
    rows = history.frame(
        f"""
        SELECT item, location, count(*) AS buyers, sum(now) AS now, sum(before) AS before, sum(now * before) AS both,
               sum(revenue) AS revenue
        FROM bought GROUP BY item, location HAVING sum(now) + sum(before) >= {settings.least}""",
        {
            "bought": f"""
                SELECT customer_id, {item} AS item, coalesce(location, 'everywhere') AS location,
                       max(CASE WHEN {age} <= {days} THEN 1 ELSE 0 END) AS now,
                       max(CASE WHEN {age} > {days} THEN 1 ELSE 0 END) AS before,
                       {history.money(f"sum(CASE WHEN {age} <= {days} THEN amount ELSE 0 END)")} AS revenue
                FROM order_lines WHERE amount > 0 AND {age} <= {2 * days} AND {item} IN ({labels})
                GROUP BY customer_id, {item}, location"""
        },
    )
    if rows.empty:
        return rows
    now, before = rows["now"].to_numpy(np.float64) + 0.5, rows["before"].to_numpy(np.float64) + 0.5
    whole = now.sum() / before.sum()
    both = rows.pop("both").to_numpy(np.float64)  # who bought at both times tells nothing of growth
    estimate = Estimate(np.log(now / before / whole), np.sqrt((now + before - 2 * both) / (now * before)))
    rows["growth"], rows["low"], rows["high"] = np.exp(estimate.value), np.exp(estimate.low), np.exp(estimate.high)
    clear = false_discovery(estimate.p_value) < LEVEL
    rows["verdict"] = np.where(clear, np.where(estimate.value > 0, "grows", "shrinks"), "")
    rows = rows[["item", c.LOCATION, "now", "before", "growth", "low", "high", "verdict", "buyers", c.REVENUE]]
    strength = pd.Series(-np.abs(estimate.value / estimate.error))
    return rows.loc[strength.sort_values(kind="stable").index].reset_index(drop=True)


def _season(result: Result, history: History, item: str, settings: ProductsConfig) -> None:
    """How many times its usual share of the month's lines an item has in each month of the year."""
    labels = ", ".join(map(text, commonest(history, item, min(settings.most, 30))))
    rows = history.frame(
        f"""
        SELECT {item} AS item, extract(year FROM ordered_at) * 12 + extract(month FROM ordered_at) AS number,
               extract(month FROM ordered_at) AS month, count(*) AS n
        FROM order_lines WHERE amount > 0 AND {item} IN ({labels}) GROUP BY 1, 2, 3"""
    )
    if rows["number"].nunique() < LEAST_MONTHS:
        result.notes.append(f"season: {rows['number'].nunique()} months of orders; expected {LEAST_MONTHS}")
        return
    counts = rows.pivot_table("n", "item", "month", aggfunc="sum", fill_value=0).astype(float)
    expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / counts.to_numpy().sum()
    index = (counts + 5) / (expected + 5)  # five imagined lines as usual: a handful makes no season
    table = index.rename(columns=lambda month: f"month_{int(month):02d}").reset_index()
    result.add("season", table)


def _thirds(view: View, settings: ProductsConfig) -> pd.DataFrame:
    """The share of purchases at each price third of the categories, by segment."""
    levels = price_levels(view.history)
    labels = levels[c.CUSTOMER_ID].map(view.now.segments[settings.segment]).fillna(c.UNKNOWN)
    counts = levels.groupby([labels.rename("segment"), "level"]).size().rename("n").reset_index()
    counts["of"] = counts.groupby("segment")["n"].transform("sum")
    counts["third"] = counts["level"].map(dict(enumerate(LEVELS)))
    share, once = (counts["n"] / counts["of"]).to_numpy(float), np.ones(len(counts))
    for level in LEVELS:  # the purchases of one customer are alike
        hits = levels.assign(k=(levels["level"] == LEVELS.index(level)).astype(float), n=1.0)
        sums = by_customer(hits, labels.rename("label")).set_index("label").reindex(counts["segment"])
        once = np.where(counts["third"] == level, times_over(sums, share), once)
    n, of = counts["n"].to_numpy(float) / once, counts["of"].to_numpy(float) / once
    counts["low"], counts["high"] = wilson_interval(n, of)
    return counts.assign(share=counts["n"] / counts["of"])[["segment", "third", "n", "of", "share", "low", "high"]]


def _ripening(table: pd.DataFrame) -> Drawing:
    """The step up of each category within 90 days."""
    row = table.iloc[0]
    title = (
        f"{row[c.CATEGORY]}: {row['up_by_90']:.0%} step up in price within 90 days, {row['down_by_90']:.0%} step down; "
        f"most ripe in the days {row['ripest_days']} after the first purchase"
    )
    shown = table.rename(columns={c.CATEGORY: "label", "up_by_90": "value"})
    return Drawing("forest", shown, title, "share with a clearly dearer purchase within 90 days, with 95% interval")


ANALYSIS = Analysis("products", "What sells where and when, and who buys what is new?", run)
