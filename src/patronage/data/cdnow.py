"""The source `cdnow`: an online music shop, 1997-98. The data card is conf/data/cdnow.yaml."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from patronage import names as c
from patronage.config import DataConfig
from patronage.data.contract import TRANSACTIONS
from patronage.data.source import SourceTable
from patronage.engine import Engine, text
from patronage.errors import DataError


def read_tables(engine: Engine, config: DataConfig) -> dict[str, SourceTable]:
    """Read the whole log; it has no order ids, so that the orders of a customer and day are numbered."""
    path = text(str(dataset("CDNOW_master.txt")))
    rows = f"read_csv({path}, header = false, skip = 1, columns = {{'line': 'VARCHAR'}}, delim = '\\n')"
    fields = "regexp_split_to_array(trim(line), '\\s+')"
    engine.table(
        "cdnow",
        f"SELECT f[1] AS {c.CUSTOMER_ID}, strptime(f[2], '%Y%m%d') AS {c.ORDERED_AT}, "
        f"CAST(f[3] AS INTEGER) AS {c.QUANTITY}, CAST(f[4] AS DECIMAL(18, 2)) AS {c.AMOUNT}, "
        "f[2] || '-' || CAST(row_number() OVER (PARTITION BY f[1], f[2] ORDER BY f[4], f[3]) AS VARCHAR) "
        f"AS {c.ORDER_ID} FROM (SELECT {fields} AS f FROM {rows})",
    )
    return {TRANSACTIONS.name: SourceTable("cdnow", {})}


def dataset(name: str) -> Path:
    """Find a data file of lifetimes without importing the package: its `datasets` needs pkg_resources."""
    spec = find_spec("lifetimes")
    if spec is None or spec.origin is None:
        raise DataError("the package lifetimes, which holds the CDNOW log, is not installed; run make setup")
    return Path(spec.origin).parent / "datasets" / name
