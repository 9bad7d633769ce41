"""What customers do, as one relation: events by name, orders, first purchases by category and orders by channel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count

import pandas as pd

from patronage import names as c
from patronage.data.contract import BY_BUSINESS
from patronage.engine import text
from patronage.lenses import History

ORDER = "order"  # the act of a day with an order, in settings and tables
ANY = "any"  # act of the customer
IN_CATEGORY, BY_CHANNEL = "bought ", "ordered by "  # and the category, the channel

BEGINNINGS = {
    "first_days": """
        SELECT customer_id, day FROM order_days
        UNION ALL
        SELECT customer_id, CAST(signed_up_at AS DATE) FROM signups""",
    "beginnings": "SELECT customer_id, min(day) AS start FROM first_days GROUP BY customer_id",
}
_numbers = count(1)  # no two tables of a process share a name


def keep(history: History, name: str, select: str, steps: Mapping[str, str]) -> str:
    """Run a query once and keep its rows as a table, until the reader drops it; gives the name that the table has."""
    table = f"{name}_of_acts_{next(_numbers)}"
    history.engine.table(table, history.query(select, dict(steps)))
    return table


def acts(categories: Sequence[str] = ()) -> dict[str, str]:
    """SQL: the step `acts` with `customer_id`, `day` and `act`.

    Parameters
    ----------
    categories
        Whose purchases are acts of their own.
    """
    parts = [
        "SELECT customer_id, CAST(occurred_at AS DATE) AS day, event AS act FROM events",
        f"SELECT customer_id, day, {text(ORDER)} AS act FROM order_days",
        f"""SELECT customer_id, CAST(ordered_at AS DATE) AS day, concat({text(BY_CHANNEL)}, channel) AS act
            FROM orders WHERE channel IS NOT NULL""",
    ]
    if categories:
        names = ", ".join(map(text, categories))
        parts.append(f"""
            SELECT DISTINCT customer_id, CAST(ordered_at AS DATE) AS day, concat({text(IN_CATEGORY)}, category) AS act
            FROM order_lines WHERE amount > 0 AND category IN ({names})""")
    return {"acts": "\nUNION ALL\n".join(parts)}


def product_column(history: History) -> str:
    """What a reader knows a product by: its name where the log has names, else its id."""
    return c.PRODUCT_NAME if history.has("transactions", c.PRODUCT_NAME) else c.PRODUCT_ID


def product_label(history: History) -> str:
    """SQL: what a reader knows a product by; a space that a till added to a name makes no other product."""
    column = product_column(history)
    return f"trim({column})" if column == c.PRODUCT_NAME else column


def sold_by(history: History) -> str | None:
    """The column that tells what was sold: the category, else the product; None where neither has a label."""
    for column in (c.CATEGORY, c.PRODUCT_ID):
        if history.has("transactions", column) and commonest(history, column, 1):
            return column
    return None


def most_often(column: str) -> str:
    """SQL: the label of a column of the order lines that each customer ordered under most often, the first of equals.

    Customers without any label have no row.
    """
    return f"""
        SELECT customer_id, {column} FROM (
            SELECT *, row_number() OVER (PARTITION BY customer_id ORDER BY n DESC, {column}) AS place FROM (
                SELECT customer_id, {column}, count(DISTINCT order_id) AS n FROM order_lines
                WHERE amount > 0 AND {column} IS NOT NULL GROUP BY customer_id, {column}) AS counted) AS ranked
        WHERE place = 1"""


def product_names(history: History, item: str) -> dict[str, str]:
    """The commonest name of each product id; nothing where the items are no products, or have no names."""
    if item != c.PRODUCT_ID or not history.has("transactions", c.PRODUCT_NAME):
        return {}
    rows = history.frame(
        "SELECT product_id AS id, trim(product_name) AS label, count(*) AS n FROM order_lines "
        "WHERE product_name IS NOT NULL GROUP BY product_id, trim(product_name) ORDER BY n, label"
    )
    return dict(zip(rows["id"], rows["label"], strict=True))  # of several the last, which is the commonest


def is_act(event: str) -> str:
    """SQL: whether a row of `acts` is the event; `any` is every act of the customer."""
    if event == ANY:
        return f"act NOT IN ({', '.join(map(text, BY_BUSINESS))})"
    return f"act = {text(event)}"


def commonest(history: History, column: str, most: int) -> list[str]:
    """The labels of a column of the order lines that most customers bought."""
    rows = history.frame(
        f"SELECT {column} AS label, count(DISTINCT customer_id) AS customers FROM order_lines "
        f"WHERE amount > 0 AND {column} IS NOT NULL GROUP BY {column} ORDER BY customers DESC, label LIMIT {most}"
    )
    return [str(label) for label in rows["label"]]


def sampled(history: History, customer: str, most: int) -> str:
    """SQL: a condition that keeps every customer of a log of at most `most`, and a hash sample of a larger one."""
    customers = int(history.frame("SELECT count(*) AS n FROM customers")["n"].iloc[0])
    share = -(-customers // most)
    return f"{history.engine.bucket(customer, share)} = 0" if share > 1 else "true"


def counts_by_act(
    history: History, windows: Sequence[int], numbers: Sequence[int], categories: Sequence[str], most: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """How often each customer did each thing in the first days, and since when.

    Returns
    -------
    tuple of DataFrame
        A row per customer: the `age` in days at the cutoff; a row per customer and act: the counts
        `within_D`, for each window of D days, and the day `day_K` on which it was done for the K-th time, for each of
        the numbers K; missing where it was done fewer times.
    """
    age = history.engine.days("start", "acts.day")
    columns = ", ".join(
        [f"count(CASE WHEN age < {days} THEN 1 END) AS within_{days}" for days in windows]
        + [f"min(CASE WHEN number = {number} THEN age END) AS day_{number}" for number in numbers]
    )
    customers = history.frame(
        f"SELECT customer_id, {history.age('start')} AS age FROM beginnings "
        f"WHERE {sampled(history, c.CUSTOMER_ID, most)} ORDER BY customer_id",
        BEGINNINGS,
    ).set_index(c.CUSTOMER_ID)
    first_acts = f"""
        SELECT acts.customer_id, act, {age} AS age,
               row_number() OVER (PARTITION BY acts.customer_id, act ORDER BY acts.day) AS number
        FROM acts JOIN beginnings ON acts.customer_id = beginnings.customer_id
        WHERE {age} >= 0 AND {age} < {max(windows)} AND {sampled(history, "acts.customer_id", most)}"""
    counts = history.frame(
        f"SELECT customer_id, act, {columns} FROM first_acts GROUP BY customer_id, act",
        {**BEGINNINGS, **acts(categories), "first_acts": first_acts},
    )
    return customers, counts
