"""A table with a row per customer that is no log: read as it stands, types found in the file."""

from __future__ import annotations

import pandas as pd

from patronage.data.files import form_of
from patronage.data.keys import CONF
from patronage.engine import DuckDB, text
from patronage.errors import DataError

READERS = {"csv": "read_csv", "json": "read_json_auto", "parquet": "read_parquet"}


def read_table(path: str) -> pd.DataFrame:
    """Read a CSV, JSON or Parquet file, known by its content.

    Raises
    ------
    DataError
        The file cannot be read, or is no table.
    """
    form = form_of("contacts", path, None, CONF, advice="save it as UTF-8")
    if form.kind not in READERS:
        raise DataError(f"{path} is a {form.kind} file; expected CSV, JSON or Parquet")
    packed = f", compression={text(form.packed)}" if form.packed else ""
    engine = DuckDB()
    try:
        return engine.frame(f"SELECT * FROM {READERS[form.kind]}({text(path)}{packed})")
    except engine.failure as error:
        raise DataError(f"{path}: {str(error).splitlines()[0]}") from error
    finally:
        engine.close()
