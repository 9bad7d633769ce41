"""Values of private_label: those of the shop's own brand are a setting of the lenses; what nobody knows is named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from patronage import names as c
from patronage.data.contract import TRANSACTIONS
from patronage.data.finding import DataFinding, DataFindings, Severity
from patronage.data.keys import Keys
from patronage.engine import Engine

OTHER_BRANDS = (  # values of private_label that mean another brand than the shop's own
    "no", "false", "0", "n", "f", "nein", "non", "national", "manufacturer", "branded", "other", "none",
)  # fmt: skip
WORDS_SHOWN = 3


def find_unknown_brands(
    engine: Engine,
    present: Mapping[str, frozenset[str]],
    own_label: Sequence[str],
    findings: DataFindings,
    keys: Keys,
) -> None:
    """Find values of private_label that neither mean the shop's own brand nor, as far as anybody knows, another.

    Parameters
    ----------
    own_label
        The values that mean the shop's own brand, whatever their case: `lenses.purchase.own_label`.
    """
    if c.PRIVATE_LABEL not in present[TRANSACTIONS.name]:
        return
    word = f"lower({c.PRIVATE_LABEL})"
    counts = engine.frame(
        f"SELECT {word} AS word, count(*) AS n FROM {TRANSACTIONS.name} WHERE {word} IS NOT NULL "
        f"GROUP BY {word} ORDER BY n DESC, word"
    )
    own = counts["word"].isin([label.lower() for label in own_label])
    unknown = counts[~own & ~counts["word"].isin(OTHER_BRANDS)]
    if unknown.empty:
        return
    rows, total = int(unknown["n"].sum()), int(counts["n"].sum())
    shown = ", ".join(unknown["word"].head(WORDS_SHOWN)) + ", ..." * (len(unknown) > WORDS_SHOWN)
    findings.add(
        DataFinding(
            where=f"{TRANSACTIONS.name}.{c.PRIVATE_LABEL}",
            what=f"{rows:,} of {total:,} rows have a value that lenses.purchase.own_label does not know: {shown}",
            effect="they count as other brands: "
            + ("own brands are missed" if own.any() else "nobody buys the own brand"),
            remedy="name the words that mean the own brand by lenses.purchase.own_label=[...], or map "
            f"{keys.column(TRANSACTIONS.name, c.PRIVATE_LABEL)} to SQL that says yes or no",
            severity=Severity.NOTE if own.any() else Severity.SEVERE,
            weight=rows / total,
        )
    )
