"""All that is logged of a run, but its model and assignments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:  # half a second that a scoring job need not wait for
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class RunRecord:
    """Everything of a run but its model and assignments, ready to be logged.

    Attributes
    ----------
    description
        Markdown, shown above everything else of the run.
    series
        Metric to its value at each step.
    tables
        File name (`.json`) to frame: shown as tables, and side by side when runs are compared.
    frames
        File name (`.parquet`) to frame, for what is too long to look at.
    texts
        File name to text.
    """

    kind: str
    name: str | None
    started_ms: int
    config: str = ""
    description: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    series: Mapping[str, Sequence[tuple[int, float]]] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    frames: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    figures: Mapping[str, Figure] = field(default_factory=dict)
