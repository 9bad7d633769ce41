"""Taste: what the customer buys, as a place on two axes that the log itself has.

Each axis is a principal component of the square roots of the shares of spend by category (by product, where a log has
no categories): the square root is Hellinger's distance of two mixes, in which no large category drowns the others (Rao
1995). An axis is named by the goods that customers at its ends really buy more of than most (`taste_goods.py`); a place
is a sum over all goods, so that who stands at an end need not buy them, and the words of taste are held against the
spend on them. The axes are learned once, before the first features are made
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
    ends = {
        item: [1 if item in high else -1 if item in low else 0 for high, low in axes.goods]
        for item in (axes.items if axes.goods else [])
    }
    rows = ", ".join(
        f"({text(item)}, {first}, {second}, {end_1}, {end_2})"
        for item, (first, second) in zip(axes.items, axes.loadings, strict=True)
        for end_1, end_2 in [ends.get(item, [0, 0])]
    )
    steady = range(1, axes.steady_axes + 1)
    sums = "".join(
        f""",
                   sum(CAST(round(sqrt(paid * 1.0e0 / total) * load_{axis}) AS BIGINT)) - {axes.middle[axis - 1]}
                       AS place_{axis},
                   {_share(axis, 1)} AS high_{axis},
                   {_share(axis, -1)} AS low_{axis}"""
        for axis in steady
    )
    places = [
        f"place_{axis} / {SCALE}.0e0 * lines / (lines + {half}) AS {name}"
        if axis in steady
        else f"CAST(NULL AS DOUBLE) AS {name}"
        for axis, name in enumerate(c.TASTES, start=1)
    ]
    goods = [
        f"""CASE WHEN place_{axis} > 0 THEN greatest(high_{axis} - {axes.usual[axis - 1][0]}, 0)
                    WHEN place_{axis} < 0 THEN -greatest(low_{axis} - {axes.usual[axis - 1][1]}, 0)
                    ELSE 0 END / {SCALE}.0e0 AS {name}"""
        if axis in steady and axes.goods
        else f"CAST(NULL AS DOUBLE) AS {name}"
        for axis, name in enumerate(c.TASTE_GOODS, start=1)
    ]
    columns = ",\n               ".join([*places, *goods])
    return f"""
        WITH bought AS ({BY_CATEGORY if axes.column == c.CATEGORY else BY_PRODUCT}
        ),
        loadings AS (
            SELECT * FROM (VALUES {rows}) AS loading_rows (item, load_1, load_2, end_1, end_2)
        ),
        known AS (
            SELECT customer_id, paid, n, load_1, load_2, end_1, end_2,
                   sum(paid) OVER (PARTITION BY customer_id) AS total
            FROM bought JOIN loadings ON bought.item = loadings.item
        ),
        mixes AS (
            SELECT customer_id, sum(n) AS lines{sums}
            FROM known WHERE total > 0 GROUP BY customer_id
        )
        SELECT customer_id,
               {columns}
        FROM mixes"""


def _share(axis: int, end: int) -> str:
    """The share of spend on the goods of an end, in millionths."""
    spent = f"sum(CASE WHEN end_{axis} = {end} THEN paid ELSE 0 END)"
    return f"CAST(round({spent} * 1.0e0 / max(total) * {SCALE}) AS BIGINT)"


def _named(config: LensesConfig) -> dict[str, Feature]:
    """The axes in the words of what lies at their ends."""
    if not config.taste.learned:
        return {}
    axes = TasteAxes.of(config.taste.learned)
    described = {}
    for axis, ((high, low), words) in enumerate(zip(axes.named_ends, axes.words, strict=True)):
        more, less = (f"more {word}" if word else "" for word in words)
        to_high, to_low = (f"buying {word or f'more {plain(side[0])}'}" for word, side in ((more, high), (less, low)))
        described[c.TASTES[axis]] = Feature(
            f"what is bought: from {' and '.join(low)} to {' and '.join(high)}",
            more,
            less,
            to_high,
            to_low,
            reason="|".join(f"buys more of what goes with {plain(side[0])} than most" for side in (high, low)),
            missing=NOT_KNOWN,
        )
        described[c.TASTE_GOODS[axis]] = Feature(
            f"share of spend above the usual on {words[0] or 'nothing'}, below 0 on {words[1] or 'nothing'}",
            reason="buys other goods than most",
            missing=NOT_KNOWN,
        )
    return described


LENS = Lens(
    name="taste",
    question="What kind of goods does the customer buy, beside what others buy?",
    source="Rao 1995; Deerwester et al. 1990",
    features={
        c.TASTES[0]: Feature(
            "place on the axis that sets what customers buy apart most", reason="buys other goods than most"
        ),
        c.TASTES[1]: Feature("place on the next axis, which is independent of it", reason="buys other goods than most"),
        **{
            name: Feature(
                "share of spend above the usual on the goods at the end where the customer is; below 0 at its low end",
                reason="buys other goods than most",
            )
            for name in c.TASTE_GOODS
        },
    },
    more_features=_named,
    requires=("transactions.category", "transactions.product_id"),
    select=_select,
    ready=lambda config: bool(config.taste.learned),
)
