"""What each customer bought on which shelf: the table that several lenses read, so that the log is grouped once.

`shelves`  a row per customer and category before the cutoff; without categories, a row per customer. Money in minor
units, units of goods and decayed lines in thousandths: integers, so that their sums are exact.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.config import LensesConfig
from patronage.engine import text
from patronage.lenses.history import History

THOUSAND = 1000
END, TAB = "\n", "\t"  # the end of an item, and what stands between its parts


def fill_shelves(history: History, config: LensesConfig) -> None:
    """Make the table, replacing that of an earlier cutoff.

    `alike` counts ordered pairs of purchases of the same product, among `n_known` purchases of known products.
    """
    bought = "FILTER (WHERE amount >= 0)"
    own = f"lower(private_label) IN ({words(config.purchase.own_label)})"
    sums = {
        "n_lines": f"count(*) {bought}",
        "n_refunds": "count(*) FILTER (WHERE amount < 0)",
        "n_labelled": f"count(private_label) {bought}",
        "n_own": f"count(*) FILTER (WHERE amount >= 0 AND {own})",
        "n_counted": f"count(quantity) {bought}",
        "units": f"sum({thousandths(c.QUANTITY)}) {bought}",
        "net": "sum(amount)",
        "paid": f"sum(amount) {bought}",
        c.DISCOUNT: f"sum(discount) {bought}",
        "n_costed": f"count(cost) {bought}",
        c.COST: "sum(cost)",
        "freshness": f"sum({thousandths(decay(history, 'CAST(ordered_at AS DATE)', config))}) {bought}",
    }
    by_product = ", ".join(f"{sql} AS {name}" for name, sql in sums.items())
    history.engine.table(
        "shelves",
        f"""SELECT customer_id, category, {", ".join(f"sum({name}) AS {name}" for name in sums)},
                   coalesce(sum(n_lines) FILTER (WHERE product_id IS NOT NULL), 0) AS n_known,
                   coalesce(sum(n_lines * (n_lines - 1)) FILTER (WHERE product_id IS NOT NULL), 0) AS alike
            FROM (SELECT customer_id, category, product_id, {by_product} FROM lines
                  GROUP BY customer_id, category, product_id)
            GROUP BY customer_id, category""",
    )


def decay(history: History, day: str, config: LensesConfig) -> str:
    """SQL: what an act of that DATE still weighs at the cutoff, where one of today weighs 1."""
    return f"power(0.5e0, {history.age(day)} / {float(config.interests.half_life_days)!r}e0)"


def thousandths(number: str) -> str:
    """SQL: a number as an integer of thousandths, whose sums are the same in every order of the rows."""
    return f"CAST(round({number} * {THOUSAND}) AS BIGINT)"


def words(vocabulary: Iterable[str]) -> str:
    """SQL: a vocabulary of the configuration as the list behind IN, in lower case; an empty one holds nothing."""
    return ", ".join(text(word.lower()) for word in vocabulary) or "NULL"


def packed(history: History, parts: tuple[str, ...], name: str, most: int) -> str:
    """SQL, an aggregate: a customer's items up to that `rank` as one text, of each the numbers, then the name.

    What would end an item early becomes a blank.
    """
    numbers = " || ".join(f"CAST({part} AS STRING) || chr(9)" for part in parts)
    item = f"{numbers} || {clean(name)} || chr(10)"
    return history.engine.join_text(f"CASE WHEN rank <= {most} THEN {item} END", "rank")


def clean(name: str) -> str:
    """SQL: a text without line breaks and tabs."""
    return f"replace(replace({name}, chr(10), ' '), chr(9), ' ')"


def unpacked(texts: pd.Series, names: tuple[str, ...]) -> pd.DataFrame:
    """The items of packed texts.

    Returns
    -------
    DataFrame
        A row per item: `row` (position of the customer in `texts`), then `names`, of which the last is text and
        the others are numbers; items in their order.
    """
    row = np.repeat(np.arange(len(texts)), [one.count(END) for one in texts])
    parts = "".join(texts).replace(END, TAB).split(TAB)[:-1]
    columns = {name: parts[k :: len(names)] for k, name in enumerate(names)}
    numbers = {name: np.array(columns[name], dtype=np.bytes_).astype(float) for name in names[:-1]}
    return pd.DataFrame({"row": row, **numbers, names[-1]: np.array(columns[names[-1]], dtype=object)})
