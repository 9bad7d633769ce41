"""What a part of a run has to report, in one shape whatever the part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:  # half a second that a scoring job need not wait for
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Report:
    """Metrics, tables, figures and messages of a part of a run; `a | b` is the report of both.

    Attributes
    ----------
    metrics
        Name to value.
    tables
        File name (`.json`) to frame: what MLflow shows as a table.
    tags
        Name to a short text.
    frames
        File name (`.parquet`) to frame, for what is too long to look at.
    figures
        File name (`.png`) to figure.
    messages
        Lines to print.
    """

    metrics: Mapping[str, float] = field(default_factory=dict)
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    frames: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    figures: Mapping[str, Figure] = field(default_factory=dict)
    messages: Sequence[str] = ()

    def __or__(self, other: Report) -> Report:
        """Both reports; where both have the same name, the value of `other`."""
        merged = {
            part.name: {**getattr(self, part.name), **getattr(other, part.name)}
            for part in fields(self)
            if part.name != "messages"
        }
        return Report(**merged, messages=(*self.messages, *other.messages))
