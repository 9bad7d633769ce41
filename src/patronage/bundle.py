"""Bundle: all that was learned at fit, as one value.

Scoring reads the bundle, never the configuration: which features it needs, with which lens settings they are made,
which horizon it predicts. On disk it is a folder of open formats: JSON, npz, LightGBM text.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
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
from patronage.decisions.catalogue import ActionPlan
from patronage.decisions.next_action import by_labels
from patronage.errors import ConfigError, FitError, OutputError, PatronageError
from patronage.lenses import Feature, FittedLenses
from patronage.models import journey, personas
from patronage.models.agreement import band_claims, disagreements, perhaps_not_first
from patronage.models.btyd import clv
from patronage.models.contracts.contract_model import NO_CONTRACT, ContractModel
from patronage.models.contracts.renewals import runs
from patronage.models.effects.learned import LearnedEffects
from patronage.models.forecast import CONTRACT, Forecast
from patronage.models.personas import PersonaModel
from patronage.models.reference import Reference
from patronage.models.returned import NEVER_AGAIN, SENT_BACK, nearly_all_sent_back, sent_back
from patronage.models.targets.act_model import ActModel
from patronage.models.validation import require_columns, require_summaries
from patronage.typing import Mask

FORMAT = 11
REFERENCE, EFFECTS, TARGETS, CONTRACTS = "reference.json", "effects", "targets", "contracts"
# Columns that are missing for a contact who never bought
ABOUT_BUYERS = (
    c.CHURN_PROBABILITY, c.CHURN_BAND, c.CHURN_REASONS, c.P_ALIVE, c.P_ORDER, c.EXPECTED_ORDERS, c.EXPECTED_ORDERS_LOW,
    c.EXPECTED_ORDERS_HIGH, c.MEDIAN_ORDERS, c.EXPECTED_SPEND, c.EXPECTED_SPEND_LOW, c.EXPECTED_SPEND_HIGH,
    c.MEDIAN_SPEND, c.CLV, c.CLV_LOW, c.CLV_HIGH, c.MEDIAN_CLV,
    c.EXPECTED_NEXT_ORDER_DAYS,
)  # fmt: skip
MOSTLY_NONE = "expected orders lie above their interval: most likely there is none"
OUTSIDE = "expected orders lie outside their interval"
SPEND_OUTSIDE = "expected spend lies outside its interval"
NEVER_BOUGHT = "never bought: no churn, no value"
CONTRADICTED = "churn and clv contradict each other"
AMBIGUOUS = "persona ambiguous"
UNSTABLE = "personas are not stable in this data"
CONTRADICTION = 0.5  # churn probability and the CLV law's P(no order) this far apart cannot both be right


@dataclass(frozen=True, repr=False)
class Bundle:
    """The fitted value.

    Attributes
    ----------
    horizon_days
        The window that churn, expected orders and spend are predicted for.
    period_days
        Length of a period of the journey path.
    lenses
        The settings with which features are made.
    lens_names
        The lenses that the data supported at fit; scoring makes their features.
    fitted_lenses
        The lenses with what each learned of the population.
    actions
        The catalogue of actions, from which `next_actions` chooses one for each customer.
    effects
        What contacts drawn by lot were found to change (`actions.effects`); None where that is assumed.
    targets
        What the run predicts beside churn, orders and value (`target`), of all customers.
    contracts
        Churn and value of contracts that run; None where churn is no end of a contract.
    reference
        What later customers are compared with; None in a bundle that was never logged.

    Examples
    --------
    >>> import tempfile
    >>> import patronage as pt
    >>> log = pt.read(pt.example_orders())
    >>> bundle = pt.train(log, cutoff="2024-01-01", horizon_days=90).bundle
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     bundle.save(folder)
    ...     loaded = pt.Bundle.load(folder)
    >>> loaded.assign(pt.features(log, cutoff="2024-03-01", like=loaded)).shape[0]
    66
    """

    horizon_days: int
    period_days: int
    lenses: LensesConfig
    lens_names: tuple[str, ...]
    fitted_lenses: FittedLenses
    personas: personas.PersonaModel
    forecast: Forecast
    journey: journey.JourneyModel
    actions: ActionPlan
    effects: LearnedEffects | None = None
    targets: tuple[ActModel, ...] = ()
    contracts: ContractModel | None = None
    reference: Reference | None = None

    def __repr__(self) -> str:
        return (
            f"<bundle: {len(self.personas.names)} personas, {len(self.lens_names)} lenses, "
            f"{self.horizon_days} days ahead; bundle.assign(features) names and values every customer>"
        )

    @property
    def clv(self) -> clv.CLVModel:
        """The law behind orders and value."""
        return self.forecast.clv

    @property
    def columns(self) -> tuple[str, ...]:
        """The features that `assign` reads."""
        return tuple(lenses.described(self.lenses, self.lens_names))

    def assign(
        self, features: pd.DataFrame, customers: pd.Index | None = None, *, horizons: Sequence[int] = ()
    ) -> pd.DataFrame:
        """The assignments of each customer; docs/assignments.md describes the columns.

        Parameters
        ----------
        features
            Indexed by customer, with at least `columns`.
        customers
            Their ids, in the order of `features`, where its index holds others.
        horizons
            Further horizons in days, such as [7, 30, 90], up to the longest: P(order), orders and spend in each, and
            the days by which the next order comes.

        Returns
        -------
        DataFrame
            On the same index. Churn and value are missing for a contact who never bought, and `flags` says so; value
            is missing where the CLV model leaves it empty, and the time to the next order where none is expected.
            Nothing else is missing.

        Raises
        ------
        ConfigError
            A horizon is no whole number of days, or longer than the longest, `clv.settings.most_days`.
        DataError
            The features lack a column, or a summary of orders is missing.
        """
        self.check_horizons(horizons)
        require_columns(features, self.columns, "Bundle")
        require_summaries(features)
        bought = features[c.N_ORDERS].to_numpy() > 0
        buyers = features if bought.all() else features[bought]
        ids = features.index if customers is None else customers
        forecast = self._forecast(buyers, reasons=True, horizons=horizons)
        if not bought.all():
            forecast = {name: _expanded(values, bought) for name, values in forecast.items()}
        stages = self.journey.predict(features)
        if self.forecast.churn_source != CONTRACT:  # one P(order): the journey's own is that of customers without one
            stages[c.JOURNEY_P_ORDER] = np.where(bought, forecast[c.P_ORDER], stages[c.JOURNEY_P_ORDER])
        assignments = {
            **self.personas.predict(features),
            **forecast,
            **stages,
            **self.fitted_lenses.segments(features),
            **self.fitted_lenses.estimates(features),
        }
        reasons = [*self.forecast.flags(buyers), *self.clv.flags(buyers), (sent_back(buyers), SENT_BACK)]
        if self.contracts is not None:
            reasons.append((~runs(buyers), NO_CONTRACT))
        further = [(_expanded(mask, bought) == 1, reason) for mask, reason in reasons]
        further.append((nearly_all_sent_back(features), NEVER_AGAIN))  # who sent back everything counts as no buyer
        bands = band_claims(self.forecast.ensemble.bands, self.fitted_lenses.rarely_returns)
        further += disagreements(assignments, bands)
        if c.STATUS_SEGMENT in assignments:
            further.append(perhaps_not_first(assignments, left_censored=self.journey.left_censored))
        if self.effects is not None:
            assignments |= self.effects.columns(features.assign(**assignments))
        for target in self.targets:
            assignments |= target.columns(features)
        comparable = self.forecast.churn_source != CONTRACT
        assignments[c.FLAGS] = _flags(assignments, self.personas, further, comparable=comparable)
        frame = pd.DataFrame({name: _typed(column) for name, column in assignments.items()}, index=features.index)
        actions = by_labels(frame.set_axis(ids), self.actions)
        return frame.assign(**{name: _typed(column) for name, column in actions.items()})

    def expect(self, features: pd.DataFrame) -> pd.DataFrame:
        """The columns of `assign` about churn, orders and value, without the reasons, which cost most."""
        buyers = features[features[c.N_ORDERS] > 0]
        return pd.DataFrame(self._forecast(buyers, reasons=False), index=buyers.index).reindex(features.index)

    def check_horizons(self, horizons: Sequence[int]) -> None:
        """Refuse horizons that the bundle cannot answer.

        Raises
        ------
        ConfigError
            A horizon is no whole number of days, or longer than the longest, `clv.settings.most_days`.
        """
        most = self.clv.settings.most_days
        if isinstance(horizons, str) or not isinstance(horizons, Iterable):
            raise ConfigError(f"horizons={horizons!r}; expected a list of days, such as [7, 30, 90]")
        for days in horizons:
            if not isinstance(days, (int, np.integer)) or not 1 <= days <= most:
                raise ConfigError(
                    f"horizons={list(horizons)}: {days} is no number of days from 1 to {most}, the longest "
                    "horizon of this model; a longer one needs a training with a higher clv.value_horizon_days"
                )

    def _forecast(self, buyers: pd.DataFrame, *, reasons: bool, horizons: Sequence[int] = ()) -> dict[str, np.ndarray]:
        """The forecast of customers who have bought; columns that the CLV model leaves empty are missing."""
        left_empty = self.clv.columns_left_empty
        ahead = left_empty & {c.EXPECTED_ORDERS, c.EXPECTED_SPEND}
        left_empty |= {c.at_horizon(name, days) for name in ahead for days in horizons}
        empty = dict.fromkeys(left_empty, np.full(len(buyers), np.nan))
        words = lenses.described(self.lenses) if reasons else None
        forecast = {**self.forecast.predict(buyers, reasons=words, horizons=horizons), **empty}
        if self.contracts is not None:
            forecast |= self.contracts.replace_in(forecast, buyers, reasons=reasons)
            forecast[c.CHURN_BAND] = self.forecast.ensemble.band(forecast[c.CHURN_PROBABILITY])
        return forecast

    def save(self, folder: str | Path) -> None:
        """Write the bundle as a new folder, without pickle.

        Raises
        ------
        OutputError
            Something stands there: it is left as it is.
        """
        folder = Path(folder)
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise OutputError(f"{folder}: something stands there; give a new folder")
        folder.mkdir(parents=True, exist_ok=True)
        state = {
            "format": FORMAT,
            "horizon_days": self.horizon_days,
            "period_days": self.period_days,
            "lenses": asdict(self.lenses),
            "lens_names": self.lens_names,
            "features": self.columns,
            "fitted_lenses": self.fitted_lenses.to_json(),
            "actions": self.actions.to_json(),
            TARGETS: [target.act.key for target in self.targets],
        }
        (folder / "bundle.json").write_text(json.dumps(state, indent=1))
        for name, model in self._models().items():
            (folder / name).mkdir(exist_ok=True)
            model.save(folder / name)
        if self.effects is not None:
            self.effects.save(folder / EFFECTS)
        if self.contracts is not None:
            self.contracts.save(folder / CONTRACTS)
        for target in self.targets:
            target.save(folder / TARGETS / target.act.key)
        if self.reference is not None:
            self.reference.save(folder / REFERENCE)
        manifest.write(folder)

    @classmethod
    def load(cls, folder: str | Path) -> Bundle:
        """Read what `save` wrote; values that a JSON file cannot tell apart come back equal.

        Raises
        ------
        FitError
            A file was changed since, or another version wrote them.
        """
        folder = Path(folder)
        manifest.check(folder)
        try:
            return cls._load(folder)
        except PatronageError:
            raise
        except Exception as error:  # a file that was cut off or altered, with a manifest to match
            raise FitError(
                f"{folder}: no whole bundle ({type(error).__name__} while it was read); restore the files, or train it "
                "again"
            ) from error

    @classmethod
    def _load(cls, folder: Path) -> Bundle:
        state = json.loads((folder / "bundle.json").read_text())
        if state["format"] != FORMAT:
            raise FitError(
                f"{folder}: bundle format {state['format']}, expected {FORMAT}; train it again, or score with the "
                "version of patronage that trained it"
            )
        settings = typed(LensesConfig, OmegaConf.create(state["lenses"]))
        described, fitted_lenses = _restore_lenses(folder, settings, state)
        if changed := sorted(set(state["features"]) ^ set(described)):
            raise FitError(
                f"{folder}: the model was made for other features ({', '.join(changed[:5])}) than this version of "
                "patronage makes; train it again, or score with the version that trained it"
            )
        return cls(
            horizon_days=state["horizon_days"],
            period_days=state["period_days"],
            lenses=settings,
            lens_names=tuple(state["lens_names"]),
            fitted_lenses=fitted_lenses,
            personas=personas.PersonaModel.load(folder / "personas", fitted_lenses),
            forecast=Forecast.load(folder / "forecast"),
            journey=journey.JourneyModel.load(folder / "journey"),
            actions=ActionPlan.from_json(state["actions"]),
            effects=LearnedEffects.load(folder / EFFECTS) if (folder / EFFECTS).is_dir() else None,
            targets=tuple(ActModel.load(folder / TARGETS / key) for key in state.get(TARGETS, [])),
            contracts=ContractModel.load(folder / CONTRACTS) if (folder / CONTRACTS).is_dir() else None,
            reference=Reference.load(folder / REFERENCE) if (folder / REFERENCE).is_file() else None,
        )

    def _models(self) -> dict[str, Any]:
        return {"personas": self.personas, "forecast": self.forecast, "journey": self.journey}


def _restore_lenses(
    folder: Path, settings: LensesConfig, state: Mapping[str, Any]
) -> tuple[Mapping[str, Feature], FittedLenses]:
    """The features that the lenses of a bundle make now, and the lenses with what they learned.

    A user's own lens is imported again, by its path in the settings.
    """
    try:
        described = lenses.described(settings, state["lens_names"])
        return described, FittedLenses.from_json(state["fitted_lenses"], settings)
    except (ConfigError, TypeError) as error:
        raise FitError(
            f"{folder}: a lens of the model is not what it was at fit: {error}; make the package that it comes from "
            "importable, in the version that the model was trained with, or train it again"
        ) from error


def _expanded(values: np.ndarray, rows: Mask) -> np.ndarray:
    """The values at the rows of a mask, missing elsewhere."""
    expanded = np.full(len(rows), np.nan, dtype=object if values.dtype.kind in "OU" else np.float64)
    expanded[rows] = values
    return expanded


def _typed(column: npt.ArrayLike) -> npt.ArrayLike:
    """Text as text, also where no customer has any: pandas would take the type from the values."""
    text = isinstance(column, np.ndarray) and column.dtype == object
    return pd.array(column, dtype="str") if text else column


def _flags(
    assignments: Mapping[str, npt.ArrayLike],
    personas_model: PersonaModel,
    further: Iterable[tuple[Mask, str]],
    *,
    comparable: bool,
) -> np.ndarray:
    """Why a value of a customer needs care; empty where there is no reason.

    A contract may be kept without an order, and ended after one: there the two probabilities are not `comparable`.
    """
    columns = (c.CHURN_PROBABILITY, c.P_ORDER, c.PERSONA_PROBABILITY)
    churn, p_order, persona = (np.asarray(assignments[name], np.float64) for name in columns)
    interval = (c.EXPECTED_ORDERS, c.EXPECTED_ORDERS_LOW, c.EXPECTED_ORDERS_HIGH)
    mean, low, high = (np.asarray(assignments[name], np.float64) for name in interval)
    interval = (c.EXPECTED_SPEND, c.EXPECTED_SPEND_LOW, c.EXPECTED_SPEND_HIGH)
    spend, least, most = (np.asarray(assignments[name], np.float64) for name in interval)
    inside = (mean >= low) & (mean <= high)
    gap = np.abs(churn - (1 - p_order))
    reasons = [
        (np.isnan(gap), NEVER_BOUGHT),
        ((gap > CONTRADICTION) & comparable, CONTRADICTED),
        ((mean > high) & (high == 0), MOSTLY_NONE),
        ((mean < low) | (mean > high) & (high > 0), OUTSIDE),
        (inside & ((spend < least) | (spend > most)), SPEND_OUTSIDE),
        (persona < personas_model.ambiguous_below, AMBIGUOUS),
        (np.full(len(gap), not personas_model.choice.stable), UNSTABLE),
        *further,
    ]
    flags = np.full(len(gap), "", dtype=object)
    for mask, reason in reasons:
        flags[mask] = [f"{before}; {reason}" if before else reason for before in flags[mask]]
    return flags
