"""`patronage backtest`: all models at many origins, one tidy table, one run.

Each origin's rows are on disk before the next one starts, under a fingerprint of the data, the configuration and the
versions. Whoever starts the same backtest again measures only what is missing, and ends with the same bytes.
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
from patronage.config import BacktestConfig, TrackingConfig
from patronage.config.places import project_root
from patronage.data import Tables
from patronage.engine import connect
from patronage.evaluation.backtest import LATER_SEEN, LATER_UNSEEN, SHIPPED, STRUCTURAL, measure
from patronage.models.btyd.fit import FitCache
from patronage.review.backtest_figures import over_origins

COLUMNS = ["origin", "model", "holdout", "metric", "value", "low", "high", "baseline"]
# The five on which models are compared with the structural model that is best in hindsight; less is better.
HEADLINES = {
    "churn/log_loss": False, "churn/roc_auc": True, "orders/rmse": False, "spend/rmse": False, "spend/gini": True,
}  # fmt: skip
READ_BY = ("patronage", "lightgbm", "lifetimes", "numpy", "scipy")


def run(config: BacktestConfig) -> None:
    """Measure what is missing, put it together and log it."""
    started = time.time()
    with closing(connect(config.engine)) as engine:
        _backtest(config, data.load(engine, config.data), started)


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
        _measured(folder, tables, cutoff, horizon_days, config, fits)
    table = pd.concat([_read(folder / _name(*origin)) for origin in origins.items()], ignore_index=True)
    _write(folder / "backtest.csv", table.to_csv(index=False))
    summary = ratios(table)
    run_id = tracking.log_run(store, _record(config, origins, table, summary, started), tables)
    print()
    print(summary.to_string(index=False, float_format=lambda value: f"{value:.4g}"))
    print()
    print(f"table        {folder / 'backtest.csv'} ({len(table):,} rows)")
    print(f"look at it   {tracking.run_link(store, run_id)}")
    print(f"took         {time.time() - started:.0f} s")


def origins_of(config: BacktestConfig) -> dict[datetime, int]:
    """Cutoffs and their horizons in days, the earliest first."""
    found = {when.parse(cutoff): days for cutoff, days in config.cutoffs.items()}
    if config.rolling.first is not None and config.rolling.last is not None:
        first, last = when.parse(config.rolling.first), when.parse(config.rolling.last)
        for step in range((last - first).days // config.rolling.step_days + 1):
            found.setdefault(first + timedelta(days=step * config.rolling.step_days), config.horizon_days)
    return dict(sorted(found.items()))


def _fingerprint(tables: Tables, config: BacktestConfig) -> str:
    """Of all that a row hangs on, and of nothing else: other origins may be added to the same backtest."""
    asked = replace(config, name=None, cutoffs={}, tracking=TrackingConfig(), rolling=type(config.rolling)())
    versions = " ".join(f"{name}={version(name)}" for name in READ_BY)
    content = "\n".join([tables.fingerprint, OmegaConf.to_yaml(OmegaConf.structured(asked)), versions])
    return sha256(content.encode()).hexdigest()[:16]


def _name(cutoff: datetime, horizon_days: int) -> str:
    return f"{cutoff:%Y-%m-%d}_{horizon_days}.json"


def _measured(
    folder: Path, tables: Tables, cutoff: datetime, horizon_days: int, config: BacktestConfig, fits: FitCache
) -> None:
    """Make the rows of one origin, unless they are there."""
    path = folder / _name(cutoff, horizon_days)
    what = f"origin {cutoff:%Y-%m-%d}, {horizon_days} days"
    if path.is_file():
        print(f"{what}: measured before", flush=True)
        return
    started = time.time()
    rows = measure(tables, cutoff, config.at(f"{cutoff:%Y-%m-%d}", horizon_days), fits)
    _write(path, json.dumps(rows, indent=0))
    print(f"{what}: {time.time() - started:.0f} s", flush=True)


def _write(path: Path, content: str) -> None:
    """Whole or not at all."""
    aside = path.with_name(path.name + ".part")
    aside.write_text(content)
    aside.replace(path)


def _read(path: Path) -> pd.DataFrame:
    return pd.DataFrame(json.loads(path.read_text()))[COLUMNS]


def ratios(table: pd.DataFrame) -> pd.DataFrame:
    """What is shipped as a ratio to the structural model that is best in hindsight, a row an origin, and their mean.

    A metric of which more is better is counted as its distance to 1; below 1 the hybrid is better.
    """
    later = table[table["holdout"] == LATER_SEEN]
    rows = []
    for origin, group in later.groupby("origin", sort=True):
        row: dict[str, object] = {"origin": origin}
        for metric, larger in HEADLINES.items():
            values = group[group["metric"] == metric].set_index("model")["value"]
            loss = 1 - values if larger else values
            rivals = [name for name in STRUCTURAL if name in loss] or list(loss.drop(SHIPPED).index)
            row[f"1 - {metric}" if larger else metric] = loss[SHIPPED] / loss[rivals].min()
        rows.append(row)
    found = pd.DataFrame(rows)
    mean = np.exp(np.log(found.drop(columns="origin")).mean())
    return pd.concat([found, mean.to_frame().T.assign(origin="geometric mean")], ignore_index=True)


def _record(
    config: BacktestConfig, origins: Mapping[datetime, int], table: pd.DataFrame, summary: pd.DataFrame, started: float
) -> tracking.RunRecord:
    """What MLflow is told: the table, its headlines by origin, and the ratios."""
    mean = summary.set_index("origin").loc["geometric mean"]
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
        metrics={f"ratio/{name.replace('1 - ', 'one_minus_')}": float(value) for name, value in mean.items()},
        series=_series(table, origins),
        tables={"backtest.json": table, "ratios.json": summary},
        frames={"backtest.parquet": table},
        figures=_figures(table),
    )


def _series(table: pd.DataFrame, origins: Mapping[datetime, int]) -> dict[str, list[tuple[int, float]]]:
    """Metrics by origin, in its order: what is shipped by its usual names, headlines of the others by theirs."""
    steps = {f"{cutoff:%Y-%m-%d}": step for step, cutoff in enumerate(origins)}
    found: dict[str, list[tuple[int, float]]] = {}
    for row in table.itertuples():
        if row.holdout not in (LATER_SEEN, LATER_UNSEEN):
            continue
        where = "" if row.holdout == LATER_SEEN else "unseen/"
        target, _, metric = str(row.metric).partition("/")
        if row.model == SHIPPED or target == "clv":
            name = f"{target}/{where}{metric}"
        elif row.metric in HEADLINES and not where:
            name = f"{target}/{row.model}/{metric}"
        else:
            continue
        found.setdefault(name, []).append((steps[str(row.origin)], float(row.value)))
    return found


def _figures(table: pd.DataFrame) -> dict[str, Figure]:
    later = table[table["holdout"] == LATER_SEEN]
    return {
        f"{metric.replace('/', '_')}.png": over_origins(later[later["metric"] == metric], metric, more_is_better=larger)
        for metric, larger in HEADLINES.items()
    }
