"""The fitted journey: it predicts stages and P(an order), and is saved to and loaded from disk."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import entr

from patronage import names as c
from patronage.errors import FitError
from patronage.models.journey import prediction
from patronage.models.journey.cadence_classes import CadenceCandidate
from patronage.models.journey.calibration import NO_CALIBRATION, JourneyCalibration
from patronage.models.journey.filtering import Filtered, entry_states, filter_paths, multiply, step
from patronage.models.journey.parameters import Parameters
from patronage.models.journey.paths import Paths, encode
from patronage.models.journey.stages import ALPHABET, SILENT, STAGES, decide
from patronage.models.journey.stays import stage_history
from patronage.typing import Array, Columns

ENOUGH_EVENTS, ENOUGH_PROBABILITY = 3, 0.6
CERTAIN = 1 - 1e-12
ARRAYS_FILE, SETTINGS_FILE, FORMAT = "journey.npz", "journey.json", 1
SETTINGS = ("period_days", "horizon_days", "left_censored", "fitted", "history", "candidates", "calibration")


@dataclass(frozen=True, eq=False)
class JourneyModel:
    """The fitted journey model.

    Methods on `features` read paths. Methods on `states` read the (N, K) frame P(state | path) that `filter` gives
    and that may be stored; states are stages by cadence classes and, last, entry. No row of a result depends on
    another row.
    """

    columns: ClassVar[tuple[str, ...]] = (c.JOURNEY_PATH,)

    parameters: Parameters
    stage_of_state: NDArray[np.int8]  # (K,)
    occupancy: Array  # (K,) expected periods in each state among the customers of the fit
    period_days: int
    horizon_days: int
    left_censored: bool
    fitted: bool  # False: too few customers for a fit, the parameters are the prior's
    history: tuple[float, ...] = ()  # penalised log-likelihood by iteration
    candidates: tuple[CadenceCandidate, ...] = ()  # the numbers of cadence classes compared
    calibration: JourneyCalibration = NO_CALIBRATION  # of P(an order within the horizon)

    @property
    def classes(self) -> int:
        """The number of cadence classes."""
        return len(self.stage_of_state) // len(STAGES)

    @property
    def horizon(self) -> float:
        """The horizon in periods."""
        return self.horizon_days / self.period_days

    # ---- from paths

    def predict(self, features: Columns) -> dict[str, np.ndarray]:
        """Stage now, stage at the end of the horizon and P(an order) of each customer.

        Returns
        -------
        JOURNEY_STAGE
            The stage on display: the ordinal median, with hysteresis along the path.
        JOURNEY_PROBABILITY
            Its posterior probability.
        NEXT_STAGE
            The most probable stage at the end of the horizon, the present one included, by the same ordinal median.
        JOURNEY_P_ORDER
            P(an order within the horizon), calibrated where a calibration helped.
        """
        paths, filtered = self._filter(features)
        label = stage_history(filtered.shown, paths).last
        posterior = self._posterior(filtered.states)
        return {
            c.JOURNEY_STAGE: _stage_names(label),
            c.JOURNEY_PROBABILITY: posterior[np.arange(len(label)), label],
            c.NEXT_STAGE: _stage_names(decide(multiply(filtered.states, self._at_horizon))),
            c.JOURNEY_P_ORDER: self.calibration.apply(self._p_order(filtered.states, self.horizon)),
        }

    def stage_details(self, features: pd.DataFrame) -> pd.DataFrame:
        """How certain the stage of each customer is, how long it has lasted and which stages came before it.

        Returns
        -------
        entropy
            Of the posterior, in nats.
        enough_evidence
            Probability at least .6 and three periods with an event, or no doubt at all: a customer who never bought
            needs no evidence. Without it the stage on display is a best guess.
        periods_in_stage
            Length of the present stay in the stage on display.
        stages_so_far
            Every stay, in order: "first_time > regular > at_risk".
        """
        paths, filtered = self._filter(features)
        history = stage_history(filtered.shown, paths)
        posterior = self._posterior(filtered.states)
        n_events = features[c.JOURNEY_PATH].fillna("").str.count(f"[{ALPHABET[SILENT + 1 :]}]").to_numpy()
        probability = posterior[np.arange(len(posterior)), history.last]
        evident = (probability >= ENOUGH_PROBABILITY) & (n_events >= ENOUGH_EVENTS)
        return pd.DataFrame(
            {
                "entropy": entr(posterior).sum(axis=1),
                "enough_evidence": evident | (probability > CERTAIN),
                "periods_in_stage": history.periods_in_stage,
                "stages_so_far": history.stages.to_numpy(),
            },
            index=features.index,
        )

    def stays(self, features: pd.DataFrame) -> pd.DataFrame:
        """Every stay in a stage on display, a row each, in order of time.

        Returns
        -------
        DataFrame
            Indexed by customer: `stage`, `periods` it has lasted, and whether it has `ended`.
        """
        paths, filtered = self._filter(features)
        stays = stage_history(filtered.shown, paths).stays
        frame = pd.DataFrame({"stage": _stage_names(stays.stages), "periods": stays.periods, "ended": stays.ended})
        return frame.set_index(features.index[stays.customers])

    def log_likelihood(self, features: pd.DataFrame) -> pd.DataFrame:
        """Log-likelihood, in nats, of each customer's events after entry, and the number of those periods."""
        paths, filtered = self._filter(features)
        periods = (paths.lengths - 1).clip(0)
        return pd.DataFrame({"nats": filtered.log_likelihood, "periods": periods}, index=features.index)

    def filter(self, features: pd.DataFrame) -> pd.DataFrame:
        """(N, K) P(state | path)."""
        _, filtered = self._filter(features)
        return pd.DataFrame(filtered.states, features.index, self._state_names)

    def order_probability(self, features: Columns) -> Array:
        """(N,) P(an order within the horizon), calibrated: that of `predict`, without the stages."""
        _, filtered = self._filter(features)
        return np.asarray(self.calibration.apply(self._p_order(filtered.states, self.horizon)))

    # ---- from states: where they are stored, the events of a new period are enough for new predictions

    def update(self, states: pd.DataFrame, events: pd.Series[str]) -> pd.DataFrame:
        """The states one period later: the same as those of the longer paths.

        Parameters
        ----------
        events
            A character of the alphabet per customer; a customer without one was silent, a new customer enters.
        """
        new = events.index.difference(states.index, sort=False)
        customers = states.index.append(new)
        before = np.vstack([states.to_numpy(np.float64), entry_states(len(new), self.parameters)])
        codes = encode(events.reindex(customers).fillna(ALPHABET[SILENT])).codes
        return pd.DataFrame(step(before, codes, self.parameters), customers, states.columns)

    def stage_probabilities(self, states: pd.DataFrame) -> pd.DataFrame:
        """(N, 7) P(stage)."""
        return pd.DataFrame(self._posterior(states.to_numpy(np.float64)), states.index, STAGES)

    def stages_ahead(self, states: pd.DataFrame, periods: int) -> pd.DataFrame:
        """(N, 7) P(stage `periods` ahead)."""
        return self._by_stage(states, prediction.stages_ahead(self.parameters, self.stage_of_state, periods))

    def stages_reached(self, states: pd.DataFrame, periods: int) -> pd.DataFrame:
        """(N, 7) P(being in the stage at some time from now to `periods` ahead)."""
        return self._by_stage(states, prediction.stages_reached(self.parameters, self.stage_of_state, periods))

    def stages_after_event(self, states: pd.DataFrame, event: str) -> pd.DataFrame:
        """(N, 7) P(stage one period ahead | the next event is `event`).

        An association: customers with this event differ from those without it; it is no effect of causing the event.
        """
        table = prediction.stages_after_event(self.parameters, self.stage_of_state, ALPHABET.index(event))
        joint = self._by_stage(states, table)
        return joint.div(joint.sum(axis=1), axis=0)

    def p_order(self, states: pd.DataFrame, periods: float | None = None) -> pd.Series[float]:
        """P(an order within `periods`; by default the horizon, and only then calibrated)."""
        probability = self._p_order(states.to_numpy(np.float64), self.horizon if periods is None else periods)
        return pd.Series(self.calibration.apply(probability) if periods is None else probability, states.index)

    # ---- of the model alone

    def transition_table(self, event: str | None = None) -> pd.DataFrame:
        """(7, 7) P(next stage | stage) among the customers of the fit, after any event or after one event class."""
        code = None if event is None else ALPHABET.index(event)
        table = prediction.transition_table(self.parameters, self.stage_of_state, self.occupancy, code)
        return pd.DataFrame(table, STAGES, STAGES)

    def dwell(self) -> pd.Series[float]:
        """Expected periods in each stage before leaving it: 1 / (1 - P(staying))."""
        return pd.Series(1 / (1 - np.diag(self.transition_table())), STAGES)

    # ---- disk

    def save(self, folder: Path) -> None:
        """Write arrays as npz and settings as JSON into the folder."""
        folder.mkdir(parents=True, exist_ok=True)
        settings = {name: getattr(self, name) for name in SETTINGS}
        np.savez(folder / ARRAYS_FILE, **self.parameters._asdict(), names=self.stage_of_state, occupancy=self.occupancy)
        (folder / SETTINGS_FILE).write_text(json.dumps({"format": FORMAT} | settings, indent=2) + "\n")

    @classmethod
    def load(cls, folder: Path) -> JourneyModel:
        """Read what `save` wrote. Runs no code from the files.

        Raises
        ------
        FitError
            If another version of the format wrote them.
        """
        settings: dict[str, Any] = json.loads((folder / SETTINGS_FILE).read_text())
        if settings.pop("format") != FORMAT:
            raise FitError(f"{folder / SETTINGS_FILE}: not of format {FORMAT}; train it again")
        settings["history"] = tuple(settings["history"])
        settings["calibration"] = JourneyCalibration(*settings.get("calibration", ()))
        settings["candidates"] = tuple(CadenceCandidate(*candidate) for candidate in settings["candidates"])
        with np.load(folder / ARRAYS_FILE, allow_pickle=False) as arrays:
            parameters = Parameters(arrays["transitions"], arrays["emissions"])
            return cls(parameters, arrays["names"], arrays["occupancy"], **settings)

    # ---- shared by the methods above

    def _filter(self, features: Columns) -> tuple[Paths, Filtered]:
        paths = encode(features[c.JOURNEY_PATH])
        return paths, filter_paths(paths, self.parameters, self.stage_of_state)

    @property
    def _state_names(self) -> list[str]:
        stages = len(STAGES)
        return [f"{STAGES[k % stages]}_{k // stages}" for k in range(len(self.stage_of_state) - 1)] + ["entry"]

    def _posterior(self, states: Array) -> Array:
        return multiply(states, prediction.stage_indicator(self.stage_of_state)).clip(max=1)  # rounding

    def _by_stage(self, states: pd.DataFrame, table: Array) -> pd.DataFrame:
        return pd.DataFrame(multiply(states.to_numpy(np.float64), table), states.index, STAGES)

    @cached_property
    def _at_horizon(self) -> Array:
        return prediction.stages_ahead(self.parameters, self.stage_of_state, round(self.horizon))

    def _p_order(self, states: Array, periods: float) -> Array:
        """Between whole numbers of periods, P(no purchase) falls at a constant rate."""
        whole, part = divmod(periods, 1)
        tables = [prediction.without_purchase(self.parameters, int(whole) + more) for more in (0, 1)]
        none, none_longer = multiply(states, np.column_stack(tables)).T
        return 1 - (none ** (1 - part) * none_longer**part).clip(max=1)  # rounding


def _stage_names(labels: NDArray[np.int8]) -> NDArray[np.object_]:
    return np.array(STAGES, object)[labels]
