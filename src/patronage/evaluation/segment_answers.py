"""What a trial of the segments answers: which are profitable, what the best customers seek, which say the same."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import sparse

from patronage import names as c
from patronage.evaluation.segment_claims import MEASURES
from patronage.evaluation.segment_trial import FAIR, TOO_FEW, SegmentTrial, Z

FIFTH = 0.2
ALIKE = 0.8  # of the customers of either label: the two labels say the same
YES, NO, OPEN = "yes", "no", "not shown"


def profitable(trial: SegmentTrial, margin: float) -> pd.DataFrame:
    """A row per label: whether its customers bring more than they cost.

    Where costs are known, it is the profit so far; elsewhere the margin on the spend that came, beside everyone's.

    Returns
    -------
    DataFrame
        `column`, `label`, `customers`, `rests_on`, `value` of a customer with its interval, `profitable` (yes, no, or
        not shown), and `beside_everyone` (more, less, or not shown).
    """
    table = trial.segments[trial.segments["label"] != c.UNKNOWN]
    known = table["profit_so_far"].notna()
    columns = {"value": ("profit_so_far", c.SPEND), "low": ("profit_so_far_low", f"{c.SPEND}_low"),
               "high": ("profit_so_far_high", f"{c.SPEND}_high")}  # fmt: skip
    rows = table[["column", "label", "customers"]].assign(rests_on=np.where(known, "profit so far", "margin on spend"))
    for name, (profit, spend) in columns.items():
        rows[name] = np.where(known, table[profit], margin * table[spend])
    rows["profitable"] = np.select([rows["low"] > 0, rows["high"] < 0], [YES, NO], OPEN)
    low, high = table[f"{c.SPEND}_lift_low"], table[f"{c.SPEND}_lift_high"]
    rows["beside_everyone"] = np.select([low > 1, high < 1], ["more", "less"], OPEN)
    return rows.sort_values("value", ascending=False, ignore_index=True)


def benefits_sought(assignments: pd.DataFrame, churned: pd.Series) -> pd.DataFrame:
    """Which benefits the customers of the highest and of the lowest CLV seek, and those who left.

    Parameters
    ----------
    churned
        Of the same customers, whether they left after the day of the assignments: 1, 0, or missing.

    Returns
    -------
    DataFrame
        A row per group (the fifths `highest CLV` and `lowest CLV`, and `left`) and benefit: `customers`, `share` of
        those of the group whose benefit is known, with its interval, and `lift` on everyone; empty where no lens tells
        benefits or values.
    """
    columns = ["group", "benefit", "customers", "share", "share_low", "share_high", "everyone", "lift"]
    if not {c.BENEFIT_SEGMENT, c.CLV} <= set(assignments):
        return pd.DataFrame(columns=columns)
    known = assignments[(assignments[c.BENEFIT_SEGMENT] != c.UNKNOWN) & assignments[c.CLV].notna()]
    everyone = known[c.BENEFIT_SEGMENT].value_counts(normalize=True)
    place = known[c.CLV].rank(method="first", pct=True)
    rows = []
    left = churned.reindex(known.index) == 1
    for group, keep in (("highest CLV", place > 1 - FIFTH), ("lowest CLV", place <= FIFTH), ("left", left)):
        own = known.loc[keep, c.BENEFIT_SEGMENT]
        n = max(len(own), 1)
        for benefit, count in own.value_counts().reindex(everyone.index, fill_value=0).items():
            share = count / n
            middle, half = (share + Z**2 / (2 * n)), Z * np.sqrt(share * (1 - share) / n + Z**2 / (4 * n**2))
            low, high = (middle - half) / (1 + Z**2 / n), (middle + half) / (1 + Z**2 / n)
            rows.append((group, benefit, count, share, low, high, everyone[benefit], share / everyone[benefit]))
    return pd.DataFrame(rows, columns=columns)


def same_labels(assignments: pd.DataFrame, trial: SegmentTrial) -> pd.DataFrame:
    """Pairs of labels of different columns whose customers are almost the same.

    Returns
    -------
    DataFrame
        `column`, `label`, `other_column`, `other_label`, `customers` with both, and `overlap`: their share of the
        customers with either.
    """
    names = trial.segments[["column", "label"]]
    names = names[names["label"] != c.UNKNOWN].reset_index(drop=True)
    columns = ["column", "label", "other_column", "other_label", "customers", "overlap"]
    if names.empty:
        return pd.DataFrame(columns=columns)
    blocks = []
    for column, own in names.groupby("column", sort=False):
        codes = pd.Index(own["label"]).get_indexer(assignments[column].astype(str))
        rows = np.flatnonzero(codes >= 0)
        shape = (len(assignments), len(own))
        blocks.append(sparse.csr_array((np.ones(len(rows)), (rows, codes[rows])), shape=shape))
    has_label = sparse.hstack(blocks).tocsr()
    both = (has_label.T @ has_label).toarray()
    size = np.diag(both)
    overlap = both / np.maximum(size[:, None] + size[None, :] - both, 1)
    ordered = pd.concat([own for _, own in names.groupby("column", sort=False)], ignore_index=True)
    first, second = np.nonzero(np.triu(overlap >= ALIKE, 1))
    apart = (ordered["column"].to_numpy()[first] != ordered["column"].to_numpy()[second]) & (size[first] > 0)
    first, second = first[apart], second[apart]
    pairs = pd.concat(
        [
            ordered.iloc[first].reset_index(drop=True),
            ordered.iloc[second].reset_index(drop=True).set_axis(["other_column", "other_label"], axis=1),
        ],
        axis=1,
    )
    pairs["customers"], pairs["overlap"] = both[first, second].astype(int), overlap[first, second]
    return pairs.sort_values("overlap", ascending=False, ignore_index=True)[columns]


def too_narrow(trial: SegmentTrial) -> pd.DataFrame:
    """A row per label of too few customers: how many it has, and how many would show a fair difference."""
    few = trial.segments[trial.segments["verdict"] == TOO_FEW]
    smallest = np.array([row[f"{row['measure']}_smallest_difference"] for row in few.to_dict("records")], float)
    needed = np.ceil(few["customers"].to_numpy() * (smallest / FAIR) ** 2)
    return few[["column", "label", "customers"]].assign(needed=needed).reset_index(drop=True)


def columns_in_short(trial: SegmentTrial, verdicts: Sequence[str]) -> pd.DataFrame:
    """A row per column: how many labels have each verdict, the agreement of two halves, and the order of the names."""
    counts = pd.crosstab(trial.segments["column"], trial.segments["verdict"])
    counts = counts.reindex(columns=list(verdicts), fill_value=0)
    return trial.columns.merge(counts.reset_index(), on="column", how="left")


def largest_lifts(trial: SegmentTrial, most: int) -> pd.DataFrame:
    """The labels that hold, those whose customers differ most from everyone first."""
    table = trial.segments[trial.segments["verdict"] == "holds"]
    lifts = np.column_stack([np.abs(np.log(table[f"{name}_lift"].clip(lower=0.01))) for name in MEASURES])
    return table.iloc[np.argsort(-lifts.max(axis=1), kind="stable")[:most]] if len(table) else table
