"""Matching of the personas of a refit to those of an earlier fit.

Both models assign the same customers. The cost of a pair is the mean of two numbers from 0 (the same) to 1 (nothing in
common): one minus the Jaccard index of their customers, and d² / (d² + s²), where d is the distance from the former
centre to the mean of the new persona's customers in the former model's points, and s² the former personas' mean squared
distance to their own centre. Hungarian assignment (Kuhn 1955) takes the pairs of least total cost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment

MATCHED, NEW, VANISHED = "kept", "new", "vanished"


@dataclass(frozen=True)
class PersonaMatching:
    """Former personas and new ones.

    Attributes
    ----------
    former
        Position of the former persona of each new position, None for a new one.
    distance, overlap, match_cost
        (former, new) of every pair.
    former_names, former_ids
        Of the former positions.
    """

    former: tuple[int | None, ...]
    distance: np.ndarray
    overlap: np.ndarray
    match_cost: np.ndarray
    former_names: tuple[str, ...]
    former_ids: tuple[int, ...]

    @property
    def vanished(self) -> tuple[int, ...]:
        """Positions of former personas without a new one."""
        return tuple(i for i in range(len(self.former_ids)) if i not in self.former)

    def verdicts(self, ids: Sequence[int], names: Sequence[str]) -> pd.DataFrame:
        """A row per persona, new or former: kept, new or vanished, and the cost of its pair."""
        rows = []
        for new, former in enumerate(self.former):
            row = {"verdict": NEW if former is None else MATCHED, "id": ids[new], "name": names[new]}
            if former is not None:
                pair = {"match_cost": self.match_cost, "distance": self.distance, "overlap": self.overlap}
                row |= {column: float(matrix[former, new]) for column, matrix in pair.items()}
            rows.append(row)
        rows += [{"verdict": VANISHED, "id": self.former_ids[i], "name": self.former_names[i]} for i in self.vanished]
        return pd.DataFrame(rows, columns=["verdict", "id", "name", "match_cost", "distance", "overlap"])

    def costs(self, ids: Sequence[int], names: Sequence[str]) -> pd.DataFrame:
        """A row per pair."""
        return pd.DataFrame(
            [
                {
                    "former_id": self.former_ids[i],
                    "former_name": self.former_names[i],
                    "id": ids[j],
                    "name": names[j],
                    "distance": float(self.distance[i, j]),
                    "overlap": float(self.overlap[i, j]),
                    "match_cost": float(self.match_cost[i, j]),
                    "matched": self.former[j] == i,
                }
                for i, j in np.ndindex(self.match_cost.shape)
            ]
        )

    def state(self) -> dict[str, Any]:
        """JSON-ready."""
        return {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in vars(self).items()}

    @classmethod
    def of(cls, state: dict[str, Any]) -> PersonaMatching:
        """From what `state` gave."""
        matrices: dict[str, Any] = {name: np.array(state[name]) for name in ("distance", "overlap", "match_cost")}
        return cls(**{name: tuple(value) for name, value in state.items()} | matrices)


def pair_up(distance: np.ndarray, overlap: np.ndarray, limit: float) -> tuple[np.ndarray, tuple[int | None, ...]]:
    """Costs, and for each new persona the former one that it is matched to, if the pair costs at most `limit`."""
    cost = (distance + 1 - overlap) / 2
    former: list[int | None] = [None] * cost.shape[1]
    # a pair over the limit must not displace one under it
    for i, j in zip(*linear_sum_assignment(np.where(cost <= limit, cost, 1 + cost.size)), strict=True):
        if cost[i, j] <= limit:
            former[j] = int(i)
    return cost, tuple(former)
