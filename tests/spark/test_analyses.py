"""Analyses that count in the engine give the same answers on DuckDB and on a real Spark."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from patronage import data, lenses
from patronage.analyses import obstacles, pressure, rituals, timing
from patronage.analyses.catalogue import ANALYSES
from patronage.analyses.contract import Population, View
from patronage.config import (
    CustomersConfig,
    DataConfig,
    EventsConfig,
    LensesConfig,
    ObstaclesConfig,
    PressureConfig,
    TimingConfig,
    TransactionsConfig,
)
from patronage.data import simulated
from patronage.engine import DuckDB, Spark
from patronage.jobs.compose import settings

pytestmark = pytest.mark.spark
CUTOFF, DAYS = datetime(2023, 10, 1), 91
CUSTOMERS = 1200  # with fewer, half of the analyses tell only that there are too few
OWN_TESTS = {"obstacles", "pressure", "rituals", "timing"}  # below and above


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


def of_log(session, config, analysis, settings):
    """The results of DuckDB and of Spark on a log of its own."""
    results = []
    for engine in (DuckDB(2), Spark(session.newSession())):  # the views of the shared log are still open
        nobody = Population(pd.DataFrame(), pd.DataFrame())
        with lenses.look_back(data.load(engine, config), CUTOFF, LensesConfig(), 7) as history:
            results.append(analysis.run(View(history, nobody, None, DAYS, 0), settings))
        engine.close()
    return results


def same(on_spark, on_duckdb):
    """Finding, tables and lists are the same."""
    assert on_spark.finding == on_duckdb.finding
    for of_both in ("tables", "lists"):
        expected, shown = getattr(on_duckdb, of_both), getattr(on_spark, of_both)
        assert list(shown) == list(expected)
        for name, table in expected.items():
            pd.testing.assert_frame_equal(shown[name], table, rtol=1e-9, check_dtype=False)


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
    on_duckdb, on_spark = of_log(session, config, rituals, None)
    assert on_duckdb.tables["rituals"]["customers"].tolist() == [40]
    same(on_spark, on_duckdb)


def test_messages_in_a_week(session, tmp_path):
    """One to five messages a week, with orders and who leaves by lot; in a simulated log all weeks have as many."""
    rng = np.random.default_rng(0)
    weeks = [(f"c{number:03d}", CUTOFF - timedelta(days=7 * week)) for number in range(120) for week in range(1, 25)]
    messages = [
        (customer, at + timedelta(hours=9 + hour), "message_sent", f"sender {hour % 2}")
        for customer, at in weeks
        for hour in range(int(rng.integers(1, 6)))
    ]
    left = [(customer, at + timedelta(days=2), "unsubscribed", None) for customer, at in weeks if rng.random() < 0.05]
    orders = [(customer, at + timedelta(days=1), 9.0) for customer, at in weeks if rng.random() < 0.3]
    frames = {
        "events": pd.DataFrame(messages + left, columns=["customer_id", "occurred_at", "event", "sender"]),
        "orders": pd.DataFrame(orders, columns=["customer_id", "ordered_at", "amount"]),
    }
    for name, frame in frames.items():
        frame.to_parquet(tmp_path / f"{name}.parquet", index=False, coerce_timestamps="us")
    config = DataConfig(
        "messages",
        transactions=TransactionsConfig(path=str(tmp_path / "orders.parquet")),
        events=EventsConfig(path=str(tmp_path / "events.parquet")),
    )
    on_duckdb, on_spark = of_log(session, config, pressure, PressureConfig())
    assert "pressure_senders" in on_duckdb.tables
    same(on_spark, on_duckdb)


# `obstacles` has a test of its own below: its intervals are made of buckets, into which engines put other customers.
@pytest.mark.parametrize(
    "analysis", [each for each in ANALYSES if each.name not in OWN_TESTS], ids=lambda each: each.name
)
def test_every_analysis_gives_the_same_on_both(views, analysis):
    config = settings("analyse", ["data=cdnow", f"cutoff={CUTOFF:%Y-%m-%d}"])
    own = config.lenses.value if analysis.name == "pyramid" else getattr(config, analysis.name, config)
    on_duckdb, on_spark = both(views, analysis, own)
    same(on_spark, on_duckdb)


def test_what_customers_meet_after_a_step(views):
    """Engines put customers into other buckets, of which intervals are made; the rest is the same."""
    on_duckdb, on_spark = both(views, obstacles, ObstaclesConfig(least=20))
    columns = ["met", "passed_share", "passed_share_of_like", "effect"]
    pairs = [result.tables["obstacles"].set_index(["step", "obstacle"])[columns] for result in (on_duckdb, on_spark)]
    assert len(pairs[0]) > 10
    pd.testing.assert_frame_equal(pairs[1].sort_index(), pairs[0].sort_index(), rtol=1e-9, check_dtype=False)
    steps = [result.tables["steps"].drop(columns=["low", "high"]) for result in (on_duckdb, on_spark)]
    pd.testing.assert_frame_equal(steps[1], steps[0], rtol=1e-9, check_dtype=False)
