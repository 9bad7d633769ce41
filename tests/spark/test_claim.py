"""A table of Spark's catalog is replaced only if it carries our mark, and never if it is read."""

from __future__ import annotations

import pyarrow as pa
import pytest

from patronage import scoring
from patronage.config import DataConfig, TransactionsConfig
from patronage.engine import Spark
from patronage.errors import OutputError

pytestmark = pytest.mark.spark


def make_result(engine, output, *, force=False, **read):
    config = DataConfig("tables", transactions=TransactionsConfig(**read or {"path": "log.parquet"}))
    claim = scoring.Claim(scoring.parse(output), config, force)
    claim.check(engine)
    with scoring.alone(claim.target) as folder:
        work = scoring.begin(folder, {})
        work.keep(0, [(pa.table({"customer_id": ["anna", "ben"]}), {})])
        scoring.publish(work, claim, engine.files, engine)


@pytest.fixture
def engine(session, project):
    engine = Spark(session)
    session.sql("CREATE DATABASE claims")
    yield engine
    engine.close()
    session.sql("DROP DATABASE claims CASCADE")


def test_a_result_replaces_a_result_and_nothing_else(session, engine):
    for _ in range(2):
        make_result(engine, "spark://claims.scores")
    assert session.table("claims.scores").count() == 2
    session.sql("INSERT INTO claims.scores VALUES ('dora')")
    with pytest.raises(OutputError, match="claims.scores was changed since patronage score wrote it"):
        make_result(engine, "spark://claims.scores")
    session.range(3).write.saveAsTable("claims.other")
    with pytest.raises(OutputError, match="claims.other was not written by patronage score, and would be lost"):
        make_result(engine, "spark://claims.other")
    assert session.table("claims.other").count() == 3
    make_result(engine, "spark://claims.other", force=True)
    assert session.table("claims.other").count() == 2
    session.sql("CREATE VIEW claims.seen AS SELECT 1 AS x")
    for force in (False, True):
        with pytest.raises(OutputError, match="claims.seen is a view"):
            make_result(engine, "spark://claims.seen", force=force)


@pytest.mark.parametrize("force", [False, True])
def test_a_table_that_is_read_is_not_written(session, engine, force):
    session.range(3).write.saveAsTable("claims.orders")
    with pytest.raises(OutputError, match="meets data.transactions.table=claims.orders, which this job reads"):
        make_result(engine, "spark://spark_catalog.claims.Orders", force=force, table="claims.orders")
    place = engine.location("claims.orders")
    with pytest.raises(OutputError, match="meets data.transactions.table=claims.orders"):
        make_result(engine, str(place), force=force, table="claims.orders")
    with pytest.raises(OutputError, match="meets data.transactions.path="):
        make_result(engine, "spark://claims.orders", force=force, path=str(place / "*.parquet"))
    assert session.table("claims.orders").count() == 3
