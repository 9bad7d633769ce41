"""Codes of products that are none: they come with many orders and hardly ever alone, or are called postage."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from patronage import names as c
from patronage.data.contract import TRANSACTIONS
from patronage.data.finding import DataFinding, DataFindings, Severity
from patronage.data.keys import Keys
from patronage.data.source import SourceTable
from patronage.engine import Engine, text

FREQUENT = 0.02  # share of the lines: rarer codes come with few orders, whatever they are
MOST_CODES = 5  # that are looked at
OFTEN = 0.15  # share of the orders
ALONE = 0.1  # of the orders of one product, times what a product in so many orders would have
FEWEST_ALONE = 30  # orders of one product that such a product would have: of fewer, none says little
RARE = 0.002  # share of the lines below which a name alone is nothing to speak of
NAMES = (  # of a code or a product that is called so, in lower case
    r"^(postage|shipping|delivery|freight|porto|versand|fracht|livraison|spedizione|env[ií]o|verzend|frakt|fragt|frete|"
    r"wysy[łl]k|przesy[łl]k|dostaw|doprav|kargo|доставк|handling|carriage|p&p|frais de port|gastos de env|"
    r"bank charge|service fee|surcharge|gift ?card|gutschein|geschenkkarte|carte cadeau|round(ing)?$)"
)


def find_charge_codes(
    engine: Engine,
    source: SourceTable,
    present: Mapping[str, frozenset[str]],
    findings: DataFindings,
    keys: Keys,
) -> None:
    """Find codes that look like postage, deposits or fees among the products."""
    if c.PRODUCT_ID not in present[TRANSACTIONS.name]:
        return
    name = f"max({c.PRODUCT_NAME})" if c.PRODUCT_NAME in present[TRANSACTIONS.name] else "CAST(NULL AS STRING)"
    called = " OR ".join(engine.matches(f"lower(trim(coalesce({words}, '')))", NAMES) for words in ("code", "title"))
    counted = (
        f"SELECT {c.PRODUCT_ID} AS code, {name} AS title, count(*) AS n FROM {TRANSACTIONS.name} "
        f"WHERE {c.PRODUCT_ID} IS NOT NULL AND {c.AMOUNT} > 0 GROUP BY {c.PRODUCT_ID}"
    )
    codes = engine.frame(
        f"SELECT * FROM (SELECT code, title, n, total, ({called}) AS called FROM "
        f"(SELECT *, sum(n) OVER () AS total FROM ({counted}))) "
        f"WHERE n >= {FREQUENT} * total OR (called AND n >= {RARE} * total) ORDER BY n DESC, code LIMIT {MOST_CODES}"
    )
    if codes.empty:
        return
    charges = _beside_orders(engine, codes)
    charges = charges[charges["called"] | charges["never_alone"]]
    if charges.empty:
        return
    shown = " and ".join(
        f"{row.code}{f' ({row.title})' if isinstance(row.title, str) and row.title != row.code else ''} "
        f"in {row.share:.0%} of the orders{', hardly ever alone' if row.never_alone else ''}"
        for row in charges.itertuples()
    )
    column = source.written(engine, c.PRODUCT_ID)
    condition = f"{column} IN ({', '.join(text(str(code)) for code in charges['code'])})"
    findings.add(
        DataFinding(
            where=f"{TRANSACTIONS.name}.{c.PRODUCT_ID}",
            what=f"codes that look like postage, a deposit or a fee: {shown}",
            effect=f"they count as products that customers like, and as {charges['money'].sum():.1%} of the revenue",
            remedy=f"if they are no products, name them by {keys.option(TRANSACTIONS.name, 'charges', condition)}",
            severity=Severity.SEVERE if charges["never_alone"].any() else Severity.NOTE,
            weight=float(charges["share"].max()),
        )
    )


def _beside_orders(engine: Engine, codes: pd.DataFrame) -> pd.DataFrame:
    """The share of the orders that have each code, whether it is never bought alone, and its share of the revenue."""
    held = [f"max(CASE WHEN {c.PRODUCT_ID} = {text(str(code))} THEN 1 ELSE 0 END)" for code in codes["code"]]
    paid = [f"sum(CASE WHEN {c.PRODUCT_ID} = {text(str(code))} THEN {c.AMOUNT} ELSE 0 END)" for code in codes["code"]]
    orders = (
        f"SELECT min({c.PRODUCT_ID}) = max({c.PRODUCT_ID}) AND count(*) = count({c.PRODUCT_ID}) AS single, "
        f"sum({c.AMOUNT}) AS paid, "
        + ", ".join(f"{sql} AS h{number}" for number, sql in enumerate(held))
        + ", "
        + ", ".join(f"{sql} AS p{number}" for number, sql in enumerate(paid))
        + f" FROM {TRANSACTIONS.name} WHERE {c.AMOUNT} > 0 GROUP BY {c.CUSTOMER_ID}, {c.ORDER_ID}"
    )
    each = ", ".join(f"sum(h{n}), count(*) FILTER (WHERE h{n} = 1 AND single), sum(p{n})" for n in range(len(codes)))
    total, single, money, *values = map(
        float, engine.row(f"SELECT count(*), count(*) FILTER (WHERE single), sum(paid), {each} FROM ({orders})")
    )
    counts = pd.DataFrame([values[3 * n : 3 * n + 3] for n in range(len(codes))], columns=["orders", "alone", "money"])
    share = counts["orders"] / total
    usual = share * single
    never = (share >= OFTEN) & (usual >= FEWEST_ALONE) & (counts["alone"] <= ALONE * usual)
    return codes.assign(share=share, never_alone=never, money=counts["money"] / max(money, 1.0))
