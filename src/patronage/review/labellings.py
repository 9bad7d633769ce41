"""The labels of the same customers by two runs, and by the baseline's frozen model on the candidate's features.

A customer has up to three labels in each column: that of the baseline, that of the baseline's model on the candidate's
features (frozen), and that of the candidate. The first two differ because behaviour changed; the last two differ
because the model did.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment

from patronage import lenses
from patronage import names as c
from patronage.bundle import Bundle
from patronage.lenses.rfm import NAMES as RFM_NAMES
from patronage.models.journey import STAGES
from patronage.models.personas import NO_PERSONA, PersonaModel
from patronage.review.training_run import TrainingRun

MIN_JACCARD = 0.3  # below this overlap two personas are not the same
CHUNK = 100_000  # customers


@dataclass(frozen=True)
class Labelling:
    """The labels of one column of the assignments, in the baseline's words; all share one set of categories.

    Attributes
    ----------
    column
        Of the assignments.
    before, after
        The labels of each run for its own customers.
    frozen
        The labels of the baseline's model for the candidate's customers; None where it cannot read their features.
    """

    column: str
    before: pd.Series
    after: pd.Series
    frozen: pd.Series | None

    @property
    def labels(self) -> list[str]:
        return list(self.before.cat.categories)


def labellings(
    baseline: TrainingRun, candidate: TrainingRun, frozen: pd.DataFrame | None
) -> tuple[list[Labelling], pd.DataFrame]:
    """The labellings of persona, journey stage, value tier and RFM segment.

    Parameters
    ----------
    frozen
        From `predict_frozen`.

    Returns
    -------
    list of Labelling, DataFrame
        With how the candidate's personas were matched to the baseline's.
    """
    before, after = persona_labels(baseline.assignments), persona_labels(candidate.assignments)
    columns = {} if frozen is None else dict(frozen.items())
    by_id = carries_on(candidate.bundle.personas, baseline.bundle.personas)
    matching = match_labels(columns.get(c.PERSONA, before), after, by_id=by_id)
    personas = after.cat.rename_categories(_baseline_names(matching))
    labellings = [_labelling(c.PERSONA, before, personas, columns.get(c.PERSONA))]
    labellings += [
        _labelling(name, baseline.assignments[name], candidate.assignments[name], columns.get(name), order)
        for name, order in _label_orders(baseline.bundle).items()
    ]
    return labellings, matching


def why_not_frozen(baseline: TrainingRun, candidate: TrainingRun) -> str:
    """Why the baseline's model cannot read the candidate's features; empty where it can."""
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


def predict_frozen(baseline: TrainingRun, candidate: TrainingRun) -> tuple[pd.DataFrame | None, str]:
    """The labels that the baseline's model gives to the candidate's features, or why it gives none.

    Returns
    -------
    DataFrame
        A row per customer of the candidate: a label for each column, and the journey's P(an order); or None.
    str
        Why there is none; empty where there is one.
    """
    if reason := why_not_frozen(baseline, candidate):
        return None, reason
    orders = _label_orders(baseline.bundle)
    if baseline.features.equals(candidate.features):  # then the labels are those of the baseline
        assignments = baseline.assignments
        personas = persona_labels(assignments)
        return assignments[[*orders, c.JOURNEY_P_ORDER]].assign(**{c.PERSONA: personas}), ""
    rows = candidate.features
    chunks = [
        _predict_labels(baseline.bundle, rows.iloc[start : start + CHUNK], orders)
        for start in range(0, len(rows), CHUNK)
    ]  # every label depends on the features of its own customer alone
    frozen = pd.concat(chunks)
    return frozen.assign(**{name: frozen[name].cat.remove_unused_categories() for name in (c.PERSONA, *orders)}), ""


def _predict_labels(bundle: Bundle, features: pd.DataFrame, orders: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Labels alone: the reasons of personas and the other lenses cost more."""
    states = bundle.fitted_lenses.select(("value", "rfm"))
    journey = pd.DataFrame(bundle.journey.predict(features), features.index)
    labels = pd.concat([lenses.segments(features, states), journey[[c.JOURNEY_STAGE]]], axis=1)
    personas = bundle.personas
    without = {number: name for number, (name, _) in NO_PERSONA.items()}
    pairs = dict(sorted({**without, **dict(zip(personas.ids, personas.names, strict=True))}.items()))
    names, ids = [f"{number}: {name}" for number, name in pairs.items()], list(pairs)
    return pd.DataFrame(
        {
            c.PERSONA: pd.Categorical.from_codes(np.searchsorted(ids, personas.ids_of(features)), names),
            **{name: pd.Categorical(labels[name], list(order)) for name, order in orders.items()},
            c.JOURNEY_P_ORDER: journey[c.JOURNEY_P_ORDER],
        },
        index=features.index,
    )


def _label_orders(bundle: Bundle) -> dict[str, list[str]]:
    """The labels of stages, tiers and RFM segments, in the order in which they are shown."""
    tiers = bundle.fitted_lenses.states["value"]
    return {
        c.JOURNEY_STAGE: list(STAGES),
        c.VALUE_TIER: [*tiers.floors, tiers.last, c.UNKNOWN],  # of customers without an order
        c.RFM_SEGMENT: [*dict.fromkeys(RFM_NAMES[::-1, ::-1].ravel()), c.UNKNOWN],
    }


def carries_on(candidate: PersonaModel, baseline: PersonaModel) -> bool:
    """Whether the candidate's personas were matched to the baseline's when they were fitted, so that ids are shared."""
    matching = candidate.matching
    return matching is not None and (matching.former_ids, matching.former_names) == (baseline.ids, baseline.names)


def match_labels(reference: pd.Series, labels: pd.Series, *, by_id: bool = False) -> pd.DataFrame:
    """Match labels one to one so that the pairs share most customers (Kuhn 1955).

    Parameters
    ----------
    reference, labels
        Two categorical labellings, by customer.
    by_id
        Match labels of the same id (before the colon) in place of that: a persona whose words are true no longer has
        another name and is the same persona.

    Returns
    -------
    DataFrame
        A row for each label of either side: `reference`, `label` ("" without a partner), the `customers` with both,
        and `jaccard`, their share of the customers with either. A pair below `MIN_JACCARD` is no pair.
    """
    shared = reference.index.intersection(labels.index)
    table = contingency(aligned(reference, shared), aligned(labels, shared))
    both = table.to_numpy()
    either = both.sum(axis=1)[:, None] + both.sum(axis=0)[None, :] - both
    jaccard = both / np.maximum(either, 1)
    if by_id:
        ids, other_ids = ([name.split(":")[0] for name in names] for names in (table.index, table.columns))
        pairs = [(i, j) for i, j in np.ndindex(both.shape) if ids[i] == other_ids[j]]
    else:
        pairs = [(i, j) for i, j in zip(*linear_sum_assignment(-both), strict=True) if jaccard[i, j] >= MIN_JACCARD]
    rows = [(table.index[i], table.columns[j], int(both[i, j]), float(jaccard[i, j])) for i, j in pairs]
    rows += [(name, "", 0, 0.0) for i, name in enumerate(table.index) if i not in {i for i, _ in pairs}]
    rows += [("", name, 0, 0.0) for j, name in enumerate(table.columns) if j not in {j for _, j in pairs}]
    return pd.DataFrame(rows, columns=["reference", "label", "customers", "jaccard"])


def _baseline_names(matching: pd.DataFrame) -> dict[str, str]:
    """The names of the candidate's personas, in the baseline's words."""
    known = matching[matching["label"] != ""]
    return {
        label: reference or f"new {label}" for reference, label in zip(known["reference"], known["label"], strict=True)
    }


def _labelling(
    column: str, before: pd.Series, after: pd.Series, frozen: pd.Series | None, order: Sequence[str] = ()
) -> Labelling:
    given = [labels.astype(pd.CategoricalDtype()) for labels in (before, after, frozen) if labels is not None]
    used = dict.fromkeys(label for labels in given for label in labels.cat.categories)
    names = [*(label for label in order if label in used), *(label for label in used if label not in order)]
    # set, not cast: pandas takes categories in another order for the same and keeps the old codes
    given = [labels.cat.set_categories(names) for labels in given]
    return Labelling(column, given[0], given[1], given[2] if frozen is not None else None)


def contingency(rows: pd.Series, columns: pd.Series) -> pd.DataFrame:
    """Counts of customers by two categorical labellings of them, on one index."""
    shape = (len(rows.cat.categories), len(columns.cat.categories))
    flat = rows.cat.codes.to_numpy().astype(np.int64) * shape[1] + columns.cat.codes.to_numpy()
    counts = np.bincount(flat, minlength=shape[0] * shape[1]).reshape(shape)
    return pd.DataFrame(counts, index=rows.cat.categories, columns=columns.cat.categories)


def aligned(values: pd.Series, customers: pd.Index) -> pd.Series:
    """The values of these customers, in their order; missing where there is none."""
    return values if values.index.equals(customers) else values.reindex(customers)
