"""What each customer bought in which category: the relation that several lenses read, so that the log is grouped once.

A row per customer and category; without categories, a row per customer. Money is in minor units, units of goods and
decayed lines are in thousandths: integers, so that their sums are exact.
"""

from __future__ import annotations

from patronage import names as c
from patronage.config import LensesConfig
from patronage.lenses.expressions import decay, thousandths, words
from patronage.lenses.history import History


def category_totals(history: History, order_lines: str, config: LensesConfig) -> str:
    """SQL: the relation.

    `n_same_product` counts ordered pairs of purchases of the same product, among `n_with_product` purchases of known
    products.
    """
    purchases = "FILTER (WHERE amount >= 0)"
    own_label = f"lower(private_label) IN ({words(config.purchase.own_label)})"
    sums = {
        "n_lines": f"count(*) {purchases}",
        "n_with_label": f"count(private_label) {purchases}",
        "n_own_label": f"count(*) FILTER (WHERE amount >= 0 AND {own_label})",
        "n_with_quantity": f"count(quantity) {purchases}",
        "units": f"sum({thousandths(c.QUANTITY)}) {purchases}",
        "net": "sum(amount)",
        "paid": f"sum(amount) {purchases}",
        c.DISCOUNT: f"sum(discount) {purchases}",
        "n_with_cost": f"count(cost) {purchases}",
        c.COST: "sum(cost)",
        "decayed_lines": f"sum({thousandths(decay(history, 'CAST(ordered_at AS DATE)', config))}) {purchases}",
    }
    by_product = ", ".join(f"{sql} AS {name}" for name, sql in sums.items())
    by_category = ", ".join(f"sum({name}) AS {name}" for name in sums)
    return f"""
        WITH product_totals AS (
            SELECT customer_id, category, product_id, {by_product}
            FROM {order_lines} GROUP BY customer_id, category, product_id
        )
        SELECT customer_id, category, {by_category},
               coalesce(sum(n_lines) FILTER (WHERE product_id IS NOT NULL), 0) AS n_with_product,
               coalesce(sum(n_lines * (n_lines - 1)) FILTER (WHERE product_id IS NOT NULL), 0) AS n_same_product
        FROM product_totals GROUP BY customer_id, category"""
