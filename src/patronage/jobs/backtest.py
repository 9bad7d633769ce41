"""`patronage backtest`: all models at many origins, one tidy table, one run.

The rows of each origin are on disk before the next one starts, under a fingerprint of the data, the configuration and
the versions. The same backtest, started again, measures only the missing origins and ends with the same bytes.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from omegaconf import OmegaConf

from patronage import cutoff as when
from patronage import data, tracking
from patronage import names as c
from patronage.config import BacktestConfig, TrackingConfig
from patronage.config.places import project_root
from patronage.config.verbs import RollingConfig
from patronage.data import Tables
from patronage.engine import connect
from patronage.evaluation.backtest import LATER, LATER_UNSEEN, SHIPPED, STRUCTURAL, measure
from patronage.evaluation.coverage import LEVELS
from patronage.models.btyd.fit import FitCache
from patronage.names import Artifact, Metric
from patronage.review.backtest_figures import axis_title, customers_of, over_origins, plain
from patronage.review.backtest_page import with_backtest_page
from patronage.temporary import growing

COLUMNS = ["origin", "model", "holdout", "metric", "value", "low", "high", "baseline"]
# The five metrics by which models are compared with the structural model that is best in hindsight, and whether more is
# better.
HEADLINES = {
    Metric.CHURN_LOG_LOSS: False,
    Metric.CHURN_ROC_AUC: True,
    Metric.ORDERS_RMSE: False,
    Metric.BACKTEST_SPEND_RMSE: False,
    Metric.BACKTEST_SPEND_GINI: True,
}
TOTALS = {
    "orders total": Metric.TOTAL_COVERED_80,
    "spend total": Metric.SPEND_TOTAL_COVERED_80,
    "orders of personas": Metric.PERSONA_ORDERS_COVERED_80,
    "spend of personas": Metric.PERSONA_SPEND_COVERED_80,
}
PACKAGES = ("patronage", "lightgbm", "lifetimes", "numpy", "scipy")  # their versions change the rows
ROWS_FORMAT = 4  # raise it where the names of models or metrics in the rows change
MEAN = "geometric mean"


def run(config: BacktestConfig) -> None:
    """Measure the missing origins, put all of them together and log the table."""
    started = time.time()
    with closing(connect(config.engine)) as engine:
        _backtest(config, data.load(engine, config.data, own_label=config.lenses.purchase.own_label), started)


def _backtest(config: BacktestConfig, tables: Tables, started: float) -> None:
    print(tables.summary(), flush=True)
    origins = origins_of(config)
    for cutoff in origins:
        when.check_inside(cutoff, tables.first, tables.last, config.data.max_staleness_days)
    store = tracking.open_store(config.tracking, project_root())
    folder = project_root() / "mlruns" / "backtest" / _fingerprint(tables, config)
    folder.mkdir(parents=True, exist_ok=True)
    fits = FitCache()  # origins share earlier origins
    for cutoff, horizon_days in origins.items():
        _measure_origin(folder, tables, cutoff, horizon_days, config, fits)
    table = pd.concat([_read(folder / _name(*origin)) for origin in origins.items()], ignore_index=True)
    _write(folder / "backtest.csv", table.to_csv(index=False))
    summary, covered = ratios(table), intervals(table)
    record = _record(config, origins, table, summary, covered, started)
    title = f"{config.data.name}: backtest of {len(origins)} origin{'s' if len(origins) > 1 else ''}"
    record = with_backtest_page(record, title, HEADLINES, config.data.currency or "")
    run_id = tracking.log_run(store, record, tables)
    print()
    print(summary.to_string(index=False, float_format=lambda value: f"{value:.4g}"))
    if not covered.empty:
        print()
        print("Intervals: % of customers inside, and whether totals came inside (share of origins, of personas)")
        print(covered.to_string(index=False, float_format=lambda value: f"{value:.3g}"))
    print()
    print(f"table        {folder / 'backtest.csv'} ({len(table):,} rows)")
    print(f"look at it   {tracking.run_link(store, run_id)}")
    print(f"took         {time.time() - started:.0f} s")


def origins_of(config: BacktestConfig) -> dict[datetime, int]:
    """Cutoffs and their horizons in days, the earliest first."""
    origins = {when.parse(cutoff): days for cutoff, days in config.cutoffs.items()}
    if config.rolling.first is not None and config.rolling.last is not None:
        first, last = when.parse(config.rolling.first), when.parse(config.rolling.last)
        for step in range((last - first).days // config.rolling.step_days + 1):
            origins.setdefault(first + timedelta(days=step * config.rolling.step_days), config.horizon_days)
    return dict(sorted(origins.items()))


def _fingerprint(tables: Tables, config: BacktestConfig) -> str:
    """Of everything that a row depends on, and of nothing else: other origins may be added to the same backtest."""
    relevant = replace(config, name=None, cutoffs={}, tracking=TrackingConfig(), rolling=RollingConfig())
    versions = " ".join(f"{name}={version(name)}" for name in PACKAGES)
    settings = OmegaConf.to_yaml(OmegaConf.structured(relevant))
    content = "\n".join([tables.fingerprint, settings, versions, f"rows={ROWS_FORMAT}"])
    return sha256(content.encode()).hexdigest()[:16]


def _name(cutoff: datetime, horizon_days: int) -> str:
    return f"{cutoff:%Y-%m-%d}_{horizon_days}.json"


def _measure_origin(
    folder: Path, tables: Tables, cutoff: datetime, horizon_days: int, config: BacktestConfig, fits: FitCache
) -> None:
    """Write the rows of one origin, unless they are on disk."""
    path = folder / _name(cutoff, horizon_days)
    origin = f"origin {cutoff:%Y-%m-%d}, {horizon_days} days"
    if path.is_file():
        print(f"{origin}: measured by an earlier run", flush=True)
        return
    started = time.time()
    rows = measure(tables, cutoff, config.at(f"{cutoff:%Y-%m-%d}", horizon_days), fits)
    _write(path, json.dumps(rows, indent=0))
    print(f"{origin}: measured in {time.time() - started:.0f} s", flush=True)


def _write(path: Path, content: str) -> None:
    """Write a file whole or not at all."""
    with growing(path, f"the cache {path}") as beside:
        beside.write_text(content)


def _read(path: Path) -> pd.DataFrame:
    return pd.DataFrame(json.loads(path.read_text()))[COLUMNS]


def ratios(table: pd.DataFrame) -> pd.DataFrame:
    """What is shipped as a ratio to the structural model that is best in hindsight, a row per origin, and their mean.

    A metric of which more is better counts by its distance to 1. Below 1, what is shipped is better. Without a
    structural model the best of all other models takes its place.
    """
    later = table[table["holdout"] == LATER]
    rows = []
    for origin, group in later.groupby("origin", sort=True):
        row: dict[str, object] = {"origin": origin}
        for metric, more_is_better in HEADLINES.items():
            values = group[group["metric"] == metric].set_index("model")["value"]
            loss = 1 - values if more_is_better else values
            structural = [name for name in STRUCTURAL if name in loss]
            best = loss[structural or list(loss.drop(SHIPPED).index)].min()
            row[f"1 - {metric}" if more_is_better else metric] = loss[SHIPPED] / best
        rows.append(row)
    summary = pd.DataFrame(rows)
    mean = np.exp(np.log(summary.drop(columns="origin")).mean())
    return pd.concat([summary, mean.to_frame().T.assign(origin=MEAN)], ignore_index=True)


def intervals(table: pd.DataFrame) -> pd.DataFrame:
    """Coverage of the intervals of what is shipped, a row per origin, and their mean: later time, all customers.

    Orders and spend of customers in percent, at levels 50, 80 and 95; of totals 1 where the actual one lay in its 80 %
    interval, and of personas the share of those whose total did.
    """
    later = table[(table["holdout"] == LATER) & (table["model"] == SHIPPED)]
    wide = later.pivot_table(index="origin", columns="metric", values="value", sort=False)
    of_customers = {
        f"{name} {100 * level:.0f}": metric(level)
        for name, metric in ((c.ORDERS, Metric.coverage), (c.SPEND, Metric.spend_coverage))
        for level in LEVELS
    }
    names = {**of_customers, **TOTALS}
    if wide.empty or not set(names.values()) & set(wide):
        return pd.DataFrame()
    shown = pd.DataFrame({name: wide[metric] for name, metric in names.items() if metric in wide})
    percent = [name for name in of_customers if name in shown]
    shown[percent] = 100 * shown[percent]
    return pd.concat([shown, shown.mean().to_frame("mean").T]).rename_axis("origin").reset_index()


def _record(
    config: BacktestConfig,
    origins: Mapping[datetime, int],
    table: pd.DataFrame,
    summary: pd.DataFrame,
    covered: pd.DataFrame,
    started: float,
) -> tracking.RunRecord:
    """What is logged: the table, its headlines by origin, and the ratios."""
    mean = summary.set_index("origin").loc[MEAN]
    return tracking.RunRecord(
        kind="backtest",
        name=config.name,
        started_ms=int(1000 * started),
        config=OmegaConf.to_yaml(OmegaConf.structured(config)),
        description="Ratio of what is shipped to the structural model that is best in hindsight: "
        + ", ".join(f"{name} {value:.3f}" for name, value in mean.items()),
        params={
            "data": config.data.name,
            "origins": len(origins),
            "first_origin": f"{min(origins):%Y-%m-%d}",
            "last_origin": f"{max(origins):%Y-%m-%d}",
            "seed": config.seed,
            "churn.members": "+".join(name for name, on in config.churn.members.items() if on),
            "clv.model": config.clv.model,
        },
        metrics={Metric.of("ratio", name.replace("1 - ", "one_minus_")): float(value) for name, value in mean.items()},
        series=_series(table, origins),
        tables={
            Artifact.BACKTEST: table,
            Artifact.RATIOS: summary,
            **({} if covered.empty else {Artifact.INTERVALS: covered}),
        },
        frames={Artifact.BACKTEST_ROWS: table},
        figures=_figures(table, config.data.currency or ""),
    )


def _series(table: pd.DataFrame, origins: Mapping[datetime, int]) -> dict[str, list[tuple[int, float]]]:
    """Metrics by origin: what is shipped by its usual names, the headlines of other models by TARGET/MODEL/MEASURE."""
    steps = {f"{cutoff:%Y-%m-%d}": step for step, cutoff in enumerate(origins)}
    series: dict[str, list[tuple[int, float]]] = {}
    for row in table[table["holdout"].isin([LATER, LATER_UNSEEN])].itertuples():
        unseen = row.holdout == LATER_UNSEEN
        metric = str(row.metric)
        if row.model == SHIPPED:
            name = Metric.unseen(metric) if unseen else metric
        elif metric in HEADLINES and not unseen:
            name = metric.replace("/", f"/{row.model}/", 1)
        else:
            continue
        series.setdefault(name, []).append((steps[str(row.origin)], float(row.value)))
    return series


def _figures(table: pd.DataFrame, currency: str) -> dict[str, Figure]:
    later = table[table["holdout"] == LATER]
    n, figures = customers_of(later), {}
    for metric, larger in HEADLINES.items():
        rows, unit = later[later["metric"] == metric], axis_title(metric, currency, more_is_better=larger)
        figure = over_origins(rows, f"{plain(metric)}\n{unit}", n, more_is_better=larger)
        figures[f"{metric.replace('/', '_')}.png"] = figure
    return figures
