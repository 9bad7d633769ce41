"""The fitted journey: a value that places customers, says what comes next, and goes to and from disk."""

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
from patronage.models.journey import forecast
from patronage.models.journey.calibration import NONE, Calibration
from patronage.models.journey.markov import Parameters, read_out, step, unseen, walk
from patronage.models.journey.paths import encode
from patronage.models.journey.selection import Candidate
from patronage.models.journey.stages import ALPHABET, SILENT, STAGES, decide
from patronage.models.journey.trace import trace

Floats = NDArray[np.float64]

ENOUGH_TOUCHPOINTS, ENOUGH_PROBABILITY = 3, 0.6
ARRAYS_FILE, SETTINGS_FILE, FORMAT = "journey.npz", "journey.json", 1


@dataclass(frozen=True, eq=False)
class JourneyModel:
    """The journey model as fitted: parameters, the names of its states, and how it came about.

    Methods on `features` read paths. The others work on beliefs, the (N, K) frame P(state | path) that `filter`
    returns and that may be stored; states are stages by cadence classes and, last, entry. Every result has
    the index of what it is made from, and no row of it depends on another row.
    """

    columns: ClassVar[tuple[str, ...]] = (c.JOURNEY_PATH,)

    parameters: Parameters
    names: NDArray[np.int8]  # (K,) the stage of each state
    occupancy: Floats  # (K,) expected periods in each state among the customers learned from
    period_days: int
    horizon_days: int
    left_censored: bool
    fitted: bool  # False: too few customers to learn from, the archetype as it is
    history: tuple[float, ...] = ()  # penalised log-likelihood by iteration
    candidates: tuple[Candidate, ...] = ()  # the numbers of cadence classes compared
    calibration: Calibration = NONE  # of P(a purchase within the horizon), learned at earlier origins

    @property
    def classes(self) -> int:
        """The number of cadence classes."""
        return len(self.names) // len(STAGES)

    @property
    def horizon(self) -> float:
        """The horizon in periods."""
        return self.horizon_days / self.period_days

    # ---- where customers are

    def predict(self, features: pd.DataFrame) -> pd.DataFrame:
        """Place each customer.

        Returns
        -------
        JOURNEY_STAGE
            The stage on display: the ordinal median, with hysteresis along the path.
        JOURNEY_PROBABILITY
            Its posterior probability.
        NEXT_STAGE
            Where the customer most probably is at the end of the horizon, staying included, by the same ordinal
            median: a forecast that time can prove wrong.
        JOURNEY_P_ORDER
            P(a purchase within the horizon), calibrated where that was found to help.
        """
        return pd.DataFrame(self.answer(features), index=features.index)

    def answer(self, features: pd.DataFrame) -> dict[str, np.ndarray]:
        """What `predict` says, as arrays."""
        paths = encode(features[c.JOURNEY_PATH])
        filtered = walk(paths, self.parameters, self.names)
        label = trace(filtered.shown, paths).last
        posterior = self._posterior(filtered.beliefs)
        return {
            c.JOURNEY_STAGE: _spell(label),
            c.JOURNEY_PROBABILITY: posterior[np.arange(len(label)), label],
            c.NEXT_STAGE: _spell(decide(read_out(filtered.beliefs, self._at_horizon))),
            c.JOURNEY_P_ORDER: self.calibration.apply(self._p_order(filtered.beliefs, self.horizon)),
        }

    def posterior(self, features: pd.DataFrame) -> pd.DataFrame:
        """(N, 7) P(stage | path), a column per stage."""
        return self.stages(self.filter(features))

    def outlook(self, features: pd.DataFrame) -> pd.DataFrame:
        """Say how sure the stage is, how long it has lasted and what led to it.

        Returns
        -------
        entropy
            Of the posterior, in nats.
        enough_evidence
            Probability at least .6 and three periods with an event, or no doubt at all: that somebody never
            bought needs no evidence. Without it the stage is undetermined, and the one shown a best guess.
        periods_in_stage
            Length of the present stay in the stage on display.
        stages_so_far
            Every stay, in order: "first_time > regular > at_risk".
        """
        paths = encode(features[c.JOURNEY_PATH])
        filtered = walk(paths, self.parameters, self.names)
        stays = trace(filtered.shown, paths)
        posterior = self._posterior(filtered.beliefs)
        touchpoints = features[c.JOURNEY_PATH].fillna("").str.count(f"[{ALPHABET[SILENT + 1 :]}]").to_numpy()
        probability = posterior[np.arange(len(posterior)), stays.last]
        sure = (probability >= ENOUGH_PROBABILITY) & (touchpoints >= ENOUGH_TOUCHPOINTS)
        return pd.DataFrame(
            {
                "entropy": entr(posterior).sum(axis=1),
                "enough_evidence": sure | (probability > 1 - 1e-12),
                "periods_in_stage": stays.periods_in_stage,
                "stages_so_far": stays.stages.to_numpy(),
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
        paths = encode(features[c.JOURNEY_PATH])
        filtered = walk(paths, self.parameters, self.names)
        stays = trace(filtered.shown, paths).stays
        frame = pd.DataFrame({"stage": _spell(stays.stages), "periods": stays.periods, "ended": stays.ended})
        return frame.set_index(features.index[stays.customers])

    def log_likelihood(self, features: pd.DataFrame) -> pd.DataFrame:
        """Log-likelihood, in nats, of each customer's events after entry, and the number of those periods."""
        paths = encode(features[c.JOURNEY_PATH])
        filtered = walk(paths, self.parameters, self.names)
        periods = (paths.lengths - 1).clip(0)
        return pd.DataFrame({"nats": filtered.log_likelihood, "periods": periods}, index=features.index)

    # ---- beliefs: keep them, and a day's events are enough to place everybody again

    def filter(self, features: pd.DataFrame) -> pd.DataFrame:
        """(N, K) beliefs: P(state | path)."""
        filtered = walk(encode(features[c.JOURNEY_PATH]), self.parameters, self.names)
        return pd.DataFrame(filtered.beliefs, features.index, self._states)

    def update(self, beliefs: pd.DataFrame, events: pd.Series[str]) -> pd.DataFrame:
        """Move on by one period: the same beliefs as filtering the longer paths.

        Parameters
        ----------
        events
            A character of the alphabet per customer; who is missing was silent, who is new enters.
        """
        new = events.index.difference(beliefs.index, sort=False)
        everyone = beliefs.index.append(new)
        before = np.vstack([beliefs.to_numpy(np.float64), unseen(len(new), self.parameters)])
        codes = encode(events.reindex(everyone).fillna(ALPHABET[SILENT])).codes
        return pd.DataFrame(step(before, codes, self.parameters), everyone, beliefs.columns)

    def stages(self, beliefs: pd.DataFrame) -> pd.DataFrame:
        """(N, 7) P(stage)."""
        posterior = self._posterior(beliefs.to_numpy(np.float64))
        return pd.DataFrame(posterior, beliefs.index, STAGES)

    # ---- what comes next

    def ahead(self, beliefs: pd.DataFrame, periods: int) -> pd.DataFrame:
        """(N, 7) P(stage `periods` ahead)."""
        return self._by_stage(beliefs, self._ahead(periods))

    def reach(self, beliefs: pd.DataFrame, periods: int) -> pd.DataFrame:
        """(N, 7) P(being in the stage at some time from now to `periods` ahead)."""
        return self._by_stage(beliefs, forecast.reach(self.parameters, self.names, periods))

    def after(self, beliefs: pd.DataFrame, event: str) -> pd.DataFrame:
        """(N, 7) P(stage one period ahead | the next event is `event`).

        An association: customers who do this differ from those who do not; it is no effect of making them do it.
        """
        readout = forecast.after(self.parameters, self.names, ALPHABET.index(event))
        joint = self._by_stage(beliefs, readout)
        return joint.div(joint.sum(axis=1), axis=0)

    def p_order(self, beliefs: pd.DataFrame, periods: float | None = None) -> pd.Series[float]:
        """P(a purchase within `periods`; by default the horizon, for which alone it is calibrated)."""
        probability = self._p_order(beliefs.to_numpy(np.float64), self.horizon if periods is None else periods)
        return pd.Series(self.calibration.apply(probability) if periods is None else probability, beliefs.index)

    def transition_table(self, event: str | None = None) -> pd.DataFrame:
        """(7, 7) P(next stage | stage) among those learned from, whatever happens next or after an event."""
        which = None if event is None else ALPHABET.index(event)
        table = forecast.transition_table(self.parameters, self.names, self.occupancy, which)
        return pd.DataFrame(table, STAGES, STAGES)

    def dwell(self) -> pd.Series[float]:
        """Expected periods in each stage before leaving it: 1 / (1 - P(staying))."""
        return pd.Series(1 / (1 - np.diag(self.transition_table())), STAGES)

    # ---- disk

    def save(self, folder: Path) -> None:
        """Write arrays as npz and settings as JSON into the folder."""
        folder.mkdir(parents=True, exist_ok=True)
        settings = {name: getattr(self, name) for name in _SETTINGS}
        np.savez(folder / ARRAYS_FILE, **self.parameters._asdict(), names=self.names, occupancy=self.occupancy)
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
        settings["calibration"] = Calibration(*settings.get("calibration", ()))
        settings["candidates"] = tuple(Candidate(*candidate) for candidate in settings["candidates"])
        with np.load(folder / ARRAYS_FILE, allow_pickle=False) as arrays:
            parameters = Parameters(arrays["transitions"], arrays["emissions"])
            return cls(parameters, arrays["names"], arrays["occupancy"], **settings)

    # ---- readouts

    @property
    def _states(self) -> list[str]:
        return [f"{STAGES[k % len(STAGES)]}_{k // len(STAGES)}" for k in range(len(self.names) - 1)] + ["entry"]

    def _posterior(self, beliefs: Floats) -> Floats:
        return read_out(beliefs, forecast.by_stage(self.names)).clip(max=1)  # rounding

    def _by_stage(self, beliefs: pd.DataFrame, readout: Floats) -> pd.DataFrame:
        return pd.DataFrame(read_out(beliefs.to_numpy(np.float64), readout), beliefs.index, STAGES)

    def _ahead(self, periods: int) -> Floats:
        return forecast.ahead(self.parameters, self.names, periods)

    @cached_property
    def _at_horizon(self) -> Floats:
        return self._ahead(round(self.horizon))

    def _p_order(self, beliefs: Floats, periods: float) -> Floats:
        """Between whole numbers of periods, P(no purchase) falls at a constant rate."""
        whole, part = divmod(periods, 1)
        readouts = [forecast.without_purchase(self.parameters, int(whole) + more) for more in (0, 1)]
        none, none_longer = read_out(beliefs, np.column_stack(readouts)).T
        return 1 - (none ** (1 - part) * none_longer**part).clip(max=1)  # rounding


_SETTINGS = ("period_days", "horizon_days", "left_censored", "fitted", "history", "candidates", "calibration")


def _spell(labels: NDArray[np.int8]) -> NDArray[np.object_]:
    return np.array(STAGES, object)[labels]
