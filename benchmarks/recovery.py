"""Which planted truths the lenses recover: `python benchmarks/recovery.py` writes recovery.md beside it.

Simulated customers have a known shopper type, loyalty, satisfaction, interest, usage, occasion. Each lens is held
against it by balanced accuracy (mean recall over the true kinds; `unknown` is never right), beside the majority class
and beside the rule that anyone would try first: among all customers, among those of whom the lens says something, and
among those of whom it says nothing. A lens that abstains loses over all customers by that alone, so over all the two
are compared with the same number of answers as well: the lens where it speaks, and the rule for everyone else.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd

from patronage import lenses
from patronage import names as c
from patronage.config import LensesConfig
from patronage.data import Tables

Rule = Callable[[pd.DataFrame, Tables], pd.Series]
PROOFS = {
    "price_sensitive": ("own_label_share", 1),
    "smart_shopper": ("coupon_share", 1),
    "risk_averse": ("product_novelty", -1),
    "persuadable": ("browse_days", -1),
    "needs_proof": ("proofs_per_order", 1),
    "procrastinator": ("abandoned_carts", 1),
}
LAST_CATEGORY = """
    SELECT customer_id, category FROM (
        SELECT customer_id, category, row_number() OVER (
            PARTITION BY customer_id ORDER BY ordered_at DESC, amount DESC, category) AS place FROM lines)
    WHERE place = 1"""


def labels(cases: list[pd.Series], names: list[str], other: str) -> pd.Series:
    """The name of the first case that holds."""
    return pd.Series(np.select([case.to_numpy() for case in cases], names, other), cases[0].index)


def thirds(values: pd.Series, names: tuple[str, str, str], low: float = 1 / 3) -> pd.Series:
    """Lowest, middle and highest by quantiles of what is known."""
    bottom, top = values.quantile(low), values.quantile(1 - low)
    return labels([values <= bottom, values >= top], [names[0], names[2]], names[1])


def by_signature(features: pd.DataFrame, _: Tables) -> pd.Series:
    """One behaviour a type: in which does she rank highest?"""
    ranks = {type_: (sign * features[name]).rank(pct=True) for type_, (name, sign) in PROOFS.items()}
    return pd.DataFrame(ranks).fillna(0.5).idxmax(axis=1)


def by_benefit(features: pd.DataFrame, _: Tables) -> pd.Series:
    """One behaviour a benefit."""
    signs = {
        "price": features[c.DISCOUNT_SHARE],
        "quality": features[c.MEAN_ORDER_VALUE],
        "convenience": -features[c.LOOKS_PER_ORDER],
        "variety": features[c.NOVELTY],
        "service": features["service_contacts"],
        "reassurance": features[c.PROOFS_PER_ORDER],
    }
    return pd.DataFrame({name: values.rank(pct=True) for name, values in signs.items()}).fillna(0.5).idxmax(axis=1)


def by_counts(features: pd.DataFrame, _: Tables) -> pd.Series:
    """Buys more than the median, acts more than the median."""
    buys = features[c.N_ORDERS] > features[c.N_ORDERS].median()
    acts = features["engagement"] > features["engagement"].median()
    return labels([buys & acts, acts, buys], ["true", "latent", "spurious"], "none")


def by_gap(features: pd.DataFrame, _: Tables) -> pd.Series:
    """A mean gap near a week, a month, a year."""
    gap = features[c.MEAN_GAP_DAYS]
    return labels([gap < 10, gap < 45, gap.between(250, 450)], ["week", "month", "year"], "none")


def last_category(_: pd.DataFrame, tables: Tables) -> pd.Series:
    """Whatever she bought last, before the cutoff of the features."""
    return tables.engine.frame(LAST_CATEGORY).set_index(c.CUSTOMER_ID)[c.CATEGORY]


@dataclass(frozen=True)
class Case:
    """What a lens says, what is true, and what the first rule that comes to mind says."""

    what: str
    said: str
    truth: Callable[[pd.DataFrame], pd.Series]
    naive: Rule
    rule: str


CASES = (
    Case("shopper type", c.PURCHASE_SEGMENT, lambda t: t[c.TRUE_SHOPPER_TYPE], by_signature, "one behaviour a type"),
    Case("benefit", c.BENEFIT_SEGMENT, lambda t: t[c.TRUE_BENEFIT], by_benefit, "one behaviour a benefit"),
    Case("loyalty quadrant", c.LOYALTY_SEGMENT, lambda t: t[c.TRUE_LOYALTY], by_counts, "orders and acts by medians"),
    Case(
        "satisfaction",
        c.SATISFACTION_SEGMENT,
        lambda t: thirds(t[c.TRUE_SATISFACTION], ("low", "middle", "high"), 0.2),
        lambda f, _: thirds(f["stated_satisfaction"], ("low", "middle", "high"), 0.2),
        "mean answer",
    ),
    Case("top interest", c.TOP_INTEREST, lambda t: t[c.TRUE_INTEREST], last_category, "last category bought"),
    Case(
        "recurring occasion and its period",
        c.OCCASION_PERIOD,
        lambda t: t[c.TRUE_OCCASION].replace({"universal": "none"}),
        by_gap,
        "mean gap",
    ),
    Case(
        "usage tier",
        c.USAGE_SEGMENT,
        lambda t: t[c.TRUE_USAGE],
        lambda f, _: thirds(f[c.N_ORDERS].where(f[c.N_ORDERS] > 0), ("light", "medium", "heavy")),
        "thirds of orders",
    ),
    Case(
        "platform",
        c.PLATFORM_SEGMENT,
        lambda t: t[c.TRUE_DEVICE],
        lambda f, _: labels([f["mobile_share"] > 0], ["mobile"], "desktop"),
        "ever mobile",
    ),
)


def recall(said: pd.Series, truth: pd.Series) -> float:
    """Balanced accuracy."""
    return float((said == truth).groupby(truth).mean().mean())


def table(tables: Tables, truth: pd.DataFrame, cutoff: datetime, config: LensesConfig) -> pd.DataFrame:
    """A row per case; `truth` is indexed by customer."""
    features = lenses.features_at(tables, cutoff, config, 7)
    said = lenses.segments(features, lenses.learn(features, config)).replace({"one_time": "light"})
    truth = truth.loc[features.index]
    rows = []
    for case in CASES:
        planted, found = case.truth(truth), said[case.said]
        naive = case.naive(features, tables).reindex(features.index)
        known = found != c.UNKNOWN
        rows.append(
            {
                "truth": case.what,
                "known": float(known.mean()),
                "lens, known": recall(found[known], planted[known]),
                "naive, known": recall(naive[known], planted[known]),
                "naive, unknown": recall(naive[~known], planted[~known]),
                "lens, all": recall(found, planted),
                "naive, all": recall(naive, planted),
                "lens, else naive, all": recall(found.where(known, naive), planted),
                "majority": 1 / planted.nunique(),
                "naive rule": case.rule,
            }
        )
    return pd.DataFrame(rows)


def main(customers: int = 10_000) -> None:
    """The table of so many customers, two years of log."""
    from omegaconf import OmegaConf

    from patronage import data
    from patronage.config import DataConfig, typed
    from patronage.config.places import conf_dir
    from patronage.data import simulated
    from patronage.engine import DuckDB

    settings = {"customers": customers, "seed": 0}
    config = OmegaConf.merge(OmegaConf.load(conf_dir() / "data" / "simulated.yaml"), {"simulated": settings})
    tables = data.load(DuckDB(threads=2), typed(DataConfig, config))
    truth = pd.read_parquet(simulated.cache_folder(simulated.read_settings(dict(config.simulated))) / "truth.parquet")
    truth = truth.astype({c.CUSTOMER_ID: str}).set_index(c.CUSTOMER_ID)
    lens_config = typed(LensesConfig, OmegaConf.load(conf_dir() / "lenses" / "retail.yaml"))
    found = table(tables, truth, datetime(2024, 1, 1), lens_config)
    lines = ["| " + " | ".join(found) + " |", "|---|" + "---:|" * 8 + "---|"]
    lines += [
        "| " + " | ".join(cell if isinstance(cell, str) else f"{cell:.2f}".replace("nan", "–") for cell in row) + " |"
        for row in found.itertuples(index=False)
    ]
    head = (
        f"# What the lenses recover\n\nMade by `benchmarks/recovery.py`: {customers:,} simulated customers, two years, "
        "all lenses at its end with the thresholds of `conf/lenses/retail.yaml`.\nBalanced accuracy; `unknown` is "
        "never right.\n\n"
        "- *known*: the share of customers of whom the lens says something, and among them; *unknown*: among the "
        "others.\n"
        "- *all*: among all customers. A lens that abstains loses here by that alone, to a rule that always answers. "
        "*lens, else naive*\n  answers for everyone as well: the lens where it speaks, the rule where it is silent; "
        "beside *naive, all* it says what the lens adds.\n"
        "- Where *naive, unknown* is no better than *majority* (what one label for all would get), silence costs "
        "nothing; where it is\n  better, the lens asks for more evidence than the simulated truth needs.\n\n"
    )
    Path(__file__).with_suffix(".md").write_text(head + "\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
