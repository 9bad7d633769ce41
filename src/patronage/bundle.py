"""Bundle: all that was learned at fit, as one value.

Scoring asks the bundle, never the configuration: which features it needs, with which lens settings they are made,
over which horizon it speaks. On disk it is a folder of open formats: JSON, npz, LightGBM text, skops.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from omegaconf import OmegaConf

from patronage import columns as c
from patronage import lenses, manifest
from patronage.config import ClvConfig, LensesConfig, TrainConfig, typed
from patronage.errors import FitError
from patronage.evaluation.drift import Reference
from patronage.evaluation.splits import Split
from patronage.labels import Snapshot
from patronage.models import clv, hybrid, journey, personas
from patronage.models.clv import choice, unfit
from patronage.models.clv.deeds import Candidate

log = logging.getLogger(__name__)

FORMAT = 2
REFERENCE = "reference.json"
# What cannot be said of a contact who never bought
ABOUT_BUYERS = (
    c.CHURN_PROBABILITY, c.CHURN_BAND, c.P_ALIVE, c.P_ORDER, c.EXPECTED_ORDERS, c.EXPECTED_ORDERS_LOW,
    c.EXPECTED_ORDERS_HIGH, c.EXPECTED_SPEND, c.CLV, c.CLV_LOW, c.CLV_HIGH, c.EXPECTED_NEXT_ORDER_DAYS,
)  # fmt: skip
AUTO = "auto"
NEVER_BOUGHT = "never bought: no churn, no value"
CONTRADICTED = "churn and clv contradict each other"
AMBIGUOUS = "persona ambiguous"
UNSTABLE = "personas are not stable in this data"
CONTRADICTION = 0.5  # churn probability and the CLV law's P(no order) this far apart cannot both be believed


@dataclass(frozen=True)
class Bundle:
    """The fitted value.

    Attributes
    ----------
    horizon_days
        What churn, expected orders and spend are about.
    period_days
        Length of a period of the journey path.
    lenses
        The settings with which features are made.
    lens_names
        Of the lenses that were there at fit; their features are what scoring makes.
    learned
        What each lens learned of the population.
    reference
        What later customers are held against; None where nobody asked for it.
    """

    horizon_days: int
    period_days: int
    lenses: LensesConfig
    lens_names: tuple[str, ...]
    learned: Mapping[str, Any]
    personas: personas.Personas
    churn: hybrid.Churn
    clv: clv.Clv
    journey: journey.Journey
    reference: Reference | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The features that `assign` reads."""
        return tuple(lenses.described(self.lenses, self.lens_names))

    def assign(self, features: pd.DataFrame) -> pd.DataFrame:
        """Everything that is said of each customer; the documentation of the columns is docs/assignments.md.

        Parameters
        ----------
        features
            Indexed by customer, with at least `columns`.

        Returns
        -------
        DataFrame
            On the same index. Churn and value are about customers: where nothing was ever bought they are missing,
            and `flags` says so. So it is of their value where the CLV model abstains. Nothing else is missing.
        """
        buyers = features[features[c.N_ORDERS] > 0]
        value = self.clv.predict(buyers)
        said = [
            self.personas.predict(features),
            self.churn.predict(buyers.join(value[list(hybrid.BTYD_COLUMNS)])),
            self.clv.shipped(value),
            self.journey.predict(features),
            lenses.segments(features, self.learned),
            lenses.estimates(features, self.learned),
        ]
        assignments = pd.concat([one.reindex(features.index) for one in said], axis=1)
        return assignments.assign(**{c.FLAGS: _flags(assignments, self.personas, self.clv.flags(buyers))})

    def save(self, folder: Path) -> None:
        """Write the bundle as a folder without pickle."""
        folder.mkdir(parents=True, exist_ok=True)
        state = {
            "format": FORMAT,
            "horizon_days": self.horizon_days,
            "period_days": self.period_days,
            "lenses": asdict(self.lenses),
            "lens_names": self.lens_names,
            "features": self.columns,
            "learned": self.learned,
        }
        (folder / "bundle.json").write_text(json.dumps(state, indent=1))
        for name, model in self._models().items():
            (folder / name).mkdir(exist_ok=True)
            model.save(folder / name)
        if self.reference is not None:
            self.reference.save(folder / REFERENCE)
        manifest.write(folder)

    @classmethod
    def load(cls, folder: Path) -> Bundle:
        """Read what `save` wrote; values that a JSON file cannot tell apart come back equal.

        Raises
        ------
        FitError
            A file was changed since, or another version wrote them.
        """
        manifest.check(folder)
        state = json.loads((folder / "bundle.json").read_text())
        if state["format"] != FORMAT:
            raise FitError(f"{folder}: bundle format {state['format']}, expected {FORMAT}; train it again")
        settings = typed(LensesConfig, OmegaConf.create(state["lenses"]))
        made = lenses.described(settings, state["lens_names"])
        if changed := sorted(set(state["features"]) ^ set(made)):
            raise FitError(
                f"{folder}: the model was made for other features ({', '.join(changed[:5])}) than this version of "
                "patronage makes; train it again, or score with the version that trained it"
            )
        return cls(
            horizon_days=state["horizon_days"],
            period_days=state["period_days"],
            lenses=settings,
            lens_names=tuple(state["lens_names"]),
            learned=state["learned"],
            personas=personas.Personas.load(folder / "personas"),
            churn=hybrid.Churn.load(folder / "churn"),
            clv=clv.Clv.load(folder / "clv"),
            journey=journey.Journey.load(folder / "journey"),
            reference=Reference.load(folder / REFERENCE) if (folder / REFERENCE).is_file() else None,
        )

    def _models(self) -> dict[str, Any]:
        return {"personas": self.personas, "churn": self.churn, "clv": self.clv, "journey": self.journey}


def fit(split: Split, config: TrainConfig, *, left_censored: bool, former: personas.Personas | None = None) -> Bundle:
    """Learn everything that may be known at the cutoff of the split.

    Parameters
    ----------
    former
        Personas to carry on, fitted at this cutoff or an earlier one.

    Raises
    ------
    FitError
        A model has nothing to learn from; the message says which and what to change.
    """
    features = split.now.features
    candidates = rank_clv(split.past, config)
    config = replace(config, clv=settled(config.clv, candidates))
    value = fit_clv(features, config)  # first: where nobody repeats, its message says what all of them lack
    return Bundle(
        horizon_days=config.horizon_days,
        period_days=config.journey.period_days,
        lenses=config.lenses,
        lens_names=tuple(lens.name for lens in lenses.LENSES if set(lens.features) <= set(features)),
        learned=lenses.learn(features, config.lenses),
        personas=personas.fit(features, config.personas, lenses.described(config.lenses), config.seed, former),
        churn=fit_churn(split.past, config),
        clv=replace(teach_clv(value, split.past, config), candidates=candidates),
        journey=journey.calibrate(fit_journey(features, config, left_censored), split.past, seed=config.seed),
    )


def fit_journey(features: pd.DataFrame, config: TrainConfig, left_censored: bool) -> journey.Journey:
    """The journey of the configuration, on the paths of the customers of one cutoff."""
    return journey.fit(
        features,
        classes=config.journey.cadence_classes,
        max_customers=config.journey.max_customers,
        min_customers=config.journey.min_customers,
        left_censored=left_censored,
        period_days=config.journey.period_days,
        horizon_days=config.horizon_days,
        seed=config.seed,
    )


def fit_clv(features: pd.DataFrame, config: TrainConfig) -> clv.Clv:
    """The CLV model of the configuration, or what takes its place, on the customers of one cutoff."""
    buyers = features[features[c.N_ORDERS] > 0]
    asked = [] if config.clv.model == AUTO else [config.clv.model]
    models = [*asked, *(name for name in config.clv.candidates if name not in asked)]
    return unfit.believed(lambda name: _fit_law(name, buyers, config), buyers, models, config.clv.on_unfit)


def _fit_law(name: str, buyers: pd.DataFrame, config: TrainConfig) -> clv.Clv:
    return clv.fit(
        buyers,
        model=name,
        horizon_days=config.horizon_days,
        value_horizon_days=config.clv.value_horizon_days,
        discount_rate=config.clv.discount_rate,
        margin=config.clv.margin,
        level=config.clv.level,
    )


def rank_clv(past: Sequence[Snapshot], config: TrainConfig) -> tuple[Candidate, ...]:
    """Where the law is to be chosen: the candidates at the latest origin at which one can be fitted, the best first."""
    if config.clv.model != AUTO:
        return ()
    for snapshot in past:
        if snapshot.labels is None:
            continue
        buyers = snapshot.features[snapshot.features[c.N_ORDERS] > 0]
        orders = snapshot.labels.loc[buyers.index, c.ORDERS]
        found = choice.ranked(lambda name: _fit_law(name, buyers, config), config.clv.candidates, buyers, orders)  # noqa: B023
        if found[0].log_score is not None:
            return found
    log.warning("clv=auto: no law can be fitted at an earlier origin; taking %s", config.clv.candidates[0])
    return ()


def settled(config: ClvConfig, candidates: tuple[Candidate, ...]) -> ClvConfig:
    """With the law that came first, and those behind it in its wake, should it prove unfit."""
    if not candidates:
        return config
    names = [candidate.model for candidate in candidates]
    return replace(config, model=names[0], candidates=names)


def teach_clv(model: clv.Clv, past: Sequence[Snapshot], config: TrainConfig) -> clv.Clv:
    """The CLV model with intervals that the latest origin has taught at which its law can be fitted."""
    for snapshot in past:
        if snapshot.labels is None:
            continue
        buyers = snapshot.features[snapshot.features[c.N_ORDERS] > 0]
        try:
            earlier = _fit_law(model.settings.model, buyers, config)
        except FitError as error:
            log.warning("origin %s teaches no intervals: %s", f"{snapshot.cutoff:%Y-%m-%d}", error)
            continue
        return clv.recalibrate(model, earlier, buyers, snapshot.labels.loc[buyers.index, c.ORDERS])
    return model


def fit_churn(past: Sequence[Snapshot], config: TrainConfig) -> hybrid.Churn:
    """The churn model, with BTYD fitted anew at each origin where it takes part."""
    if not hybrid.needs_btyd(config.churn):
        return hybrid.fit(past, lenses.numeric(past[0].features), config.churn, config.seed)
    expectant, reason = [], ""
    for snapshot in past:
        try:
            buyers = snapshot.features[snapshot.features[c.N_ORDERS] > 0]
            value = fit_clv(buyers, config).predict(buyers)
        except FitError as error:
            log.warning("origin %s is left out of churn: %s", f"{snapshot.cutoff:%Y-%m-%d}", error)
            reason = str(error)
            continue
        features = snapshot.features.join(value[list(hybrid.BTYD_COLUMNS)])
        expectant.append(replace(snapshot, features=features))
    if not expectant:
        raise FitError(
            f"churn: BTYD cannot be fitted at any origin ({reason}); choose churn=lightgbm, which needs none"
        )
    return hybrid.fit(expectant, lenses.numeric(past[0].features), config.churn, config.seed)


def _flags(assignments: pd.DataFrame, said: personas.Personas, of_value: Iterable[tuple[pd.Series, str]]) -> np.ndarray:
    """Why an answer should not be taken at its word; empty where nothing speaks against it."""
    gap = (assignments[c.CHURN_PROBABILITY] - (1 - assignments[c.P_ORDER])).abs()
    reasons = [
        (gap.isna(), NEVER_BOUGHT),
        (gap > CONTRADICTION, CONTRADICTED),
        (assignments[c.PERSONA_PROBABILITY] < said.ambiguous_below, AMBIGUOUS),
        (pd.Series(not said.choice.stable, index=assignments.index), UNSTABLE),
        *((where.reindex(assignments.index, fill_value=False), reason) for where, reason in of_value),
    ]
    flags = np.full(len(assignments), "", dtype=object)
    for where, reason in reasons:
        flags = np.where(where & (flags != ""), flags + "; " + reason, np.where(where, reason, flags))
    return flags
