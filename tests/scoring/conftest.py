"""The shop that is scored, and what a scoring does with an output."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from fitted import fitted, registered  # noqa: F401
from patronage import scoring
from patronage.config import DataConfig, TransactionsConfig
from patronage.engine import DuckDB

ORDERS = pd.DataFrame({"customer_id": ["anna", "ben"], "amount": [10.0, 20.0]})


def make_result(output, rows: int = 3, *, force: bool = False, log: str = "log.parquet", table=None) -> None:
    """What `patronage score` does with an output, with a result of so many made-up rows."""
    config = DataConfig("tables", transactions=TransactionsConfig(path=log, table=table))
    claim = scoring.Claim(scoring.parse(str(output)), config, force)
    scoring.check_place(claim.target, "duckdb")
    claim.check()
    with scoring.alone(claim.target) as folder:
        work = scoring.begin(folder, {"rows": rows})
        for number in range(2):
            work.keep(number, [(pa.table({"customer_id": [f"c{number}{row}" for row in range(rows)]}), {})])
        scoring.publish(work, claim, DuckDB(1))


def make_table(path: str, sql: str) -> None:
    engine = DuckDB(1)
    with engine.database(path) as schema:
        engine.run(sql.format(schema=schema))


def rows_of(output: str) -> int:
    engine = DuckDB(1)
    (rows,) = engine.row(f"SELECT count(*) FROM {scoring.parse(output).relation(engine)}")
    engine.close()
    return rows


def content(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, but for locks, which hold nothing."""
    return {
        str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    } | {str(path.relative_to(folder)): b"" for path in folder.rglob("*") if path.is_dir()}


@pytest.fixture
def place(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    ORDERS.to_parquet("log.parquet")
    return tmp_path
