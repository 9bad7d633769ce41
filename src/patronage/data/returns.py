"""Returns undo purchases: each refund is matched to the lines that it refunds, once, behind the door.

A refund looks back, never ahead, and takes of the customer's earlier lines of its product, in this order: those of its
own order; one of just its amount; those of its price, the latest first; then any, the latest first. A refund without
a product takes of its own order, else one line of just its amount, else the latest line that was at least as dear.
What is left of it (bought before the log, or elsewhere) stays a line of its own and lowers net revenue. The match is
exact where the log has order and product or a single line of that amount; else it is the likeliest one.

A line that is undone, in part or whole, is kept in versions: each holds from `known_at` until `refunded_at`, with the
amount, quantity, discount and cost that were left of it. At any moment one version at most holds, so that what is
refunded later was not known before (`Tables.known`). Refunds themselves, undone or not, are the rows of `returns`.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.data.contract import RETURNS, TRANSACTIONS
from patronage.engine import Engine

AT_ONCE = 2_000_000  # lines that are matched in one go
LINES, VERSIONS = "returned_lines", "line_versions"
REFUND = "(amount < 0 OR amount = 0 AND quantity < 0)"  # the second brings back what was free


@dataclass(frozen=True)
class Matched:
    """What was matched: refunds, those that undo something, and the money of both in minor units."""

    refunds: int = 0
    undoing: int = 0
    amount: int = 0
    undone: int = 0

    def __add__(self, other: Matched) -> Matched:
        return Matched(
            self.refunds + other.refunds,
            self.undoing + other.undoing,
            self.amount + other.amount,
            self.undone + other.undone,
        )

    def note(self, money_scale: int) -> str:
        """One line for the user."""
        share = self.undone / self.amount if self.amount else 0.0
        left = (self.amount - self.undone) / money_scale
        return (
            f"{self.undoing:,} of {self.refunds:,} refunds undo earlier lines ({share:.0%} of the money refunded); "
            f"{left:,.2f} that matches no earlier line lowers net revenue"
        )


def undo_purchases(engine: Engine, present: frozenset[str]) -> Matched | None:
    """Rewrite the canonical transactions so that a line ends where it is refunded; keep all refunds as `returns`.

    Parameters
    ----------
    present
        The columns that the transactions have.

    Returns
    -------
    Matched or None
        None, and nothing is changed, where no line is a refund.
    """
    products, refund = c.PRODUCT_ID in present, REFUND if c.QUANTITY in present else "amount < 0"
    (refunds,) = engine.row(f"SELECT count(*) FILTER (WHERE {refund}) FROM {TRANSACTIONS.name}")
    if not refunds:
        return None
    engine.table(
        RETURNS,
        f"SELECT customer_id, ordered_at AS {c.REFUNDED_AT}, -amount AS amount FROM {TRANSACTIONS.name} WHERE {refund}",
    )
    concerned = _concerned(refund, products=products)
    types = engine.types(TRANSACTIONS.name)
    keys = ", ".join([c.CUSTOMER_ID, c.ORDERED_AT, f"{c.AMOUNT} DESC", *map(engine.quote, sorted(types))])
    engine.table(
        LINES,
        f"SELECT *, row_number() OVER (ORDER BY {keys}) AS line, {refund} AS is_refund "
        f"FROM {TRANSACTIONS.name} WHERE {concerned}",
    )
    total = Matched()
    (n_lines,) = engine.row(f"SELECT count(*) FROM {LINES}")
    shares, versions = 1 + n_lines // AT_ONCE, []
    for share in range(shares):
        part, matched = _match(_lines(engine, types, share, shares))
        versions.append(part)
        total += matched
    engine.add_frame(VERSIONS, pd.concat(versions, ignore_index=True))
    _write(engine, types, concerned)
    for name in (LINES, VERSIONS):
        engine.drop(name)
    return total


def _concerned(refund: str, *, products: bool) -> str:
    """SQL: whether a line is a refund, or one that a refund may undo."""
    if not products:
        return f"customer_id IN (SELECT customer_id FROM {TRANSACTIONS.name} WHERE {refund})"
    refunds = f"SELECT customer_id, product_id FROM {TRANSACTIONS.name} WHERE {refund}"
    return (
        f"(EXISTS (SELECT 1 FROM ({refunds}) AS r WHERE r.customer_id = {TRANSACTIONS.name}.customer_id "
        f"AND r.product_id = {TRANSACTIONS.name}.product_id) "
        f"OR customer_id IN (SELECT customer_id FROM ({refunds}) AS r WHERE product_id IS NULL))"
    )


def _lines(engine: Engine, types: dict[str, str], share: int, shares: int) -> pd.DataFrame:
    """The lines of a share of the customers, in the order of their numbers: by customer and time."""
    optional = [
        name if name in types else f"{engine.null(kind)} AS {name}"
        for name, kind in ((c.PRODUCT_ID, "label"), (c.ORDER_ID, "id"), (c.QUANTITY, "number"))
    ]
    of_share = f"WHERE {engine.bucket(c.CUSTOMER_ID, shares)} = {share}" if shares > 1 else ""
    return engine.frame(
        f"SELECT line, customer_id, ordered_at, amount, is_refund, {', '.join(optional)} FROM {LINES} {of_share} "
        "ORDER BY line"
    )


@dataclass(slots=True)
class _Line:
    """What is left of a line that may be refunded."""

    row: int
    order: object
    amount: int
    price: float | None
    left: int


def _match(lines: pd.DataFrame) -> tuple[pd.DataFrame, Matched]:
    """The versions of the lines, and what was matched."""
    earlier: dict[tuple[object, object], list[_Line]] = defaultdict(list)
    everything: dict[object, list[_Line]] = defaultdict(list)  # for refunds that name no product
    left = lines[c.AMOUNT].to_numpy(np.int64).copy()
    undone: list[tuple[int, int, int]] = []  # row of the line, row of the refund, amount
    missing = lines[c.PRODUCT_ID].isna().to_numpy()
    nameless = set(lines[c.CUSTOMER_ID][missing & lines["is_refund"].to_numpy(bool)])
    quantity = lines[c.QUANTITY].to_numpy(np.float64)
    columns = (lines[name].tolist() for name in (c.CUSTOMER_ID, c.PRODUCT_ID, c.ORDER_ID, c.AMOUNT, "is_refund"))
    for row, (customer, product, order, amount, is_refund) in enumerate(zip(*columns, strict=True)):
        units = quantity[row]
        price = amount / units if units == units and units != 0 else None
        if not is_refund:
            line = _Line(row, order, amount, price, amount)
            earlier[customer, product].append(line)
            if customer in nameless:
                everything[customer].append(line)
            continue
        candidates = everything[customer] if missing[row] else earlier[customer, product]
        chosen = _nameless_choice if missing[row] else _choice
        for line, money in chosen(candidates, order, -amount, price):
            line.left -= money
            left[row] += money
            undone.append((line.row, row, money))
    return _versions(lines, left, undone), _counted(lines, left)


def _choice(lines: list[_Line], order: object, amount: int, price: float | None) -> list[tuple[_Line, int]]:
    """The lines of its product that a refund undoes, and by how much; the latest are the last of the list."""
    latest = [line for line in reversed(lines) if line.left > 0]
    ranked = [line for line in latest if line.order == order]
    ranked += [line for line in latest if line.left == line.amount == amount][:1]
    ranked += [line for line in latest if price is not None and line.price is not None and abs(line.price - price) < 1]
    return _spread([*ranked, *latest], amount)


def _nameless_choice(lines: list[_Line], order: object, amount: int, price: float | None) -> list[tuple[_Line, int]]:
    """The same for a refund that names no product."""
    latest = [line for line in reversed(lines) if line.left > 0]
    same_order = [line for line in latest if line.order == order]
    if same_order:
        return _spread(same_order, amount)
    exact = [line for line in latest if line.left == line.amount == amount]
    return _spread((exact or [line for line in latest if line.left >= amount])[:1], amount)


def _spread(ranked: list[_Line], amount: int) -> list[tuple[_Line, int]]:
    """An amount over lines, each as far as something is left of it."""
    parts, used = [], set()
    for line in ranked:
        if amount <= 0:
            break
        if line.row not in used:
            used.add(line.row)
            money = min(line.left, amount)
            parts.append((line, money))
            amount -= money
    return parts


def _counted(lines: pd.DataFrame, left: np.ndarray) -> Matched:
    refund = lines["is_refund"].to_numpy(bool)
    amount, rest = -lines[c.AMOUNT].to_numpy(np.int64)[refund], -left[refund]
    return Matched(int(refund.sum()), int((rest < amount).sum()), int(amount.sum()), int((amount - rest).sum()))


def _versions(lines: pd.DataFrame, left: np.ndarray, undone: list[tuple[int, int, int]]) -> pd.DataFrame:
    """A row per version: `line`, `known_at`, `refunded_at`, `amount`, and the `share` that is left of the line."""
    moment = lines[c.ORDERED_AT]
    keep = (left != 0) | (~lines["is_refund"].to_numpy(bool))  # a refund that undid all that it could is no line
    first = pd.DataFrame({"line": lines["line"], c.KNOWN_AT: moment, c.REFUNDED_AT: pd.NaT, c.AMOUNT: left})
    purchase = ~lines["is_refund"].to_numpy(bool)
    first[c.AMOUNT] = np.where(purchase, lines[c.AMOUNT], left)
    first[c.REFUNDED_AT] = first[c.REFUNDED_AT].astype(moment.dtype)
    if undone:
        pairs = pd.DataFrame(undone, columns=["row", "refund", "money"])
        pairs["at"] = moment.to_numpy()[pairs["refund"]]
        at_once = pairs.groupby(["row", "at"], as_index=False)["money"].sum().sort_values(["row", "at"])
        rows = at_once["row"].to_numpy()
        first.loc[at_once.groupby("row")["at"].min().index, c.REFUNDED_AT] = at_once.groupby("row")["at"].min()
        remaining = lines[c.AMOUNT].to_numpy(np.int64)[rows] - at_once.groupby("row")["money"].cumsum().to_numpy()
        later = pd.DataFrame(
            {
                "line": lines["line"].to_numpy()[rows],
                c.KNOWN_AT: at_once["at"].to_numpy(),
                c.REFUNDED_AT: at_once.groupby("row")["at"].shift(-1).to_numpy(),
                c.AMOUNT: remaining,
            }
        )
        versions = pd.concat([first[keep], later[remaining > 0].astype(first.dtypes)], ignore_index=True)
    else:
        versions = first[keep]
    whole = lines.set_index("line")[c.AMOUNT].reindex(versions["line"]).to_numpy(np.float64)
    return versions.assign(share=np.where(whole != 0, versions[c.AMOUNT] / np.where(whole == 0, 1, whole), 1.0))


def _write(engine: Engine, types: dict[str, str], concerned: str) -> None:
    """Put the versions in the place of their lines; a line that no refund concerns has one."""
    scaled = {
        c.AMOUNT: f"v.{c.AMOUNT}",
        c.QUANTITY: f"l.{c.QUANTITY} * v.share",
        c.DISCOUNT: f"CAST(round(l.{c.DISCOUNT} * v.share) AS BIGINT)",
        c.COST: f"CAST(round(l.{c.COST} * v.share) AS BIGINT)",
    }
    names = {name: engine.quote(name) for name in types}
    versions = ", ".join(f"{scaled.get(name, f'l.{quoted}')} AS {quoted}" for name, quoted in names.items())
    engine.table(
        TRANSACTIONS.name,
        f"SELECT {', '.join(names.values())}, ordered_at AS {c.KNOWN_AT}, {engine.null('time')} AS {c.REFUNDED_AT} "
        f"FROM {TRANSACTIONS.name} WHERE NOT coalesce({concerned}, false) "
        f"UNION ALL SELECT {versions}, v.{c.KNOWN_AT}, v.{c.REFUNDED_AT} "
        f"FROM {LINES} AS l JOIN {VERSIONS} AS v ON v.line = l.line",
    )
