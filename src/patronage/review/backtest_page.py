"""The page of a backtest: whether what is shipped is better than the best structural model, and where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import PurePath

import pandas as pd

from patronage.evaluation.backtest import LATER, SHIPPED, STRUCTURAL
from patronage.evaluation.scorecard import BETTER, NO_BETTER, WORSE
from patronage.models.btyd.fit import LAWS
from patronage.names import Artifact
from patronage.review.backtest_figures import axis_title, customers_of, plain
from patronage.review.page import charts, html
from patronage.review.page.blocks import Block, Chart, More, Page, Section, Table
from patronage.review.record import RunRecord
from patronage.review.record_page import section_of

TITLES = {name: law.TITLE for name, law in LAWS.items()}
OWN = (Artifact.BACKTEST, Artifact.RATIOS)  # tables that this page shows in its own way


def with_backtest_page(record: RunRecord, title: str, headlines: Mapping[str, bool], currency: str = "") -> RunRecord:
    """The record with its page among its texts.

    Parameters
    ----------
    record
        With the tables `backtest.json`, a row per origin, model, holdout and metric, and `ratios.json`; any others have
        sections of their own.
    headlines
        The metrics that count, and whether more of each is better.
    currency
        Of the log, for the axes.
    """
    table = record.tables[Artifact.BACKTEST]
    later = table[table["holdout"] == LATER]
    n, later = customers_of(later), later[later["metric"].isin(list(headlines))]
    sections = [
        _verdicts(later, headlines, record.tables[Artifact.RATIOS]),
        _by_origin(later, headlines, n, currency),
        *(section_of(PurePath(name).stem, frame) for name, frame in record.tables.items() if name not in OWN),
        _models(later, headlines, len(table)),
    ]
    page = Page(
        title,
        "Every model on later time, as each of the origins could have known it.",
        sections,
        footer="Every table is an artifact of the run.",
    )
    return replace(record, texts={**record.texts, Artifact.REPORT: html.render(page)})


def verdicts(later: pd.DataFrame, headlines: Mapping[str, bool]) -> pd.DataFrame:
    """At how many origins what is shipped is better, no better and worse than the best structural model there.

    It is better or worse where the 95% interval of the difference leaves out zero.

    Parameters
    ----------
    later
        Rows of one holdout: origin, model, metric, low, high.
    headlines
        The metrics, and whether more of each is better.

    Returns
    -------
    pandas.DataFrame
        A row per metric: `metric` and the number of origins by verdict.
    """
    rows = []
    for metric, more_is_better in headlines.items():
        shipped = later[(later["model"] == SHIPPED) & (later["metric"] == metric)]
        above, below = int((shipped["low"] > 0).sum()), int((shipped["high"] < 0).sum())
        better, worse = (above, below) if more_is_better else (below, above)
        rows.append((plain(metric), better, len(shipped) - better - worse, worse))
    return pd.DataFrame(rows, columns=["metric", BETTER, NO_BETTER, WORSE])


def _verdicts(later: pd.DataFrame, headlines: Mapping[str, bool], ratios: pd.DataFrame) -> Section:
    counts = verdicts(later, headlines)
    n = int(later["origin"].nunique())
    more = counts.loc[counts[BETTER] > counts[WORSE], "metric"]
    fewer = counts.loc[counts[BETTER] < counts[WORSE], "metric"]
    even = counts.loc[counts[BETTER] == counts[WORSE], "metric"]
    parts = [
        f"{words} on {', '.join(names)}"
        for words, names in (
            ("more often better than worse", more),
            ("more often worse than better", fewer),
            ("neither", even),
        )
        if len(names)
    ]
    where = "the one origin" if n == 1 else f"each of {n} origins"
    finding = f"Beside the best structural model at {where}, what is shipped is {'; '.join(parts)}."
    named = ratios.rename(columns=plain)
    blocks: list[Block] = [
        Table(counts, "At how many origins, by the 95% interval of the difference"),
        Table(
            named,
            "What is shipped as a ratio to the structural model that is best in hindsight; below 1 it is better",
            formats=dict.fromkeys(named.columns[1:], ".3f"),
            most=60,
        ),
    ]
    return Section("Is what is shipped better?", finding, blocks)


def _by_origin(later: pd.DataFrame, headlines: Mapping[str, bool], n: str, currency: str) -> Section:
    shown = later[later["model"].isin([SHIPPED, *STRUCTURAL])]
    description = f"What is shipped beside each structural model; customers seen in training{f'; {n}' if n else ''}."
    blocks: list[Block] = []
    for metric, more_is_better in headlines.items():
        rows = shown.loc[shown["metric"] == metric, ["origin", "model", "value"]]
        rows["model"] = rows["model"].replace(TITLES)
        wide = rows.pivot_table(index="origin", columns="model", values="value", sort=False)
        if SHIPPED not in wide:
            continue
        best = wide.max(axis=1) if more_is_better else wide.min(axis=1)
        title = (
            f"{plain(metric)}: what is shipped is best at {int((wide[SHIPPED] == best).sum())} of {len(wide)} origins"
        )
        first = rows["model"].ne(SHIPPED).sort_values(kind="stable").index  # the colour of what is shipped is the first
        unit = axis_title(metric, currency, more_is_better=more_is_better)
        spec = charts.over_time(rows.loc[first], "origin", "model", "value", unit)
        blocks.append(Chart(title, spec, description))
    return Section("Origin by origin", "Later time: the horizon after each origin.", blocks)


def _models(later: pd.DataFrame, headlines: Mapping[str, bool], n_rows: int) -> Section:
    """Every model on every headline, as the mean over the origins."""
    means = later.groupby(["model", "metric"])["value"].mean().unstack()[list(headlines)]  # noqa: PD010
    first = next(iter(headlines))
    means = means.sort_values(first, ascending=not headlines[first])
    table = means.rename(columns=plain).rename_axis("model").reset_index()
    table["model"] = table["model"].map(_model)
    named = later.assign(
        model=later["model"].map(_model),
        metric=later["metric"].map(plain),
        baseline=later["baseline"].fillna("").map(_model),
    )
    rows = Table(named, "The headlines, row by row", most=200)
    finding = f"Means over the origins; the {n_rows:,} rows of all metrics and holdouts are in the run's tables."
    return Section("Every model", finding, [Table(table), More("Row by row", [rows])])


def _model(name: str) -> str:
    return TITLES.get(name, name.replace("_", " "))
