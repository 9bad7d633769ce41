"""`patronage search`: Optuna searches better settings of the ensemble, on origins that are over by the cutoff."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from typing import Any

import optuna
import pandas as pd
from omegaconf import OmegaConf

from patronage import cutoff as when
from patronage import data, tracking
from patronage.config import ChurnConfig, SearchConfig
from patronage.config.places import project_root
from patronage.data import Tables
from patronage.engine import connect
from patronage.errors import ConfigError
from patronage.evaluation.search import ALL, SearchOrigin, loss_ratios, overall, search_origin
from patronage.jobs.backtest import origins_of
from patronage.models.btyd.fit import FitCache
from patronage.names import Artifact, Metric


def run(config: SearchConfig) -> None:
    """Try the settings of the configuration, then those that Optuna proposes; log every trial in one run."""
    started = time.time()
    cutoff = when.parse(config.cutoff)
    origins = origins_of(config)
    for origin, days in origins.items():
        if not when.is_past(when.window_end(origin, days), cutoff):
            raise ConfigError(
                f"the {days} days after the origin {origin:%Y-%m-%d} end after cutoff={config.cutoff}: "
                "not known at the cutoff; give an earlier origin or a shorter horizon"
            )
    with closing(connect(config.engine)) as engine:
        _search(config, origins, data.load(engine, config.data, own_label=config.lenses.purchase.own_label), started)


def _search(config: SearchConfig, origins: Mapping[datetime, int], tables: Tables, started: float) -> None:
    print(tables.summary(), flush=True)
    store = tracking.open_store(config.tracking, project_root())
    fits = FitCache()  # origins share earlier origins
    ready = [
        search_origin(tables, origin, config.at(f"{origin:%Y-%m-%d}", days), fits) for origin, days in origins.items()
    ]
    trials = _trials(ready, config)
    best = trials.loc[trials[ALL].idxmin()]
    changed = {name: best[name] for name in config.space if best[name] != trials.loc[0, name]}
    run_id = tracking.log_run(store, _record(config, origins, trials, started), tables)
    print(trials.sort_values(ALL, kind="stable").head(5).to_string(index=False, float_format=lambda x: f"{x:.4g}"))
    print()
    if changed:
        print("best         " + " ".join(f"churn.{name}={value:.4g}" for name, value in changed.items()))
        print("compare it with the former settings by `patronage backtest`, on later origins than those of the search")
    else:
        print("best         the settings of the configuration")
    print(f"look at it   {tracking.run_link(store, run_id)}")
    print(f"took         {time.time() - started:.0f} s")


def _trials(origins: Sequence[SearchOrigin], config: SearchConfig) -> pd.DataFrame:
    """A row per trial, the configuration's own first: its settings, and its losses as ratios to BTYD's."""
    rows: list[dict[str, Any]] = []

    def objective(trial: optuna.Trial) -> float:
        settings = {name: _suggest(trial, name, borders, config.churn) for name, borders in config.space.items()}
        churn = replace(config.churn, **settings)
        ratios = overall([loss_ratios(origin, churn, config.seed) for origin in origins])
        rows.append({"trial": trial.number, **settings, **ratios})
        print(f"trial {trial.number}: {ratios[ALL]:.4f} of BTYD's losses", flush=True)
        return ratios[ALL]

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=config.seed))
    study.enqueue_trial({name: getattr(config.churn, name) for name in config.space})
    study.optimize(objective, n_trials=config.trials)
    return pd.DataFrame(rows)


def _suggest(trial: optuna.Trial, name: str, borders: Sequence[float], churn: ChurnConfig) -> Any:
    """An integer where the configuration has one; on a log scale where the borders are a factor of 10 apart."""
    low, high = borders
    log_scale = low > 0 and high / low >= 10
    if isinstance(getattr(churn, name), int):
        return trial.suggest_int(name, int(low), int(high), log=log_scale)
    return trial.suggest_float(name, low, high, log=log_scale)


def _record(
    config: SearchConfig, origins: Mapping[datetime, int], trials: pd.DataFrame, started: float
) -> tracking.RunRecord:
    best = trials.loc[trials[ALL].idxmin()]
    ratios = [name for name in trials if name != "trial" and name not in config.space]
    return tracking.RunRecord(
        kind="search",
        name=config.name,
        started_ms=int(1000 * started),
        config=OmegaConf.to_yaml(OmegaConf.structured(config)),
        description=f"{len(trials)} trials on {len(origins)} origins before {config.cutoff}: ratio of the "
        f"ensemble's losses to BTYD's {best[ALL]:.4f}, with the configuration's own settings {trials.loc[0, ALL]:.4f}.",
        params={"data": config.data.name, "cutoff": config.cutoff, "seed": config.seed, "trials": len(trials)}
        | {f"best.{name}": best[name] for name in config.space},
        metrics={Metric.of("search", name): float(best[name]) for name in ratios}
        | {Metric.SEARCH_BEFORE: float(trials.loc[0, ALL])},
        series={Metric.SEARCH_TRIAL: list(zip(trials["trial"].astype(int), trials[ALL].astype(float), strict=True))},
        tables={Artifact.TRIALS: trials},
    )
