"""`patronage analyse`: what is not a row per customer, each as a table and a figure of one run."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from contextlib import closing
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
from omegaconf import OmegaConf

from patronage import cutoff as when
from patronage import data, lenses, tracking
from patronage import names as c
from patronage.analyses import came_back, turns
from patronage.analyses.catalogue import ANALYSES
from patronage.analyses.contract import Analysis, Population, Result, View
from patronage.analyses.lists import homes, ready
from patronage.config import AnalyseConfig
from patronage.config.places import project_root
from patronage.data import Tables
from patronage.engine import connect
from patronage.errors import ConfigError, DataError
from patronage.names import Artifact
from patronage.review.analysis_charts import charts_of
from patronage.review.analysis_figures import draw
from patronage.review.record_page import with_record_page
from patronage.training.origins import earlier_of

PERIOD_DAYS = 7  # of the path, which no analysis reads
log = logging.getLogger(__name__)


def run(config: AnalyseConfig) -> None:
    """All analyses that the data allows, as one run of kind `analysis`."""
    started = time.time()
    cutoff = when.parse(config.cutoff)
    names = [analysis.name for analysis in ANALYSES]
    if unknown := sorted(set(config.only) - set(names)):
        raise ConfigError(f"only: no analysis {', '.join(unknown)}; expected some of {', '.join(names)}")
    left_out = {*config.drivers.leave_out, *config.turns.leave_out}
    if unknown := sorted(left_out - set(lenses.described(config.lenses))):
        raise ConfigError(f"drivers.leave_out: no feature {', '.join(unknown)}; docs/lenses.md names all of them")
    with closing(connect(config.engine)) as engine:
        _analyse(config, cutoff, data.load(engine, config.data, own_label=config.lenses.purchase.own_label), started)


def _analyse(config: AnalyseConfig, cutoff: datetime, tables: Tables, started: float) -> None:
    print(tables.summary(), flush=True)
    when.check_inside(cutoff, tables.first, tables.last, config.data.max_staleness_days)
    store = tracking.open_store(config.tracking, project_root())
    before = _before(config, cutoff - timedelta(days=config.movement_days), tables)
    with lenses.look_back(tables, cutoff, config.lenses, PERIOD_DAYS) as history:
        begun = time.time()
        features = lenses.features_of(history, config.lenses)
        log.info("features took %.1f s", time.time() - begun)  # what each analysis is measured beside
        now = _population(features, tables, cutoff, config)
        if config.companions.segment not in now.segments:
            expected = ", ".join(now.segments)
            raise ConfigError(f"companions.segment={config.companions.segment}; expected one of {expected}")
        meanings = {name: feature.what for name, feature in lenses.described(config.lenses).items()}
        wanted = [analysis for analysis in ANALYSES if not config.only or analysis.name in config.only]
        reads_earlier = {turns.ANALYSIS.name, came_back.ANALYSIS.name} & {analysis.name for analysis in wanted}
        earlier = earlier_customers(config, cutoff, tables, len(features)) if reads_earlier else None
        view = View(
            history, now, before, config.movement_days, config.seed, meanings, config.lenses.occasion, earlier
        )  # fmt: skip
        results = {analysis.name: _result(analysis, view, config) for analysis in wanted}
        places = homes(history)
    notes = [note for result in results.values() for note in result.notes]
    record = _record(config, tables, results, len(now.features), places, started)
    run_id = tracking.log_run(store, record, tables)
    print()
    for analysis in ANALYSES:
        if (result := results.get(analysis.name)) and result.finding:
            print(f"{analysis.name:<12} {result.finding}")
    for line in notes:
        print(f"left out     {line}")
    listed = [name for result in results.values() for name in result.tables]
    print(f"tables       {', '.join(listed)}")
    if lists := [name for result in results.values() for name in result.lists]:
        print(f"lists        {', '.join(lists)}: each as Parquet and CSV in the folder lists of the run")
    print(f"look at it   {tracking.run_link(store, run_id)}")
    print(f"took         {time.time() - started:.0f} s")


def _population(features: pd.DataFrame, tables: Tables, cutoff: datetime, config: AnalyseConfig) -> Population:
    """With the segments of lenses that are fitted here and now."""
    fitted = lenses.fit(features, config.lenses, earlier_of(tables, cutoff, config.lenses))
    return Population(features, lenses.segments(features, fitted))


def _before(
    config: AnalyseConfig, cutoff: datetime, tables: Tables, part: lenses.Part = lenses.WHOLE
) -> Population | None:
    """The customers at an earlier cutoff; None where the log does not reach back so far."""
    try:
        when.check_inside(cutoff, tables.first, tables.last, config.data.max_staleness_days)
    except ConfigError:
        return None
    features = lenses.features_at(tables, cutoff, config.lenses, PERIOD_DAYS, part=part)
    return _population(features, tables, cutoff, config)


def earlier_customers(config: AnalyseConfig, cutoff: datetime, tables: Tables, customers: int) -> Population | None:
    """Those twice as long ago: of a large log as many as an analysis looks at."""
    part = lenses.Part(0, max(1, customers // config.turns.most_customers))
    return _before(config, cutoff - timedelta(days=2 * config.movement_days), tables, part)


def _settings(analysis: Analysis, config: AnalyseConfig) -> Any:
    return config.lenses.value if analysis.name == "pyramid" else getattr(config, analysis.name, config)


def _result(analysis: Analysis, view: View, config: AnalyseConfig) -> Result:
    """What an analysis found, or why it could not look; its time goes to the log."""
    if lacks := analysis.lacks(view.history):
        return Result(notes=[f"{analysis.name}: needs {', '.join(lacks)}"])
    started = time.time()
    try:
        return analysis.run(view, _settings(analysis, config))
    except DataError as error:
        return Result(notes=[f"{analysis.name}: {error}"])
    finally:
        log.info("%s took %.1f s", analysis.name, time.time() - started)


def _record(
    config: AnalyseConfig,
    tables: Tables,
    results: Mapping[str, Result],
    customers: int,
    places: pd.Series | None,
    started: float,
) -> tracking.RunRecord:
    notes = [note for result in results.values() for note in result.notes]
    findings = [result.finding for result in results.values() if result.finding]
    lines = [
        *(f"- {line}" for line in findings),
        "",
        *(f"- left out: {n}" for n in notes),
    ]
    lists = {
        name: ready(table, config.lists, config.seed, places)
        for result in results.values()
        for name, table in result.lists.items()
    }
    record = tracking.RunRecord(
        kind="analysis",
        name=config.name,
        started_ms=int(1000 * started),
        config=OmegaConf.to_yaml(OmegaConf.structured(config)),
        description="\n".join([f"As of {config.cutoff}.", "", *lines]),
        params={"data": config.data.name, "cutoff": config.cutoff, "customers": customers},
        metrics={name: value for result in results.values() for name, value in result.metrics.items()},
        tags={c.CUTOFF: config.cutoff},
        tables={
            **{f"{name}.json": table for result in results.values() for name, table in result.tables.items()},
            Artifact.LENSES: lenses.support(tables, config.lenses),
        },
        frames={Artifact.list_of(name, "parquet"): table for name, table in lists.items()},
        texts={Artifact.list_of(name, "csv"): table.to_csv(index=False) for name, table in lists.items()},
        figures={f"{name}.png": draw(drawing) for result in results.values()
                 for name, drawing in result.drawings.items() if len(drawing.frame)},
    )  # fmt: skip
    chapters = [
        (analysis.question, results[analysis.name].finding or "Nothing holds here; what was left out tells why.",
         [f"{name}.json" for name in results[analysis.name].tables])
        for analysis in ANALYSES if analysis.name in results and results[analysis.name].tables
    ]  # fmt: skip
    return with_record_page(
        record, f"{config.data.name}: analyses as of {config.cutoff}", notes,
        finding=f"{len(chapters)} questions answered as of {config.cutoff}; each has a part of its own below.",
        chapters=chapters,
        charts=charts_of({name: drawing for result in results.values() for name, drawing in result.drawings.items()}),
    )  # fmt: skip
