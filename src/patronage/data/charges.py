"""Charges: rows that are no product, such as postage, fees and manual corrections, told by the setting `charges`.

Money that is paid for them is no purchase, and is left out. Money that is given back under such a code (a credit) is
set against them first, and looks back only, in this order:

1. a charge of the same code and just that amount takes the credit up: both are gone;
2. an order whose products and charges cost just that much is cancelled: the credit becomes the refund of its products;
3. the charges of the same code take it up if they cost at least as much.

Every other credit is a refund that names no product: it undoes earlier lines or lowers net revenue (`returns.py`). A
later charge of just the amount of a credit that cancelled an order charges the order again: it is a purchase.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

import pandas as pd

from patronage import names as c
from patronage.data.contract import TRANSACTIONS
from patronage.engine import Engine

IS_CHARGE = "is_charge"  # of a canonical transaction on its way through the door
WITH_CHARGES, REMAINING = "lines_with_charges", "remaining_charges"
AT_ONCE = 2_000_000  # rows that are looked at in one go
OF_A_PRODUCT = (  # what a credit does not keep: it is not of the product whose code it bears
    c.PRODUCT_ID, c.PRODUCT_NAME, c.CATEGORY, c.BRAND, c.PRIVATE_LABEL, c.QUANTITY, c.DISCOUNT, c.COUPON, c.COST,
)  # fmt: skip


@dataclass(frozen=True)
class Settled:
    """How many charges and credits there were, and what remains of them.

    Attributes
    ----------
    charges, credits
        Rows with money paid, and with money given back.
    left, left_amount
        Credits that no charge takes up, and their money in minor units.
    again
        Charges of orders that a credit had cancelled.
    """

    charges: int = 0
    credits: int = 0
    left: int = 0
    left_amount: int = 0
    again: int = 0

    def note(self, setting: str, money_scale: int) -> str:
        """One line for the user."""
        again = f"; {self.again:,} charge an order again that a credit had cancelled" if self.again else ""
        back, amount, rows = self.credits - self.left, self.left_amount / money_scale, self.charges + self.credits
        return (
            f"{rows:,} rows are charges ({setting}): {self.charges:,} paid ones are no purchases; "
            f"of {self.credits:,} credits {back:,} give charges back and {self.left:,} are refunds "
            f"({amount:,.2f}){again}"
        )


def settle_charges(engine: Engine) -> Settled:
    """Rewrite the canonical transactions without charges; what remains of credits stays as refunds."""
    engine.rename(TRANSACTIONS.name, WITH_CHARGES)
    types = engine.types(WITH_CHARGES)
    number = engine.number_rows(WITH_CHARGES)
    paid, given_back = engine.row(
        f"SELECT count(*) FILTER (WHERE amount >= 0), count(*) FILTER (WHERE amount < 0) "
        f"FROM {WITH_CHARGES} WHERE {IS_CHARGE}"
    )
    concerned = f"customer_id IN (SELECT customer_id FROM {WITH_CHARGES} WHERE {IS_CHARGE} AND amount < 0)"
    (n_lines,) = engine.row(f"SELECT count(*) FROM {WITH_CHARGES} WHERE {concerned}")
    shares, remaining = 1 + n_lines // AT_ONCE, []
    for share in range(shares):
        part = f" AND {engine.bucket(c.CUSTOMER_ID, shares)} = {share}" if shares > 1 else ""
        remaining += _remaining(engine.frame(_steps(engine, types, number, concerned + part)))
    _write(engine, types, number, remaining)
    credits = [each.amount for each in remaining if each.amount < 0]
    return Settled(int(paid), int(given_back), len(credits), -sum(credits), len(remaining) - len(credits))


def _steps(engine: Engine, types: dict[str, str], number: str, concerned: str) -> str:
    """SQL: the charges and credits of customers, and what their orders cost, as time goes by."""
    code = c.PRODUCT_ID if c.PRODUCT_ID in types else engine.null("label")
    return (
        f"SELECT * FROM (SELECT customer_id, ordered_at, order_id, {code} AS code, amount, {number} AS line, "
        f"{IS_CHARGE} FROM {WITH_CHARGES} WHERE {IS_CHARGE} AND {concerned} "
        f"UNION ALL SELECT customer_id, ordered_at, order_id, {engine.null('label')}, CAST(sum(amount) AS BIGINT), "
        f"min({number}), false FROM {WITH_CHARGES} WHERE NOT {IS_CHARGE} AND {concerned} "
        "GROUP BY customer_id, ordered_at, order_id) AS steps "
        f"ORDER BY customer_id, ordered_at, {IS_CHARGE}, amount DESC, order_id, code, line"
    )


@dataclass(frozen=True)
class _Remaining:
    """A row of a charge that stays: its line, what is left of its amount, and the order that it refunds."""

    line: int
    amount: int
    order: str


@dataclass
class _Account:
    """What a customer has paid and got back so far.

    Attributes
    ----------
    products, orders
        The money of each order: for products, and with its charges.
    charges
        By code, the charges that no credit has taken up.
    cancelling
        By code, the credits that cancelled an order: their amount, and the money of the order's products.
    """

    products: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    orders: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    charges: dict[object, list[int]] = field(default_factory=lambda: defaultdict(list))
    cancelling: dict[object, list[tuple[int, int]]] = field(default_factory=lambda: defaultdict(list))

    def pay(self, code: object, order: str, amount: int) -> int:
        """Note a charge; gives what counts of it as a purchase."""
        credit = next((each for each in self.cancelling[code] if each[0] == amount), None)
        if credit is not None:
            self.cancelling[code].remove(credit)
            return credit[1]
        self.charges[code].append(amount)
        self.orders[order] += amount
        return 0

    def give_back(self, code: object, order: str, amount: int) -> tuple[int, str]:
        """Note a credit; gives what of it is a refund, and of which order."""
        charges = self.charges[code]
        if amount in charges:
            charges.remove(amount)
            return 0, order
        cancelled = next((each for each in reversed(self.products) if self.orders[each] == amount), None)
        if cancelled is not None and self.products[cancelled] > 0:
            refund = self.products[cancelled]
            self.products[cancelled] = self.orders[cancelled] = 0
            self.cancelling[code].append((amount, refund))
            return refund, cancelled
        if sum(charges) < amount:
            return amount, order
        while amount > 0:
            taken = min(charges[-1], amount)
            amount -= taken
            charges[-1] -= taken
            if not charges[-1]:
                charges.pop()
        return 0, order


def _remaining(steps: pd.DataFrame) -> list[_Remaining]:
    """The rows of charges that stay among the transactions."""
    remaining: list[_Remaining] = []
    customer, account = None, _Account()
    columns = (steps[name].tolist() for name in (c.CUSTOMER_ID, c.ORDER_ID, "code", c.AMOUNT, "line", IS_CHARGE))
    for of, order, code, amount, line, is_charge in zip(*columns, strict=True):
        if of != customer:
            customer, account = of, _Account()
        code = None if code != code else code  # a missing one is NaN or None
        if not is_charge:
            account.products[order] += amount
            account.orders[order] += amount
        elif amount < 0:
            refund, refunded = account.give_back(code, order, -amount)
            remaining += [_Remaining(line, -refund, refunded)] * (refund > 0)
        elif amount > 0:
            again = account.pay(code, order, amount)
            remaining += [_Remaining(line, again, order)] * (again > 0)
    return remaining


def _write(engine: Engine, types: dict[str, str], number: str, remaining: list[_Remaining]) -> None:
    """The lines of products, and what remains of the charges as lines that name no product."""
    rows = [(each.line, each.amount, each.order) for each in remaining]
    frame = pd.DataFrame(rows, columns=["line", "remaining", "refunded"]).astype(
        {"line": "int64", "remaining": "int64"}
    )
    engine.add_frame(REMAINING, frame.astype({"refunded": "str"}))
    names = {name: engine.quote(name) for name in types if name != IS_CHARGE}
    of_remaining = {
        c.AMOUNT: "r.remaining",
        c.ORDER_ID: "r.refunded",
        **{name: engine.null(TRANSACTIONS.kinds[name]) for name in OF_A_PRODUCT if name in types},
    }
    selected = ", ".join(f"{of_remaining.get(name, f'l.{quoted}')} AS {quoted}" for name, quoted in names.items())
    engine.table(
        TRANSACTIONS.name,
        f"SELECT {', '.join(names.values())} FROM {WITH_CHARGES} WHERE NOT {IS_CHARGE} UNION ALL "
        f"SELECT {selected} FROM {WITH_CHARGES} AS l JOIN {REMAINING} AS r ON r.line = l.{number}",
    )
    if engine.cluster is None:  # Spark drops what was computed from a table with it
        engine.drop(REMAINING)
        engine.drop(WITH_CHARGES)
