"""Analyses that count in the engine give the same answers on DuckDB and on a real Spark."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from patronage import data, lenses
from patronage.analyses import obstacles, rituals, timing
from patronage.analyses.catalogue import ANALYSES
from patronage.analyses.contract import Population, Result, View
from patronage.config import (
    CustomersConfig,
    DataConfig,
    EventsConfig,
    LensesConfig,
    ObstaclesConfig,
    TimingConfig,
    TransactionsConfig,
)
from patronage.data import simulated
from patronage.engine import DuckDB, Spark
from patronage.errors import DataError
from patronage.jobs.compose import settings

pytestmark = pytest.mark.spark
CUTOFF, DAYS = datetime(2023, 10, 1), 91
CUSTOMERS = 1200  # with fewer, half of the analyses tell only that there are too few
LACKING = {"pressure"}  # every week of a simulated log has as many messages as another
OWN_TESTS = {"obstacles", "timing", "rituals"}  # below and above


@pytest.fixture(scope="module")
def views(session, tmp_path_factory, lens_settings):
    """The same log behind both engines, with the segments of now and of one and two quarters before."""
    folder = tmp_path_factory.mktemp("log")
    log = simulated.simulate(CUSTOMERS, 3)
    for name, frame in {"transactions": log.transactions, "events": log.events, "customers": log.customers}.items():
        frame.to_parquet(folder / f"{name}.parquet", index=False, coerce_timestamps="us")
    config = DataConfig(
        "tables",
        on_duplicate_rows="keep",
        transactions=TransactionsConfig(path=str(folder / "transactions.parquet")),
        events=EventsConfig(path=str(folder / "events.parquet")),
        customers=CustomersConfig(path=str(folder / "customers.parquet")),
    )
    engines = DuckDB(2), Spark(session)
    tables = [data.load(engine, config) for engine in engines]
    features = [lenses.features_at(tables[0], CUTOFF - timedelta(days=n * DAYS), lens_settings, 7) for n in range(3)]
    now, before, earlier = (Population(x, lenses.segments(x, lenses.fit(x, lens_settings))) for x in features)
    histories = [lenses.look_back(each, CUTOFF, lens_settings, 7) for each in tables]
    yield [View(history, now, before, DAYS, 0, earlier=earlier) for history in histories]
    for history, engine in zip(histories, engines, strict=True):
        history.close()
        engine.close()


def both(views, analysis, settings):
    """The results of DuckDB and of Spark."""
    return [analysis.run(view, settings) for view in views]


def test_when_to_reach_a_customer(views):
    on_duckdb, on_spark = both(views, timing, replace(TimingConfig(), least=10))
    assert on_duckdb.tables
    assert on_spark.finding == on_duckdb.finding
    assert on_spark.notes == on_duckdb.notes
    for name, table in on_duckdb.tables.items():
        pd.testing.assert_frame_equal(on_spark.tables[name], table, rtol=1e-9, check_dtype=False)


def test_daily_rituals(session, tmp_path):
    """Forty customers order at eight on working days, forty as often at any hour; a simulated log has no rituals."""
    rng = np.random.default_rng(0)
    rows = [
        (f"c{number:02d}", day + timedelta(hours=8 if number < 40 else int(rng.integers(6, 22)), minutes=5), 3.0)
        for number in range(80)
        for day in pd.bdate_range(CUTOFF - timedelta(days=200), CUTOFF - timedelta(days=1))
        if rng.random() < 0.9
    ]
    frame = pd.DataFrame(rows, columns=["customer_id", "ordered_at", "amount"])
    frame.to_parquet(tmp_path / "orders.parquet", index=False, coerce_timestamps="us")
    config = DataConfig("coffee", transactions=TransactionsConfig(path=str(tmp_path / "orders.parquet")))
    results = []
    for engine in (DuckDB(2), Spark(session)):
        nobody = Population(pd.DataFrame(), pd.DataFrame())
        with lenses.look_back(data.load(engine, config), CUTOFF, LensesConfig(), 7) as history:
            results.append(rituals.run(View(history, nobody, None, DAYS, 0), None))
        engine.close()
    on_duckdb, on_spark = results
    assert on_duckdb.tables["rituals"]["customers"].tolist() == [40]
    assert on_spark.finding == on_duckdb.finding
    for shown, expected in ((on_spark.tables, on_duckdb.tables), (on_spark.lists, on_duckdb.lists)):
        for name, table in expected.items():
            pd.testing.assert_frame_equal(shown[name], table, rtol=1e-9, check_dtype=False)


# `obstacles` has a test of its own below: its intervals are made of buckets, into which engines put other customers.
@pytest.mark.parametrize(
    "analysis", [each for each in ANALYSES if each.name not in OWN_TESTS], ids=lambda each: each.name
)
def test_every_analysis_gives_the_same_on_both(views, analysis):
    config = settings("analyse", ["data=cdnow", f"cutoff={CUTOFF:%Y-%m-%d}"])
    own = config.lenses.value if analysis.name == "pyramid" else getattr(config, analysis.name, config)
    results: list[Result | str] = []
    for view in views:
        try:
            results.append(analysis.run(view, own))
        except DataError as error:  # the same lack is told
            results.append(str(error))
    on_duckdb, on_spark = results
    if isinstance(on_duckdb, str) or isinstance(on_spark, str):
        assert on_spark == on_duckdb
        assert analysis.name in LACKING
        return
    assert on_spark.finding == on_duckdb.finding
    for of_both in ("tables", "lists"):
        expected, shown = getattr(on_duckdb, of_both), getattr(on_spark, of_both)
        assert list(shown) == list(expected)
        for name, table in expected.items():
            pd.testing.assert_frame_equal(shown[name], table, rtol=1e-9, check_dtype=False)


def test_what_customers_meet_after_a_step(views):
    """Engines put customers into other buckets, of which intervals are made; the rest is the same."""
    on_duckdb, on_spark = both(views, obstacles, ObstaclesConfig(least=20))
    columns = ["met", "passed_share", "passed_share_of_like", "effect"]
    pairs = [result.tables["obstacles"].set_index(["step", "obstacle"])[columns] for result in (on_duckdb, on_spark)]
    assert len(pairs[0]) > 10
    pd.testing.assert_frame_equal(pairs[1].sort_index(), pairs[0].sort_index(), rtol=1e-9, check_dtype=False)
    steps = [result.tables["steps"].drop(columns=["low", "high"]) for result in (on_duckdb, on_spark)]
    pd.testing.assert_frame_equal(steps[1], steps[0], rtol=1e-9, check_dtype=False)
