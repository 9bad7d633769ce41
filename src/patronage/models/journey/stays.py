"""The stages on display, period by period, and the stays in them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from patronage.models.journey.paths import Paths
from patronage.models.journey.stages import NON_USER, STAGES

ARROW = " > "


class StageStays(NamedTuple):
    """Every stay of N customers, customer by customer in order of time."""

    customers: NDArray[np.int64]  # position of the customer, 0 to N - 1
    stages: NDArray[np.int8]
    periods: NDArray[np.int64]
    ended: NDArray[np.bool_]


class StageHistory(NamedTuple):
    """The stages of N customers, one number per period, and the period in which each stay begins."""

    shown: NDArray[np.int8]  # (total periods,)
    offsets: NDArray[np.int64]
    begins: NDArray[np.int64]  # sorted positions in `shown` at which a stay in a stage begins

    @property
    def last(self) -> NDArray[np.int8]:
        """(N,) the stage on display at the end of the path; non_user for an empty path."""
        labels = np.full(len(self.offsets) - 1, NON_USER, np.int8)
        observed = np.diff(self.offsets) > 0
        labels[observed] = self.shown[self.offsets[1:][observed] - 1]
        return labels

    @property
    def periods_in_stage(self) -> NDArray[np.int64]:
        """(N,) length of the last stay."""
        starts = np.append(self.begins, 0)[np.searchsorted(self.begins, self.offsets[1:]) - 1]
        return np.minimum(self.offsets[1:] - starts, np.diff(self.offsets))

    @property
    def stays(self) -> StageStays:
        """All stays; the last of each customer has not ended."""
        customers = np.searchsorted(self.offsets, self.begins, side="right") - 1
        ended = np.append(customers[1:] == customers[:-1], False)[: len(customers)]
        return StageStays(customers, self.shown[self.begins], np.diff(self.begins, append=len(self.shown)), ended)

    @property
    def stages(self) -> pd.Series[str]:
        """(N,) every stay in order, such as "first_time > regular > at_risk"."""
        letters = (self.shown[self.begins] + ord("0")).astype(np.uint8)
        offsets = np.searchsorted(self.begins, self.offsets)
        stays = pa.LargeStringArray.from_buffers(len(offsets) - 1, pa.py_buffer(offsets), pa.py_buffer(letters))
        coded = stays.dictionary_encode()
        spelled = [ARROW.join(STAGES[int(letter)] for letter in stay) for stay in coded.dictionary.to_pylist()]
        return pd.Series(np.array(spelled, object)[coded.indices.to_numpy()], dtype=str)


def stage_history(shown: NDArray[np.int8], paths: Paths) -> StageHistory:
    """Find the stays in the stages shown along the paths."""
    begins = np.ones(len(shown), np.bool_)
    begins[1:] = shown[1:] != shown[:-1]
    begins[paths.offsets[:-1][paths.lengths > 0]] = True
    return StageHistory(shown, paths.offsets, np.flatnonzero(begins))
