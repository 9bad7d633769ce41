"""What the sections of a run's page read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import beta

from patronage import names as c
from patronage.bundle import Bundle
from patronage.config import TrainConfig
from patronage.data.finding import DataFinding
from patronage.evaluation.measurement import Measurement
from patronage.report import Report
from patronage.review.figures import in_currency, png
from patronage.review.page.charts import EVERYONE, GROUP
from patronage.statistics import calibration_table
from patronage.training.origins import Split
from patronage.typing import Array

SAMPLE = 2_000  # customers from whom a share is computed that costs much for each
DPI = 80  # of the pictures for readers without scripts


@dataclass(frozen=True)
class RunView:
    """A training run, as its page reads it.

    Attributes
    ----------
    features, assignments
        A row per customer at the cutoff, on one index.
    log
        Of the log: `first`, `last`, `customers`, `rows.transactions`.
    report
        Of all parts of the run: the same tables and figures that MLflow shows.
    champion
        The champion's bundle, if it is of the same log and reads the same features; and its version.
    notes
        What the door did to the log, a line each.
    findings
        What is severely wrong with the log, those first that do most to the answers.
    """

    config: TrainConfig
    bundle: Bundle
    split: Split
    features: pd.DataFrame
    assignments: pd.DataFrame
    measurement: Measurement | None
    log: Mapping[str, str]
    report: Report
    champion: Bundle | None = None
    champion_version: str = ""
    notes: tuple[str, ...] = ()
    findings: tuple[DataFinding, ...] = ()

    @property
    def buyers(self) -> pd.DataFrame:
        """The assignments of the customers who have bought."""
        return self.assignments[self.features[c.N_ORDERS] > 0]

    @property
    def personas(self) -> list[str]:
        """The names of the personas that customers have, in the order of their numbers; last what stands for none."""
        named = self.assignments[[c.PERSONA_ID, c.PERSONA]].drop_duplicates().sort_values(c.PERSONA_ID)
        named = pd.concat([named[named[c.PERSONA_ID] >= 0], named[named[c.PERSONA_ID] < 0][::-1]])
        return [str(name) for name in named[c.PERSONA]]

    def money(self, value: float) -> str:
        """An amount with the currency of the log, where `data.currency` names it."""
        return money(value, self.config.data.currency)

    def in_currency(self, text: str) -> str:
        """The title of an axis of amounts."""
        return in_currency(text, self.config.data.currency)

    def table(self, name: str) -> pd.DataFrame | None:
        """A table of the run; None where the run has none, or an empty one."""
        frame = self.report.tables.get(name)
        return None if frame is None or frame.empty else frame

    def picture(self, name: str) -> bytes:
        """A figure of the run as PNG, for readers without scripts; empty where the run has none."""
        figure = self.report.figures.get(name)
        return b"" if figure is None else png(figure, DPI)


def some(index: pd.Index, most: int = SAMPLE) -> pd.Index:
    """At most so many customers, evenly spread over the index: enough for shares."""
    return index[:: -(-len(index) // most)] if len(index) > most else index


def by_group(frame: pd.DataFrame, personas: list[str]) -> list[tuple[str, pd.DataFrame]]:
    """The customers of the page's choice: everyone, then those of each persona."""
    return [(EVERYONE, frame), *((name, frame[frame[c.PERSONA] == name]) for name in personas)]


def labelled(rows: pd.DataFrame, group: str) -> pd.DataFrame:
    """Rows of a chart that are shown when this group is chosen."""
    return rows.assign(**{GROUP: group})


def calibration_rows(y_true: Array, y_pred: Array) -> pd.DataFrame:
    """Tenths of the customers by a probability: `predicted` beside `actual`, with its 95% interval."""
    table = calibration_table(y_true, y_pred)
    n = np.full(len(table), len(y_true) / max(len(table), 1))
    events = table["actual"].to_numpy(float) * n
    return pd.DataFrame(
        {
            "predicted": table["predicted"],
            "actual": table["actual"],
            "customers": n,
            "low": beta.ppf(0.025, events + 0.5, n - events + 0.5),
            "high": beta.ppf(0.975, events + 0.5, n - events + 0.5),
        }
    )


def money(value: float, currency: str = "") -> str:
    """An amount in the currency of the log, whole from 100 on; with the currency's name where one is given."""
    if not np.isfinite(value):
        return "unknown"
    amount = f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.2f}"
    return f"{amount} {currency}" if currency else amount


def count(value: float) -> str:
    """A number of customers or orders."""
    return f"{value:,.0f}" if np.isfinite(value) else "unknown"


def plain(name: str) -> str:
    """A column or label as words."""
    return name.replace("_", " ")
