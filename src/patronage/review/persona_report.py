"""The personas of one run: their profile in every lens, the choice of their number, and the former personas."""

from __future__ import annotations

import numpy as np
import pandas as pd

from patronage import lenses
from patronage import names as c
from patronage.bundle import Bundle
from patronage.config import PersonasConfig
from patronage.evaluation.stability import moved_by_refit
from patronage.models.personas import PersonaModel, surrogate_rules
from patronage.names import Artifact, Metric, Tag
from patronage.report import Report
from patronage.review.page.html import percent
from patronage.review.persona_cards import CardInputs, persona_cards
from patronage.review.persona_figures import persona_choice, persona_profile

TYPICAL = 3  # customers shown of each persona
MIN_SHARE = 0.05  # a label of fewer of a persona's customers is not listed
KEYS = [c.PERSONA_ID, c.PERSONA]


def persona_report(
    bundle: Bundle,
    features: pd.DataFrame,
    assignments: pd.DataFrame,
    config: PersonasConfig,
    seed: int,
    former: PersonaModel | None,
    origin: str,
    goods: pd.DataFrame | None = None,
) -> Report:
    """The report of the personas; its messages say where they come from, and whether they are stable.

    Parameters
    ----------
    features, assignments
        Of all customers at the cutoff.
    former, origin
        The personas that these carry on, if any, and where they come from or why there are none.
    goods
        `customer_id`, `item` and `paid` before the cutoff, where the log tells what was bought.
    """
    personas = bundle.personas
    features = pd.DataFrame(personas.read(features))
    inputs = CardInputs(bundle, features, assignments, pd.DataFrame() if goods is None else goods, former)
    report = (
        _description(bundle, features, assignments)
        | _rules(bundle, features, assignments, seed)
        | Report(tables={Artifact.PERSONA_CARDS: persona_cards(inputs)})
        | _choice(personas, config)
        | Report(tags={Tag.PERSONAS_FORMER: origin})
    )
    if former is not None and personas.matching is not None:
        report |= _matching(personas, former, features, origin)
    messages = [f"personas     {report.tags[Tag.PERSONAS_FORMER]}"]
    if weaknesses := personas.choice.taken.against:
        detail = f"{weaknesses}; see {Artifact.PERSONA_CHOICE}"
        messages.append(f"personas     NO STABLE PERSONAS in this data: {detail}")
    return report | Report(messages=messages)


def _description(bundle: Bundle, features: pd.DataFrame, assignments: pd.DataFrame) -> Report:
    """What the customers of each persona have in common."""
    personas = bundle.personas
    names = [f"{number}: {name}" for number, name in zip(personas.ids, personas.names, strict=True)]
    means = pd.DataFrame(personas.means, index=names, columns=list(personas.columns))
    left_out = personas.preparation.left_out
    return Report(
        tables={
            Artifact.PERSONAS: persona_table(bundle, features, assignments),
            Artifact.PERSONA_PROFILE: _profile(bundle, features, assignments),
            Artifact.PERSONA_SEGMENTS: _segments(bundle, features, assignments),
            Artifact.PERSONA_TYPICAL: _typical(personas, features, assignments),
            Artifact.PERSONA_FEATURES: _weights(personas),
        },
        tags={Tag.PERSONAS_LEFT_OUT: ", ".join(left_out)} if left_out else {},
        figures={Artifact.PERSONA_PROFILE_FIGURE: persona_profile(means)},
    )


def _rules(bundle: Bundle, features: pd.DataFrame, assignments: pd.DataFrame, seed: int) -> Report:
    """Short rules that give almost the same personas, in plain words."""
    personas = bundle.personas
    with_persona = personas.have_persona(features)
    features, assignments = features[with_persona], assignments[with_persona]
    described = lenses.described(bundle.lenses)
    plain = {
        name: lenses.short(described[name].what) if name in described else name.replace("_", " ")
        for name in personas.columns
    }
    columns = features[list(personas.columns)].rename(columns=plain)
    rules = surrogate_rules(columns, assignments[c.PERSONA_ID].to_numpy(), seed)
    names = rules.table["label"].map(pd.Series(personas.names, index=personas.ids))
    return Report(
        metrics={Metric.PERSONA_RULES_FIDELITY: rules.fidelity, Metric.PERSONA_RULES_USUAL: rules.usual},
        tables={Artifact.PERSONA_RULES: rules.table.assign(label=names).rename(columns={"label": c.PERSONA})},
    )


def _choice(personas: PersonaModel, config: PersonasConfig) -> Report:
    """Why there are so many personas."""
    weaknesses, table = personas.choice.taken.against, personas.choice.table()
    figures = {}
    if len(personas.choice.grid) > 1:
        figures[Artifact.PERSONA_CHOICE_FIGURE] = persona_choice(table, config.stable_ari, config.stable_jaccard)
    return Report(
        tables={Artifact.PERSONA_CHOICE: table},
        tags={Tag.PERSONAS_STABLE: f"no: {weaknesses}"} if weaknesses else {},
        figures=figures,
    )


def _matching(personas: PersonaModel, former: PersonaModel, features: pd.DataFrame, origin: str) -> Report:
    """Which personas are the former ones, which are new, and which vanished."""
    matching = personas.matching
    if matching is None:
        raise ValueError("the personas were not matched")
    verdicts = matching.verdicts(personas.ids, personas.names)
    counts = ", ".join(f"{count} {verdict}" for verdict, count in verdicts["verdict"].value_counts().items())
    return Report(
        metrics={
            **{
                Metric.persona_matching(verdict): float((verdicts["verdict"] == verdict).sum())
                for verdict in ("kept", "new", "vanished")
            },
            Metric.PERSONA_MOVED_BY_REFIT: moved_by_refit(former, personas, features),
        },
        tables={
            Artifact.PERSONA_MATCHING: verdicts,
            Artifact.PERSONA_MATCHING_COSTS: matching.costs(personas.ids, personas.names),
        },
        tags={Tag.PERSONAS_FORMER: f"{origin}: {counts}"},
    )


def persona_table(bundle: Bundle, features: pd.DataFrame, assignments: pd.DataFrame) -> pd.DataFrame:
    """A row per persona: what sets it apart, how many customers it has, their value, forecasts and labels."""
    personas = bundle.personas
    labels = _label_columns(bundle, features)
    rows = []
    for number, name, described in zip(personas.ids, personas.names, personas.described, strict=True):
        mask = assignments[c.PERSONA_ID] == number
        own_features, own = features[mask], assignments[mask]
        rows.append(
            {
                c.PERSONA_ID: number,
                c.PERSONA: name,
                "sets_apart": described,
                "customers": int(mask.sum()),
                "share": float(mask.mean()),
                "revenue_share": _share(own_features[c.NET_REVENUE], features[c.NET_REVENUE]),
                "clv_share": _share(own[c.CLV], assignments[c.CLV]),
                **{column: own[column].mean() for column in (c.CHURN_PROBABILITY, c.EXPECTED_ORDERS, c.CLV)},
                **{column: _most_frequent(own[column]) for column in labels},
                **{column: own_features[column].mean() for column in personas.columns},
            }
        )
    return pd.DataFrame(rows)


def _share(part: pd.Series, whole: pd.Series) -> float:
    return float(part.sum() / max(whole.sum(), 1e-12))


def _most_frequent(labels: pd.Series) -> str:
    """The most frequent label with its share."""
    shares = labels.value_counts(normalize=True)
    return f"{shares.index[0]} {percent(shares.iloc[0])}" if len(shares) else ""


def _label_columns(bundle: Bundle, features: pd.DataFrame) -> list[str]:
    """The columns that put a customer into a named group: the stage, and the segment of each lens."""
    segments = lenses.segments(features.head(1), bundle.fitted_lenses)
    return [c.JOURNEY_STAGE, *(name for name in segments if name != c.RFM_SCORE)]


def _profile(bundle: Bundle, features: pd.DataFrame, assignments: pd.DataFrame) -> pd.DataFrame:
    """A row per persona and numeric feature of any lens: its median, that of all customers, and their distance."""
    numeric = list(lenses.numeric(features))
    quartiles = features[numeric].quantile([0.25, 0.5, 0.75])
    rows = []
    for (number, name), own in features.groupby([assignments[column] for column in KEYS]):
        medians = own[numeric].median()
        for lens in lenses.of(bundle.lenses):
            for feature in (name for name in lens.features if name in quartiles):
                low, middle, high = quartiles[feature]
                apart = (medians[feature] - middle) / (high - low) if high > low else float("nan")
                known = float(own[feature].notna().mean())
                rows.append((number, name, lens.name, feature, medians[feature], middle, apart, known))
    header = [*KEYS, "lens", "feature", "median", "median of all", "apart in quartile ranges", "share known"]
    return pd.DataFrame(rows, columns=header)


def _segments(bundle: Bundle, features: pd.DataFrame, assignments: pd.DataFrame) -> pd.DataFrame:
    """A row per persona and label: its share, and that share in multiples of the share in all customers."""
    rows = []
    for column in _label_columns(bundle, features):
        usual = assignments[column].value_counts(normalize=True)
        for (number, name), own in assignments.groupby(KEYS):
            for label, share in own[column].value_counts(normalize=True).items():
                if share >= MIN_SHARE:
                    rows.append((number, name, column, label, float(share), float(share / usual[label])))
    return pd.DataFrame(rows, columns=[*KEYS, "lens", "label", "share", "times share of all"])


def _typical(personas: PersonaModel, features: pd.DataFrame, assignments: pd.DataFrame) -> pd.DataFrame:
    """The customers nearest to the middle of each persona, with their features and what would move them."""
    points = personas.points(features)
    rows: list[int] = []
    for number in personas.ids:
        own = np.flatnonzero(assignments[c.PERSONA_ID] == number)
        distance = ((points[own] - points[own].mean(axis=0)) ** 2).sum(axis=1) if len(own) else np.zeros(0)
        rows += own[np.argsort(distance, kind="stable")[:TYPICAL]].tolist()
    few = features.iloc[rows]
    shown = assignments.iloc[rows][[*KEYS, c.PERSONA_PROBABILITY, c.PERSONA_REASON]]
    moves = personas.explain(few).add_prefix("moves_by_").rename(columns={"moves_by_goes_to": "goes_to"})
    return pd.concat([shown, few[list(personas.columns)], moves], axis=1).reset_index(names=c.CUSTOMER_ID)


def _weights(personas: PersonaModel) -> pd.DataFrame:
    """A row per configured feature: its vote, and how it was prepared."""
    preparation = personas.preparation
    used = pd.DataFrame(
        {
            "feature": preparation.columns,
            "weight": preparation.weights,
            "power": preparation.power,
            "winsorised_low": preparation.low,
            "winsorised_high": preparation.high,
            "note": ["" if weight > 0 else "tells nothing beyond the other features" for weight in preparation.weights],
        }
    )
    if not preparation.left_out:
        return used
    unused = pd.DataFrame({"feature": preparation.left_out, "note": "left out: missing or equal for all customers"})
    return pd.concat([used, unused], ignore_index=True)
