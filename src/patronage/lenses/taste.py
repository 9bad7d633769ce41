"""Taste: what the customer buys, as a place on two axes that the log itself has.

Each axis is a principal component of the square roots of the shares of spend by category (by product, where a log has
no categories): the square root is Hellinger's distance of two mixes, in which no large category drowns the others (Rao
1995). An axis is named by the goods at its ends. The axes are learned once, before the first features are made
(`taste_axes.py`), and frozen in the settings of the lens: the same purchases have the same place at every cutoff. A
customer of few lines is pulled to the middle: chance alone makes a small basket one-sided.
"""

from __future__ import annotations

from patronage import names as c
from patronage.config import LensesConfig
from patronage.engine import text
from patronage.lenses.history import History
from patronage.lenses.lens import Feature, Lens
from patronage.lenses.taste_axes import SCALE, TasteAxes, plain

NOT_KNOWN = "what is bought: not known"
BY_CATEGORY = """
            SELECT customer_id, category AS item, sum(paid) AS paid, sum(n_lines) AS n
            FROM category_totals WHERE category IS NOT NULL GROUP BY customer_id, category"""
BY_PRODUCT = """
            SELECT customer_id, product_id AS item, sum(amount) AS paid, count(*) AS n
            FROM order_lines WHERE amount >= 0 AND product_id IS NOT NULL GROUP BY customer_id, product_id"""


def _select(history: History, config: LensesConfig) -> str:
    axes = TasteAxes.of(config.taste.learned)
    half = f"{float(config.taste.half_lines)!r}e0"
    rows = ", ".join(
        f"({text(item)}, {first}, {second})" for item, (first, second) in zip(axes.items, axes.loadings, strict=True)
    )
    places = ",\n               ".join(
        f"(sum(CAST(round(sqrt(paid * 1.0e0 / total) * load_{axis}) AS BIGINT)) - {axes.middle[axis - 1]})"
        f" / {SCALE}.0e0 * sum(n) / (sum(n) + {half}) AS {name}"
        if axis <= axes.steady_axes
        else f"CAST(NULL AS DOUBLE) AS {name}"
        for axis, name in enumerate(c.TASTES, start=1)
    )
    return f"""
        WITH bought AS ({BY_CATEGORY if axes.column == c.CATEGORY else BY_PRODUCT}
        ),
        loadings AS (
            SELECT * FROM (VALUES {rows}) AS loading_rows (item, load_1, load_2)
        ),
        known AS (
            SELECT customer_id, paid, n, load_1, load_2, sum(paid) OVER (PARTITION BY customer_id) AS total
            FROM bought JOIN loadings ON bought.item = loadings.item
        )
        SELECT customer_id,
               {places}
        FROM known WHERE total > 0 GROUP BY customer_id"""


def _named(config: LensesConfig) -> dict[str, Feature]:
    """The axes in the words of what lies at their ends."""
    if not config.taste.learned:
        return {}
    axes = TasteAxes.of(config.taste.learned)
    return {
        name: Feature(
            f"what is bought: from {' and '.join(low)} to {' and '.join(high)}",
            *_words(high, low),
            reason="|".join(f"buys more {plain(items[0])} than most" for items in (high, low)),
            missing=NOT_KNOWN,
        )
        for name, (high, low) in zip(c.TASTES, axes.named_ends, strict=True)
    }


def _words(high: list[str], low: list[str]) -> tuple[str, str, str, str]:
    """The words of an axis, and of a change on it."""
    more, less = (f"more {plain(items[0])}" for items in (high, low))
    return more, less, f"buying {more}", f"buying {less}"


LENS = Lens(
    name="taste",
    question="What kind of goods does the customer buy, beside what others buy?",
    source="Rao 1995; Deerwester et al. 1990",
    features={
        c.TASTES[0]: Feature(
            "place on the axis that sets what customers buy apart most", reason="buys other goods than most"
        ),
        c.TASTES[1]: Feature("place on the next axis, which is independent of it", reason="buys other goods than most"),
    },
    more_features=_named,
    requires=("transactions.category", "transactions.product_id"),
    select=_select,
    ready=lambda config: bool(config.taste.learned),
)
