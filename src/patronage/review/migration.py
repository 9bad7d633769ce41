"""Why is she somewhere else now? Migration between two runs, taken apart.

Three labels for the same customer: what the baseline said (A), what the baseline's frozen model says of the
candidate's features (B), and what the candidate said (C). A and B differ because behaviour moved; B and C differ
because the model did, and may put her back where she was. Nothing else can differ, but for the customers who joined or
left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment
from scipy.stats import entropy
from sklearn.metrics import mutual_info_score
from sklearn.metrics.cluster import expected_mutual_information

from patronage import lenses
from patronage import names as c
from patronage.bundle import Bundle
from patronage.lenses.rfm import NAMES as RFM_NAMES
from patronage.models.journey import STAGES
from patronage.models.personas import PersonaModel
from patronage.review.training_run import TrainingRun
from patronage.statistics import adjusted_rand_index, cohen_kappa

SAME_PEOPLE = 0.3  # Jaccard overlap below which two personas are not the same people
AT_ONCE = 100_000  # customers
STAYED, BEHAVIOUR, MODEL, BOTH, BACK = "stayed", "behaviour moved", "model moved", "both moved", "model moved back"
MOVED = "moved"  # where the two cannot be told apart
JOINED, LEFT = "joined", "left"


@dataclass(frozen=True)
class Answer:
    """The labels that one question was given, in the baseline's words; all share one set of categories.

    Attributes
    ----------
    name
        The column of the assignments.
    before, after
        What each run said of its own customers (A and C).
    frozen
        What the baseline's model says of the candidate's customers (B); None where it cannot read their features.
    """

    name: str
    before: pd.Series
    after: pd.Series
    frozen: pd.Series | None

    @property
    def labels(self) -> list[str]:
        return list(self.before.cat.categories)


def answers(
    baseline: TrainingRun, candidate: TrainingRun, seen: pd.DataFrame | None
) -> tuple[list[Answer], pd.DataFrame]:
    """Personas, stages, tiers and RFM segments, thrice told.

    Parameters
    ----------
    seen
        As `frozen` gave it; None where nothing could be frozen.

    Returns
    -------
    list of Answer, DataFrame
        With how the candidate's personas were matched to the baseline's.
    """
    said_before, said_after = baseline.assignments, candidate.assignments
    before, after = persona_labels(said_before), persona_labels(said_after)
    third = {} if seen is None else dict(seen.items())
    kept = carries_on(candidate.bundle.personas, baseline.bundle.personas)
    matching = match(third.get(c.PERSONA, before), after, by_name=kept)
    told = [_answer(c.PERSONA, before, after.cat.rename_categories(_words(matching)), third.get(c.PERSONA))]
    told += [
        _answer(name, said_before[name], said_after[name], third.get(name), order)
        for name, order in _orders(baseline.bundle).items()
    ]
    return told, matching


def cannot_freeze(baseline: TrainingRun, candidate: TrainingRun) -> str:
    """Why the baseline's model cannot speak of the candidate's customers; empty where it can."""
    lacking = [name for name in baseline.bundle.columns if name not in candidate.features]
    if lacking:
        return f"the candidate's features lack {', '.join(lacking)}"
    if baseline.bundle.period_days != candidate.bundle.period_days:
        return "the journey's periods have another length"
    return ""


def persona_labels(assignments: pd.DataFrame) -> pd.Series:
    """Id and name of the persona as one category, in the order of the ids."""
    pairs = assignments[[c.PERSONA_ID, c.PERSONA]].drop_duplicates().sort_values(c.PERSONA_ID)
    ids = pairs[c.PERSONA_ID].to_numpy()
    names = [f"{number}: {name}" for number, name in zip(ids, pairs[c.PERSONA], strict=True)]
    codes = np.searchsorted(ids, assignments[c.PERSONA_ID].to_numpy())
    return pd.Series(pd.Categorical.from_codes(codes, names), index=assignments.index)


def frozen(baseline: TrainingRun, candidate: TrainingRun) -> tuple[pd.DataFrame | None, str]:
    """What the baseline's model says of the candidate's features, or why it cannot.

    Returns
    -------
    DataFrame
        A row per customer of the candidate: the label of each answer, and the journey's P(an order).
    str
        Why there is none; empty where there is.
    """
    if reason := cannot_freeze(baseline, candidate):
        return None, reason
    orders = _orders(baseline.bundle)
    if baseline.features.equals(candidate.features):  # the same again: it says what it said
        said = baseline.assignments
        return said[[*orders, c.JOURNEY_P_ORDER]].assign(**{c.PERSONA: persona_labels(said)}), ""
    rows = candidate.features
    parts = [
        _said(baseline.bundle, rows.iloc[start : start + AT_ONCE], orders) for start in range(0, len(rows), AT_ONCE)
    ]  # no model looks at anyone but the customer herself
    seen = pd.concat(parts)
    return seen.assign(**{name: seen[name].cat.remove_unused_categories() for name in (c.PERSONA, *orders)}), ""


def _said(bundle: Bundle, features: pd.DataFrame, orders: dict[str, list[str]]) -> pd.DataFrame:
    """Labels alone: the reasons of personas and the other lenses cost more."""
    asked = {lens: bundle.learned[lens] for lens in ("value", "rfm")}
    journey = pd.DataFrame(bundle.journey.predict(features), features.index)
    labels = pd.concat([lenses.segments(features, asked), journey[[c.JOURNEY_STAGE]]], axis=1)
    fitted = bundle.personas
    names = [f"{number}: {name}" for number, name in zip(fitted.ids, fitted.names, strict=True)]
    return pd.DataFrame(
        {
            c.PERSONA: pd.Categorical.from_codes(fitted.probabilities(features).argmax(axis=1), names),
            **{name: pd.Categorical(labels[name], order) for name, order in orders.items()},
            c.JOURNEY_P_ORDER: journey[c.JOURNEY_P_ORDER],
        },
        index=features.index,
    )


def _orders(bundle: Bundle) -> dict[str, list[str]]:
    """The labels of stages, tiers and RFM segments, in the order in which they are shown."""
    tiers = bundle.learned["value"]
    return {
        c.JOURNEY_STAGE: list(STAGES),
        c.VALUE_TIER: [*tiers["floors"], tiers["last"]],
        c.RFM_SEGMENT: [*dict.fromkeys(RFM_NAMES[::-1, ::-1].ravel()), c.UNKNOWN],
    }


def carries_on(candidate: PersonaModel, baseline: PersonaModel) -> bool:
    """Whether the candidate's personas were matched to the baseline's when they were fitted: then ids speak."""
    former = candidate.matching
    return former is not None and (former.former_ids, former.former_names) == (baseline.ids, baseline.names)


def match(reference: pd.Series, labels: pd.Series, *, by_name: bool = False) -> pd.DataFrame:
    """Which labels are the same people: the one-to-one pairs that share most customers (Kuhn 1955).

    Parameters
    ----------
    reference, labels
        Two categorical opinions, by customer.
    by_name
        Labels that are called the same are the same.

    Returns
    -------
    DataFrame
        A row for each label of either side: `reference`, `label` ("" without a partner), `customers` whom they
        share, and `jaccard`, their share of all who have either label. Below `SAME_PEOPLE` a pair is none.
    """
    shared = reference.index.intersection(labels.index)
    table = _counts(_at(reference, shared), _at(labels, shared))
    both = table.to_numpy()
    either = both.sum(axis=1)[:, None] + both.sum(axis=0)[None, :] - both
    jaccard = both / np.maximum(either, 1)
    if by_name:
        pairs = [(i, j) for i, j in np.ndindex(both.shape) if table.index[i] == table.columns[j]]
    else:
        pairs = [(i, j) for i, j in zip(*linear_sum_assignment(-both), strict=True) if jaccard[i, j] >= SAME_PEOPLE]
    rows = [(table.index[i], table.columns[j], int(both[i, j]), float(jaccard[i, j])) for i, j in pairs]
    rows += [(name, "", 0, 0.0) for i, name in enumerate(table.index) if i not in {i for i, _ in pairs}]
    rows += [("", name, 0, 0.0) for j, name in enumerate(table.columns) if j not in {j for _, j in pairs}]
    return pd.DataFrame(rows, columns=["reference", "label", "customers", "jaccard"])


def _words(matching: pd.DataFrame) -> dict[str, str]:
    """The candidate's personas in the baseline's words."""
    known = matching[matching["label"] != ""]
    return {
        label: reference or f"new {label}" for reference, label in zip(known["reference"], known["label"], strict=True)
    }


def _answer(
    name: str, before: pd.Series, after: pd.Series, frozen: pd.Series | None, order: Sequence[str] = ()
) -> Answer:
    told = [one.astype(pd.CategoricalDtype()) for one in (before, after, frozen) if one is not None]
    there = dict.fromkeys(label for one in told for label in one.cat.categories)
    labels = [*(label for label in order if label in there), *(label for label in there if label not in order)]
    # set, not cast: pandas takes categories in another order for the same and keeps the old codes
    told = [one.cat.set_categories(labels) for one in told]
    return Answer(name, told[0], told[1], told[2] if frozen is not None else None)


def split_moves(answer: Answer, clv_before: pd.Series, clv_after: pd.Series) -> pd.DataFrame:
    """How many stayed, moved and why, joined and left, with the CLV at stake.

    Returns
    -------
    DataFrame
        A row per reason: `customers`, `share` of those whom both runs know (of all for joined and left),
        `clv_before`, `clv_after`, `clv_change`.
    """
    cause = causes(answer)
    everyone = len(answer.before) + len(answer.after) - len(cause)
    rows = []
    for kind in cause.cat.categories:
        who = cause.index[cause == kind]
        rows.append((kind, len(who), len(who) / max(len(cause), 1), clv_before[who].sum(), clv_after[who].sum()))
    new = answer.after.index.difference(cause.index)
    gone = answer.before.index.difference(cause.index)
    rows.append((JOINED, len(new), len(new) / max(everyone, 1), 0.0, clv_after[new].sum()))
    rows.append((LEFT, len(gone), len(gone) / max(everyone, 1), clv_before[gone].sum(), 0.0))
    frame = pd.DataFrame(rows, columns=["why", "customers", "share", "clv_before", "clv_after"])
    return frame.assign(clv_change=frame["clv_after"] - frame["clv_before"])


def causes(answer: Answer) -> pd.Series:
    """Of each customer whom both runs know, why her label is or is not the same."""
    shared = answer.before.index.intersection(answer.after.index)
    a, z = (_at(one, shared).cat.codes.to_numpy() for one in (answer.before, answer.after))
    if answer.frozen is None:
        kinds, codes = [STAYED, MOVED], (a != z).astype(np.int8)
    else:
        b = _at(answer.frozen, shared).cat.codes.to_numpy()
        kinds = [STAYED, BEHAVIOUR, MODEL, BOTH, BACK]
        codes = (a != b).astype(np.int8) + 2 * (b != z) + ((a != b) & (a == z))
    return pd.Series(pd.Categorical.from_codes(codes, kinds), index=shared)


def refit_share(answer: Answer) -> float:
    """Share of the candidate's customers whom its model puts elsewhere than the baseline's; nan if unknown."""
    if answer.frozen is None:
        return float("nan")
    return float((answer.frozen.cat.codes.to_numpy() != answer.after.cat.codes.to_numpy()).mean())


def moves(answer: Answer, clv_before: pd.Series, clv_after: pd.Series) -> pd.DataFrame:
    """The cross-tab as a long table: `from`, `to`, `customers`, `share` of those in `from`, and their CLV."""
    everyone = answer.before.index.union(answer.after.index)
    frame = pd.DataFrame(
        {
            "from": _filled(answer.before, everyone, JOINED),
            "to": _filled(answer.after, everyone, LEFT),
            "clv_before": _at(clv_before, everyone),
            "clv_after": _at(clv_after, everyone),
        }
    )
    grouped = frame.groupby(["from", "to"], observed=True)
    table = grouped[["clv_before", "clv_after"]].sum()
    table.insert(0, "customers", grouped.size())
    table.insert(1, "share", table["customers"] / table.groupby("from", observed=True)["customers"].transform("sum"))
    return table.reset_index().astype({"from": str, "to": str})


def agreement(answer: Answer) -> pd.DataFrame:
    """How far two opinions agree: `moved` share, adjusted Rand index, adjusted mutual information, Cohen's kappa.

    Returns
    -------
    DataFrame
        A row for the whole (A and C), and where it can be told for behaviour (A and B) and model (B and C).
    """
    pairs = {"whole": (answer.before, answer.after)}
    if answer.frozen is not None:
        pairs |= {"behaviour": (answer.before, answer.frozen), "model": (answer.frozen, answer.after)}
    rows = []
    for step, (one, other) in pairs.items():
        shared = one.index.intersection(other.index)
        if not len(shared):
            continue
        table = _counts(*(_at(opinion, shared) for opinion in (one, other))).to_numpy()
        same = float(np.trace(table) / table.sum())
        ari, ami, kappa = adjusted_rand_index(table), mutual_information(table), cohen_kappa(table)
        rows.append(
            {
                "answer": answer.name,
                "step": step,
                "customers": len(shared),
                "moved": 1 - same,
                "ari": ari,
                "ami": ami,
                "kappa": kappa,
            }
        )
    return pd.DataFrame(rows)


def mutual_information(table: np.ndarray) -> float:
    """Adjusted mutual information (Vinh, Epps and Bailey 2010) of a contingency table."""
    used = table[table.any(axis=1)][:, table.any(axis=0)]
    if min(used.shape) == 1 and max(used.shape) == 1:
        return 1.0  # one label on both sides
    most = (entropy(used.sum(axis=1)) + entropy(used.sum(axis=0))) / 2
    by_chance = expected_mutual_information(used, int(used.sum()))
    found = mutual_info_score(None, None, contingency=used)
    return float((found - by_chance) / (most - by_chance)) if most > by_chance else 0.0


def _counts(rows: pd.Series, columns: pd.Series) -> pd.DataFrame:
    """A contingency table of two categorical opinions of the same customers."""
    shape = (len(rows.cat.categories), len(columns.cat.categories))
    flat = rows.cat.codes.to_numpy().astype(np.int64) * shape[1] + columns.cat.codes.to_numpy()
    counts = np.bincount(flat, minlength=shape[0] * shape[1]).reshape(shape)
    return pd.DataFrame(counts, index=rows.cat.categories, columns=columns.cat.categories)


def _at(values: pd.Series, customers: pd.Index) -> pd.Series:
    return values if values.index.equals(customers) else values.reindex(customers)


def _filled(labels: pd.Series, customers: pd.Index, absent: str) -> pd.Series:
    return _at(labels, customers).cat.add_categories([absent]).fillna(absent)
