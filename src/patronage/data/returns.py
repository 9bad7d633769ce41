"""Returns undo purchases: each refund is matched to the lines that it refunds, once, behind the door.

A refund looks back, never ahead, and takes of the customer's earlier lines of its product, in this order: those of its
own order; one of just its amount; those of its price, the latest first; then any, the latest first. A refund without
a product takes of its own order, else an order or a line of just its amount, else the latest line that was at least as
dear, else the latest such order, else the latest lines if all together were.
What is left of it (bought before the log, or elsewhere) stays a line of its own and lowers net revenue. The match is
exact where the log has order and product or a single line of that amount; else it is the likeliest one.

A line that is undone, in part or whole, is kept in versions: each holds from `known_at` until `refunded_at`, with the
amount, quantity, discount and cost that were left of it. At any moment one version at most holds, so that what is
refunded later was not known before (`Tables.known`). Refunds themselves, undone or not, are the rows of `returns`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice

import numpy as np
import pandas as pd

from patronage import names as c
from patronage.data.contract import RETURNS, TRANSACTIONS
from patronage.engine import Engine
from patronage.typing import Mask

AT_ONCE = 2_000_000  # lines that are matched in one go
LINES, CHANGED, VERSIONS, TIED = "lines_as_read", "changed_lines", "line_versions", "tied_lines"
REFUND = "(amount < 0 OR amount = 0 AND quantity < 0)"  # the second brings back what was free


@dataclass(frozen=True)
class Matched:
    """What was matched: refunds, those that undo something, and the money of both in minor units.

    Attributes
    ----------
    lines
        SQL: a relation of the lines as they were before anything was undone.
    """

    refunds: int = 0
    undoing: int = 0
    amount: int = 0
    undone: int = 0
    lines: str = TRANSACTIONS.name

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
        matched = f"{self.undoing:,} of {self.refunds:,} refunds undo earlier lines ({share:.0%} of the money refunded)"
        if not self.amount - self.undone:
            return matched
        return f"{matched}; {left:,.2f} that matches no earlier line lowers net revenue"


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
    refund = REFUND if c.QUANTITY in present else "amount < 0"
    missing = f"{c.PRODUCT_ID} IS NULL" if c.PRODUCT_ID in present else "true"
    refunds, nameless = engine.row(
        f"SELECT count(*) FILTER (WHERE {refund}), count(*) FILTER (WHERE ({refund}) AND {missing}) "
        f"FROM {TRANSACTIONS.name}"
    )
    if not refunds:
        return None
    engine.table(
        RETURNS,
        f"SELECT customer_id, ordered_at AS {c.REFUNDED_AT}, -amount AS amount FROM {TRANSACTIONS.name} WHERE {refund}",
    )
    types = engine.types(TRANSACTIONS.name)
    number, total, versions = engine.number_rows(TRANSACTIONS.name), Matched(), []
    keys = [(c.CUSTOMER_ID, c.PRODUCT_ID)] * (nameless < refunds) + [(c.CUSTOMER_ID,)] * (nameless > 0)
    concerned = _concerned(refund, missing, keys)
    (n_lines,) = engine.row(f"SELECT count(*) FROM {TRANSACTIONS.name}")
    if n_lines > AT_ONCE:  # they may be few all the same
        (n_lines,) = engine.row(f"SELECT count(*) FROM {concerned}")
    shares = 1 + n_lines // AT_ONCE
    for share in range(shares):
        part = f" AND {engine.bucket(c.CUSTOMER_ID, shares)} = {share}" if shares > 1 else ""
        changed, matched = _match(_lines(engine, types, number, refund, concerned + part))
        versions.append(changed)
        total += matched
    engine.add_frame(CHANGED, pd.concat(versions, ignore_index=True))
    _write(engine, types, number)
    return replace(total, lines=f"(SELECT {', '.join(map(engine.quote, types))} FROM {LINES})")


def _concerned(refund: str, missing: str, keys: Sequence[tuple[str, ...]]) -> str:
    """SQL behind FROM: the refunds, and the lines that they may undo: the customer's, of their product, and no later.

    Parameters
    ----------
    missing
        SQL: whether a refund names no product.
    keys
        The columns that a refund shares with what it undoes: of those with a product, of those without.
    """
    joins, earlier = "", refund
    for number, shared in enumerate(keys):
        of_these = f"({refund}) AND {missing if len(shared) == 1 else f'NOT {missing}'}"
        named = ", ".join(f"{name} AS {name}_{number}" for name in shared)
        last = (
            f"SELECT {named}, max({c.ORDERED_AT}) AS last_{number} FROM {TRANSACTIONS.name} WHERE {of_these} "
            f"GROUP BY {', '.join(shared)}"
        )
        same = " AND ".join(f"{name}_{number} = {name}" for name in shared)
        joins += f" LEFT JOIN ({last}) AS last_{number} ON {same}"
        earlier += f" OR last_{number} >= {c.ORDERED_AT}"
    return f"{TRANSACTIONS.name}{joins} WHERE ({earlier})"


def _lines(engine: Engine, types: dict[str, str], number: str, refund: str, concerned: str) -> pd.DataFrame:
    """Lines by customer and time; those of one moment in an order that their content alone decides."""
    optional = [
        name if name in types else f"{engine.null(kind)} AS {name}"
        for name, kind in ((c.PRODUCT_ID, "label"), (c.ORDER_ID, "id"), (c.QUANTITY, "number"))
    ]
    told = [name for name in (c.PRODUCT_ID, c.ORDER_ID, c.QUANTITY) if name in types]
    keys = ", ".join([c.CUSTOMER_ID, c.ORDERED_AT, f"{c.AMOUNT} DESC", *told])
    lines = engine.frame(
        f"SELECT customer_id, ordered_at, amount, {', '.join(optional)}, {number} AS line, {refund} AS is_refund "
        f"FROM {concerned} ORDER BY {keys}"
    )
    tied = np.flatnonzero(lines.duplicated([c.CUSTOMER_ID, c.ORDERED_AT, c.AMOUNT, *told], keep=False))
    if len(tied):  # few: to read all columns of all lines would take half as long again
        engine.add_frame(TIED, lines.iloc[tied][["line"]])
        others = [f"l.{engine.quote(name)}" for name in sorted(set(types) - {*told})]
        by_content = engine.frame(
            f"SELECT t.line FROM {TRANSACTIONS.name} AS l JOIN {TIED} AS t ON t.line = l.{number} "
            f"ORDER BY {', '.join([keys, *others])}"
        )
        engine.drop(TIED)
        place = pd.Series(tied, index=lines["line"].iloc[tied])
        order = np.arange(len(lines))
        order[tied] = place.loc[by_content["line"]]
        lines = lines.iloc[order].reset_index(drop=True)
    return lines


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
    settled, alone = _settle_alone(lines)
    left = lines[c.AMOUNT].to_numpy(np.int64).copy()
    left[alone["row"]] -= alone["money"]
    left[alone["refund"]] += alone["money"]
    undone: list[tuple[int, int, int]] = []  # row of the line, row of the refund, amount
    missing = lines[c.PRODUCT_ID].isna().to_numpy()
    nameless = set(lines[c.CUSTOMER_ID][missing & lines["is_refund"].to_numpy(bool)])
    quantity = lines[c.QUANTITY].to_numpy(np.float64)
    rest = np.flatnonzero(~settled)
    names = (c.CUSTOMER_ID, c.PRODUCT_ID, c.ORDER_ID, c.AMOUNT, "is_refund")
    columns = (lines[name].iloc[rest].tolist() for name in names)
    for row, customer, product, order, amount, is_refund in zip(rest.tolist(), *columns, strict=True):
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
    pairs = pd.concat([alone, pd.DataFrame(undone, columns=list(alone)).astype(np.int64)], ignore_index=True)
    return _versions(lines, left, pairs), _counted(lines, left)


def _settle_alone(lines: pd.DataFrame) -> tuple[Mask, pd.DataFrame]:
    """Match all refunds that are the only one of their customer and product, and take one line; most are such.

    Returns
    -------
    tuple
        Which rows need no further look; and the row of each line, the row of its refund, and the money.
    """
    amounts, refund = lines[c.AMOUNT].to_numpy(np.int64), lines["is_refund"].to_numpy(bool)
    (customer, _), (product, _), (order, _) = (
        pd.factorize(lines[name]) for name in (c.CUSTOMER_ID, c.PRODUCT_ID, c.ORDER_ID)
    )
    group, _ = pd.factorize(customer * (product.max(initial=0) + 2) + product)
    nameless = np.isin(customer, customer[refund & (product < 0)])  # whose refunds may take of any product
    groups = group.max(initial=-1) + 1
    single = np.bincount(group[refund], minlength=groups) == 1
    refund_of = np.zeros(groups, dtype=np.int64)
    refund_of[group[refund]] = np.flatnonzero(refund)
    at = refund_of[group]  # the row of the refund of each row's group
    plain = single[group] & ~nameless & (amounts[at] < 0) & (order[at] >= 0)
    rows = np.flatnonzero(plain & ~refund & (amounts > 0) & (np.arange(len(lines)) < at))
    with np.errstate(divide="ignore", invalid="ignore"):
        price = amounts / lines[c.QUANTITY].to_numpy(np.float64)
        near = np.abs(price[rows] - price[at[rows]]) < 1
    exact = amounts[rows] == -amounts[at[rows]]
    rank = np.select([order[rows] == order[at[rows]], exact, near], [3, 2, 1], 0)  # as `_choice` prefers them
    by_rank = np.lexsort((rows, rank, group[rows]))
    ordered = rows[by_rank]
    last = np.append(group[ordered][1:] != group[ordered][:-1], True)[: len(ordered)]
    best = ordered[last]
    best = best[amounts[best] >= -amounts[at[best]]]
    done = np.zeros(groups, dtype=bool)
    done[group[best]] = True
    return done[group], pd.DataFrame({"row": best, "refund": at[best], "money": -amounts[at[best]]})


def _choice(lines: list[_Line], order: object, amount: int, price: float | None) -> list[tuple[_Line, int]]:
    """The lines of its product that a refund undoes, and by how much; the latest are the last of the list."""
    latest = [line for line in reversed(lines) if line.left > 0]
    of_order = (line for line in latest if line.order == order)
    exact = islice((line for line in latest if line.left == line.amount == amount), 1)
    of_price = (line for line in latest if line.price is not None and price is not None and abs(line.price - price) < 1)
    return _spread(chain(of_order, exact, of_price, latest), amount)


def _nameless_choice(lines: list[_Line], order: object, amount: int, price: float | None) -> list[tuple[_Line, int]]:
    """The same for a refund that names no product."""
    latest = [line for line in reversed(lines) if line.left > 0]
    same_order = [line for line in latest if line.order == order]
    if same_order:
        return _spread(same_order, amount)
    orders: dict[object, list[_Line]] = defaultdict(list)
    for line in latest:
        orders[line.order].append(line)
    whole = [each for each in orders.values() if sum(line.left for line in each) == amount]
    exact = [[line] for line in latest if line.left == line.amount == amount]
    dear = [[line] for line in latest if line.left >= amount]
    together = [each for each in (*orders.values(), latest) if sum(line.left for line in each) >= amount]
    return _spread(next(chain(whole, exact, dear, together), []), amount)


def _spread(ranked: Iterable[_Line], amount: int) -> list[tuple[_Line, int]]:
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


def _versions(lines: pd.DataFrame, left: np.ndarray, pairs: pd.DataFrame) -> pd.DataFrame:
    """The versions of the lines that are not what they were.

    Parameters
    ----------
    pairs
        The row of a line, the row of its refund, and the money.

    Returns
    -------
    pandas.DataFrame
        A row per version: `line`, `known_at`, `refunded_at`, `amount`, and the `share` that is left of the line. A
        refund that undid all that it could is no line any more: its row has no `known_at`.
    """
    moments, amounts = lines[c.ORDERED_AT].to_numpy(), lines[c.AMOUNT].to_numpy(np.int64)
    pairs = pairs.assign(at=moments[pairs["refund"]])
    at_once = pairs.groupby(["row", "at"], as_index=False)["money"].sum()  # in this order, which `cumsum` needs
    rows, of_row = at_once["row"].to_numpy(), at_once.groupby("row")
    remaining = amounts[rows] - of_row["money"].cumsum().to_numpy()
    whole, partly = ~at_once["row"].duplicated().to_numpy(), remaining > 0
    refunds = np.flatnonzero(lines["is_refund"].to_numpy(bool) & ((left != amounts) | (left == 0)))
    never = np.full(len(refunds), np.datetime64("NaT"), moments.dtype)
    next_refund = of_row["at"].shift(-1).to_numpy()
    row = np.concatenate([rows[whole], rows[partly], refunds])
    amount = np.concatenate([amounts[rows[whole]], remaining[partly], left[refunds]])
    return pd.DataFrame(
        {
            "line": lines["line"].to_numpy()[row],
            c.KNOWN_AT: np.concatenate(
                [moments[rows[whole]], at_once["at"][partly], np.where(left[refunds] == 0, never, moments[refunds])]
            ),
            c.REFUNDED_AT: np.concatenate([at_once["at"][whole], next_refund[partly], never]),
            c.AMOUNT: amount,
            "share": np.divide(amount, amounts[row], out=np.ones(len(row)), where=amounts[row] != 0),
        }
    )


def _write(engine: Engine, types: dict[str, str], number: str) -> None:
    """Let the versions stand for their lines; a line that no refund concerns has one."""
    engine.rename(TRANSACTIONS.name, LINES)
    scaled = {
        c.AMOUNT: f"v.{c.AMOUNT}",
        c.QUANTITY: f"l.{c.QUANTITY} * v.share",
        c.DISCOUNT: f"CAST(round(l.{c.DISCOUNT} * v.share) AS BIGINT)",
        c.COST: f"CAST(round(l.{c.COST} * v.share) AS BIGINT)",
    }
    names = {name: engine.quote(name) for name in types}
    versions = ", ".join(f"{scaled.get(name, f'l.{quoted}')} AS {quoted}" for name, quoted in names.items())
    engine.table(
        VERSIONS,
        f"SELECT {versions}, v.{c.KNOWN_AT}, v.{c.REFUNDED_AT} "
        f"FROM {LINES} AS l JOIN {CHANGED} AS v ON v.line = l.{number} WHERE v.{c.KNOWN_AT} IS NOT NULL",
    )
    engine.view(
        TRANSACTIONS.name,
        f"SELECT {', '.join(names.values())}, ordered_at AS {c.KNOWN_AT}, {engine.null('time')} AS {c.REFUNDED_AT} "
        f"FROM {LINES} AS l WHERE NOT EXISTS (SELECT 1 FROM {CHANGED} AS v WHERE v.line = l.{number}) "
        f"UNION ALL SELECT * FROM {VERSIONS}",
    )
