"""The same log through DuckDB and through a real Spark: the same features, the same assignments."""

from __future__ import annotations

import contextlib
import re
from dataclasses import replace
from datetime import datetime

import mlflow
import pandas as pd
import pytest

from patronage import data, lenses, scoring
from patronage.config import ActsConfig, ContractConfig, CustomersConfig, DataConfig, EventsConfig, TransactionsConfig
from patronage.config.target import chosen_acts
from patronage.data import simulated
from patronage.engine import DuckDB, Spark
from patronage.errors import ConfigError
from patronage.labels import act_labels, check_acts
from patronage.models import sessions

pytestmark = pytest.mark.spark
CUTOFF = datetime(2023, 6, 1)


@pytest.fixture(scope="module")
def logs(tmp_path_factory):
    """Three simulated tables as Parquet; events carry an offset, in a zone that is neither Spark's nor the shop's."""
    folder = tmp_path_factory.mktemp("logs")
    log = simulated.simulate(80, 0)
    events = log.events.assign(occurred_at=log.events["occurred_at"].dt.tz_localize("Asia/Kolkata"))
    for name, frame in {"transactions": log.transactions, "events": events, "customers": log.customers}.items():
        frame.to_parquet(folder / f"{name}.parquet", index=False, coerce_timestamps="us")
    return folder


def read(engine, folder, **more):
    attributes = {"age": "demographic", "region": "geographic"}
    config = DataConfig(
        "tables",
        timezone="Europe/Berlin",
        on_duplicate_rows="keep",
        transactions=TransactionsConfig(path=str(folder / "transactions.parquet")),
        events=EventsConfig(path=str(folder / "events.parquet"), vocabulary={"view": "view"}),
        customers=CustomersConfig(path=str(folder / "customers.parquet"), attributes=attributes),
        **more,
    )
    return data.load(engine, config)


def settings(session):
    return {row["key"]: row["value"] for row in session.sql("SET").collect()}


@pytest.mark.parametrize(("entity", "can_lose"), [("customer", None), ("account", True)])
def test_every_feature_is_equal(session, logs, lens_settings, entity, can_lose):
    """Also where an executor may be lost, so that tables are cached and not cut off from what made them."""
    before = settings(session)
    engine = Spark(session, can_lose)
    expected = lenses.features_at(read(DuckDB(2), logs, entity=entity), CUTOFF, lens_settings, 7)
    features = lenses.features_at(read(engine, logs, entity=entity), CUTOFF, lens_settings, 7)
    pd.testing.assert_frame_equal(features, expected, rtol=1e-9, atol=0, check_dtype=False)
    whole = expected.select_dtypes("number").apply(lambda column: (column.dropna() % 1 == 0).all())
    names = list(whole[whole].index)
    pd.testing.assert_frame_equal(features[names], expected[names], check_exact=True, check_dtype=False)
    engine.close()
    assert settings(session) == before
    assert session.sql("SHOW TABLES").count() == 0


def test_what_targets_and_contracts_read_is_equal(session, logs, lens_settings):
    acts = ["event:visit", "category:" + str(pd.read_parquet(logs / "transactions.parquet")["category"].mode()[0])]
    chosen = replace(lens_settings, acts=ActsConfig(acts), contract=ContractConfig(read=True))
    made = []
    for engine in (DuckDB(2), Spark(session, None)):
        tables = read(engine, logs)
        check_acts(tables, chosen_acts(acts))
        features = lenses.features_at(tables, CUTOFF, chosen, 7, ["acts", "contract"])
        made.append(features.join(act_labels(tables, CUTOFF, 60, chosen_acts(acts), features.index)))
        engine.close()
    assert made[0]["did_event_visit"].sum() > 0
    pd.testing.assert_frame_equal(made[1], made[0], rtol=1e-9, atol=0, check_dtype=False)


CHARGED = [  # customer, day, order, code, amount
    ("anna", 1, "a1", "tea", 20.0), ("anna", 1, "a1", "POST", 5.0), ("anna", 3, "x1", "M", -25.0),  # a1 is cancelled
    ("anna", 4, "x2", "M", 25.0),  # and charged again
    ("ben", 1, "b1", "cup", 9.0), ("ben", 1, "b1", "POST", 5.0), ("ben", 2, "x3", "POST", -5.0),  # postage given back
    ("ben", 5, "x4", "M", -3.0),  # a manual credit lowers net revenue
    ("cleo", 2, "c1", "tea", 20.0), ("cleo", 6, "c2", "tea", -20.0),  # sent back
]  # fmt: skip


def test_charges_and_credits_are_settled_alike(session, tmp_path):
    frame = pd.DataFrame(CHARGED, columns=["customer_id", "day", "order_id", "product_id", "amount"])
    # a1 is cancelled on 10 March at 02:30, an hour that the session's zone does not have
    frame["ordered_at"] = pd.Timestamp("2024-03-07 02:30") + pd.to_timedelta(frame.pop("day"), unit="D")
    frame.to_parquet(tmp_path / "orders.parquet", index=False, coerce_timestamps="us")
    source = TransactionsConfig(path=str(tmp_path / "orders.parquet"), charges="product_id IN ('POST', 'M')")
    made = []
    for engine in (DuckDB(2), Spark(session)):
        tables = data.load(engine, DataConfig("tables", transactions=source, money_decimals=2))
        moments = ", ".join(f"CAST({name} AS STRING) AS {name}" for name in ("ordered_at", "known_at", "refunded_at"))
        rows = engine.frame(f"SELECT customer_id, order_id, product_id, amount, {moments} FROM transactions")
        made.append((tables.notes, rows.sort_values([*rows]).reset_index(drop=True)))
        engine.close()
    (notes, expected), (spark_notes, result) = made
    assert spark_notes == notes
    assert "6 rows are charges" in notes[0]
    pd.testing.assert_frame_equal(result, expected, check_dtype=False)
    standing = expected[expected["refunded_at"].isna()].groupby("customer_id")["amount"].sum()
    assert standing.to_dict() == {"anna": 2000, "ben": 600}


@pytest.mark.parametrize("can_lose", [None, True])
def test_what_a_cluster_may_lose_is_cached(session, can_lose):
    engine = Spark(session, can_lose)
    engine.table("small", "SELECT id FROM range(9)")
    engine.table("small", "SELECT id + 1 AS id FROM small")
    engine.rename("small", "renamed")
    engine.table("small", "SELECT id FROM renamed WHERE id > 5")
    assert session.catalog.isCached("small") == bool(can_lose)
    assert (engine.row("SELECT max(id), count(*) FROM small"), engine.row("SELECT count(*) FROM renamed")) == (
        (9, 4),
        (9,),
    )
    table = session.table("small")
    engine.close()
    assert not table.storageLevel.useMemory
    assert session.sql("SHOW TABLES").count() == 0


def test_sessions_are_equal(session, logs):
    """What the session models read: all events, those of recent carts, and those of a share of customers."""
    engine = Spark(session)
    on_duckdb, on_spark = read(DuckDB(2), logs), read(engine, logs)
    for days in (14, None):
        expected, result = (
            sessions.read_clickstream(tables, CUTOFF, carts_of_days=days) for tables in (on_duckdb, on_spark)
        )
        assert min(len(result.touchpoints), len(result.orders)) > 10
        assert result.customers.tolist() == expected.customers.tolist()
        pd.testing.assert_frame_equal(result.touchpoints, expected.touchpoints, check_dtype=False)
        pd.testing.assert_frame_equal(result.orders, expected.orders, check_exact=True, check_dtype=False)
    some = sessions.read_clickstream(on_spark, CUTOFF, most_events=on_spark.rows["events"] // 3)
    assert 0 < len(some.customers) < len(result.customers)
    for mine, every in ((some.touchpoints, result.touchpoints), (some.orders, result.orders)):
        counted = result.customers[every["customer"]].value_counts()
        mine = some.customers[mine["customer"]].value_counts()
        pd.testing.assert_series_equal(mine.sort_index(), counted[counted.index.isin(some.customers)].sort_index())
    engine.close()


@pytest.mark.parametrize("session_fixture", ["session", "remote"])
def test_every_assignment_is_equal(session_fixture, fitted, tmp_path, request):
    """By a session in this process, and by one over Spark Connect."""
    session = request.getfixturevalue(session_fixture)
    config = DataConfig("tables", transactions=TransactionsConfig(path=str(fitted.log)))
    cutoff, stamps = datetime(2023, 7, 1), {"run_id": "r", "model_version": "1"}
    results = {}
    for engine in (DuckDB(2), Spark(session)):
        folder = tmp_path / type(engine).__name__
        folder.mkdir()
        work = scoring.begin(folder, {})
        tables = data.load(engine, config)
        if engine.cluster is not None:
            scoring.score_with_spark(work, engine.cluster, fitted.bundle, tables, cutoff, stamps)
            engine.close()
        else:
            scoring.score_part(work, fitted.bundle, tables, cutoff, lenses.WHOLE, stamps)
        frames = [pd.read_parquet(path) for path in work.files]
        results[type(engine)] = pd.concat(frames).set_index("customer_id").sort_index(), work.counts(1)
    (expected, counts), (assigned, spark_counts) = results[DuckDB], results[Spark]
    pd.testing.assert_frame_equal(assigned, expected, rtol=1e-9, atol=1e-12, check_dtype=False)
    assert {name: bins.tolist() for name, bins in spark_counts.items()} == {
        name: bins.tolist() for name, bins in counts.items()
    }


def test_mlflows_own_udf_on_the_registered_model_gives_the_same(session, fitted, registered):
    mlflow.set_tracking_uri(registered)
    mlflow.set_registry_uri(registered)
    engine, bundle = Spark(session), fitted.bundle
    tables = data.load(engine, DataConfig("tables", transactions=TransactionsConfig(path=str(fitted.log))))
    history = lenses.look_back(tables, datetime(2023, 7, 1), bundle.lenses, bundle.period_days)
    sql = lenses.features_query(history, bundle.lenses, bundle.lens_names)
    assign = mlflow.pyfunc.spark_udf(session, "models:/patronage@champion", env_manager="local")
    with contextlib.closing(engine):  # what it leaves behind would stand in the way of the tests after it
        features = engine.query(sql)
        rows = features.select(assign(*features.columns).alias("row")).select("row.*").collect()
    assigned = pd.DataFrame([row.asDict() for row in rows]).set_index("customer_id").sort_index()
    expected = bundle.assign(fitted.features)
    pd.testing.assert_frame_equal(assigned[list(expected)], expected, rtol=1e-9, atol=1e-12, check_dtype=False)


def test_the_fingerprint_of_a_large_table_is_the_same(session):
    """Half the digits of a hundred thousand hashes add up to more than 64 bits hold."""
    engine = Spark(session)
    session.range(100_000).createOrReplaceTempView("many")
    expected = DuckDB(1)
    expected.table("many", "SELECT range AS id FROM range(100000)")
    assert data.fingerprint(engine, ["many"]) == data.fingerprint(expected, ["many"])
    session.catalog.dropTempView("many")


def test_a_sample_is_of_whole_histories_and_can_be_drawn_again(session, fitted):
    engine = Spark(session)
    tables = data.load(engine, DataConfig("tables", transactions=TransactionsConfig(path=str(fitted.log))))
    (everyone,) = engine.row("SELECT count(*) FROM transactions")
    sampler = data.sampler(tables, 100, seed=0)
    drawn = [lenses.features_at(tables, datetime(2023, 7, 1), fitted.config.lenses, 7, ["rfm"])]
    for seed in (1, 0):
        sampler.draw(seed)
        drawn.append(lenses.features_at(tables, datetime(2023, 7, 1), fitted.config.lenses, 7, ["rfm"]))
    first, second, again = drawn
    assert 60 < len(first) < 140
    pd.testing.assert_frame_equal(first, again)
    assert len(first.index.intersection(second.index)) < len(first)
    pd.testing.assert_frame_equal(first, fitted.features.loc[first.index, list(first)], rtol=1e-9)
    assert engine.row("SELECT count(*) FROM everyone_transactions") == (everyone,)
    engine.close()
    assert session.sql("SHOW TABLES").count() == 0


@pytest.mark.parametrize("hour", ["05:30", "06:30"])
def test_an_instant_in_the_hour_that_the_session_has_twice(session, hour):
    """New York sets its clocks back at 06:00 UTC: both of these are half past one there."""
    engine = Spark(session)
    (moment,) = engine.row(f"SELECT {engine.local_time(engine.instant(repr(f'2024-11-03 {hour}:00+00:00')), 'UTC')}")
    assert f"{moment:%H:%M}" == hour


def test_views_of_the_user_are_not_replaced(session):
    session.range(3).createOrReplaceTempView("orders")
    engine = Spark(session)
    with pytest.raises(ConfigError, match="temporary view orders, which would be replaced"):
        engine.view("orders", "SELECT 1 AS one")
    engine.close()
    assert session.table("orders").count() == 3
    session.catalog.dropTempView("orders")


def test_a_job_reads_and_writes_tables_of_the_session(session, fitted, registered, patronage, project):
    session.read.parquet(str(fitted.log)).write.saveAsTable("sold")
    code, output, error = patronage(
        "score", "engine=spark", "model=models:/patronage@champion", "data=tables", "data.transactions.path=null",
        "data.transactions.table=sold", "cutoff=2023-07-01", "output=spark://scored", f"tracking.uri={registered}",
    )  # fmt: skip
    assert code == 0, error
    assert "assignments  spark://scored" in output
    assert session.table("scored").count() == len(fitted.features)
    assert {row["tableName"] for row in session.sql("SHOW TABLES").collect()} == {"sold", "scored"}
    for name in ("sold", "scored"):
        session.sql(f"DROP TABLE {name}")


def test_a_whole_training_is_the_same(session, fitted, patronage, project):
    results = {}
    for engine in ("duckdb", "spark"):
        code, output, error = patronage(
            "train", f"engine={engine}", "data=tables", f"data.transactions.path={fitted.log}", "cutoff=2023-07-01",
            "horizon_days=90", "origins.most=1", "personas.k=3", "personas.bootstraps=3", "churn.max_rounds=20",
            "churn.season=false", "journey.cadence_classes=1", "evaluation.bootstraps=20",
        )  # fmt: skip
        assert code == 0, error
        assert session.sql("SHOW TABLES").count() == 0
        assigned = pd.read_parquet(re.search(r"assignments +(\S+)", output)[1]).set_index("customer_id").sort_index()
        client = mlflow.MlflowClient(f"sqlite:///{project}/mlruns/mlflow.db")
        experiments = [experiment.experiment_id for experiment in client.search_experiments()]
        (latest, *_) = client.search_runs(experiments, order_by=["attributes.start_time DESC"])
        results[engine] = assigned.drop(columns=["run_id", "model_version"]), latest.data.metrics, latest.data.params
    (expected, metrics, params), (assigned, spark_metrics, spark_params) = results["duckdb"], results["spark"]
    pd.testing.assert_frame_equal(assigned, expected, rtol=1e-9, atol=1e-12, check_dtype=False)
    assert spark_metrics == pytest.approx(metrics, rel=1e-9, abs=1e-12, nan_ok=True)
    assert spark_params == params


NOT_READ = {
    "orders.csv: engine=spark reads Parquet files and tables of the session": {"path": "orders.csv"},
    "date_format=%d.%m.%Y: engine=spark reads dates, timestamps and ISO 8601": {"date_format": "%d.%m.%Y"},
    "data.pseudonymise=true: Spark would show the key in its plans; hash the ids in your tables": {},
}


@pytest.mark.parametrize("line", NOT_READ)
def test_what_spark_does_not_read_is_a_line(session, fitted, tmp_path, monkeypatch, line):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATRONAGE_KEY", "a key for these tests")
    (tmp_path / "orders.csv").write_text("customer_id,ordered_at,amount\nanna,2024-01-01,1\n")
    given = TransactionsConfig(**{"path": str(fitted.log)} | NOT_READ[line])
    engine = Spark(session)
    with pytest.raises(ConfigError, match=re.escape(line)):
        data.load(engine, DataConfig("tables", transactions=given, pseudonymise=not NOT_READ[line]))
    engine.close()
