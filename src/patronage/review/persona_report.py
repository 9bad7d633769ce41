"""The personas of one run: who they are through every lens, why so many, and whom they carry on."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from patronage import lenses
from patronage import names as c
from patronage.bundle import Bundle
from patronage.config import PersonasConfig
from patronage.evaluation.scorecard import Headline
from patronage.evaluation.stability import evaluate_personas, moved_by_refit
from patronage.models.personas import PersonaModel, surrogate_rules
from patronage.review.persona_figures import persona_choice, persona_profile

TYPICAL = 3  # customers shown of each persona
SHOWN = 0.05  # labels of fewer of a persona's customers are not listed
KEYS = [c.PERSONA_ID, c.PERSONA]


@dataclass(frozen=True)
class PersonaReport:
    """What a run tells of its personas: metrics, tables, figures by file name, tags, headlines, and a loud line."""

    metrics: dict[str, float] = field(default_factory=dict)
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    figures: dict[str, Figure] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    headlines: tuple[Headline, ...] = ()

    @property
    def said(self) -> list[str]:
        """Lines that nobody should miss."""
        lines = [f"personas     {self.tags['personas.former']}"]
        if (stable := self.tags["personas.stable"]) != "yes":
            lines.append(f"personas     NO STABLE PERSONAS in this data ({stable}); see persona_choice.json")
        return lines


def persona_report(
    bundle: Bundle,
    features: pd.DataFrame,
    said: pd.DataFrame,
    config: PersonasConfig,
    seed: int,
    former: PersonaModel | None,
    origin: str,
) -> PersonaReport:
    """Everything that a run tells of its personas.

    Parameters
    ----------
    features, said
        Everyone at the cutoff, and their assignments.
    former, origin
        The personas that these carry on, if any, and where they come from or why there are none.
    """
    personas = bundle.personas
    card = evaluate_personas(personas, features, config, seed)
    rules = surrogate_rules(features[list(personas.columns)], said[c.PERSONA_ID].to_numpy(), seed)
    metrics = card.metrics | {"personas/rules_fidelity": rules.fidelity, "personas/rules_usual": rules.usual}
    names = pd.Series(personas.names, index=personas.ids)
    profile = _profile(bundle, features, said)
    tables = {
        "personas.json": persona_table(bundle, features, said),
        "persona_profile.json": profile,
        "persona_segments.json": _segments(bundle, features, said),
        "persona_typical.json": _typical(personas, features, said),
        "persona_rules.json": rules.table.assign(label=rules.table["label"].map(names)).rename(
            columns={"label": c.PERSONA}
        ),
        "persona_choice.json": personas.choice.table(),
        "persona_features.json": _weights(personas),
    }
    against = personas.choice.taken.against
    tags = {"personas.stable": f"no: {against}" if against else "yes", "personas.former": origin}
    if personas.preparation.left_out:
        tags["personas.left_out"] = ", ".join(personas.preparation.left_out)
    if former is not None and personas.matching is not None:
        verdicts = personas.matching.verdicts(personas.ids, personas.names)
        tables["persona_matching.json"] = verdicts
        tables["persona_matching_costs.json"] = personas.matching.costs(personas.ids, personas.names)
        metrics |= {f"personas/{verdict}": float((verdicts["verdict"] == verdict).sum())
                    for verdict in ("kept", "new", "vanished")}  # fmt: skip
        metrics["personas/moved_by_refit"] = moved_by_refit(former, personas, features)
        tags["personas.former"] = f"{origin}: " + ", ".join(
            f"{count} {verdict}" for verdict, count in verdicts["verdict"].value_counts().items()
        )
    figures = {"persona_profile.png": persona_profile(_heights(personas))}
    if len(personas.choice.grid) > 1:
        figures["persona_choice.png"] = persona_choice(
            personas.choice.table(), config.stable_ari, config.stable_jaccard
        )
    return PersonaReport(metrics, tables, figures, tags, card.headlines)


def persona_table(bundle: Bundle, features: pd.DataFrame, said: pd.DataFrame) -> pd.DataFrame:
    """A row per persona: who they are, how many, what they bring and what is said of them."""
    personas = bundle.personas
    rows = []
    for number, name, described in zip(personas.ids, personas.names, personas.described, strict=True):
        mine = said[c.PERSONA_ID] == number
        own, theirs = features[mine], said[mine]
        rows.append(
            {
                c.PERSONA_ID: number,
                c.PERSONA: name,
                "sets_apart": described,
                "customers": int(mine.sum()),
                "share": float(mine.mean()),
                "revenue_share": _share(own[c.NET_REVENUE], features[c.NET_REVENUE]),
                "clv_share": _share(theirs[c.CLV], said[c.CLV]),
                **{column: theirs[column].mean() for column in (c.CHURN_PROBABILITY, c.EXPECTED_ORDERS, c.CLV)},
                **{column: _most(theirs[column]) for column in _labels(bundle, features)},
                **{column: own[column].mean() for column in personas.columns},
            }
        )
    return pd.DataFrame(rows)


def _share(part: pd.Series, whole: pd.Series) -> float:
    return float(part.sum() / max(whole.sum(), 1e-12))


def _most(labels: pd.Series) -> str:
    """The commonest label with its share."""
    shares = labels.value_counts(normalize=True)
    return f"{shares.index[0]} {shares.iloc[0]:.0%}" if len(shares) else ""


def _labels(bundle: Bundle, features: pd.DataFrame) -> list[str]:
    """The columns that put a customer into a named group: the stage, and the segment of each lens."""
    segments = lenses.segments(features.head(1), bundle.fitted_lenses)
    return [c.JOURNEY_STAGE, *(name for name in segments if name != c.RFM_SCORE)]


def _profile(bundle: Bundle, features: pd.DataFrame, said: pd.DataFrame) -> pd.DataFrame:
    """A row per persona and numeric feature of any lens: typical value, everyone's, and how far they lie apart."""
    rows, numbers = [], list(lenses.numeric(features))
    quarters = features[numbers].quantile([0.25, 0.5, 0.75])
    for (number, name), own in features.groupby([said[column] for column in KEYS]):
        middle = own[numbers].median()
        for lens in lenses.of(bundle.lenses):
            for feature in (one for one in lens.features if one in quarters):
                low, half, high = quarters[feature]
                apart = (middle[feature] - half) / (high - low) if high > low else float("nan")
                known = float(own[feature].notna().mean())
                rows.append((number, name, lens.name, feature, middle[feature], half, apart, known))
    header = [*KEYS, "lens", "feature", "median", "median of all", "apart in quartile ranges", "share known"]
    return pd.DataFrame(rows, columns=header)


def _segments(bundle: Bundle, features: pd.DataFrame, said: pd.DataFrame) -> pd.DataFrame:
    """A row per persona and label: its share, and how many times everyone's share that is."""
    rows = []
    for column in _labels(bundle, features):
        usual = said[column].value_counts(normalize=True)
        for (number, name), own in said.groupby(KEYS):
            for label, share in own[column].value_counts(normalize=True).items():
                if share >= SHOWN:
                    rows.append((number, name, column, label, float(share), float(share / usual[label])))
    return pd.DataFrame(rows, columns=[*KEYS, "lens", "label", "share", "times everyone's"])


def _typical(personas: PersonaModel, features: pd.DataFrame, said: pd.DataFrame) -> pd.DataFrame:
    """The customers nearest to the middle of each persona, with their features and what would move them."""
    points = personas.points(features)
    chosen: list[int] = []
    for number in personas.ids:
        mine = np.flatnonzero(said[c.PERSONA_ID] == number)
        far = ((points[mine] - points[mine].mean(axis=0)) ** 2).sum(axis=1) if len(mine) else np.zeros(0)
        chosen += mine[np.argsort(far, kind="stable")[:TYPICAL]].tolist()
    few = features.iloc[chosen]
    shown = said.iloc[chosen][[*KEYS, c.PERSONA_PROBABILITY, c.PERSONA_REASON]]
    moves = personas.explain(few).add_prefix("moves_by_").rename(columns={"moves_by_goes_to": "goes_to"})
    return pd.concat([shown, few[list(personas.columns)], moves], axis=1).reset_index(names=c.CUSTOMER_ID)


def _weights(personas: PersonaModel) -> pd.DataFrame:
    """A row per feature that was asked for: its vote, and how it was prepared."""
    made = personas.preparation
    there = pd.DataFrame(
        {
            "feature": made.columns,
            "weight": made.weights,
            "power": made.power,
            "winsorised_low": made.low,
            "winsorised_high": made.high,
            "note": ["" if weight > 0 else "says nothing that the others do not" for weight in made.weights],
        }
    )
    gone = pd.DataFrame({"feature": made.left_out, "note": "left out: missing or the same for everyone"})
    return pd.concat([there, gone], ignore_index=True) if len(gone) else there


def _heights(personas: PersonaModel) -> pd.DataFrame:
    labels = [f"{number}: {name}" for number, name in zip(personas.ids, personas.names, strict=True)]
    return pd.DataFrame(personas.means, index=labels, columns=list(personas.columns))
