"""`patronage search`: better settings of the hybrid, looked for by Optuna on origins that are over by the cutoff."""

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
from patronage.evaluation.search import Exercise, exercise_at, losses, overall
from patronage.jobs.backtest import origins_of


def run(config: SearchConfig) -> None:
    """Try what the configuration has, then what Optuna proposes; log every trial in one run."""
    started = time.time()
    cutoff = when.parse(config.cutoff)
    origins = origins_of(config)
    for origin, days in origins.items():
        if not when.is_past(when.window_end(origin, days), cutoff):
            raise ConfigError(
                f"the {days} days after the origin {origin:%Y-%m-%d} end after cutoff={config.cutoff}: "
                "nobody knew them then; give an earlier origin or a shorter horizon"
            )
    with closing(connect(config.engine)) as engine:
        _try(config, origins, data.load(engine, config.data), started)


def _try(config: SearchConfig, origins: Mapping[datetime, int], tables: Tables, started: float) -> None:
    print(tables.summary(), flush=True)
    store = tracking.open_store(config.tracking, project_root())
    exercises = [exercise_at(tables, origin, config.at(f"{origin:%Y-%m-%d}", days)) for origin, days in origins.items()]
    trials = _search(exercises, config)
    best = trials.loc[trials["all"].idxmin()]
    changed = {name: best[name] for name in config.space if best[name] != trials.loc[0, name]}
    run_id = tracking.log_run(store, _record(config, origins, trials, started), tables)
    print(trials.sort_values("all", kind="stable").head(5).to_string(index=False, float_format=lambda x: f"{x:.4g}"))
    print()
    if changed:
        print("best         " + " ".join(f"churn.{name}={value:.4g}" for name, value in changed.items()))
        print("hold it against the former by `patronage backtest`, on origins that the search has not seen")
    else:
        print("best         what the configuration has")
    print(f"look at it   {tracking.run_link(store, run_id)}")
    print(f"took         {time.time() - started:.0f} s")


def _search(exercises: Sequence[Exercise], config: SearchConfig) -> pd.DataFrame:
    """A row a trial, the configuration's own first: its settings, and its losses as ratios to BTYD's."""
    rows: list[dict[str, Any]] = []

    def objective(trial: optuna.Trial) -> float:
        asked = {name: _suggest(trial, name, borders, config.churn) for name, borders in config.space.items()}
        churn = replace(config.churn, **asked)
        found = overall([losses(exercise, churn, config.seed) for exercise in exercises])
        rows.append({"trial": trial.number, **asked, **found})
        print(f"trial {trial.number}: {found['all']:.4f}", flush=True)
        return found["all"]

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=config.seed))
    study.enqueue_trial({name: getattr(config.churn, name) for name in config.space})
    study.optimize(objective, n_trials=config.trials)
    return pd.DataFrame(rows)


def _suggest(trial: optuna.Trial, name: str, borders: Sequence[float], churn: ChurnConfig) -> Any:
    """A whole number where the configuration has one; by orders of magnitude where the borders are one apart."""
    low, high = borders
    wide = low > 0 and high / low >= 10
    if isinstance(getattr(churn, name), int):
        return trial.suggest_int(name, int(low), int(high), log=wide)
    return trial.suggest_float(name, low, high, log=wide)


def _record(
    config: SearchConfig, origins: Mapping[datetime, int], trials: pd.DataFrame, started: float
) -> tracking.RunRecord:
    best = trials.loc[trials["all"].idxmin()]
    ratios = [name for name in trials if name != "trial" and name not in config.space]
    return tracking.RunRecord(
        kind="search",
        name=config.name,
        started_ms=int(1000 * started),
        config=OmegaConf.to_yaml(OmegaConf.structured(config)),
        description=f"{len(trials)} trials on {len(origins)} origins before {config.cutoff}: ratio of the hybrid's "
        f"losses to BTYD's {best['all']:.4f}, with the configuration's own settings {trials.loc[0, 'all']:.4f}.",
        params={"data": config.data.name, "cutoff": config.cutoff, "seed": config.seed, "trials": len(trials)}
        | {f"best.{name}": best[name] for name in config.space},
        metrics={f"search/{name}": float(best[name]) for name in ratios}
        | {"search/before": float(trials.loc[0, "all"])},
        series={"search/trial": [(int(row.trial), float(row.all)) for row in trials.itertuples()]},
        tables={"trials.json": trials},
    )
