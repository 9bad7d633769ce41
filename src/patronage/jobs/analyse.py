"""`patronage analyse`: what is not a row per customer, each as a table and a figure of one run."""

from __future__ import annotations

import time
from collections.abc import Sequence
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
from patronage.data.contract import TRANSACTIONS, VOCABULARY
from patronage.engine import connect, text
from patronage.errors import ConfigError, DataError
from patronage.names import Artifact
from patronage.review import analysis_figures as figures
from patronage.review.record_page import with_record_page
from patronage.training.origins import earlier_of

PERIOD_DAYS = 7  # of the path, which no analysis reads


@dataclass
class Results:
    """The tables and figures of the analyses, ready to be logged; `left_out` names what is missing, and why."""

    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    figures: dict[str, Figure] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)

    def add(self, name: str, table: pd.DataFrame, figure: Figure) -> None:
        self.tables[f"{name}.json"], self.figures[f"{name}.png"] = table, figure


@dataclass(frozen=True)
class Population:
    """The customers at one cutoff: features and segments."""

    features: pd.DataFrame
    segments: pd.DataFrame

    @classmethod
    def of(cls, features: pd.DataFrame, config: AnalyseConfig, earlier: Sequence[lenses.Earlier] = ()) -> Population:
        """With the segments of lenses that are fitted here and now."""
        return cls(features, lenses.segments(features, lenses.fit(features, config.lenses, earlier)))


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
    results = Results()
    with lenses.look_back(tables, cutoff, config.lenses, PERIOD_DAYS) as history:
        customers = Population.of(
            lenses.features_of(history, config.lenses), config, earlier_of(tables, cutoff, config.lenses)
        )
        if config.companions.segment not in customers.segments:
            expected = ", ".join(customers.segments)
            raise ConfigError(f"companions.segment={config.companions.segment}; expected one of {expected}")
        _cohorts(results, history, config)
        _drivers(results, history, customers.features, config)
        _companions(results, history, customers.segments, config)
    _pyramid(results, tables, cutoff, customers, config)
    agreement = overlap.overlap(customers.segments)
    results.add("overlap", agreement.rename_axis("segment").reset_index(), figures.agreement(agreement))
    record = tracking.RunRecord(
        kind="analysis",
        name=config.name,
        started_ms=int(1000 * started),
        config=OmegaConf.to_yaml(OmegaConf.structured(config)),
        description="\n".join([f"As of {config.cutoff}.", "", *(f"- {line}" for line in results.left_out)]),
        params={"data": config.data.name, "cutoff": config.cutoff, "customers": len(customers.features)},
        tags={c.CUTOFF: config.cutoff},
        tables={**results.tables, Artifact.LENSES: lenses.support(tables, config.lenses)},
        figures=results.figures,
    )
    record = with_record_page(record, f"{config.data.name}: analyses as of {config.cutoff}", results.left_out)
    run_id = tracking.log_run(store, record, tables)
    print()
    for line in results.left_out:
        print(f"left out     {line}")
    print(f"tables       {', '.join(results.tables)}; a figure for each")
    print(f"look at it   {tracking.run_link(store, run_id)}")
    print(f"took         {time.time() - started:.0f} s")


def _cohorts(results: Results, history: lenses.History, config: AnalyseConfig) -> None:
    table = cohorts.by_month(history)
    results.add("cohorts", table, figures.retention(table))
    if history.tables.left_censored:
        results.left_out.append("cohorts begin with the first order of the log, not of the customer (left_censored)")
    settings, events = config.cohorts, history.tables.events
    for name, behaviour in settings.behaviours.items():
        if behaviour.event not in events:
            results.left_out.append(f"cohort {name}: the log has no event {behaviour.event} (data.events)")
    known = {name: behaviour for name, behaviour in settings.behaviours.items() if behaviour.event in events}
    if known:
        table = cohorts.by_behaviour(history, known, period_days=settings.period_days, periods=settings.periods)
        results.add("cohorts_by_behaviour", table, figures.behaviours(table))


def _drivers(results: Results, history: lenses.History, features: pd.DataFrame, config: AnalyseConfig) -> None:
    names = [name for name in lenses.numeric(features) if name not in config.drivers.leave_out]
    described = lenses.described(config.lenses)
    for survey in config.drivers.surveys:
        answers = history.frame(
            f"SELECT customer_id, avg(value) AS answer FROM events WHERE event = {text(survey)} "
            "AND value IS NOT NULL GROUP BY customer_id"
        ).set_index(c.CUSTOMER_ID)["answer"]
        try:
            result = drivers(
                features[names],
                answers.reindex(features.index),
                bootstraps=config.drivers.bootstraps,
                seed=config.seed,
            )
        except DataError as error:
            results.left_out.append(f"drivers of {survey}: {error}")
            continue
        results.add(
            f"drivers_{survey}",
            result.table.assign(what=[described[name].what for name in result.table["driver"]]),
            figures.forest(result.table, survey, result.explained),
        )
        results.tables[f"drivers_{survey}_summary.json"] = result.summary()


def _companions(results: Results, history: lenses.History, segments: pd.DataFrame, config: AnalyseConfig) -> None:
    if not history.has(TRANSACTIONS.name, c.CATEGORY):
        results.left_out.append("cross-sell and upsell need transactions.category")
        return
    segment = segments[config.companions.segment]
    limits = {"least": config.companions.least, "top": config.companions.top}
    cross_sell = companions.cross_sell(companions.categories(history), segment, **limits)
    results.add("cross_sell", cross_sell, figures.pairs(cross_sell, "Cross-sell: who buys this, and not yet that"))
    upsell = companions.upsell(companions.price_levels(history), segment, **limits)
    results.add("upsell", upsell, figures.pairs(upsell, "Upsell: from one price third of a category to the next"))


def _pyramid(results: Results, tables: Tables, cutoff: datetime, customers: Population, config: AnalyseConfig) -> None:
    """Profitability and movements of the tiers."""
    earlier = cutoff - timedelta(days=config.movement_days)
    results.tables["pyramid.json"] = pyramid.profitability(customers.features, customers.segments[c.VALUE_TIER])
    results.tables["pareto.json"] = pyramid.pareto(customers.features[c.NET_REVENUE], customers.segments[c.VALUE_TIER])
    try:
        when.check_inside(earlier, tables.first, tables.last, config.data.max_staleness_days)
    except ConfigError:
        results.left_out.append(
            f"movements: the log begins on {tables.first:%Y-%m-%d}, after {earlier:%Y-%m-%d}; lower movement_days"
        )
        return
    before = Population.of(lenses.features_at(tables, earlier, config.lenses, PERIOD_DAYS), config)
    table = pyramid.movements(
        before.segments[c.VALUE_TIER],
        customers.segments[c.VALUE_TIER],
        before.features[c.NET_REVENUE],
        customers.features[c.NET_REVENUE],
        list(config.lenses.value.tiers),
    )
    results.add("movements", table, figures.movements(table, list(config.lenses.value.tiers)))
