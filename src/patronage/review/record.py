"""All that is logged of a run, but its model and assignments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:  # half a second that a scoring job need not wait for
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class MeasuredOn:
    """Customers on whom metrics were measured, which MLflow keeps as a dataset of the run: a fingerprint, no rows.

    With the name and the fingerprint of the log they are those that the run was fitted on.

    Attributes
    ----------
    tags
        Their number, the cutoff and the horizon.
    metrics
        The names of the metrics.
    """

    name: str
    digest: str
    tags: Mapping[str, str]
    metrics: Sequence[str]


@dataclass(frozen=True)
class RunRecord:
    """Everything of a run but its model and assignments, ready to be logged.

    Attributes
    ----------
    description
        Markdown, shown above everything else of the run.
    question
        What the experiment asks; it stands on top of the experiment too.
    model_card
        Markdown, shown with the registered version.
    metrics
        What a reviewer reads first; all others belong in a table.
    measured_on
        Where metrics were measured.
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
    question: str = ""
    model_card: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    measured_on: Sequence[MeasuredOn] = ()
    series: Mapping[str, Sequence[tuple[int, float]]] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    frames: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    figures: Mapping[str, Figure] = field(default_factory=dict)
