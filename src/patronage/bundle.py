"""Bundle: all that was learned at fit, as one value.

Scoring asks the bundle, never the configuration: which features it needs, with which lens settings they are made,
over which horizon it speaks. On disk it is a folder of open formats: JSON, npz, LightGBM text.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from omegaconf import OmegaConf

from patronage import lenses, manifest
from patronage import names as c
from patronage.config import LensesConfig, typed
from patronage.decisions.offer import Offer
from patronage.errors import FitError
from patronage.models import journey, personas
from patronage.models.btyd import clv
from patronage.models.forecast import CONTRACT, Forecast
from patronage.models.reference import Reference

FORMAT = 6
REFERENCE = "reference.json"
# What cannot be said of a contact who never bought
ABOUT_BUYERS = (
    c.CHURN_PROBABILITY, c.CHURN_BAND, c.CHURN_REASONS, c.P_ALIVE, c.P_ORDER, c.EXPECTED_ORDERS, c.EXPECTED_ORDERS_LOW,
    c.EXPECTED_ORDERS_HIGH, c.EXPECTED_SPEND, c.CLV, c.CLV_LOW, c.CLV_HIGH, c.EXPECTED_NEXT_ORDER_DAYS,
    c.EXPECTED_PROFIT, c.EXPECTED_PROFIT_LOW, c.EXPECTED_PROFIT_HIGH, c.ACTION,
)  # fmt: skip
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
    personas: personas.PersonaModel
    forecast: Forecast
    journey: journey.JourneyModel
    offer: Offer
    reference: Reference | None = None

    @property
    def clv(self) -> clv.CLVModel:
        """The law behind orders and value."""
        return self.forecast.clv

    @property
    def columns(self) -> tuple[str, ...]:
        """The features that `assign` reads."""
        return tuple(lenses.described(self.lenses, self.lens_names))

    def assign(self, features: pd.DataFrame, customers: pd.Index | None = None) -> pd.DataFrame:
        """Everything that is said of each customer; the documentation of the columns is docs/assignments.md.

        Parameters
        ----------
        features
            Indexed by customer, with at least `columns`.
        customers
            Their ids, in the order of `features`, where its index holds others.

        Returns
        -------
        DataFrame
            On the same index. Churn and value are about customers: where nothing was ever bought they are missing,
            and `flags` says so. So it is of their value where the CLV model abstains. Nothing else is missing.
        """
        bought = features[c.N_ORDERS].to_numpy() > 0
        buyers = features if bought.all() else features[bought]
        ids = features.index if customers is None else customers
        expected = self.forecast.answer(buyers)
        expected |= dict.fromkeys(self.clv.silent, np.full(len(buyers), np.nan))
        expected |= self.offer.decide(expected, ids[bought])
        said = {
            **self.personas.predict(features),
            **(expected if bought.all() else pd.DataFrame(expected, index=buyers.index).reindex(features.index)),
            **self.journey.predict(features),
            **lenses.labels(features, self.learned),
            **lenses.estimates(features, self.learned),
        }
        of_value = []
        for where, why in self.clv.flags(buyers):
            everywhere = np.zeros(len(features), dtype=bool)
            everywhere[bought] = where
            of_value.append((everywhere, why))
        said[c.FLAGS] = _flags(said, self.personas, of_value, comparable=self.forecast.churn_source != CONTRACT)
        return pd.DataFrame(said, index=features.index)

    def expect(self, features: pd.DataFrame) -> pd.DataFrame:
        """What `assign` says of churn, orders and value, without its reasons, which cost most."""
        buyers = features[features[c.N_ORDERS] > 0]
        said = self.forecast.assign(self.forecast.forecast(buyers))
        return self.clv.shipped(said).reindex(features.index)

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
            "offer": asdict(self.offer),
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
            personas=personas.PersonaModel.load(folder / "personas"),
            forecast=Forecast.load(folder / "forecast"),
            journey=journey.JourneyModel.load(folder / "journey"),
            offer=Offer(**state["offer"]),
            reference=Reference.load(folder / REFERENCE) if (folder / REFERENCE).is_file() else None,
        )

    def _models(self) -> dict[str, Any]:
        return {"personas": self.personas, "forecast": self.forecast, "journey": self.journey}


def _flags(
    assignments: Mapping[str, npt.ArrayLike],
    said: personas.PersonaModel,
    of_value: Iterable[tuple[np.ndarray, str]],
    *,
    comparable: bool,
) -> np.ndarray:
    """Why an answer should not be taken at its word; empty where nothing speaks against it.

    A contract may be kept without an order, and left after one: there the two probabilities are not `comparable`.
    """
    read = (c.CHURN_PROBABILITY, c.P_ORDER, c.PERSONA_PROBABILITY)
    churn, p_order, persona = (np.asarray(assignments[name], np.float64) for name in read)
    gap = np.abs(churn - (1 - p_order))
    reasons = [
        (np.isnan(gap), NEVER_BOUGHT),
        ((gap > CONTRADICTION) & comparable, CONTRADICTED),
        (persona < said.ambiguous_below, AMBIGUOUS),
        (np.full(len(gap), not said.choice.stable), UNSTABLE),
        *of_value,
    ]
    flags = np.full(len(gap), "", dtype=object)
    for where, reason in reasons:
        flags[where] = [f"{before}; {reason}" if before else reason for before in flags[where]]
    return flags
