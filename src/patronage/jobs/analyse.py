"""`patronage analyse`: what is not a row per customer, each as a table and a figure of one run."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pandas as pd
from matplotlib.figure import Figure
from omegaconf import OmegaConf

from patronage import cutoff as when
from patronage import data, lenses, tracking
from patronage import names as c
from patronage.analyses import cohorts, companions, overlap, pyramid
from patronage.analyses.drivers import drivers
from patronage.config import AnalyseConfig
from patronage.config.places import project_root
from patronage.data import Tables
from patronage.data.contract import VOCABULARY
from patronage.engine import connect, text
from patronage.errors import ConfigError, DataError
from patronage.lenses.history import look_back
from patronage.review import analysis_figures as figures

PERIOD_DAYS = 7  # of the path, which no analysis reads


@dataclass
class Found:
    """What an analysis gives, ready to be logged; `missing` says what could not be said, and why."""

    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    figures: dict[str, Figure] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)

    def add(self, name: str, table: pd.DataFrame, figure: Figure) -> None:
        self.tables[f"{name}.json"], self.figures[f"{name}.png"] = table, figure


def run(config: AnalyseConfig) -> None:
    """All analyses that the data allows, as one run of kind `analysis`."""
    started = time.time()
    cutoff = when.parse(config.cutoff)
    for name, behaviour in config.cohorts.behaviours.items():
        if behaviour.event not in VOCABULARY:
            raise ConfigError(
                f"cohorts.behaviours.{name}.event={behaviour.event}; expected one of {', '.join(VOCABULARY)}"
            )
    if unknown := sorted(set(config.drivers.leave_out) - set(lenses.described(config.lenses))):
        raise ConfigError(f"drivers.leave_out: no feature {', '.join(unknown)}; docs/lenses.md names all of them")
    with closing(connect(config.engine)) as engine:
        _analyse(config, cutoff, data.load(engine, config.data), started)


def _analyse(config: AnalyseConfig, cutoff: datetime, tables: Tables, started: float) -> None:
    print(tables.summary(), flush=True)
    when.check_inside(cutoff, tables.first, tables.last, config.data.max_staleness_days)
    store = tracking.open_store(config.tracking, project_root())
    features = lenses.features_at(tables, cutoff, config.lenses, PERIOD_DAYS)
    labels = lenses.segments(features, lenses.learn(features, config.lenses))
    if config.companions.segment not in labels:
        raise ConfigError(f"companions.segment={config.companions.segment}; expected one of {', '.join(labels)}")
    found = Found()
    _cohorts(found, tables, cutoff, config)
    _drivers(found, tables, cutoff, features, config)
    _pyramid(found, tables, cutoff, features, labels, config)
    _companions(found, tables, cutoff, labels, config)
    agreement = overlap.overlap(labels)
    found.add("overlap", agreement.rename_axis("segment").reset_index(), figures.agreement(agreement))
    record = tracking.RunRecord(
        kind="analysis",
        name=config.name,
        started_ms=int(1000 * started),
        config=OmegaConf.to_yaml(OmegaConf.structured(config)),
        description="\n".join([f"As of {config.cutoff}.", "", *(f"- {line}" for line in found.missing)]),
        params={"data": config.data.name, "cutoff": config.cutoff, "customers": len(features)},
        tags={c.CUTOFF: config.cutoff},
        tables={**found.tables, "lenses.json": lenses.support(tables)},
        figures=found.figures,
    )
    run_id = tracking.log_run(store, record, tables)
    print()
    for line in found.missing:
        print(f"left out     {line}")
    print(f"tables       {', '.join(found.tables)}; a figure for each")
    print(f"look at it   {tracking.run_link(store, run_id)}")
    print(f"took         {time.time() - started:.0f} s")


def _cohorts(found: Found, tables: Tables, cutoff: datetime, config: AnalyseConfig) -> None:
    table = cohorts.by_month(tables, cutoff)
    found.add("cohorts", table, figures.retention(table))
    if tables.left_censored:
        found.missing.append("cohorts begin with the first order of the log, which is nobody's first (left_censored)")
    spoken = {name: one for name, one in config.cohorts.behaviours.items() if one.event in tables.events}
    for name in config.cohorts.behaviours.keys() - spoken.keys():
        found.missing.append(
            f"cohort {name}: the log has no event {config.cohorts.behaviours[name].event} (data.events)"
        )
    if spoken:
        by = cohorts.by_behaviour(
            tables, cutoff, spoken, period_days=config.cohorts.period_days, periods=config.cohorts.periods
        )
        found.add("cohorts_by_behaviour", by, figures.behaviours(by))


def _drivers(found: Found, tables: Tables, cutoff: datetime, features: pd.DataFrame, config: AnalyseConfig) -> None:
    names = [name for name in lenses.numeric(features) if name not in config.drivers.leave_out]
    history = look_back(tables, cutoff, PERIOD_DAYS)
    for survey in config.drivers.surveys:
        given = history.engine.frame(
            f"SELECT customer_id, avg(value) AS answer FROM touches WHERE event = {text(survey)} "
            "AND value IS NOT NULL GROUP BY customer_id"
        ).set_index(c.CUSTOMER_ID)["answer"]
        try:
            result = drivers(
                features[names],
                given.reindex(features.index),
                bootstraps=config.drivers.bootstraps,
                seed=config.seed,
            )
        except DataError as error:
            found.missing.append(f"drivers of {survey}: {error}")
            continue
        said = lenses.described(config.lenses)
        what = [said[name].what for name in result.table["driver"]]
        found.add(
            f"drivers_{survey}",
            result.table.assign(what=what),
            figures.forest(result.table, survey, result.explained),
        )
        found.tables[f"drivers_{survey}_summary.json"] = result.summary()


def _pyramid(
    found: Found, tables: Tables, cutoff: datetime, features: pd.DataFrame, labels: pd.DataFrame, config: AnalyseConfig
) -> None:
    """Profitability and movements of the tiers."""
    earlier = cutoff - timedelta(days=config.movement_days)
    tiers = pyramid.profitability(features, labels[c.VALUE_TIER])
    found.tables["pyramid.json"] = tiers
    try:
        when.check_inside(earlier, tables.first, tables.last, config.data.max_staleness_days)
    except ConfigError:
        found.missing.append(
            f"movements: the log begins on {tables.first:%Y-%m-%d}, after {earlier:%Y-%m-%d}; lower movement_days"
        )
        return
    before = lenses.features_at(tables, earlier, config.lenses, PERIOD_DAYS)
    table = pyramid.movements(
        lenses.segments(before, lenses.learn(before, config.lenses))[c.VALUE_TIER],
        labels[c.VALUE_TIER],
        before[c.NET_REVENUE],
        features[c.NET_REVENUE],
        list(config.lenses.value.tiers),
    )
    found.add("movements", table, figures.movements(table, list(config.lenses.value.tiers)))


def _companions(found: Found, tables: Tables, cutoff: datetime, labels: pd.DataFrame, config: AnalyseConfig) -> None:
    if c.CATEGORY not in tables.present["transactions"]:
        found.missing.append("cross-sell and upsell need transactions.category")
        return
    segment = labels[config.companions.segment]
    asked = {"least": config.companions.least, "top": config.companions.top}
    crossed = companions.cross_sell(companions.categories(tables, cutoff), segment, **asked)
    found.add("cross_sell", crossed, figures.pairs(crossed, "Cross-sell: who buys this, and not yet that"))
    raised = companions.upsell(companions.price_levels(tables, cutoff), segment, **asked)
    found.add("upsell", raised, figures.pairs(raised, "Upsell: from one price third of a category to the next"))
