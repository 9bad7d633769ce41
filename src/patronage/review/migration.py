"""Migration of customers between two runs: how many changed a label, and whether behaviour or the model changed it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from patronage.review.labellings import Labelling, aligned, contingency
from patronage.statistics import adjusted_mutual_information, adjusted_rand_index, cohen_kappa

STAYED, BEHAVIOUR, MODEL, BOTH, BACK = "stayed", "behaviour moved", "model moved", "both moved", "model moved back"
MOVED = "moved"  # where behaviour and model cannot be told apart
JOINED, LEFT = "joined", "left"
UNCHANGED = (STAYED, BACK)  # the label of both runs is the same


def reasons(labelling: Labelling) -> pd.Series:
    """For each customer of both runs, why the label is the same or not.

    With the labels before, frozen and after: behaviour moved the first to the second, the model moved the second to
    the third, and a model that moved back undid what behaviour had moved.
    """
    shared = labelling.before.index.intersection(labelling.after.index)
    before, after = (aligned(labels, shared).cat.codes.to_numpy() for labels in (labelling.before, labelling.after))
    if labelling.frozen is None:
        names, codes = [STAYED, MOVED], (before != after).astype(np.int8)
    else:
        frozen = aligned(labelling.frozen, shared).cat.codes.to_numpy()
        names = [STAYED, BEHAVIOUR, MODEL, BOTH, BACK]
        by_behaviour, by_model = before != frozen, frozen != after
        codes = by_behaviour.astype(np.int8) + 2 * by_model + (by_behaviour & (before == after))
    return pd.Series(pd.Categorical.from_codes(codes, names), index=shared)


def migration_by_reason(labelling: Labelling, clv_before: pd.Series, clv_after: pd.Series) -> pd.DataFrame:
    """How many customers stayed, moved for which reason, joined and left, with their CLV.

    Returns
    -------
    DataFrame
        A row per `reason`: `customers`, `share` of the customers of both runs (of all for joined and left),
        `clv_before`, `clv_after`, `clv_change`.
    """
    reason = reasons(labelling)
    customers = len(labelling.before) + len(labelling.after) - len(reason)
    rows = []
    for name in reason.cat.categories:
        group = reason.index[reason == name]
        rows.append(
            (name, len(group), len(group) / max(len(reason), 1), clv_before[group].sum(), clv_after[group].sum())
        )
    joined = labelling.after.index.difference(reason.index)
    left = labelling.before.index.difference(reason.index)
    rows.append((JOINED, len(joined), len(joined) / max(customers, 1), 0.0, clv_after[joined].sum()))
    rows.append((LEFT, len(left), len(left) / max(customers, 1), clv_before[left].sum(), 0.0))
    frame = pd.DataFrame(rows, columns=["reason", "customers", "share", "clv_before", "clv_after"])
    return frame.assign(clv_change=frame["clv_after"] - frame["clv_before"])


def refit_share(labelling: Labelling) -> float:
    """Share of the customers of both runs whom the model alone moved: the frozen one would have kept their label.

    Who was put back by the refit has the label of the baseline, and is not counted; nan where nothing is frozen.
    """
    if labelling.frozen is None:
        return float("nan")
    reason = reasons(labelling)
    return float((reason == MODEL).mean()) if len(reason) else 0.0


def moves(labelling: Labelling, clv_before: pd.Series, clv_after: pd.Series) -> pd.DataFrame:
    """The cross-table as a long one: `from`, `to`, `customers`, `share` of those in `from`, and their CLV."""
    customers = labelling.before.index.union(labelling.after.index)
    frame = pd.DataFrame(
        {
            "from": _filled(labelling.before, customers, JOINED),
            "to": _filled(labelling.after, customers, LEFT),
            "clv_before": aligned(clv_before, customers),
            "clv_after": aligned(clv_after, customers),
        }
    )
    grouped = frame.groupby(["from", "to"], observed=True)
    table = grouped[["clv_before", "clv_after"]].sum()
    table.insert(0, "customers", grouped.size())
    table.insert(1, "share", table["customers"] / table.groupby("from", observed=True)["customers"].transform("sum"))
    return table.reset_index().astype({"from": str, "to": str})


def _filled(labels: pd.Series, customers: pd.Index, absent: str) -> pd.Series:
    return aligned(labels, customers).cat.add_categories([absent]).fillna(absent)


def agreement(labelling: Labelling) -> pd.DataFrame:
    """How far two labellings agree.

    Returns
    -------
    DataFrame
        A row for each `step`: `whole` (before and after) and, with a frozen model, `behaviour` (before and frozen)
        and `model` (frozen and after). `customers` in both, the share that `moved`, the adjusted Rand index `ari`, the
        adjusted mutual information `ami`, Cohen's `kappa`.
    """
    steps = {"whole": (labelling.before, labelling.after)}
    if labelling.frozen is not None:
        steps |= {"behaviour": (labelling.before, labelling.frozen), "model": (labelling.frozen, labelling.after)}
    rows = []
    for step, (first, second) in steps.items():
        shared = first.index.intersection(second.index)
        if not len(shared):
            continue
        table = contingency(aligned(first, shared), aligned(second, shared)).to_numpy()
        rows.append(
            {
                "column": labelling.column,
                "step": step,
                "customers": len(shared),
                "moved": 1 - float(np.trace(table) / table.sum()),
                "ari": adjusted_rand_index(table),
                "ami": adjusted_mutual_information(table),
                "kappa": cohen_kappa(table),
            }
        )
    return pd.DataFrame(rows)
